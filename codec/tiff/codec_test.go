package tiff

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// jpegFiles are a gray picture in strips, a YCbCr one in tiles, and the same
// with its tables in the JPEGTables field.
func jpegFiles(t testing.TB) map[string][]byte {
	gray := spec{bits: 8, samples: 1, photometric: blackIsZero, extra: -1, compression: compressionJPEG}
	ycc := spec{bits: 8, samples: 3, photometric: yCbCr, extra: -1, compression: compressionJPEG, tile: [2]int{16, 16}, sub: [2]int{2, 2}}
	var strips, tiles, bare [][]byte
	for y := 0; y < height; y += stripRows {
		strips = append(strips, encodeJPEG(t, true, image.Rect(0, y, width, min(y+stripRows, height))))
	}
	var tables []byte
	for y := 0; y < height; y += 16 {
		for x := 0; x < width; x += 16 {
			tile := encodeJPEG(t, false, image.Rect(x, y, x+16, y+16))
			tiles = append(tiles, tile)
			var rest []byte
			tables, rest = splitTables(tile)
			bare = append(bare, rest)
		}
	}
	return map[string][]byte{
		"old, whole":  oldJPEGWhole(t),
		"old, tables": oldJPEGTables(t),
		"gray":        gray.file(strips),
		"tiles":       ycc.file(tiles),
		"tables":      ycc.file(bare, entry{tagJPEGTables, 7, nil, tables}),
	}
}

var oldJPEG = spec{bits: 8, samples: 3, photometric: yCbCr, extra: -1, compression: compressionOldJPEG, sub: [2]int{2, 2}}

// oldJPEGWhole is a picture that JPEGInterchangeFormat points to.
func oldJPEGWhole(t testing.TB) []byte {
	whole := encodeJPEG(t, false, image.Rect(0, 0, width, height))
	return oldJPEG.file([][]byte{whole}, entry{tagJPEGInterchange, 4, []uint64{8}, nil})
}

// oldJPEGTables is a picture in strips of coded data, behind which its tables
// lie.
func oldJPEGTables(t testing.TB) []byte {
	var segments [][]byte
	var tables []byte
	const rows = 4 // of a strip: see spec.fields
	for y := 0; y < height; y += rows {
		var rest []byte
		tables, rest = splitTables(encodeJPEG(t, false, image.Rect(0, y, width, min(y+rows, height))))
		scan := bytes.Index(rest, []byte{0xff, 0xda})
		segments = append(segments, rest[scan+2+int(rest[scan+3]):])
	}
	at := uint64(8)
	for _, s := range segments {
		at += uint64(len(s))
	}
	// In the segments DQT and DHT, each table has its number before it: of luma
	// and of chroma, DC and AC.
	places := map[byte]uint64{}
	for i := 2; tables[i+1] != 0xd9; {
		end := i + 2 + int(tables[i+2])<<8 + int(tables[i+3])
		marker := tables[i+1]
		for i += 4; i < end; {
			places[marker&0x0f<<4+tables[i]] = at + uint64(i) + 1
			size := 64
			if marker == 0xc4 {
				size = 16
				for _, n := range tables[i+1 : i+17] {
					size += int(n)
				}
			}
			i += 1 + size
		}
	}
	of := func(luma, chroma byte) []uint64 { return []uint64{places[luma], places[chroma], places[chroma]} }
	return oldJPEG.file(append(segments, tables),
		entry{tagJPEGQTables, 4, of(0xb0, 0xb1), nil}, entry{tagJPEGDCTables, 4, of(0x40, 0x41), nil}, entry{tagJPEGACTables, 4, of(0x50, 0x51), nil})
}

// scene is a smooth picture.
func scene(x, y int) color.RGBA {
	return color.RGBA{uint8(128 + 100*math.Sin(float64(x)/9)), uint8(6 * x % 256 / 2), uint8(9 * y), 255}
}

