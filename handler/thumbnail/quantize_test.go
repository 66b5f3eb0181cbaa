package thumbnail

import (
	"image"
	"image/color"
	"testing"
)

func TestQuantizeKeepsAFewColorsExactly(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := range 400 {
		// Neighbors in the 5-bit histogram: an inexact quantizer merges them.
		m.SetNRGBA(i%20, i/20, color.NRGBA{uint8(100 + i%20/10), 50, uint8(7 * (i / 20)), 255})
	}
	out := quantize(m)
	for y := range 20 {
		for x := range 20 {
			if got, want := color.NRGBAModel.Convert(out.At(x, y)), m.NRGBAAt(x, y); got != want {
				t.Fatalf("(%d,%d) is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestQuantizePhotoStaysClose(t *testing.T) {
	m := texture(200, 150).Standard().(*image.NRGBA)
	out := quantize(m)
	if n := len(out.Palette); n > 256 {
		t.Fatalf("%d colors", n)
	}
	var got []uint8
	for y := range 150 {
		for x := range 200 {
			c := color.NRGBAModel.Convert(out.At(x, y)).(color.NRGBA)
			got = append(got, c.R, c.G, c.B, c.A)
		}
	}
	if p := psnr(got, m.Pix); p < 30 {
		t.Errorf("PSNR %.1f dB, want at least 30", p)
	}
}

func TestQuantizeKeepsTransparency(t *testing.T) {
	src := texture(64, 64)
	for i := range 64 * 32 {
		src.Pix[4*i+3] = 0
	}
	out := quantize(src.Standard().(*image.NRGBA))
	if n := len(out.Palette); n > 256 {
		t.Fatalf("%d colors", n)
	}
	for y := range 64 {
		_, _, _, a := out.At(5, y).RGBA()
		if want := y >= 32; (a == 0xffff) != want || a != 0 && a != 0xffff {
			t.Fatalf("row %d has alpha %#x", y, a)
		}
	}
	empty := quantize(image.NewNRGBA(image.Rect(0, 0, 3, 3)))
	if _, _, _, a := empty.At(1, 1).RGBA(); a != 0 {
		t.Errorf("a wholly transparent picture has alpha %#x", a)
	}
}

func BenchmarkQuantize(b *testing.B) {
	m := texture(256, 192).Standard().(*image.NRGBA)
	for b.Loop() {
		quantize(m)
	}
}
