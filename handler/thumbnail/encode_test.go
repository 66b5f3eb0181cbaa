package thumbnail

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	_ "golang.org/x/image/webp"

	"s3-thumbnail-creator/codec/format"
)

// halfTransparent is blue on the left and clear on the right.
func halfTransparent() image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 32 {
			m.SetNRGBA(x, y, color.NRGBA{0, 0, 255, 255})
		}
	}
	return m
}

func TestEncodeKeepsAlphaOrPutsItOnWhite(t *testing.T) {
	for _, tt := range []struct {
		format format.Format
		alpha  bool
	}{{format.JPEG, false}, {format.PNG, true}, {format.GIF, true}, {format.WebP, true}} {
		body, err := encode(halfTransparent(), tt.format, 90)
		if err != nil {
			t.Fatalf("%s: %v", tt.format, err)
		}
		if got := format.Sniff(body); got != tt.format {
			t.Errorf("%s: written as %q", tt.format, got)
		}
		m, _, err := image.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", tt.format, err)
		}
		if m.Bounds().Dx() != 64 || m.Bounds().Dy() != 32 {
			t.Errorf("%s: size %v", tt.format, m.Bounds())
		}
		left := color.NRGBAModel.Convert(m.At(8, 16)).(color.NRGBA)
		if left.B < 235 || left.R > 20 || left.A != 255 {
			t.Errorf("%s: left is %v, want blue", tt.format, left)
		}
		right := color.NRGBAModel.Convert(m.At(56, 16)).(color.NRGBA)
		if tt.alpha && right.A != 0 {
			t.Errorf("%s: right is %v, want transparent", tt.format, right)
		}
		if !tt.alpha && (right.R < 250 || right.G < 250 || right.B < 250) {
			t.Errorf("%s: right is %v, want white", tt.format, right)
		}
	}
}

func TestEncodeGray(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	for _, f := range []format.Format{format.JPEG, format.PNG, format.GIF, format.WebP} {
		body, err := encode(m, f, 95)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		got, _, err := image.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		r, g, b, _ := got.At(8, 8).RGBA()
		if d := abs(int(r>>8) - 136); d > 6 || abs(int(r>>8)-int(g>>8)) > 3 || abs(int(r>>8)-int(b>>8)) > 3 {
			t.Errorf("%s: (8,8) is %d %d %d, want 136 three times", f, r>>8, g>>8, b>>8)
		}
	}
}

func TestQualityMakesFilesSmaller(t *testing.T) {
	m := texture(200, 150).Standard()
	for _, f := range []format.Format{format.JPEG, format.WebP} {
		good, err1 := encode(m, f, 95)
		poor, err2 := encode(m, f, 30)
		if err1 != nil || err2 != nil || len(poor)*2 > len(good) {
			t.Errorf("%s: %d bytes at quality 95 (%v), %d at 30 (%v)", f, len(good), err1, len(poor), err2)
		}
	}
}
