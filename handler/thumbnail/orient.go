package thumbnail

import (
	"image"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/raster"
)

// orient returns the picture upright: what EXIF orientation 1-8 says to do with
// the stored one. The result is *image.Gray for a gray picture, else
// *image.NRGBA. Source: Exif 2.32, tag 274.
func orient(m *raster.Image, orientation int) image.Image {
	img := m.Standard()
	turn, ok := turns[orientation]
	if !ok {
		return img
	}
	turned := turn(img)
	if m.Model != raster.Gray {
		return turned
	}
	gray := image.NewGray(turned.Bounds())
	for i := range gray.Pix {
		gray.Pix[i] = turned.Pix[4*i]
	}
	return gray
}

// turns are by orientation; imaging's rotations are counter-clockwise.
var turns = map[int]func(image.Image) *image.NRGBA{
	2: imaging.FlipH,
	3: imaging.Rotate180,
	4: imaging.FlipV,
	5: imaging.Transpose,
	6: imaging.Rotate270,
	7: imaging.Transverse,
	8: imaging.Rotate90,
}

// opaque says whether no pixel is transparent.
func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
