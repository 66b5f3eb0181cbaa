package gif

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"image"
	"image/color"
	stdgif "image/gif"
	"math/rand/v2"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// file describes a GIF file of one frame of random runs, a broken one too.
type file struct {
	name          string
	canvas, frame image.Rectangle
	bits          int // of an index
	local         bool
	noPalette     bool
	interlaced    bool
	transparent   int // index, -1 for none
	indices       []byte
}

func (f *file) paint(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	f.indices = make([]byte, f.frame.Dx()*f.frame.Dy())
	v := byte(0)
	for i := range f.indices {
		if rng.IntN(4) == 0 {
			v = byte(rng.IntN(1 << f.bits))
		}
		f.indices[i] = v
	}
}

func (f *file) color(i byte) [4]uint8 {
	switch {
	case int(i) == f.transparent:
		return [4]uint8{}
	case f.noPalette:
		return [4]uint8{i, i, i, 255}
	}
	return [4]uint8{i * 37, i * 11, 255 - i, 255}
}

func (f *file) write() []byte {
	b := []byte("GIF89a")
	b = binary.LittleEndian.AppendUint16(b, uint16(f.canvas.Dx()))
	b = binary.LittleEndian.AppendUint16(b, uint16(f.canvas.Dy()))
	palette := func(b []byte) []byte {
		for i := range 1 << f.bits {
			transparent := f.transparent
			f.transparent = -1
			c := f.color(byte(i))
			f.transparent = transparent
			b = append(b, c[:3]...)
		}
		return b
	}
	flags := byte(0x80 | f.bits - 1)
	if f.noPalette {
		flags = 0
	}
	b = append(b, flags, 0, 0)
	if !f.noPalette {
		if f.local {
			b = append(b, make([]byte, 3<<f.bits)...)
		} else {
			b = palette(b)
		}
	}
	b = append(b, "!\xfe\x05hello\x03you\x00"...)
	if f.transparent >= 0 {
		b = append(b, '!', 0xf9, 4, 1, 0, 0, byte(f.transparent), 0)
	}
	b = append(b, ',')
	for _, v := range []int{f.frame.Min.X, f.frame.Min.Y, f.frame.Dx(), f.frame.Dy()} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	flags = 0
	if f.local {
		flags = byte(0x80 | f.bits - 1)
	}
	if f.interlaced {
		flags |= 0x40
	}
	b = append(b, flags)
	if f.local {
		b = palette(b)
	}
	return append(f.data(b), ';')
}

// data appends the rows in the order in which they are stored.
func (f *file) data(b []byte) []byte {
	w, h := f.frame.Dx(), f.frame.Dy()
	var rows []byte
	if f.interlaced {
		for _, p := range [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
			for y := p[0]; y < h; y += p[1] {
				rows = append(rows, f.indices[y*w:][:w]...)
			}
		}
	} else {
		rows = f.indices
	}
	bits := max(f.bits, 2)
	var z bytes.Buffer
	enc := lzw.NewWriter(&z, lzw.LSB, bits)
	enc.Write(rows)
	enc.Close()
	b = append(b, byte(bits))
	for data := z.Bytes(); len(data) > 0; {
		n := min(len(data), 255)
		b = append(append(b, byte(n)), data[:n]...)
		data = data[n:]
	}
	return append(b, 0)
}

// want is the color of a pixel of the canvas.
func (f *file) want(x, y int) [4]uint8 {
	p := image.Pt(x, y)
	if !p.In(f.frame) {
		return [4]uint8{}
	}
	return f.color(f.indices[(y-f.frame.Min.Y)*f.frame.Dx()+x-f.frame.Min.X])
}

func files() []file {
	rect := image.Rect
	all := []file{
		{name: "plain", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 8, transparent: -1},
		{name: "two colors", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 1, transparent: -1},
		{name: "four bits", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 4, transparent: -1},
		{name: "interlaced", canvas: rect(0, 0, 37, 43), frame: rect(0, 0, 37, 43), bits: 5, interlaced: true, transparent: -1},
		{name: "one row interlaced", canvas: rect(0, 0, 37, 1), frame: rect(0, 0, 37, 1), bits: 5, interlaced: true, transparent: -1},
		{name: "transparent", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 2, transparent: 3},
		{name: "local palette", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 6, local: true, transparent: -1},
		{name: "no palette", canvas: rect(0, 0, 37, 23), frame: rect(0, 0, 37, 23), bits: 8, noPalette: true, transparent: -1},
		{name: "frame inside", canvas: rect(0, 0, 37, 43), frame: rect(5, 7, 20, 33), bits: 4, interlaced: true, transparent: 1},
		{name: "one pixel", canvas: rect(0, 0, 1, 1), frame: rect(0, 0, 1, 1), bits: 1, transparent: -1},
	}
	for i := range all {
		all[i].paint(uint64(i))
	}
	return all
}

