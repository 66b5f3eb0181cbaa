package webp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// film is an animation of frames that libwebp made.
type film struct {
	width, height int
	loops         uint16
	frames        []shot
	trailer       []byte // chunks behind the frames
}

type shot struct {
	chunks []byte // coded
	want   *image.NRGBA
	x, y   int // even
	millis int
	clears bool
	blend  bool
}

// pictures are the names of coded pictures of 83x61 pixels, and of what libwebp
// decodes them to.
var pictures = [][2]string{
	{"lossless", "lossless"}, {"lossless-alpha", "lossless-alpha"}, {"lossless-palette-13", "lossless-palette-13"},
	{"alpha-raw", "alpha"}, {"alpha-filter-best", "alpha"}, {"lossy", "lossy"}, {"lossy-fine", "lossy-fine"},
}

// codedChunks are the chunks of a file that are part of an ANMF chunk.
func codedChunks(file []byte) []byte {
	var out []byte
	for at := 12; at+8 <= len(file); {
		size := int(binary.LittleEndian.Uint32(file[at+4:]))
		end := at + 8 + size + size&1
		if id := string(file[at : at+4]); id == "ALPH" || strings.HasPrefix(id, "VP8") && id != "VP8X" {
			out = append(out, file[at:min(end, len(file))]...)
		}
		at = end
	}
	return out
}

func randomFilm(t testing.TB, seed uint64, frames, kinds int) *film {
	rng := rand.New(rand.NewPCG(seed, 3))
	f := &film{width: 131, height: 97, loops: uint16(rng.IntN(5))}
	for range frames {
		p := pictures[rng.IntN(kinds)]
		f.frames = append(f.frames, shot{
			chunks: codedChunks(readFile(t, p[0]+".webp")), want: reference(t, p[1]+".png"),
			x: 2 * rng.IntN((f.width-83)/2+1), y: 2 * rng.IntN((f.height-61)/2+1),
			millis: rng.IntN(1 << 12), clears: rng.IntN(3) == 0, blend: rng.IntN(2) == 0,
		})
	}
	return f
}

func (f *film) write() []byte {
	flags := byte(flagAnimation | flagAlpha)
	if f.trailer != nil {
		flags |= flagEXIF
	}
	body := appendChunk(nil, "VP8X", extendedHeader(f.width, f.height, flags))
	body = appendChunk(body, "ANIM", binary.LittleEndian.AppendUint16([]byte{1, 2, 3, 255}, f.loops))
	for _, s := range f.frames {
		head := make([]byte, 16)
		putUint24(head[0:], s.x/2)
		putUint24(head[3:], s.y/2)
		putUint24(head[6:], 82)
		putUint24(head[9:], 60)
		putUint24(head[12:], s.millis)
		if s.clears {
			head[15] |= 1
		}
		if !s.blend {
			head[15] |= 2
		}
		body = appendChunk(body, "ANMF", append(head, s.chunks...))
	}
	body = append(body, f.trailer...)
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(file, "WEBP"...), body...)
}

// composed returns the canvas of each frame, blended in floating point.
func (f *film) composed() []*raster.Image {
	canvas := make([][4]float64, f.width*f.height)
	var all []*raster.Image
	for _, s := range f.frames {
		s.each(f.width, func(at int, over [4]float64) {
			under := canvas[at]
			if !s.blend {
				canvas[at] = over
				return
			}
			a := over[3] + under[3]*(1-over[3]/255)
			for i := 0; i < 3 && a > 0; i++ {
				canvas[at][i] = math.Round((over[i]*over[3] + under[i]*under[3]*(1-over[3]/255)) / a)
			}
			canvas[at][3] = math.Round(a)
		})
		m := raster.NewImage(raster.RGBA, f.width, f.height)
		for i, c := range canvas {
			for k, v := range c {
				m.Pix[4*i+k] = uint8(v)
			}
		}
		all = append(all, m)
		if s.clears {
			s.each(f.width, func(at int, _ [4]float64) { canvas[at] = [4]float64{} })
		}
	}
	return all
}

// each calls do for each pixel of the frame with its place on the canvas.
func (s *shot) each(width int, do func(at int, c [4]float64)) {
	for i := range 83 * 61 {
		p := s.want.Pix[4*i:]
		do((s.y+i/83)*width+s.x+i%83, [4]float64{float64(p[0]), float64(p[1]), float64(p[2]), float64(p[3])})
	}
}

// worst is the largest difference of two pictures' samples, where they can be
// seen.
func worst(a, b *raster.Image) int {
	most := 0
	for i := range a.Pix {
		if a.Pix[i|3] > 8 || b.Pix[i|3] > 8 {
			most = max(most, int(a.Pix[i])-int(b.Pix[i]), int(b.Pix[i])-int(a.Pix[i]))
		}
	}
	return most
}

