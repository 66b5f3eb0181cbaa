package gif

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// film is an animation of random frames. Each is a file whose canvas does not
// matter.
type film struct {
	width, height int
	frames        []still
	loops         int // as stored; -1 for no extension
}

type still struct {
	file
	disposal byte
	delay    uint16 // hundredths of a second
}

func (f *film) write() []byte {
	b := binary.LittleEndian.AppendUint16([]byte("GIF89a"), uint16(f.width))
	b = binary.LittleEndian.AppendUint16(b, uint16(f.height))
	b = append(b, 0x80, 0, 0, 1, 2, 3, 4, 5, 6)
	if f.loops >= 0 {
		b = append(b, "!\xff\x0bNETSCAPE2.0\x03\x01"...)
		b = append(binary.LittleEndian.AppendUint16(b, uint16(f.loops)), 0)
	}
	for i := range f.frames {
		b = f.frames[i].append(b)
	}
	return append(b, ';')
}

func (s *still) append(b []byte) []byte {
	index, flags := byte(0), s.disposal<<2
	if s.transparent >= 0 {
		index, flags = byte(s.transparent), flags|1
	}
	b = append(b, '!', 0xf9, 4, flags, byte(s.delay), byte(s.delay>>8), index, 0)
	// A file of one frame, from its descriptor to its trailer.
	one := s.file
	one.local = true
	written := one.write()
	at := bytes.Index(written, binary.LittleEndian.AppendUint16([]byte{','}, uint16(s.frame.Min.X)))
	for binary.LittleEndian.Uint16(written[at+5:]) != uint16(s.frame.Dx()) || written[at+9]&0x80 == 0 {
		at += 1 + bytes.IndexByte(written[at+1:], ',')
	}
	return append(b, written[at:len(written)-1]...)
}

// composed returns the canvas of each frame, by the book: a copy of all pixels
// whenever something is to be taken back.
func (f *film) composed() []*raster.Image {
	canvas := make([][4]uint8, f.width*f.height)
	var all []*raster.Image
	for _, s := range f.frames {
		before := append([][4]uint8(nil), canvas...)
		for i := range canvas {
			if c := s.want(i%f.width, i/f.width); c[3] > 0 {
				canvas[i] = c
			}
		}
		m := raster.NewImage(raster.RGBA, f.width, f.height)
		for i, c := range canvas {
			copy(m.Pix[4*i:], c[:])
		}
		all = append(all, m)
		for i := range canvas {
			switch p := image.Pt(i%f.width, i/f.width); {
			case s.disposal == 2 && p.In(s.frame):
				canvas[i] = [4]uint8{}
			case s.disposal == 3 || s.disposal == 4:
				canvas[i] = before[i]
			}
		}
	}
	return all
}

// randomFilm has frames of all kinds, at places that fit no box, some of them
// partly or wholly beside the canvas.
func randomFilm(seed uint64, width, height, frames int) *film {
	rng := rand.New(rand.NewPCG(seed, 9))
	f := &film{width: width, height: height, loops: rng.IntN(4) - 1}
	for i := range frames {
		s := still{disposal: byte(rng.IntN(5)), delay: uint16(rng.IntN(300))}
		x, y := rng.IntN(width), rng.IntN(height)
		s.frame = image.Rect(x, y, x+1+rng.IntN(width), y+1+rng.IntN(height))
		if i == 0 {
			s.frame = image.Rect(x/2, y/2, width, height)
		}
		s.canvas = s.frame
		s.bits, s.transparent, s.interlaced = 3, rng.IntN(9)-1, rng.IntN(3) == 0
		s.paint(seed + uint64(i))
		f.frames = append(f.frames, s)
	}
	return f
}

// TestFramesAreComposed: every frame is what a composition of all pixels is,
// averaged by boxes.
func TestFramesAreComposed(t *testing.T) {
	for seed := range uint64(40) {
		f := randomFilm(seed, 61, 47, 12)
		for _, target := range [][2]int{{61, 47}, {10, 9}, {7, 23}, {1, 1}} {
			got, loops := codectest.Frames(t, NewDecoder, f.write(), target[0], target[1])
			if want := max(f.loops+1, 1); loops != want && f.loops != 0 || f.loops == 0 && loops != 0 {
				t.Fatalf("film %d: %d loops, stored are %d repetitions", seed, loops, f.loops)
			}
			if len(got) != len(f.frames) {
				t.Fatalf("film %d: %d frames, want %d", seed, len(got), len(f.frames))
			}
			for i, whole := range f.composed() {
				want := codectest.Boxes(whole, raster.BoxFactor(61, target[0]), raster.BoxFactor(47, target[1]))
				m := got[i].Image
				if m.Width != want.Width || m.Height != want.Height || m.CoverX != want.CoverX || m.Truncated || !bytes.Equal(m.Pix, want.Pix) {
					t.Fatalf("film %d for %v: frame %d differs from the composition", seed, target, i)
				}
				if delay := time.Duration(f.frames[i].delay) * 10 * time.Millisecond; got[i].Delay != delay {
					t.Fatalf("film %d: frame %d is shown for %v, want %v", seed, i, got[i].Delay, delay)
				}
			}
		}
	}
}

