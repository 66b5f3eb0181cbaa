package png

import (
	"bytes"
	"image"
	"image/color"
	stdpng "image/png"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/icc"
	"s3-thumbnail-creator/codec/raster"
)

// decode decodes a file without reduction.
func decode(t testing.TB, file []byte) (*raster.Image, raster.Info) {
	t.Helper()
	return codectest.Whole(t, NewDecoder, file)
}

// at is a pixel as 8-bit color, whatever the model.
func at(m image.Image, x, y int) color.NRGBA {
	round := func(v uint16) uint8 { return uint8((uint32(v) + 128) / 257) }
	switch c := m.At(x, y).(type) {
	case color.Gray16:
		return color.NRGBA{round(c.Y), round(c.Y), round(c.Y), 255}
	case color.RGBA64:
		return color.NRGBA{round(c.R), round(c.G), round(c.B), round(c.A)}
	case color.NRGBA64:
		return color.NRGBA{round(c.R), round(c.G), round(c.B), round(c.A)}
	case color.NRGBA:
		return c
	default:
		return color.NRGBAModel.Convert(c).(color.NRGBA)
	}
}

func compare(t *testing.T, got *raster.Image, want image.Image) {
	t.Helper()
	if got.Width != want.Bounds().Dx() || got.Height != want.Bounds().Dy() {
		t.Fatalf("%d x %d pixels, want %v", got.Width, got.Height, want.Bounds().Size())
	}
	std := got.Standard()
	for y := range got.Height {
		for x := range got.Width {
			g, w := at(std, x, y), at(want, x, y)
			if g != w && (g.A != 0 || w.A != 0) {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, g, w)
			}
		}
	}
}

func TestDecodesEveryLayoutAsTheStandardLibrary(t *testing.T) {
	for _, l := range layouts() {
		for _, size := range [][2]int{{1, 1}, {3, 2}, {7, 9}, {65, 33}, {4, 300}} {
			file := l.picture(size[0], size[1], 3)
			want, err := stdpng.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatalf("%+v: %v", l, err)
			}
			got, info := decode(t, file)
			compare(t, got, want)
			if t.Failed() {
				t.Fatalf("layout %+v, size %v", l, size)
			}
			if got.Truncated {
				t.Errorf("%+v: a whole picture is truncated", l)
			}
			if wantAlpha := l.key || l.colorType >= 4; info.Alpha != wantAlpha {
				t.Errorf("%+v: alpha %v, want %v", l, info.Alpha, wantAlpha)
			}
			if info.Progressive != (l.interlace == 1) || info.Frames != 1 || info.Orientation != 1 || info.Format != "png" {
				t.Errorf("%+v: info %+v", l, info)
			}
		}
	}
}

// TestReducesAsABox has factors 4 and 3.
func TestReducesAsABox(t *testing.T) {
	for _, l := range layouts() {
		codectest.ReducesAsABox(t, l.name, NewDecoder, l.picture(101, 67, 4), 12, 11)
	}
}

