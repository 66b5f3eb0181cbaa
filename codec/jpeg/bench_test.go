package jpeg

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
)

// benchmarkPictures are 3 megapixels with the texture of a photograph, in the
// kinds that cameras and the web have.
func benchmarkPictures() map[string][]byte {
	const width, height = 2000, 1500
	p := ycc(width, height, 2, 2, 1, 1, 1, 1)
	p.quality = 10
	files := map[string][]byte{"baseline": p.encode()}
	p.progressive, p.scans = true, spectral(3)
	files["progressive"] = p.encode()
	return files
}

func BenchmarkDecode(b *testing.B) {
	for name, data := range benchmarkPictures() {
		for _, scale := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/%d", name, scale), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					decodeScaled(b, data, scale)
				}
			})
		}
		codectest.BenchmarkReference(b, name+"/standard library", stdjpeg.Decode, data, len(data))

	}
}

// BenchmarkSmall decodes a picture for which the tables weigh more than the
// pixels.
func BenchmarkSmall(b *testing.B) {
	var data bytes.Buffer
	if err := stdjpeg.Encode(&data, image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420), nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(data.Len()))
	b.ReportAllocs()
	for b.Loop() {
		decodeScaled(b, data.Bytes(), 8)
	}
}