// TestFirstFrameIsDecodes: the first of all frames is what Decode gives, of
// broken files too.
func TestFirstFrameIsDecodes(t *testing.T) {
	for _, f := range files() {
		b := f.write()
		for _, target := range []int{9, 1 << 14} {
			if f.interlaced && target == 9 {
				continue // rows that are missing are filled in before the reduction
			}
			for _, n := range []int{len(b), len(b) - 1, len(b) - len(b)/5, len(b) * 2 / 3} {
				d, err := NewDecoder(bytes.NewReader(b[:n]), int64(n))
				if err != nil {
					continue
				}
				want, err := d.Decode(target, target)
				for frame, frameErr := range codectest.Header(t, NewDecoder, b[:n]).Frames(target, target) {
					if (err == nil) != (frameErr == nil) {
						t.Fatalf("%s, %d of %d bytes: Decode says %v, Frames %v", f.name, n, len(b), err, frameErr)
					}
					if err == nil && (!bytes.Equal(frame.Image.Pix, want.Pix) || frame.Image.Truncated != want.Truncated) {
						t.Errorf("%s, %d of %d bytes, for %d: the first frame differs from Decode's", f.name, n, len(b), target)
					}
					break
				}
			}
		}
	}
}

// TestFramesOfBrokenFilms: what comes before the break is shown.
func TestFramesOfBrokenFilms(t *testing.T) {
	f := randomFilm(3, 40, 30, 6)
	b := f.write()
	composed := f.composed()
	codectest.FramesOfCutFiles(t, NewDecoder, b, 7, func(i int, m *raster.Image) bool { return bytes.Equal(m.Pix, composed[i].Pix) })
	codectest.FramesReturnErrorsOfTheSource(t, NewDecoder, b, 10, 60, len(b)/3, len(b)/2, len(b)-1)

	// A frame of broken codes does not end the film.
	second := bytes.Index(b[len(b)/3:], []byte("!\xf9")) + len(b)/3
	for i := second - 40; i < second-20; i++ {
		b[i] = 0xff
	}
	if frames, _ := codectest.Frames(t, NewDecoder, b, 40, 30); len(frames) != len(f.frames) {
		t.Errorf("%d frames are shown where one of %d is damaged", len(frames), len(f.frames))
	}
}

// TestFramesMemory: the estimate holds for the canvas, what a frame that is taken
// back covers, and one that is larger than the canvas.
func TestFramesMemory(t *testing.T) {
	f := &film{width: 1000, height: 800}
	for i := range 4 {
		s := still{disposal: 3}
		s.frame = image.Rect(0, 0, 1000, 800)
		if i == 2 {
			s.frame = image.Rect(10, 795, 60_010, 1295)
		}
		s.bits, s.transparent, s.indices = 1, -1, make([]byte, s.frame.Dx()*s.frame.Dy())
		f.frames = append(f.frames, s)
	}
	b := f.write()
	estimate := codectest.Header(t, NewDecoder, b).FramesMemory(100, 80)
	frames := int64(4 * 3 * 4 * 200 * 160) // each is returned in memory of its own, and reduced
	if n := codectest.Allocated(func() { codectest.Frames(t, NewDecoder, b, 100, 80) }); n > estimate+frames {
		t.Errorf("%d bytes were allocated, %d estimated", n, estimate)
	}
}

func FuzzFrames(f *testing.F) {
	var written [][]byte
	for seed := range uint64(6) {
		written = append(written, randomFilm(seed, 30, 20, 4).write())
	}
	codectest.FuzzFrames(f, NewDecoder, written...)
}

func BenchmarkFrames(b *testing.B) {
	codectest.BenchmarkFrames(b, NewDecoder, randomFilm(1, 640, 480, 20).write(), 256, 192)
}