func TestTransparentIndexBehindThePalette(t *testing.T) {
	m, info := decode(t, []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"+ // two colors
		"!\xf9\x04\x01\x00\x00\x02\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x54\x01\x00;")) // index 2
	if !info.Alpha || m.Pix[3] != 0 {
		t.Errorf("pixel is %v (alpha %v), want transparent", m.Pix, info.Alpha)
	}
}

func decode(t testing.TB, b []byte) (*raster.Image, raster.Info) {
	t.Helper()
	return codectest.Whole(t, NewDecoder, b)
}

func check(t *testing.T, f *file, m *raster.Image, w, h int) {
	t.Helper()
	if m.Width != w || m.Height != h || m.Truncated {
		t.Errorf("%s: %d x %d, truncated %v", f.name, m.Width, m.Height, m.Truncated)
		return
	}
	for i := range w * h {
		if got, want := [4]uint8(m.Pix[4*i:]), f.want(i%w, i/w); got != want {
			t.Errorf("%s: pixel %d, %d is %v, want %v", f.name, i%w, i/w, got, want)
			return
		}
	}
}

func TestDecodesEveryKind(t *testing.T) {
	for _, f := range files() {
		m, info := decode(t, f.write())
		check(t, &f, m, f.canvas.Dx(), f.canvas.Dy())
		wantAlpha := f.transparent >= 0 || f.frame != f.canvas
		if info.Alpha != wantAlpha || info.Progressive != f.interlaced || info.Format != "gif" || info.Orientation != 1 || info.Frames != 1 {
			t.Errorf("%s: info %+v", f.name, info)
		}
	}
}

func TestAgreesWithAnotherWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	g := &stdgif.GIF{}
	for n := range 3 {
		m := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{color.Black, color.White, color.NRGBA{255, 0, 0, 255}, color.Transparent})
		for i := range m.Pix {
			m.Pix[i] = byte(rng.IntN(3 + n%2))
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 0)
	}
	var b bytes.Buffer
	if err := stdgif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	m, _ := decode(t, b.Bytes())
	for y := range 200 {
		for x := range 300 {
			want := color.NRGBAModel.Convert(g.Image[0].At(x, y))
			if got := m.Standard().At(x, y); got != want {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestReducesAsABox(t *testing.T) {
	for _, f := range files() {
		codectest.ReducesAsABox(t, f.name, NewDecoder, f.write(), 6, 5)
	}
}

func TestPlacesFramesAsBrowsersDo(t *testing.T) {
	rect := image.Rect
	cases := []struct {
		file
		w, h  int             // of the result
		place image.Rectangle // of the frame in it
	}{
		{file{name: "wider than the canvas", canvas: rect(0, 0, 10, 10), frame: rect(3, 3, 23, 8)}, 23, 10, rect(3, 3, 23, 8)},
		{file{name: "sticks out", canvas: rect(0, 0, 10, 10), frame: rect(5, 5, 13, 14)}, 13, 14, rect(5, 5, 13, 14)},
		{file{name: "outside", canvas: rect(0, 0, 10, 10), frame: rect(20, 20, 25, 25)}, 25, 25, rect(20, 20, 25, 25)},
		{file{name: "no canvas", canvas: rect(0, 0, 0, 0), frame: rect(0, 0, 7, 6)}, 7, 6, rect(0, 0, 7, 6)},
	}
	for _, c := range cases {
		c.bits, c.transparent = 4, -1
		c.paint(1)
		m, info := decode(t, c.write())
		if info.Width != c.w || info.Height != c.h {
			t.Errorf("%s: %d x %d", c.name, info.Width, info.Height)
		}
		c.frame = c.place
		check(t, &c.file, m, c.w, c.h)
	}
	// A frame without pixels takes the size of the canvas.
	f := file{canvas: rect(0, 0, 9, 8), frame: rect(0, 0, 9, 8), bits: 4, transparent: -1}
	f.paint(2)
	b := f.write()
	at := bytes.IndexByte(b, ',')
	for !bytes.Equal(b[at:at+5], []byte{',', 0, 0, 0, 0}) {
		at += 1 + bytes.IndexByte(b[at+1:], ',')
	}
	clear(b[at+5 : at+9])
	m, _ := decode(t, b)
	check(t, &f, m, 9, 8)
}

func TestShowsWhatPrecedesTheEnd(t *testing.T) {
	f := file{canvas: image.Rect(0, 0, 200, 100), frame: image.Rect(0, 0, 200, 100), bits: 8, transparent: -1}
	f.paint(3)
	b := f.write()
	m, _ := decode(t, b[:len(b)/2])
	if !m.Truncated || [4]uint8(m.Pix[4*200*30:]) != f.want(0, 30) || m.Pix[len(m.Pix)-1] != 0 {
		t.Errorf("truncated %v", m.Truncated)
	}
	codectest.ReturnsErrorsOfTheSource(t, f.name, NewDecoder, b, 0, 5, 20, 900, len(b)/2)
}

// TestFillsGapsOfAnInterlacedFrame cuts a frame whose rows are of one color
// each: every row must come out as one that was stored.
func TestFillsGapsOfAnInterlacedFrame(t *testing.T) {
	f := file{canvas: image.Rect(0, 0, 64, 64), frame: image.Rect(0, 0, 64, 64), bits: 8, interlaced: true, transparent: -1}
	rng := rand.New(rand.NewPCG(4, 4))
	f.indices = make([]byte, 64*64)
	for i := range f.indices {
		f.indices[i] = byte(4*(i/64) + rng.IntN(4)) // noise, so that rows take equal shares of the data
	}
	b := f.write()
	m, _ := decode(t, b[:len(b)/2])
	if !m.Truncated {
		t.Fatal("not marked as truncated")
	}
	for y := range 64 {
		shown := int(m.Pix[4*64*y+2]) // 255 - index
		from := (255 - shown) / 4
		if step := 8; from > y || from < y&^(step-1) {
			t.Errorf("row %d shows row %d", y, from)
		}
		if y%8 == 0 && from != y {
			t.Errorf("row %d of the first pass shows row %d", y, from)
		}
	}
	for _, target := range []int{16, 10, 3} {
		m, err := codectest.Header(t, NewDecoder, b[:len(b)/2]).Decode(target, target)
		if err != nil {
			t.Fatal(err)
		}
		for i := 3; i < len(m.Pix); i += 4 {
			if m.Pix[i] != 255 {
				t.Fatalf("target %d: a gap at %d", target, i/4)
			}
		}
	}
}

func TestToleratesDamage(t *testing.T) {
	f := file{canvas: image.Rect(0, 0, 100, 100), frame: image.Rect(0, 0, 100, 100), bits: 8, transparent: -1}
	f.paint(5)
	b := f.write()
	for i := len(b) / 2; i < len(b)/2+20; i++ {
		b[i] = 0xff
	}
	if m, _ := decode(t, b); [4]uint8(m.Pix[4*100*20:]) != f.want(0, 20) {
		t.Error("what precedes the damage is not shown")
	}
	if m, _ := decode(t, append(f.write(), "garbage"...)); m.Truncated {
		t.Error("garbage after the trailer truncates")
	}
}

func TestRefuses(t *testing.T) {
	f := file{canvas: image.Rect(0, 0, 10, 10), frame: image.Rect(0, 0, 10, 10), bits: 2, transparent: -1}
	f.paint(6)
	b := f.write()
	header := b[:6+7+12]
	cases := map[string][]byte{
		"empty":         nil,
		"other format":  []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00\x00"),
		"header only":   header,
		"no frame":      append(bytes.Clone(header), ';'),
		"unknown block": append(bytes.Clone(header), 'x'),
		"no pixels":     append([]byte("GIF89a\x00\x00\x00\x00\x00\x00\x00"), ",\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"...),
		"code width":    append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x0c\x01"...),
		"no data":       append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), ",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;"...),
	}
	for name, b := range cases {
		codectest.Refuses(t, name, NewDecoder, b, raster.ErrCorrupt)
	}
}

func TestMemoryStaysBelowTheCanvas(t *testing.T) {
	// golang/go#79063: 34 bytes that declare 65535 x 65535 pixels.
	b := append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), ",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;"...)
	if n := codectest.Header(t, NewDecoder, b).Memory(256, 256); n > 32<<20 {
		t.Errorf("%d bytes", n)
	}
}

func FuzzDecode(f *testing.F) {
	var written [][]byte
	for _, g := range files() {
		written = append(written, g.write())
	}
	codectest.Fuzz(f, NewDecoder, written...)
}

func BenchmarkDecode(b *testing.B) {
	const w, h = 1155, 866
	for _, interlaced := range []bool{false, true} {
		f := file{canvas: image.Rect(0, 0, w, h), frame: image.Rect(0, 0, w, h), bits: 8, interlaced: interlaced, transparent: -1}
		f.paint(7)
		data := f.write()
		name := "plain"
		if interlaced {
			name = "interlaced"
		}
		codectest.Benchmark(b, name, NewDecoder, data, w*h, 256, 192)
		codectest.BenchmarkReference(b, name+"/standard library", stdgif.Decode, data, w*h)

	}
}
