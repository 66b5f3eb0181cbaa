// Package psnr measures how far a picture is from another.
package psnr

import (
	"image"
	"image/draw"
	"math"
)

// Pixels returns what a picture shows, at the origin and with premultiplied alpha: a color that cannot be seen is no
// difference.
func Pixels(picture image.Image) *image.RGBA {
	pixels := image.NewRGBA(image.Rectangle{Max: picture.Bounds().Size()})
	draw.Draw(pixels, pixels.Rect, picture, picture.Bounds().Min, draw.Src)
	return pixels
}

// Of returns the peak signal-to-noise ratio of two pictures of one size in dB: 20 log10(255/RMS) of the differences of red, green
// and blue, and of alpha unless both are opaque, so that it cannot differ. It is +Inf where nothing differs.
func Of(a, b *image.RGBA) float64 {
	channels := 4
	if a.Opaque() && b.Opaque() {
		channels = 3
	}
	var sum float64
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix)/4*channels)/sum)
}
