package webp

import (
	"bytes"
	"image"
	"image/color"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/webp"

	"s3-thumbnail-creator/codec/raster"
)

// difference is the root mean square of the differences of two pictures, their
// colors weighted by alpha.
func difference(a, b *raster.Image) float64 {
	sum := 0.0
	for i := 0; i < len(a.Pix); i += 4 {
		p, q := a.Pix[i:i+4], b.Pix[i:i+4]
		for c := range 3 {
			d := (float64(p[c])*float64(p[3]) - float64(q[c])*float64(q[3])) / 255
			sum += d * d
		}
		d := float64(p[3]) - float64(q[3])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a.Pix)))
}

// scene paints a picture with edges, gradients and a little noise; with alpha,
// a soft disk of it is visible.
func scene(width, height int, alpha bool) *image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			v := 128 + 90*math.Sin(9*fx+4*fy) + r.Float64()*6
			if math.Hypot(fx-0.6, fy-0.4) < 0.2 {
				v = 255 - v
			}
			a := 255.0
			if alpha {
				a = min(max((0.55-math.Hypot(fx-0.5, fy-0.5))*1500, 0), 255)
			}
			img.SetNRGBA(x, y, color.NRGBA{uint8(min(v, 255)), uint8(255 * fy), uint8(min(v*fx+40, 255)), uint8(a)})
		}
	}
	return img
}

func asRaster(img *image.NRGBA) *raster.Image {
	return &raster.Image{Model: raster.RGBA, Width: img.Rect.Dx(), Height: img.Rect.Dy(), Pix: img.Pix}
}

// TestEncodeRoundTrip: what is encoded is a WebP file to others, and looks like
// the picture; more so at a higher quality, for which it is larger.
func TestEncodeRoundTrip(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {16, 16}, {17, 33}, {256, 171}, {1, 700}, {700, 1}} {
		for _, alpha := range []bool{false, true} {
			img := scene(size[0], size[1], alpha)
			previous, bytesBefore := math.Inf(1), 0
			for _, quality := range []int{5, 50, 82, 100} {
				var file bytes.Buffer
				if err := Encode(&file, img, quality); err != nil {
					t.Fatal(err)
				}
				other, err := webp.DecodeConfig(bytes.NewReader(file.Bytes()))
				if err != nil || other.Width != size[0] || other.Height != size[1] {
					t.Fatalf("%v at quality %d: x/image says %dx%d, %v", size, quality, other.Width, other.Height, err)
				}
				if _, err := webp.Decode(bytes.NewReader(file.Bytes())); err != nil {
					t.Fatalf("%v at quality %d: x/image: %v", size, quality, err)
				}
				got := decodeWhole(t, file.Bytes())
				d := difference(got, asRaster(img))
				if d > previous*1.05+0.5 {
					t.Errorf("%v alpha %v: difference %.2f at quality %d, %.2f below", size, alpha, d, quality, previous)
				}
				if size[0] > 100 && size[1] > 100 {
					if want := map[int]float64{5: 16, 50: 6, 82: 4, 100: 2.5}[quality]; d > want {
						t.Errorf("%v alpha %v at quality %d: difference %.2f, want at most %.2f", size, alpha, quality, d, want)
					}
					if file.Len() <= bytesBefore {
						t.Errorf("%v alpha %v: %d bytes at quality %d, %d below", size, alpha, file.Len(), quality, bytesBefore)
					}
				}
				previous, bytesBefore = d, file.Len()
				for i := 3; alpha && i < len(got.Pix); i += 4 {
					if got.Pix[i] != img.Pix[i] {
						t.Fatalf("%v: alpha of pixel %d is %d, want %d", size, i/4, got.Pix[i], img.Pix[i])
					}
				}
			}
		}
	}
}

// TestEncodeSubimage: a picture that is part of another is encoded as if it
// were its own.
func TestEncodeSubimage(t *testing.T) {
	img := scene(60, 50, true)
	part := img.SubImage(image.Rect(13, 7, 44, 38)).(*image.NRGBA)
	own := image.NewNRGBA(image.Rect(0, 0, 31, 31))
	for y := range 31 {
		copy(own.Pix[y*own.Stride:][:4*31], part.Pix[y*part.Stride:])
	}
	var a, b bytes.Buffer
	if err := Encode(&a, part, 80); err != nil {
		t.Fatal(err)
	}
	if err := Encode(&b, own, 80); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("a subimage is encoded differently")
	}
}

// TestEncodeAlphaKinds: every way of storing alpha gives it back.
func TestEncodeAlphaKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, value := range map[string]func(x, y int) uint8{
		"transparent": func(x, y int) uint8 { return 0 },
		"constant":    func(x, y int) uint8 { return 77 },
		"mask":        func(x, y int) uint8 { return uint8(x / 9 % 2 * 255) },
		"steps":       func(x, y int) uint8 { return uint8((x + y) / 8 % 13 * 19) },
		"ramp":        func(x, y int) uint8 { return uint8(2*x + y) },
		"noise":       func(x, y int) uint8 { return uint8(r.Uint32()) },
		"corner":      func(x, y int) uint8 { return uint8(255 - 255/(1+x+y)) },
	} {
		img := scene(97, 61, false)
		for y := range 61 {
			for x := range 97 {
				img.Pix[img.PixOffset(x, y)+3] = value(x, y)
			}
		}
		var file bytes.Buffer
		if err := Encode(&file, img, 80); err != nil {
			t.Fatal(err)
		}
		got := decodeWhole(t, file.Bytes())
		other, err := webp.Decode(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatalf("%s: x/image: %v", name, err)
		}
		theirs := other.(*image.NYCbCrA)
		for y := range 61 {
			for x := range 97 {
				want := img.NRGBAAt(x, y).A
				if a := got.Pix[4*(97*y+x)+3]; a != want || theirs.A[theirs.AOffset(x, y)] != want {
					t.Fatalf("%s: alpha at %d,%d is %d, %d to x/image; want %d", name, x, y, a, theirs.A[theirs.AOffset(x, y)], want)
				}
			}
		}
		if name == "mask" && file.Len() > 3000 {
			t.Errorf("a picture with a mask of stripes has %d bytes", file.Len())
		}
	}
}

// TestEncodeRefused: sizes that the format has no room for.
func TestEncodeRefused(t *testing.T) {
	for _, r := range []image.Rectangle{image.Rect(0, 0, 0, 5), image.Rect(0, 0, 16384, 1)} {
		if err := Encode(io.Discard, image.NewNRGBA(r), 80); err == nil {
			t.Errorf("%v: no error", r)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	img := scene(256, 192, false)
	b.SetBytes(int64(len(img.Pix)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Encode(io.Discard, img, 82); err != nil {
			b.Fatal(err)
		}
	}
}
