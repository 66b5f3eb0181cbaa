package thumbnail

import (
	"bytes"
	"image"
	"image/color"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec"
	"s3-thumbnail-creator/codec/format"
)

// encode writes the picture in the given format: on white where that has no
// transparency.
func encode(img image.Image, f format.Format, quality int) ([]byte, error) {
	if f == format.JPEG {
		img = flatten(img)
	}
	var b bytes.Buffer
	err := codec.Encode(&b, img, f, quality)
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
