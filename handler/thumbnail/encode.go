package thumbnail

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/webp"
)

// encode writes the picture in the given format. No metadata is written.
func encode(img image.Image, f format.Format, quality int) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch f {
	case format.JPEG:
		err = jpeg.Encode(&b, flatten(img), &jpeg.Options{Quality: quality})
	case format.PNG:
		err = png.Encode(&b, img)
	case format.GIF:
		err = gif.Encode(&b, quantize(imaging.Clone(img)), nil)
	case format.WebP:
		err = webp.Encode(&b, imaging.Clone(img), quality)
	default:
		err = fmt.Errorf("cannot write format %q", f)
	}
	return b.Bytes(), err
}

// flatten puts a picture with transparent pixels on white. The result has a
// type that image/jpeg writes without asking for each pixel's color.
func flatten(img image.Image) image.Image {
	m, ok := img.(*image.NRGBA)
	if !ok {
		return img
	}
	if !m.Opaque() {
		white := imaging.New(m.Rect.Dx(), m.Rect.Dy(), color.White)
		m = imaging.Overlay(white, m, image.Point{}, 1)
	}
	return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect} // the same bytes where alpha is 255
}