func encodeJPEG(t testing.TB, gray bool, r image.Rectangle) []byte {
	rgba, g := image.NewRGBA(r), image.NewGray(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			rgba.Set(x, y, scene(x, y))
			g.Set(x, y, scene(x, y))
		}
	}
	m := image.Image(rgba)
	if gray {
		m = g
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// splitTables moves the segments DQT and DHT out of a JPEG file.
func splitTables(file []byte) (tables, rest []byte) {
	tables, rest = []byte{0xff, 0xd8}, []byte{0xff, 0xd8}
	for at := 2; ; {
		n := 2 + int(file[at+2])<<8 + int(file[at+3])
		switch file[at+1] {
		case 0xdb, 0xc4:
			tables = append(tables, file[at:at+n]...)
		case 0xda:
			return append(tables, 0xff, 0xd9), append(rest, file[at:]...)
		default:
			rest = append(rest, file[at:at+n]...)
		}
		at += n
	}
}

func TestDecodesJPEG(t *testing.T) {
	for name, file := range jpegFiles(t) {
		m, info := decode(t, file)
		if m.Truncated || m.Width != width || m.Height != height || info.Alpha {
			t.Errorf("%s: %d x %d, truncated %v", name, m.Width, m.Height, m.Truncated)
			continue
		}
		var sum float64
		for y := range height {
			for x := range width {
				want := scene(x, y)
				if m.Model == raster.Gray {
					v := color.GrayModel.Convert(want).(color.Gray).Y
					sum += math.Abs(float64(v) - float64(m.Pix[y*width+x]))
					continue
				}
				p := m.Pix[4*(y*width+x):]
				sum += (math.Abs(float64(want.R)-float64(p[0])) + math.Abs(float64(want.G)-float64(p[1])) + math.Abs(float64(want.B)-float64(p[2]))) / 3
			}
		}
		if mean := sum / (width * height); mean > 4 {
			t.Errorf("%s: differs by %.1f on average", name, mean)
		}
	}
}

// ccittFile has two rows of 37 pixels that are white in whole numbers.
func ccittFile(compression int, options uint64, reversed bool, rows ...string) []byte {
	s := spec{bits: 1, samples: 1, extra: -1, compression: compression, reversed: reversed}
	strips := make([][]byte, len(rows))
	for i, row := range rows {
		strips[i] = s.flip(packString(row))
	}
	fields := append([]entry{
		{tagImageWidth, 3, []uint64{37}, nil}, {tagImageLength, 3, []uint64{2 * uint64(len(rows))}, nil}, {tagRowsPerStrip, 3, []uint64{2}, nil},
		{tagT4Options, 4, []uint64{options}, nil}, {tagPhotometric, 3, []uint64{whiteIsZero}, nil},
	}, s.fields(strips)...)
	return s.files([]part{{fields, strips}})
}

// A row of three white pixels, four black, 30 white, and the end of a line.
const (
	faxRow = "1000" + "011" + "00000011"
	faxEOL = "000000000001"
	faxG4  = "001" + "1000" + "011" + "1"
)

// ccittFiles hold that row twice, by each of the ways to store it.
func ccittFiles(reversed bool) map[string][]byte {
	return map[string][]byte{
		"huffman":                 ccittFile(compressionHuffman, 0, reversed, faxRow+"0"+faxRow),
		"huffman words":           ccittFile(compressionHuffmanW, 0, reversed, faxRow+"0"+faxRow),
		"group 3":                 ccittFile(compressionG3, 0, reversed, faxEOL+faxRow+faxEOL+faxRow),
		"group 3, two dimensions": ccittFile(compressionG3, 1, reversed, faxEOL+"1"+faxRow+faxEOL+"0"+"111"),
		"group 4":                 ccittFile(compressionG4, 0, reversed, faxG4+"111"),
	}
}

// checkFax compares the given rows of a picture with the row that it is made of.
func checkFax(t *testing.T, name string, m *raster.Image, rows ...int) {
	t.Helper()
	for _, y := range rows {
		for x, v := range m.Pix[37*y:][:37] {
			want := uint8(255)
			if x >= 3 && x < 7 {
				want = 0
			}
			if v != want {
				t.Errorf("%s: pixel %d of row %d is %d, want %d", name, x, y, v, want)
				return
			}
		}
	}
}

func TestDecodesCCITT(t *testing.T) {
	for _, reversed := range []bool{false, true} {
		for name, file := range ccittFiles(reversed) {
			m, info := decode(t, file)
			if info.Model != raster.Gray || m.Truncated {
				t.Errorf("%s: model %d, truncated %v", name, info.Model, m.Truncated)
			}
			checkFax(t, name, m, 0, 1)
		}
	}
}

// TestOldJPEGMemory has a whole picture as one strip.
func TestOldJPEGMemory(t *testing.T) {
	s := oldJPEG
	whole := encodeJPEG(t, false, image.Rect(0, 0, 1000, 800))
	size := []entry{{tagImageWidth, 4, []uint64{1000}, nil}, {tagImageLength, 4, []uint64{800}, nil}}
	fields := append(size, append(s.fields([][]byte{whole}), entry{tagJPEGInterchange, 4, []uint64{8}, nil})...)
	d := codectest.Header(t, NewDecoder, s.files([]part{{fields, [][]byte{whole}}}))
	estimate := d.Memory(100, 80)
	used := codectest.Allocated(func() {
		if m, err := d.Decode(100, 80); err != nil || m.Truncated {
			t.Errorf("%v", err)
		}
	})
	if used > estimate || estimate > 20<<20 {
		t.Errorf("%d bytes allocated, %d estimated", used, estimate)
	}
}

// TestShowsCCITTAroundDamage has a code that is none in the first, second and
// last row of three strips.
func TestShowsCCITTAroundDamage(t *testing.T) {
	const none = "0000001111"
	m, _ := decode(t, ccittFile(compressionG4, 0, false, none+none, faxG4+none, faxG4+"111", faxG4+"0011000011"+none))
	if !m.Truncated {
		t.Error("not marked as truncated")
	}
	checkFax(t, "damaged", m, 2, 4, 5, 6, 7)
}

func packString(bits string) []byte {
	out := make([]byte, (len(bits)+7)/8+2)
	for i, c := range bits {
		if c == '1' {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// TestDecodesLab compares with colors whose sRGB values are well known.
func TestDecodesLab(t *testing.T) {
	cases := []struct {
		lab  [3]int8 // L* in percent
		want [3]int
	}{
		{[3]int8{100, 0, 0}, [3]int{255, 255, 255}},
		{[3]int8{0, 0, 0}, [3]int{0, 0, 0}},
		{[3]int8{54, 81, 70}, [3]int{255, 0, 0}},   // red: 54.29, 80.81, 69.89 at D50
		{[3]int8{88, -79, 81}, [3]int{0, 255, 0}},  // green: 87.82, -79.29, 80.99
		{[3]int8{30, 68, -112}, [3]int{0, 0, 255}}, // blue: 29.57, 68.30, -112.03
		{[3]int8{53, 0, 0}, [3]int{126, 126, 126}},
	}
	for _, s := range []spec{
		{name: "signs", photometric: cieLab, bits: 8}, {name: "offsets", photometric: iccLab, bits: 8, planar: true},
		{name: "signs, 16 bits", photometric: cieLab, bits: 16},
		{name: "signs, floating", photometric: cieLab, bits: 32, format: formatFloat},
		{name: "offsets, floating", photometric: iccLab, bits: 32, format: formatFloat},
		{name: "signs and alpha", photometric: cieLab, bits: 8, extra: 2},
	} {
		s.compression, s.samples = compressionNone, 3
		if s.extra == 0 {
			s.extra = -1
		} else {
			s.samples = 4
		}
		for _, c := range cases {
			m, info := decode(t, s.file(s.segments(s.labPicture(c.lab))))
			if want := s.samples == 4; info.Alpha != want || m.Truncated {
				t.Errorf("%s: alpha %v, truncated %v", s.name, info.Alpha, m.Truncated)
			}
			for k := range 3 {
				if d := int(m.Pix[k]) - c.want[k]; d > 12 || d < -12 {
					t.Errorf("%s: L*a*b* %v is %v, want %v", s.name, c.lab, m.Pix[:3], c.want)
					break
				}
			}
		}
	}
}

// labPicture is a picture of one color, opaque.
func (s *spec) labPicture(lab [3]int8) [][]uint64 {
	pixel := make([]uint64, s.samples)
	for k, v := range lab {
		stored := uint64(uint8(v))
		switch {
		case s.format == formatFloat:
			pixel[k] = uint64(math.Float32bits(float32(v)))
			continue
		case k == 0:
			stored = uint64(math.Round(float64(v) * 2.55))
		case s.photometric == iccLab:
			stored ^= 0x80
		}
		pixel[k] = stored << (s.bits - 8)
	}
	if s.samples == 4 {
		pixel[3] = 255
	}
	return slices.Repeat([][]uint64{pixel}, width*height)
}
