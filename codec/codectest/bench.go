package codectest

import (
	"bytes"
	"image"
	"io"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// Benchmark measures a decoder, from the header to the picture that is reduced
// for the target. The throughput counts the bytes of the pixels, or of the file,
// as the caller prefers.
func Benchmark[D raster.Decoder](b *testing.B, name string, open Open[D], file []byte, size, targetWidth, targetHeight int) {
	measure(b, name, size, func() error {
		d, err := open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return err
		}
		_, err = d.Decode(targetWidth, targetHeight)
		return err
	})
}

// BenchmarkReference measures the decoder that ours is compared with. It returns
// the whole picture, as it knows no other way.
func BenchmarkReference(b *testing.B, name string, decode func(io.Reader) (image.Image, error), file []byte, size int) {
	measure(b, name, size, func() error {
		_, err := decode(bytes.NewReader(file))
		return err
	})
}

func measure(b *testing.B, name string, size int, f func() error) {
	b.Run(name, func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
