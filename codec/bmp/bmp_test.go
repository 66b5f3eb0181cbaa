package bmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	xbmp "golang.org/x/image/bmp"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

func decode(t testing.TB, file []byte) (*raster.Image, raster.Info) {
	t.Helper()
	return codectest.Whole(t, NewDecoder, file)
}

// near allows a channel of more than 8 bits to be cut instead of rounded.
func near(a, b [4]uint8) bool {
	for c := range 4 {
		if d := int(a[c]) - int(b[c]); d < -1 || d > 1 {
			return false
		}
	}
	return true
}

func TestDecodesEveryKind(t *testing.T) {
	for _, b := range bitmaps() {
		rgba, values, palette := b.paint(rand.New(rand.NewPCG(1, 1)))
		m, info := decode(t, b.write(values, palette))
		if m.Width != width || m.Height != height || m.Truncated {
			t.Errorf("%s: %d x %d, truncated %v", b.name, m.Width, m.Height, m.Truncated)
			continue
		}
		if info.Alpha != (b.masks[3] != 0) || info.Format != "bmp" || info.Orientation != 1 || info.Frames != 1 {
			t.Errorf("%s: info %+v", b.name, info)
		}
		for i, want := range rgba {
			if got := [4]uint8(m.Pix[4*i:]); !near(got, want) {
				t.Errorf("%s: pixel %d, %d is %v, want %v", b.name, i%width, i/width, got, want)
				break
			}
		}
	}
}

// TestReadsColors has the colors of Adobe RGB in a header of version 4, and a
// profile behind the pixels of one of version 5.
func TestReadsColors(t *testing.T) {
	b := bitmap{headerSize: 124, depth: 24}
	_, values, palette := b.paint(rand.New(rand.NewPCG(1, 1)))
	file := b.write(values, palette)
	calibrated := func(v [9]float64, gamma float64) []byte {
		f := bytes.Clone(file)
		binary.LittleEndian.PutUint32(f[14:], 124)
		for i, x := range v {
			binary.LittleEndian.PutUint32(f[14+60+4*i:], uint32(x*(1<<30)))
		}
		binary.LittleEndian.PutUint32(f[14+100:], uint32(gamma*65536))
		return f
	}
	profile := []byte("a profile")
	embedded := func(offset, size int) []byte {
		f := bytes.Clone(file)
		copy(f[14+56:], "DEBM")
		binary.LittleEndian.PutUint32(f[14+112:], uint32(offset))
		binary.LittleEndian.PutUint32(f[14+116:], uint32(size))
		return append(append(f, 0, 0, 0), profile...)
	}
	sRGB := [9]float64{0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505}
	adobe := [9]float64{0.5767, 0.2973, 0.0270, 0.1856, 0.6274, 0.0707, 0.1882, 0.0753, 0.9911}
	for _, c := range []struct {
		name  string
		file  []byte
		gamma float64
		red   [2]float64
		icc   []byte
	}{
		{"nothing", file, 0, [2]float64{}, nil},
		{"sRGB's primaries", calibrated(sRGB, 2), 0.5, [2]float64{}, nil},
		{"Adobe RGB", calibrated(adobe, 2), 0.5, [2]float64{0.64, 0.33}, nil},
		{"gamma of 1000", calibrated([9]float64{}, 1000), 0, [2]float64{}, nil},
		{"profile", embedded(len(file)+3-14, len(profile)), 0, [2]float64{}, profile},
		{"profile cut short", embedded(len(file)+3-14, len(profile)+1), 0, [2]float64{}, nil},
		{"profile before the pixels", embedded(20, len(profile)), 0, [2]float64{}, nil},
		{"profile of 2 GB", embedded(len(file), 1<<31), 0, [2]float64{}, nil},
	} {
		d := codectest.Header(t, NewDecoder, c.file)
		if _, err := d.Decode(width, height); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		info := d.Info()
		got := info.Colors.Primaries[0]
		if math.Abs(info.Colors.Gamma-c.gamma) > 1e-4 || math.Abs(got[0]-c.red[0]) > 1e-3 || math.Abs(got[1]-c.red[1]) > 1e-3 || !bytes.Equal(info.ICC, c.icc) {
			t.Errorf("%s: %+v, profile %q", c.name, info.Colors, info.ICC)
		}
	}
	cut := embedded(len(file)+3-14, len(profile))
	codectest.ReturnsErrorsOfTheSource(t, "profile", NewDecoder, cut, len(cut)-4)
}

func TestAgreesWithAnotherWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	rect := image.Rect(0, 0, 31, 19)
	rgb, gray := image.NewNRGBA(rect), image.NewGray(rect)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(rng.Uint32())
	}
	for i := range rgb.Pix {
		rgb.Pix[i] = uint8(rng.Uint32()) | 1
	}
	for _, want := range []image.Image{rgb, gray} {
		var file bytes.Buffer
		if err := xbmp.Encode(&file, want); err != nil {
			t.Fatal(err)
		}
		reference, err := xbmp.Decode(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		m, _ := decode(t, file.Bytes())
		for y := range 19 {
			for x := range 31 {
				c := color.NRGBAModel.Convert(reference.At(x, y)).(color.NRGBA)
				if got := m.Standard().At(x, y); got != c {
					t.Fatalf("%T: pixel %d, %d is %v, want %v", want, x, y, got, c)
				}
			}
		}
	}
}