func TestReadsMetadata(t *testing.T) {
	icc := bytes.Repeat([]byte("profile"), 1000)
	gama := []byte{0, 0, 0xb1, 0x8f}
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	build := func(chunks ...string) []byte {
		f := newFile().ihdr(1, 1, 8, 0, 0)
		for i := 0; i < len(chunks); i += 2 {
			f.chunk(chunks[i], []byte(chunks[i+1]))
		}
		return f.chunk("IDAT", deflate([]byte{0, 9})).chunk("IEND", nil).Bytes()
	}
	iccp := "name\x00\x00" + string(deflate(icc))
	bomb := "name\x00\x00" + string(deflate(make([]byte, maxProfile+1)))
	cases := []struct {
		name        string
		file        []byte
		icc         []byte
		gamma       float64
		orientation int
		frames      int
	}{
		{"nothing", build(), nil, 0, 1, 1},
		{"gamma", build("gAMA", string(gama)), nil, 0.45455, 1, 1},
		{"sRGB overrules gamma", build("gAMA", string(gama), "sRGB", "\x00"), nil, 0, 1, 1},
		{"profile overrules gamma", build("gAMA", string(gama), "iCCP", iccp), icc, 0, 1, 1},
		{"broken profile", build("gAMA", string(gama), "iCCP", iccp[:30]), nil, 0.45455, 1, 1},
		{"profile that unpacks to too much", build("iCCP", bomb), nil, 0, 1, 1},
		{"short chunks", build("gAMA", "\x00", "iCCP", "", "eXIf", "M", "acTL", "", "sRGB", ""), nil, 0, 1, 1},
		{"orientation", build("eXIf", string(exif)), nil, 0, 6, 1},
		{"a second profile", build("iCCP", iccp, "iCCP", bomb), icc, 0, 1, 1},
		{"animation", build("acTL", "\x00\x00\x00\x07\x00\x00\x00\x00"), nil, 0, 1, 7},
	}
	for _, c := range cases {
		m, info := decode(t, c.file)
		if !bytes.Equal(info.ICC, c.icc) || info.Colors.Gamma != c.gamma || info.Orientation != c.orientation || info.Frames != c.frames {
			t.Errorf("%s: profile of %d bytes, gamma %v, orientation %d, frames %d", c.name, len(info.ICC), info.Colors.Gamma, info.Orientation, info.Frames)
		}
		if m.Pix[0] != 9 {
			t.Errorf("%s: pixel %d, want 9", c.name, m.Pix[0])
		}
	}
}

// TestReadsColors has each chunk that tells colors with those that it goes
// before.
func TestReadsColors(t *testing.T) {
	const (
		gama  = "\x00\x00\xb1\x8f"
		p3    = "\x0c\x0d\x00\x01" // Display P3 in cICP
		adobe = "\x00\x00\x7a\x26\x00\x00\x80\x84\x00\x00\xfa\x00\x00\x00\x80\xe8\x00\x00\x52\x08\x00\x01\x15\x58\x00\x00\x3a\x98\x00\x00\x17\x70"
		srgb  = "\x00\x00\x7a\x26\x00\x00\x80\x84\x00\x00\xfa\x00\x00\x00\x80\xe8\x00\x00\x75\x30\x00\x00\xea\x60\x00\x00\x3a\x98\x00\x00\x17\x70"
	)
	iccp := "name\x00\x00" + string(deflate([]byte("a profile")))
	codes, _ := icc.CodedPrimaries(12)
	wide := icc.Chromaticities{{0.64, 0.33}, {0.21, 0.71}, {0.15, 0.06}, {0.3127, 0.329}}
	for _, c := range []struct {
		name    string
		chunks  []string
		want    raster.Colors
		profile bool
	}{
		{"cICP before all others", []string{"gAMA", gama, "cHRM", adobe, "sRGB", "\x00", "iCCP", iccp, "cICP", p3}, raster.Colors{Primaries: codes, Transfer: 13}, false},
		{"cICP of YCbCr", []string{"iCCP", iccp, "cICP", "\x0c\x0d\x01\x01"}, raster.Colors{}, true},
		{"cICP that says nothing", []string{"iCCP", iccp, "cICP", "\x02\x02\x00\x01"}, raster.Colors{}, true},
		{"short cICP", []string{"gAMA", gama, "cICP", "\x0c"}, raster.Colors{Gamma: 0.45455}, false},
		{"cHRM with gAMA", []string{"gAMA", gama, "cHRM", adobe}, raster.Colors{Gamma: 0.45455, Primaries: wide}, false},
		{"cHRM of sRGB", []string{"cHRM", srgb, "gAMA", gama}, raster.Colors{Gamma: 0.45455}, false},
		{"cHRM alone", []string{"cHRM", adobe}, raster.Colors{}, false},
		{"sRGB before cHRM", []string{"gAMA", gama, "cHRM", adobe, "sRGB", "\x00"}, raster.Colors{}, false},
		{"impossible cHRM", []string{"gAMA", gama, "cHRM", adobe[:8] + adobe[:8] + adobe[:8] + adobe[:8]}, raster.Colors{Gamma: 0.45455}, false},
	} {
		f := newFile().ihdr(1, 1, 8, 2, 0)
		for i := 0; i < len(c.chunks); i += 2 {
			f.chunk(c.chunks[i], []byte(c.chunks[i+1]))
		}
		_, info := decode(t, f.chunk("IDAT", deflate([]byte{0, 1, 2, 3})).chunk("IEND", nil).Bytes())
		if info.Colors != c.want || (info.ICC != nil) != c.profile || info.Gray {
			t.Errorf("%s: %+v, profile %q, gray %v", c.name, info.Colors, info.ICC, info.Gray)
		}
	}
}

