package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"io"
	"iter"
	"runtime/debug"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/settings"
)

// sparks has a bright disc that moves over a ground of many colors.
func sparks(width, height, count int) []*image.NRGBA {
	ground := texture(width, height).Standard().(*image.NRGBA)
	var frames []*image.NRGBA
	for i := range count {
		m := imaging.Clone(ground)
		x := (width / count) * i
		draw.Draw(m, image.Rect(x, height/3, x+width/4, height*2/3), image.NewUniform(color.NRGBA{250, uint8(40 * i), 10, 255}), image.Point{}, draw.Src)
		frames = append(frames, m)
	}
	return frames
}

// film writes frames that are shown for 50, 100, 150 ms and so on, twice.
func film(t testing.TB, f format.Format, frames []*image.NRGBA) []byte {
	t.Helper()
	a := codec.NewAnimator(f, 95)
	for i, m := range frames {
		if err := a.Add(m, time.Duration(i+1)*50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := a.Finish(&b, 2); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// frames decodes what a thumbnail's body holds.
func frames(t testing.TB, body []byte) (all []raster.Frame, loops int) {
	t.Helper()
	f, r, err := codec.Detect(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	d, err := codec.NewDecoder(f, r, int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	a := d.(raster.Animation)
	for frame, err := range a.Frames(1<<14, 1<<14) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frame)
	}
	return all, a.Loops()
}

func all(f format.Format) settings.Variant {
	return settings.Variant{Name: "v", Width: 80, Height: 80, Fit: settings.Inside, Format: f, Quality: 95, Animated: settings.All}
}

// TestThumbnailsMove: between the two formats in every direction, with all
// frames as they would be resized one by one, their delays and loops.
func TestThumbnailsMove(t *testing.T) {
	want := sparks(400, 300, 5)
	for _, from := range []format.Format{format.GIF, format.WebP} {
		file := film(t, from, want)
		for _, to := range []format.Format{settings.Same, format.GIF, format.WebP} {
			result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{all(to)}, Limits{MaxFrames: 5})
			if err != nil {
				t.Fatal(err)
			}
			thumb := result.Thumbnails[0]
			got, loops := frames(t, thumb.Body)
			if len(got) != 5 || loops != 2 || thumb.Frames != 5 || result.Source.Frames != 5 || result.Source.StillBecause != "" {
				t.Fatalf("%s to %s: %d frames, %d loops, %d in the thumbnail, %+v", from, to, len(got), loops, thumb.Frames, result.Source)
			}
			if thumb.Width != 80 || thumb.Height != 60 {
				t.Errorf("%s to %s: %dx%d", from, to, thumb.Width, thumb.Height)
			}
			for i, frame := range got {
				if frame.Delay != time.Duration(i+1)*50*time.Millisecond {
					t.Errorf("%s to %s: frame %d is shown for %v", from, to, i, frame.Delay)
				}
				resized := imaging.Resize(want[i], 80, 60, imaging.Lanczos)
				still, err := encode(resized, thumb.Format, 95)
				if err != nil {
					t.Fatal(err)
				}
				alone, _ := frames(t, still)
				p, wanted := psnr(frame.Image.Pix, resized.Pix), psnr(alone[0].Image.Pix, resized.Pix)
				if p < wanted-1.5 {
					t.Errorf("%s to %s: frame %d has a PSNR of %.1f dB, %.1f as a still", from, to, i, p, wanted)
				}
			}
		}
	}
}

// TestFirstFrameAlone: of variants that do not ask for more, of formats that
// cannot move, and of pictures of one frame; beside one that moves, too.
func TestFirstFrameAlone(t *testing.T) {
	still, jpeg := all(settings.Same), all(format.JPEG)
	still.Animated = settings.First
	for _, f := range []format.Format{format.GIF, format.WebP} {
		file := film(t, f, sparks(200, 150, 3))
		variants := []settings.Variant{still, jpeg, all(settings.Same)}
		result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), variants, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		alone, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), variants[:1], Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{1, 1, 3} {
			if n := result.Thumbnails[i].Frames; n != want {
				t.Errorf("%s: thumbnail %d has %d frames, want %d", f, i, n, want)
			}
		}
		if alone.Source.BytesRead >= int64(len(file)) && len(file) > 1<<17 || alone.Thumbnails[0].Frames != 1 {
			t.Errorf("%s: %+v", f, alone.Source)
		}
		first, _ := frames(t, result.Thumbnails[0].Body)
		want, _ := frames(t, alone.Thumbnails[0].Body)
		if len(first) != 1 || psnr(first[0].Image.Pix, want[0].Image.Pix) < 35 {
			t.Errorf("%s: the first frame is another beside a thumbnail that moves", f)
		}
		one := film(t, f, sparks(200, 150, 1))
		result, err = Make(t.Context(), bytes.NewReader(one), int64(len(one)), variants[2:], Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if body := result.Thumbnails[0].Body; bytes.Contains(body, []byte("ANMF")) || result.Thumbnails[0].Frames != 1 || result.Source.StillBecause != "" {
			t.Errorf("%s: a picture of one frame moves: %+v", f, result.Source)
		}
	}
}

// TestLimitsOfFrames: over any of them there is a thumbnail of the first frame,
// and the reason.
func TestLimitsOfFrames(t *testing.T) {
	v := []settings.Variant{all(settings.Same)}
	soon, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	for _, f := range []format.Format{format.GIF, format.WebP} {
		file := film(t, f, sparks(400, 300, 6))
		for _, c := range []struct {
			limits Limits
			want   string
		}{
			{Limits{MaxFrames: 5}, "more than 5 frames"},
			{Limits{MaxPixels: 5*400*300 - 1}, "the first 5 frames of 400x300 are 0.6 megapixels"},
			{Limits{Memory: 1_500_000}, "MiB of memory"},
			{Limits{MaxFrames: 6, MaxPixels: 6 * 400 * 300, Memory: 40 << 20}, ""},
		} {
			result, err := Make(soon, bytes.NewReader(file), int64(len(file)), v, c.limits)
			if err != nil {
				t.Errorf("%s, %+v: %v", f, c.limits, err)
				continue
			}
			why, n := result.Source.StillBecause, result.Thumbnails[0].Frames
			if !strings.Contains(why, c.want) || (why == "") != (c.want == "") || (n == 1) != (why != "") {
				t.Errorf("%s, %+v: %d frames because %q, want %q", f, c.limits, n, why, c.want)
			}
			if got, _ := frames(t, result.Thumbnails[0].Body); len(got) != n {
				t.Errorf("%s, %+v: %d frames are in the file, %d said", f, c.limits, len(got), n)
			}
		}
		_, err := Make(soon, bytes.NewReader(file), int64(len(file)), v, Limits{Memory: 1_500_000, MoreMemory: true})
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: error %v where there is more memory, want ErrTooLarge", f, err)
		}
	}
}