// TestFramesAreComposed: every frame is what a composition of libwebp's pictures
// at full size is, averaged by boxes: but for rounding, and in lossy frames that
// are reduced for what is left out as in Decode.
func TestFramesAreComposed(t *testing.T) {
	for seed := range uint64(12) {
		kinds := len(pictures)
		if seed%2 == 0 {
			kinds = 3 // only lossless ones
		}
		f := randomFilm(t, seed, 7, kinds)
		for _, target := range [][2]int{{131, 97}, {21, 16}, {33, 5}, {1, 1}} {
			got, loops := codectest.Frames(t, NewDecoder, f.write(), target[0], target[1])
			if len(got) != len(f.frames) || loops != int(f.loops) {
				t.Fatalf("film %d: %d frames, shown %d times; want %d, %d", seed, len(got), loops, len(f.frames), f.loops)
			}
			for i, whole := range f.composed() {
				want := codectest.Boxes(whole, raster.BoxFactor(131, target[0]), raster.BoxFactor(97, target[1]))
				m := got[i].Image
				if m.Width != want.Width || m.Height != want.Height || m.CoverY != want.CoverY || m.Truncated {
					t.Fatalf("film %d for %v: frame %d has %dx%d pixels, truncated: %v", seed, target, i, m.Width, m.Height, m.Truncated)
				}
				limit := 3 // what blending rounds, again and again
				if kinds > 3 && target[0] < 131 {
					limit = 40 // interpolation of chroma
				}
				if w := worst(m, want); w > limit {
					t.Errorf("film %d for %v: a sample of frame %d differs by %d", seed, target, i, w)
				}
				if delay := time.Duration(f.frames[i].millis) * time.Millisecond; got[i].Delay != delay {
					t.Errorf("film %d: frame %d is shown for %v, want %v", seed, i, got[i].Delay, delay)
				}
			}
		}
	}
}

// TestFramesBehindOrientation: EXIF data come after the frames; looking for them
// loses none.
func TestFramesBehindOrientation(t *testing.T) {
	f := randomFilm(t, 5, 4, len(pictures))
	plain, _ := codectest.Frames(t, NewDecoder, f.write(), 131, 97)
	exif := readFile(t, "exif-icc.webp")
	f.trailer = exif[bytes.Index(exif, []byte("EXIF")):]
	file := f.write()
	for _, size := range []int64{int64(len(file)), 0} {
		d, err := NewDecoder(bytes.NewReader(file), size)
		if err != nil {
			t.Fatal(err)
		}
		if d.Info().Orientation != 6 || !d.Moves() {
			t.Errorf("orientation %d, moves: %v", d.Info().Orientation, d.Moves())
		}
		n := 0
		for frame, err := range d.Frames(131, 97) {
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(frame.Image.Pix, plain[n].Image.Pix) {
				t.Errorf("frame %d differs", n)
			}
			n++
		}
		if n != 4 {
			t.Errorf("%d frames, want 4", n)
		}
	}
	// More than is kept: the first frame remains.
	f.trailer = append(appendChunk(nil, "XXXX", make([]byte, maxLater)), f.trailer...)
	d := newDecoder(t, f.write())
	if d.Moves() || d.Info().Orientation != 6 {
		t.Errorf("moves: %v, orientation %d", d.Moves(), d.Info().Orientation)
	}
	if m, err := d.Decode(131, 97); err != nil || worst(m, plain[0].Image) > 0 {
		t.Errorf("the first frame is another, error %v", err)
	}
}

// TestFramesBehindPadding: a chunk that is longer than its picture can be is
// passed over, wherever its end is looked for.
func TestFramesBehindPadding(t *testing.T) {
	f := randomFilm(t, 6, 3, 1)
	plain, _ := codectest.Frames(t, NewDecoder, f.write(), 131, 97)
	padded := append(bytes.Clone(f.frames[0].chunks[8:]), make([]byte, 2<<20)...)
	f.frames[0].chunks = appendChunk(nil, "VP8L", padded)
	exif := readFile(t, "exif-icc.webp")
	for _, trailer := range [][]byte{nil, exif[bytes.Index(exif, []byte("EXIF")):]} {
		f.trailer = trailer
		got, _ := codectest.Frames(t, NewDecoder, f.write(), 131, 97)
		if len(got) != 3 || !bytes.Equal(got[2].Image.Pix, plain[2].Image.Pix) {
			t.Errorf("with a trailer of %d bytes: %d frames, or the last is another", len(trailer), len(got))
		}
	}
}

// TestFramesOfBrokenFilms: what comes before the break is shown.
func TestFramesOfBrokenFilms(t *testing.T) {
	f := randomFilm(t, 4, 5, len(pictures))
	b, composed := f.write(), f.composed()
	codectest.FramesOfCutFiles(t, NewDecoder, b, 97, func(i int, m *raster.Image) bool { return worst(m, composed[i]) <= 3 })
	codectest.FramesReturnErrorsOfTheSource(t, NewDecoder, b, 20, 60, len(b)/3, len(b)/2, len(b)-1)
	f.frames[2].x = 100 // it sticks out
	for frame, err := range newDecoder(t, f.write()).Frames(131, 97) {
		if errors.Is(err, raster.ErrCorrupt) {
			return
		}
		_ = frame
	}
	t.Error("a frame that sticks out of the canvas is no error")
}

// TestStillsDoNotMove: nor does a file that only says so.
func TestStillsDoNotMove(t *testing.T) {
	for name, want := range map[string]bool{"lossy": false, "alpha-raw": false, "exif-icc": false, "animated": true} {
		if got := newDecoder(t, readFile(t, name+".webp")).Moves(); got != want {
			t.Errorf("%s moves: %v", name, got)
		}
	}
}

func FuzzFrames(f *testing.F) {
	files := [][]byte{readFile(f, "animated.webp")}
	for seed := range uint64(3) {
		files = append(files, randomFilm(f, seed, 3, len(pictures)).write())
	}
	codectest.FuzzFrames(f, NewDecoder, files...)
}

func BenchmarkFrames(b *testing.B) {
	var frames []*image.NRGBA
	for i := range 10 {
		frames = append(frames, scene(640+8*i, 480, false).SubImage(image.Rect(8*i, 0, 640+8*i, 480)).(*image.NRGBA))
	}
	codectest.BenchmarkFrames(b, NewDecoder, animate(b, tight(frames), time.Second, 0), 256, 192)
}
