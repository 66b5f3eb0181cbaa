package codectest

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"s3-thumbnail-creator/codec/raster"
)

// Frames decodes the frames of a good animation, reduced for the target, and
// returns how often they are shown.
func Frames[D raster.Animation](t testing.TB, open Open[D], file []byte, targetWidth, targetHeight int) (frames []raster.Frame, loops int) {
	t.Helper()
	d := Header(t, open, file)
	for frame, err := range d.Frames(targetWidth, targetHeight) {
		if err != nil {
			t.Fatalf("after %d frames: %v", len(frames), err)
		}
		frames = append(frames, frame)
	}
	return frames, d.Loops()
}

// Animate writes frames of the same delay.
func Animate(t testing.TB, a raster.Animator, frames []*image.NRGBA, delay time.Duration, loops int) []byte {
	t.Helper()
	for _, m := range frames {
		if err := a.Add(m, delay); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := a.Finish(&b, loops); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) > a.Memory() {
		t.Errorf("%d bytes were written, %d estimated in all", b.Len(), a.Memory())
	}
	return b.Bytes()
}

// FramesOfCutFiles holds that of a file that ends early the frames before the end
// are shown, and of one that is cut the rows that are there if it is the first. A
// cut is made every step bytes, behind the header. same compares a frame with what
// it is in the whole file.
func FramesOfCutFiles[D raster.Animation](t *testing.T, open Open[D], file []byte, step int, same func(i int, m *raster.Image) bool) {
	t.Helper()
	for n := len(file) / 3; n < len(file); n += step {
		d, shown := Header(t, open, file[:n]), 0
		for frame, err := range d.Frames(1<<14, 1<<14) {
			if err != nil {
				promised(t, err)
				break
			}
			if whole := !frame.Image.Truncated; whole && !same(shown, frame.Image) || !whole && shown > 0 {
				t.Fatalf("%d of %d bytes: frame %d is not that of the whole file", n, len(file), shown)
			}
			shown++
		}
		if shown == 0 {
			t.Errorf("%d of %d bytes: no frame", n, len(file))
		}
	}
}

// FramesReturnErrorsOfTheSource holds that a transfer that breaks off after some
// bytes is reported as that, and that a file that ends there gives an error of
// the format, or none.
func FramesReturnErrorsOfTheSource[D raster.Animation](t *testing.T, open Open[D], file []byte, after ...int) {
	t.Helper()
	failure := errors.New("connection reset")
	for _, n := range after {
		cut := file[:min(n, len(file))]
		_, err := lastError(open, io.MultiReader(bytes.NewReader(cut), iotest.ErrReader(failure)), 0)
		if !errors.Is(err, failure) || errors.Is(err, raster.ErrCorrupt) {
			t.Errorf("after %d bytes: error %v, want that of the source", n, err)
		}
		if _, err := lastError(open, bytes.NewReader(cut), int64(n)); err != nil && !errors.Is(err, raster.ErrCorrupt) {
			t.Errorf("a file of %d bytes: error %v", n, err)
		}
	}
}

// lastError decodes all frames and returns their number and the error at the end.
func lastError[D raster.Animation](open Open[D], r io.Reader, size int64) (n int, err error) {
	d, err := open(r, size)
	if err != nil {
		return 0, err
	}
	for _, err := range d.Frames(64, 64) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// FuzzFrames is Fuzz for the frames of animations.
func FuzzFrames[D raster.Animation](f *testing.F, open Open[D], files ...[]byte) {
	const maxFrames = 40
	seed(f, files)
	f.Fuzz(func(t *testing.T, file []byte, width, height uint8) {
		d, err := open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return // for Fuzz
		}
		info := d.Info()
		if info.Width > fuzzPixels/16/info.Height || d.FramesMemory(int(width), int(height)) > fuzzMemory {
			return
		}
		n, ended := 0, false
		for frame, err := range d.Frames(int(width), int(height)) {
			if ended {
				t.Fatal("goes on after an error")
			}
			if err != nil {
				ended = true
				promised(t, err)
				continue
			}
			if frame.Delay < 0 {
				t.Fatalf("delay %v", frame.Delay)
			}
			checkShape(t, frame.Image, info, int(width), int(height))
			if n++; n == maxFrames {
				break
			}
		}
		if n == 0 && !ended {
			t.Fatal("neither a frame nor an error")
		}
		if d.Loops() < 0 {
			t.Fatalf("%d loops", d.Loops())
		}
	})
}

// BenchmarkFrames measures the decoding of all frames of an animation. The
// throughput counts the pixels of the canvas, four bytes each, in each frame.
func BenchmarkFrames[D raster.Animation](b *testing.B, open Open[D], file []byte, targetWidth, targetHeight int) {
	frames, _ := Frames(b, open, file, targetWidth, targetHeight)
	info := Header(b, open, file).Info()
	measure(b, "frames", 4*info.Width*info.Height*len(frames), func() error {
		n := 0
		d, err := open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return err
		}
		for _, err := range d.Frames(targetWidth, targetHeight) {
			if err != nil {
				return err
			}
			n++
		}
		if n != len(frames) {
			return fmt.Errorf("%d frames, want %d", n, len(frames))
		}
		return nil
	})
}
