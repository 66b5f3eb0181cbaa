package psnr

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// TestOf: by hand, on pictures of one pixel.
func TestOf(t *testing.T) {
	pixel := func(c color.Color) *image.RGBA {
		m := image.NewNRGBA(image.Rect(7, 8, 8, 9)) // not at the origin
		m.Set(7, 8, c)
		return Pixels(m)
	}
	gray := pixel(color.NRGBA{100, 100, 100, 255})
	for _, c := range []struct {
		name  string
		other *image.RGBA
		want  float64
	}{
		{"by 5 in one of three", pixel(color.NRGBA{105, 100, 100, 255}), 20 * math.Log10(255/(5/math.Sqrt(3)))},
		{"as far as can be", pixel(color.NRGBA{}), 20 * math.Log10(255/math.Sqrt((3*100*100+255*255)/4.0))},
		{"the same", gray, math.Inf(1)},
	} {
		if got := Of(gray, c.other); got != c.want && !(math.Abs(got-c.want) < 1e-9) {
			t.Errorf("%s: %v dB, want %v", c.name, got, c.want)
		}
	}
	half := pixel(color.NRGBA{A: 128})
	if got, want := Of(half, pixel(color.NRGBA{A: 123})), 20*math.Log10(255/2.5); math.Abs(got-want) > 1e-9 {
		t.Errorf("by 5 in one of four: %v dB, want %v", got, want)
	}
	if got := Of(pixel(color.NRGBA{R: 200}), pixel(color.NRGBA{G: 100})); !math.IsInf(got, 1) {
		t.Errorf("%v dB between colors that cannot be seen", got)
	}
}