// TestEncodedFramesCount: what encoders hold grows with the frames.
func TestEncodedFramesCount(t *testing.T) {
	v := all(format.GIF)
	v.Width, v.Height = 300, 300
	file := film(t, format.GIF, sparks(300, 300, 60))
	one := film(t, format.GIF, sparks(300, 300, 2))
	enough := Limits{Memory: 22 << 20}
	for _, c := range []struct {
		file  []byte
		still bool
	}{{one, false}, {file, true}} {
		result, err := Make(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), []settings.Variant{v}, enough)
		if err != nil {
			t.Fatal(err)
		}
		if why := result.Source.StillBecause; strings.Contains(why, "memory") != c.still {
			t.Errorf("%d frames: still because %q", result.Source.Frames, why)
		}
	}
}

// slow is an animation whose frames take a minute each.
type slow struct{ stuck }

func (slow) Moves() bool                 { return true }
func (slow) Loops() int                  { return 0 }
func (slow) FramesMemory(_, _ int) int64 { return 0 }
func (slow) Info() raster.Info {
	return raster.Info{Format: format.GIF, Width: 1, Height: 1, Orientation: 1, Frames: 1, Model: raster.RGBA}
}

func (slow) Frames(_, _ int) iter.Seq2[raster.Frame, error] {
	return func(yield func(raster.Frame, error) bool) {
		for {
			time.Sleep(time.Minute)
			if !yield(raster.Frame{Image: raster.NewImage(raster.RGBA, 1, 1)}, nil) {
				return
			}
		}
	}
}

