package webp

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"testing"
	"time"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// animate writes frames of the same delay.
func animate(t testing.TB, frames []*image.NRGBA, delay time.Duration, loops int) []byte {
	t.Helper()
	return codectest.Animate(t, NewAnimator(90), frames, delay, loops)
}

// tight copies pictures to memory without gaps between their rows.
func tight(pictures []*image.NRGBA) []*image.NRGBA {
	var out []*image.NRGBA
	for _, p := range pictures {
		m := image.NewNRGBA(image.Rect(0, 0, p.Rect.Dx(), p.Rect.Dy()))
		draw.Draw(m, m.Rect, p, p.Rect.Min, draw.Src)
		out = append(out, m)
	}
	return out
}

// TestAnimatorRoundTrip: frames come back as lossy pictures do, with their alpha,
// delay and the number of loops; and of a frame only what changes is stored.
func TestAnimatorRoundTrip(t *testing.T) {
	for _, alpha := range []bool{false, true} {
		ground := scene(121, 93, alpha)
		frames := []*image.NRGBA{ground}
		for _, at := range []int{10, 31, 31, 77} {
			m := tight([]*image.NRGBA{ground})[0]
			draw.Draw(m, image.Rect(at, at/2+1, at+15, at/2+20), image.NewUniform(color.NRGBA{uint8(3 * at), 80, 90, 255}), image.Point{}, draw.Src)
			frames = append(frames, m)
		}
		frames = append(frames, ground)
		file := animate(t, frames, 1234567*time.Microsecond, 3)
		got, loops := codectest.Frames(t, NewDecoder, file, 121, 93)
		if len(got) != len(frames) || loops != 3 {
			t.Fatalf("%d frames, %d loops", len(got), loops)
		}
		for i, m := range frames {
			if got[i].Delay != 1235*time.Millisecond {
				t.Errorf("frame %d is shown for %v", i, got[i].Delay)
			}
			if d := difference(got[i].Image, &raster.Image{Model: raster.RGBA, Width: 121, Height: 93, Pix: m.Pix}); d > 5 {
				t.Errorf("alpha %v: frame %d differs by %.1f", alpha, i, d)
			}
			for p := 3; p < len(m.Pix); p += 4 {
				if got[i].Image.Pix[p] != m.Pix[p] {
					t.Fatalf("alpha of pixel %d of frame %d is %d, want %d", p/4, i, got[i].Image.Pix[p], m.Pix[p])
				}
			}
		}
		var still bytes.Buffer
		if err := Encode(&still, ground, 90); err != nil {
			t.Fatal(err)
		}
		if len(file) > 2*still.Len() {
			t.Errorf("alpha %v: %d bytes for six frames that differ little, %d for one", alpha, len(file), still.Len())
		}
	}
}

func TestChanged(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	for _, c := range []struct{ drawn, want image.Rectangle }{
		{image.Rectangle{}, image.Rect(0, 0, 1, 1)},
		{image.Rect(0, 0, 20, 10), image.Rect(0, 0, 20, 10)},
		{image.Rect(7, 3, 8, 4), image.Rect(6, 2, 8, 4)},
		{image.Rect(19, 9, 20, 10), image.Rect(18, 8, 20, 10)},
		{image.Rect(4, 6, 9, 7), image.Rect(4, 6, 9, 7)},
	} {
		next := image.NewNRGBA(m.Rect)
		draw.Draw(next, c.drawn, image.White, image.Point{}, draw.Src)
		if got := changed(m, next); got != c.want {
			t.Errorf("%v changes: %v, want %v", c.drawn, got, c.want)
		}
	}
}

func BenchmarkAnimator(b *testing.B) {
	frames := tight([]*image.NRGBA{scene(256, 192, false), scene(258, 192, false).SubImage(image.Rect(2, 0, 258, 192)).(*image.NRGBA)})
	b.ReportAllocs()
	for b.Loop() {
		animate(b, frames, time.Second, 0)
	}
}