// TestAlphaThatIsAllZeroIsNone also holds that alpha in the last row counts.
func TestAlphaThatIsAllZeroIsNone(t *testing.T) {
	b := bitmap{headerSize: 108, depth: 32, compression: bitFields, masks: [4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}}
	values := make([]uint32, width*height)
	for i := range values {
		values[i] = 0x123456
	}
	m, _ := decode(t, b.write(values, nil))
	for i := 0; i < len(m.Pix); i += 4 {
		if [4]uint8(m.Pix[i:]) != [4]uint8{0x12, 0x34, 0x56, 255} {
			t.Fatalf("pixel %v", m.Pix[i:i+4])
		}
	}
	values[5] |= 0xff000000 // first row, which is stored last
	m, _ = decode(t, b.write(values, nil))
	if m.Pix[3] != 0 || m.Pix[4*5+3] != 255 {
		t.Errorf("alpha %d and %d, want 0 and 255", m.Pix[3], m.Pix[4*5+3])
	}
}

func TestReducesAsABox(t *testing.T) {
	for _, b := range bitmaps() {
		_, values, palette := b.paint(rand.New(rand.NewPCG(3, 3)))
		codectest.ReducesAsABox(t, b.name, NewDecoder, b.write(values, palette), 6, 5)
	}
}

func TestShowsWhatPrecedesTheEnd(t *testing.T) {
	for _, b := range bitmaps() {
		rgba, values, palette := b.paint(rand.New(rand.NewPCG(4, 4)))
		file := b.write(values, palette)
		cut := file[:len(file)*4/5]
		if b.depth <= 8 {
			cut = file[:len(file)-height*b.depth*width/8/4]
		}
		m, _ := decode(t, cut)
		if !m.Truncated {
			t.Errorf("%s: not marked as truncated", b.name)
		}
		first := 0
		if !b.topDown {
			first = (height - 1) * width
		}
		for i := first; i < first+width; i++ {
			if !near([4]uint8(m.Pix[4*i:]), rgba[i]) {
				t.Errorf("%s: the row that is stored first differs", b.name)
				break
			}
		}
		codectest.ReturnsErrorsOfTheSource(t, b.name, NewDecoder, file, 0, 10, 30, len(file)/2)
	}
}

func TestRefuses(t *testing.T) {
	good := bitmap{headerSize: 40, depth: 8}
	_, values, palette := good.paint(rand.New(rand.NewPCG(5, 5)))
	patch := func(at int, v uint32) []byte {
		file := good.write(values, palette)
		binary.LittleEndian.PutUint32(file[at:], v)
		return file
	}
	cases := []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, raster.ErrCorrupt},
		{"other format", []byte("GIF89a..............."), raster.ErrCorrupt},
		{"array of bitmaps", patch(0, 'B'|'A'<<8), raster.ErrCorrupt},
		{"header size", patch(14, 1<<31), raster.ErrUnsupported},
		{"no width", patch(18, 0), raster.ErrCorrupt},
		{"negative width", patch(18, 0x80000000), raster.ErrCorrupt},
		{"no height", patch(22, 0), raster.ErrCorrupt},
		{"depth", patch(28, 7), raster.ErrUnsupported},
		{"compression", patch(30, 99), raster.ErrUnsupported},
		{"JPEG", patch(30, 4), raster.ErrUnsupported},
		{"rle4 of 8 bits", patch(30, 2), raster.ErrUnsupported},
		{"pixels past the end", patch(10, 1<<30), raster.ErrCorrupt},
		{"no pixels", good.write(values, palette)[:14+40+1024], raster.ErrCorrupt},
		{"no palette", good.write(values, palette)[:14+40+10], raster.ErrCorrupt},
	}
	for _, c := range cases {
		codectest.Refuses(t, c.name, NewDecoder, c.file, c.want)
	}
}

func TestMemoryFollowsTheHeader(t *testing.T) {
	file := make([]byte, 14+40)
	copy(file, "BM")
	binary.LittleEndian.PutUint32(file[14:], 40)
	binary.LittleEndian.PutUint32(file[18:], 1<<31-1)
	binary.LittleEndian.PutUint32(file[22:], 1<<31)
	file[28] = 32
	d, err := NewDecoder(bytes.NewReader(file), 54)
	if err != nil {
		t.Fatal(err)
	}
	if info := d.Info(); info.Height != 1<<31 || d.Memory(256, 256) < 8<<30 {
		t.Errorf("height %d, memory %d", info.Height, d.Memory(256, 256))
	}
}

func FuzzDecode(f *testing.F) {
	var files [][]byte
	for _, b := range bitmaps() {
		_, values, palette := b.paint(rand.New(rand.NewPCG(6, 6)))
		files = append(files, b.write(values, palette))
	}
	codectest.Fuzz(f, NewDecoder, files...)
}

// BenchmarkDecode has x/image's decoder beside it, whose encoder makes the files.
func BenchmarkDecode(b *testing.B) {
	const w, h = 1200, 900
	r := image.Rect(0, 0, w, h)
	transparent := image.NewNRGBA(r) // of 32 bits, where opaque pictures have 24
	opaque := image.NewNRGBA(r)
	for i := range opaque.Pix {
		opaque.Pix[i] = 255
	}
	for depth, m := range map[int]image.Image{8: image.NewGray(r), 24: opaque, 32: transparent} {
		var file bytes.Buffer
		if err := xbmp.Encode(&file, m); err != nil {
			b.Fatal(err)
		}
		size := w * h * depth / 8
		codectest.Benchmark(b, fmt.Sprintf("%d bits", depth), NewDecoder, file.Bytes(), size, 256, 192)
		codectest.BenchmarkReference(b, fmt.Sprintf("%d bits/x-image", depth), xbmp.Decode, file.Bytes(), size)
	}
}