// TestTimeOfFrames: half of the time that there is goes to frames; the rest is
// enough for a thumbnail of the first.
func TestTimeOfFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replaceDecoder(t, slow{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		began := time.Now()
		result, err := Make(ctx, bytes.NewReader(bmpHead), 0, []settings.Variant{all(settings.Same)}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 11*time.Minute || result.Source.StillBecause != "after 11 frames half of the time that there is has passed" {
			t.Errorf("after %v, still because %q", took, result.Source.StillBecause)
		}
	})
}

// TestBrokenFilms: a transfer that breaks off is an error wherever it does; a
// file that ends early moves as far as it goes.
func TestBrokenFilms(t *testing.T) {
	failure := errors.New("connection reset")
	for _, f := range []format.Format{format.GIF, format.WebP} {
		file := film(t, f, sparks(120, 90, 6))
		for at := 30; at < len(file)-1; at += 1 + len(file)/40 {
			r := io.MultiReader(bytes.NewReader(file[:at]), iotest.ErrReader(failure))
			if _, err := Make(t.Context(), r, int64(len(file)), []settings.Variant{all(settings.Same)}, Limits{}); !errors.Is(err, failure) {
				t.Fatalf("%s breaks off at %d of %d: error %v", f, at, len(file), err)
			}
		}
		cut := file[:len(file)*3/4]
		result, err := Make(t.Context(), bytes.NewReader(cut), int64(len(cut)), []settings.Variant{all(settings.Same)}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if n := result.Thumbnails[0].Frames; n < 2 || n > 5 || !result.Source.Truncated {
			t.Errorf("%s: %d frames of a part of the file, truncated: %v", f, n, result.Source.Truncated)
		}
	}
}

// TestFramesAreTurned: the orientation and the fit are those of every frame.
func TestFramesAreTurned(t *testing.T) {
	frame := quarters(64, 32)
	other := imaging.Clone(frame)
	draw.Draw(other, image.Rect(0, 0, 8, 8), image.White, image.Point{}, draw.Src)
	file := withOrientation(film(t, format.WebP, []*image.NRGBA{frame, other}), 6)
	v := all(format.WebP)
	v.Width, v.Height = 64, 64
	result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := frames(t, result.Thumbnails[0].Body)
	if len(got) != 2 || result.Source.Orientation != 6 {
		t.Fatalf("%d frames of %+v", len(got), result.Source)
	}
	for i, m := range []*image.NRGBA{frame, other} {
		want := imaging.Rotate270(m)
		if got[i].Image.Width != 32 || psnr(got[i].Image.Pix, want.Pix) < 25 {
			t.Errorf("frame %d: %dx%d, PSNR %.1f dB to the turned one", i, got[i].Image.Width, got[i].Image.Height, psnr(got[i].Image.Pix, want.Pix))
		}
	}
}

// withOrientation puts EXIF data behind the chunks of an extended WebP file.
func withOrientation(file []byte, orientation byte) []byte {
	file[20] |= 1 << 3
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	tiff = append(tiff, orientation, 0, 0, 0, 0, 0, 0, 0)
	file = append(file, "EXIF"...)
	file = append(file, byte(len(tiff)), 0, 0, 0)
	return append(file, tiff...)
}

// TestAnimationMemory: making a thumbnail that moves takes no more than the limit
// by which it is accepted.
func TestAnimationMemory(t *testing.T) {
	for _, f := range []format.Format{format.GIF, format.WebP} {
		file := film(t, f, sparks(800, 600, 8))
		v := all(settings.Same)
		v.Width, v.Height = 300, 300
		// The least limit that is kept to.
		limit := int64(4 << 20)
		for ; ; limit += 4 << 20 {
			result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{Memory: limit, MoreMemory: true})
			if err == nil && result.Thumbnails[0].Frames == 8 {
				break
			}
			if err != nil && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
		}
		collect := debug.SetGCPercent(5)
		peak := peakHeap(func() {
			if _, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{Memory: limit}); err != nil {
				t.Error(err)
			}
		})
		debug.SetGCPercent(collect)
		t.Logf("%s: %d KiB of %d", f, peak>>10, limit>>10)
		if peak > limit {
			t.Errorf("%s: the heap grew by %d KiB, the limit is %d", f, peak>>10, limit>>10)
		}
	}
}

func BenchmarkMakeAnimated(b *testing.B) {
	for _, f := range []format.Format{format.GIF, format.WebP} {
		file := film(b, f, sparks(480, 360, 20))
		v := settings.DefaultVariant()
		v.Animated = settings.All
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Make(b.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
