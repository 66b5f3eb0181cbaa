package thumbnail

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/disintegration/imaging"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	ourgif "s3-thumbnail-creator/codec/gif"
	"s3-thumbnail-creator/codec/webp"
	"s3-thumbnail-creator/settings"
)

// benchFiles are pictures of 6 megapixels (WebP 3, GIF 1) in each format that
// can be written here. `make bench-peers` has progressive JPEG too.
func benchFiles(b *testing.B) map[string][]byte {
	photo := texture(3000, 2000).Standard()
	medium, small := imaging.Resize(photo, 2000, 1500, imaging.Box), imaging.Resize(photo, 1200, 800, imaging.Box)
	files := map[string][]byte{}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"JPEG": func(f *bytes.Buffer) error {
			return jpeg.Encode(f, flatten(photo), &jpeg.Options{Quality: 85})
		},
		"PNG":  func(f *bytes.Buffer) error { return png.Encode(f, photo) },
		"GIF":  func(f *bytes.Buffer) error { return gif.Encode(f, ourgif.Quantize(small), nil) },
		"WebP": func(f *bytes.Buffer) error { return webp.Encode(f, medium, 80) },
		"TIFF": func(f *bytes.Buffer) error {
			return tiff.Encode(f, flatten(photo), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		},
		"BMP": func(f *bytes.Buffer) error { return bmp.Encode(f, flatten(photo)) },
	} {
		var f bytes.Buffer
		if err := write(&f); err != nil {
			b.Fatal(err)
		}
		files[name] = f.Bytes()
	}
	return files
}

// BenchmarkMake makes the default thumbnail of a file.
func BenchmarkMake(b *testing.B) {
	for name, file := range benchFiles(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Make(b.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{settings.DefaultVariant()}, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMakeNaive is what BenchmarkMake is to be compared with: the obvious
// program, which decodes with the standard library and fits with imaging.
func BenchmarkMakeNaive(b *testing.B) {
	for name, file := range benchFiles(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				m, _, err := image.Decode(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				if err := jpeg.Encode(new(bytes.Buffer), imaging.Fit(m, 256, 256, imaging.Lanczos), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
