package gif

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	stdgif "image/gif"
	"testing"
	"time"

	"s3-thumbnail-creator/codec/codectest"
)

// animate writes frames of the same delay.
func animate(t testing.TB, frames []*image.NRGBA, delay time.Duration, loops int) []byte {
	t.Helper()
	return codectest.Animate(t, new(Animator), frames, delay, loops)
}

// moving has a square that moves over a ground, which may be transparent, and
// one frame that is the same as that before.
func moving(ground color.NRGBA) []*image.NRGBA {
	var frames []*image.NRGBA
	for _, at := range []int{3, 9, 9, 20, 26} {
		m := image.NewNRGBA(image.Rect(0, 0, 40, 30))
		draw.Draw(m, m.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
		square := image.Rect(at, at/2, at+7, at/2+9)
		draw.Draw(m, square, image.NewUniform(color.NRGBA{200, uint8(9 * at), 30, 255}), image.Point{}, draw.Src)
		frames = append(frames, m)
	}
	return frames
}

// TestAnimatorRoundTrip: every frame comes back, by another's decoder and by
// ours, and no more is stored than what changes.
func TestAnimatorRoundTrip(t *testing.T) {
	for _, ground := range []color.NRGBA{{10, 20, 30, 255}, {}} {
		frames := moving(ground)
		file := animate(t, frames, 70*time.Millisecond, 0)
		other, err := stdgif.DecodeAll(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if len(other.Image) != len(frames) || other.LoopCount != 0 || other.Config.Width != 40 || other.Config.Height != 30 {
			t.Fatalf("%d frames, %d loops, %dx%d", len(other.Image), other.LoopCount, other.Config.Width, other.Config.Height)
		}
		got, _ := codectest.Frames(t, NewDecoder, file, 40, 30)
		for i, m := range frames {
			if !bytes.Equal(got[i].Image.Pix, m.Pix) {
				t.Errorf("ground %v: frame %d differs", ground, i)
			}
			if got[i].Delay != 70*time.Millisecond {
				t.Errorf("frame %d is shown for %v", i, got[i].Delay)
			}
			if r := other.Image[i].Rect; i > 0 && ground.A > 0 && r.Dx()*r.Dy() > 18*16 {
				t.Errorf("frame %d stores %v", i, r)
			}
		}
		if r := other.Image[2].Rect; ground.A > 0 && r.Dx()*r.Dy() != 1 {
			t.Errorf("a frame like the one before it stores %v", r)
		}
	}
}

// TestAnimatorOfPhotographs: with more colors than a palette has, frames stay
// close, and what does not change does not flicker.
func TestAnimatorOfPhotographs(t *testing.T) {
	frames := []*image.NRGBA{photo(120, 90, 0), photo(120, 90, 5), photo(120, 90, 0), photo(120, 90, 0)}
	frames[3].Pix[0] ^= 0x80
	got, _ := codectest.Frames(t, NewDecoder, animate(t, frames, time.Second, 3), 120, 90)
	for i, m := range frames {
		if e := meanSquare(got[i].Image.Standard(), m); e > 65 {
			t.Errorf("frame %d: mean square error %.1f", i, e)
		}
	}
	if !bytes.Equal(got[2].Image.Pix[4:], got[3].Image.Pix[4:]) {
		t.Error("pixels flicker that do not change")
	}
}

// TestLoops: how often frames are shown is kept, as far as GIF can say it.
func TestLoops(t *testing.T) {
	for want := range 4 {
		if _, got := codectest.Frames(t, NewDecoder, animate(t, moving(color.NRGBA{A: 255}), 0, want), 40, 30); got != want {
			t.Errorf("%d loops come back as %d", want, got)
		}
	}
	if _, got := codectest.Frames(t, NewDecoder, animate(t, moving(color.NRGBA{A: 255}), 0, 1<<20), 40, 30); got != 1<<16 {
		t.Errorf("a million loops come back as %d", got)
	}
}

// TestDelaysAreRounded: the whole film takes as long as it should, and nothing
// short becomes what browsers take for a tenth of a second.
func TestDelaysAreRounded(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		delay time.Duration
		want  []int // hundredths
	}{
		{0, []int{0, 0, 0}}, {10 * ms, []int{1, 1, 1}}, {11 * ms, []int{2, 2, 2}}, {30 * ms, []int{3, 3, 3}},
		{33 * ms, []int{3, 4, 3, 3, 4, 3}}, {1004 * ms, []int{100, 101, 100}}, {time.Hour, []int{65535, 65535}},
	} {
		a := new(Animator)
		for i, want := range c.want {
			if got := a.hundredths(c.delay); got != want {
				t.Errorf("%v: frame %d has %d hundredths, want %d", c.delay, i, got, want)
			}
		}
	}
}

func BenchmarkAnimator(b *testing.B) {
	frames := []*image.NRGBA{photo(256, 192, 0), photo(256, 192, 5), photo(256, 192, 10)}
	b.ReportAllocs()
	for b.Loop() {
		animate(b, frames, time.Second, 0)
	}
}