func TestShowsWhatPrecedesTheEnd(t *testing.T) {
	for _, l := range layouts() {
		if l.depth != 8 {
			continue
		}
		file := l.picture(200, 200, 5)
		whole, _ := decode(t, file)
		m, _ := decode(t, file[:len(file)*2/3])
		if !m.Truncated {
			t.Errorf("%+v: not marked as truncated", l)
		}
		row := 200 * m.Model.Bytes()
		if l.interlace == 0 && !bytes.Equal(m.Pix[:100*row], whole.Pix[:100*row]) {
			t.Errorf("%+v: the first rows differ", l)
		}
		if l.interlace == 1 && m.Model == raster.Gray {
			// What is missing repeats what is there: no row stays white.
			for y := range 200 {
				if white := bytes.Count(m.Pix[y*row:][:row], []byte{255}); white > row/3 {
					t.Fatalf("%d pixels of row %d are white", white, y)
				}
			}
		}
	}
}

func TestFillsGapsOfAnInterlacedPicture(t *testing.T) {
	l := layout{colorType: typeGray, depth: 8, interlace: 1}
	file := l.picture(64, 64, 6)
	whole, _ := decode(t, file)
	d := &Decoder{info: raster.Info{Width: 64, Height: 64}}
	p := &picture{d: d, pass: 5, passRow: 10} // rows 0 to 20 of pass 6
	for _, f := range []int{1, 2, 3, 5} {
		red := raster.NewReducer(raster.Gray, 64, 64, f, f)
		for y := range 64 {
			for x := range 64 {
				if p.decoded(x, y) {
					red.AddGray(x, y, whole.Pix[64*y+x:][:1])
				}
			}
		}
		m := red.Image()
		p.fillGaps(m, f, f)
		for y := range m.Height {
			for x := range m.Width {
				got := m.Pix[y*m.Width+x]
				if f == 1 {
					px, py := x, y
					if !p.decoded(x, y) {
						px, py = parent(x, y)
						if !p.decoded(px, py) {
							px, py = parent(px, py)
						}
					}
					if got != whole.Pix[64*py+px] {
						t.Fatalf("pixel %d, %d is not that of its parent %d, %d", x, y, px, py)
					}
				}
			}
		}
	}
}

func TestToleratesDamage(t *testing.T) {
	l := layout{colorType: typeRGB, depth: 8}
	good := l.picture(64, 64, 7)
	whole, _ := decode(t, good)

	crc := bytes.Clone(good)
	crc[29] ^= 1 // of IHDR
	crc[len(crc)-1] ^= 1
	noEnd := good[:len(good)-12]
	trailing := append(bytes.Clone(good), "garbage"...)
	for name, file := range map[string][]byte{"checksums": crc, "no IEND": noEnd, "trailing garbage": trailing} {
		m, _ := decode(t, file)
		if m.Truncated || !bytes.Equal(m.Pix, whole.Pix) {
			t.Errorf("%s: not the same picture", name)
		}
	}

	flipped := bytes.Clone(good)
	for i := len(flipped) / 2; i < len(flipped)/2+40; i++ {
		flipped[i] = 0xff
	}
	if m, _ := decode(t, flipped); m.Height != 64 {
		t.Error("damaged data is not shown")
	}
}

func TestSkipsChunksBetweenData(t *testing.T) {
	data := deflate([]byte{0, 1, 2, 0, 3, 4})
	file := newFile().ihdr(2, 2, 8, 0, 0).chunk("IDAT", nil).chunk("IDAT", data[:5]).chunk("IDAT", nil).
		chunk("tEXt", []byte("a comment")).chunk("IDAT", data[5:]).chunk("IEND", nil).Bytes()
	m, _ := decode(t, file)
	if !bytes.Equal(m.Pix, []byte{1, 2, 3, 4}) {
		t.Errorf("pixels %v", m.Pix)
	}
}

