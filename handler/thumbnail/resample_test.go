package thumbnail

import (
	"math"
	"testing"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/raster"
)

// texture is a picture with detail at many scales in every direction.
func texture(width, height int) *raster.Image {
	m := raster.NewImage(raster.RGBA, width, height)
	for y := range height {
		for x := range width {
			fx, fy := float64(x), float64(y)
			rings := math.Sin((fx*fx + fy*fy) / 900)
			waves := math.Sin(fx/7) * math.Cos(fy/11)
			p := m.Pix[4*(y*width+x):]
			p[0] = uint8(128 + 100*rings)
			p[1] = uint8(128 + 60*waves + 60*rings)
			p[2] = uint8(255 * x / width)
			p[3] = 255
		}
	}
	return m
}

func whole(m *raster.Image) window { return window{0, 0, m.CoverX, m.CoverY} }

func TestResampleAgreesWithImaging(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {256, 192}, {100, 20}, {1, 1}, {900, 700}} {
		src := texture(512, 384)
		got := resample(src, whole(src), size[0], size[1])
		want := imaging.Resize(src.Standard(), size[0], size[1], imaging.Lanczos)
		worst := 0
		for i, v := range want.Pix {
			worst = max(worst, abs(int(v)-int(got.Pix[i])))
		}
		if worst > 1 {
			t.Errorf("to %dx%d: differs from imaging.Resize by up to %d, want at most 1 (rounding)", size[0], size[1], worst)
		}
	}
}

func TestResampleGrayAgreesWithColor(t *testing.T) {
	src := texture(300, 200)
	gray := raster.NewImage(raster.Gray, 300, 200)
	for i := range gray.Pix {
		gray.Pix[i] = src.Pix[4*i]
	}
	color, g := resample(src, whole(src), 77, 55), resample(gray, whole(gray), 77, 55)
	for i, v := range g.Pix {
		if v != color.Pix[4*i] {
			t.Fatalf("pixel %d is %d as gray, %d as red", i, v, color.Pix[4*i])
		}
	}
}

func TestResampleKeepsFlatColorExactly(t *testing.T) {
	src := raster.NewImage(raster.RGBA, 97, 89)
	for i := range src.Pix {
		src.Pix[i] = [4]uint8{13, 200, 255, 255}[i%4]
	}
	got := resample(src, window{3.3, 2.7, 80.1, 75.5}, 31, 29)
	for i, v := range got.Pix {
		if want := [4]uint8{13, 200, 255, 255}[i%4]; v != want {
			t.Fatalf("byte %d is %d, want %d", i, v, want)
		}
	}
}

func TestResampleDoesNotBleedInvisibleColor(t *testing.T) {
	src := raster.NewImage(raster.RGBA, 64, 64) // transparent green beside opaque red
	for i := range 64 * 64 {
		copy(src.Pix[4*i:], []byte{0, 255, 0, 0})
		if i%64 >= 32 {
			copy(src.Pix[4*i:], []byte{255, 0, 0, 255})
		}
	}
	got := resample(src, whole(src), 9, 9)
	for i := 0; i < len(got.Pix); i += 4 {
		if a := got.Pix[i+3]; a > 8 && got.Pix[i+1] > 4 {
			t.Fatalf("pixel %d has green %d at alpha %d", i/4, got.Pix[i+1], a)
		}
	}
}

// A picture that a decoder reduced covers a fraction of its last column; the
// thumbnail must be the one that the full picture gives, not stretched.
func TestResampleOfReducedPictureIsNotStretched(t *testing.T) {
	const width, height, factor = 1003, 805, 4
	full := raster.NewImage(raster.Gray, width, height)
	for y := range height {
		for x := range width {
			full.Pix[y*width+x] = uint8(128 + 100*math.Sin(float64(x)/40)*math.Cos(float64(y)/30))
		}
	}
	r := raster.NewReducer(raster.Gray, width, height, factor, factor)
	for y := range height {
		r.AddGray(0, y, full.Pix[y*width:(y+1)*width])
	}
	reduced := r.Image()
	got, want := resample(reduced, whole(reduced), 100, 80), resample(full, whole(full), 100, 80)
	if p := psnr(got.Pix, want.Pix); p < 50 {
		t.Errorf("PSNR %.1f dB to the thumbnail of the full picture, want at least 50", p)
	}
}

func psnr(a, b []uint8) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	if sum == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

func abs(v int) int { return max(v, -v) }

func BenchmarkResample(b *testing.B) {
	src := texture(500, 375)
	for b.Loop() {
		resample(src, whole(src), 256, 192)
	}
}

// BenchmarkResampleReference is what BenchmarkResample is to be compared with.
func BenchmarkResampleReference(b *testing.B) {
	src := texture(500, 375).Standard()
	for b.Loop() {
		imaging.Resize(src, 256, 192, imaging.Lanczos)
	}
}
