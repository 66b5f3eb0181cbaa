package gif

import (
	"image"
	"image/color"
	"math"
	"testing"
)

func TestQuantizeKeepsAFewColorsExactly(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := range 400 {
		// Neighbors in the 5-bit histogram: an inexact quantizer merges them.
		m.SetNRGBA(i%20, i/20, color.NRGBA{uint8(100 + i%20/10), 50, uint8(7 * (i / 20)), 255})
	}
	out := Quantize(m)
	for y := range 20 {
		for x := range 20 {
			if got, want := color.NRGBAModel.Convert(out.At(x, y)), m.NRGBAAt(x, y); got != want {
				t.Fatalf("(%d,%d) is %v, want %v", x, y, got, want)
			}
		}
	}
}

// photo is smooth, of many colors, and opaque.
func photo(width, height, phase int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		x, y := float64(i%width+phase), float64(i/width)
		waves := math.Sin(x/17) * math.Cos(y/23)
		copy(m.Pix[4*i:], []uint8{uint8(128 + 110*waves), uint8(128 + 100*math.Sin((x+y)/31)), uint8(255 * (i % width) / width), 255})
	}
	return m
}

func TestQuantizePhotoStaysClose(t *testing.T) {
	m := photo(200, 150, 0)
	out := Quantize(m)
	if n := len(out.Palette); n > 256 {
		t.Fatalf("%d colors", n)
	}
	if e := meanSquare(out, m); e > 65 { // a PSNR of 30 dB
		t.Errorf("mean square error %.1f", e)
	}
}

// meanSquare is the mean square of the difference of two pictures' samples.
func meanSquare(got image.Image, want *image.NRGBA) float64 {
	sum := 0.0
	for i := range want.Pix {
		x, y := i/4%want.Rect.Dx(), i/4/want.Rect.Dx()
		c := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
		d := float64([4]uint8{c.R, c.G, c.B, c.A}[i%4]) - float64(want.Pix[i])
		sum += d * d
	}
	return sum / float64(len(want.Pix))
}

func TestQuantizeKeepsTransparency(t *testing.T) {
	src := photo(64, 64, 0)
	for i := range 64 * 32 {
		src.Pix[4*i+3] = 0
	}
	out := Quantize(src)
	if n := len(out.Palette); n > 256 {
		t.Fatalf("%d colors", n)
	}
	for y := range 64 {
		_, _, _, a := out.At(5, y).RGBA()
		if want := y >= 32; (a == 0xffff) != want || a != 0 && a != 0xffff {
			t.Fatalf("row %d has alpha %#x", y, a)
		}
	}
	empty := Quantize(image.NewNRGBA(image.Rect(0, 0, 3, 3)))
	if _, _, _, a := empty.At(1, 1).RGBA(); a != 0 {
		t.Errorf("a wholly transparent picture has alpha %#x", a)
	}
}

func BenchmarkQuantize(b *testing.B) {
	m := photo(256, 192, 0)
	for b.Loop() {
		Quantize(m)
	}
}