func TestRefuses(t *testing.T) {
	idat := deflate(make([]byte, 1000))
	cases := []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, raster.ErrCorrupt},
		{"signature only", []byte(signature), raster.ErrCorrupt},
		{"other format", []byte("GIF89a............."), raster.ErrCorrupt},
		{"no IHDR", newFile().chunk("IDAT", idat).Bytes(), raster.ErrCorrupt},
		{"short IHDR", newFile().chunk("IHDR", []byte{0, 0, 0, 1}).Bytes(), raster.ErrCorrupt},
		{"no width", newFile().ihdr(0, 5, 8, 0, 0).chunk("IDAT", idat).Bytes(), raster.ErrCorrupt},
		{"depth", newFile().ihdr(5, 5, 4, 2, 0).chunk("IDAT", idat).Bytes(), raster.ErrCorrupt},
		{"color type", newFile().ihdr(5, 5, 8, 5, 0).chunk("IDAT", idat).Bytes(), raster.ErrCorrupt},
		{"interlace", newFile().ihdr(5, 5, 8, 0, 2).chunk("IDAT", idat).Bytes(), raster.ErrUnsupported},
		{"CgBI", newFile().chunk("CgBI", []byte{0, 0, 0, 0}).ihdr(5, 5, 8, 0, 0).chunk("IDAT", idat).Bytes(), raster.ErrUnsupported},
		{"no palette", newFile().ihdr(5, 5, 8, 3, 0).chunk("IDAT", idat).Bytes(), raster.ErrCorrupt},
		{"no IDAT", newFile().ihdr(5, 5, 8, 0, 0).chunk("IEND", nil).Bytes(), raster.ErrCorrupt},
		{"empty IDAT", newFile().ihdr(5, 5, 8, 0, 0).chunk("IDAT", nil).chunk("IEND", nil).Bytes(), raster.ErrCorrupt},
		{"filter 9 at once", newFile().ihdr(5, 5, 8, 0, 0).chunk("IDAT", deflate([]byte{9, 0, 0, 0, 0, 0})).Bytes(), raster.ErrCorrupt},
		{"chunk of 2 GB", append(newFile().ihdr(5, 5, 8, 0, 0).Bytes(), "\x7f\xff\xff\xffiCCPx"...), raster.ErrCorrupt},
	}
	for _, c := range cases {
		codectest.Refuses(t, c.name, NewDecoder, c.file, c.want)
	}
}

func TestReturnsErrorsOfTheSource(t *testing.T) {
	file := layout{colorType: typeRGB, depth: 8}.picture(64, 64, 8)
	codectest.ReturnsErrorsOfTheSource(t, "rgb", NewDecoder, file, 0, 4, 20, 60, 2000, len(file)/2)
}

func TestMemoryGrowsWithTheReducedPictureNotTheWhole(t *testing.T) {
	memory := func(w, h int) int64 {
		file := newFile().ihdr(w, h, 8, 2, 0).chunk("IDAT", deflate(make([]byte, 10))).Bytes()
		return codectest.Header(t, NewDecoder, file).Memory(256, 256)
	}
	if m := memory(10000, 10000); m > 8<<20 {
		t.Errorf("a picture of 100 megapixels takes %d bytes", m)
	}
	if m := memory(1<<31-1, 1); m < 9<<30 {
		t.Errorf("rows of 6 GB take %d bytes", m)
	}
}

func FuzzDecode(f *testing.F) {
	var files [][]byte
	for i, l := range layouts() {
		files = append(files, l.picture(9+i%3, 9, uint64(i)))
	}
	codectest.Fuzz(f, NewDecoder, files...)
}

func BenchmarkDecode(b *testing.B) {
	for _, l := range []layout{
		{"rgb8", 2, 8, 0, false}, {"rgba8", 6, 8, 0, false}, {"palette8", 3, 8, 0, false},
		{"gray16", 0, 16, 0, false}, {"rgb8 interlaced", 2, 8, 1, false},
	} {
		const w, h = 1024, 768
		file := l.picture(w, h, 1)
		size := w * h * l.samples() * int(l.depth) / 8
		codectest.Benchmark(b, l.name, NewDecoder, file, size, 256, 256)
		codectest.BenchmarkReference(b, l.name+"/standard library", stdpng.Decode, file, size)

	}
}
