package icc

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// builder writes a profile for tests. ICC.1:2022, section 7.
type builder struct {
	space, pcs string
	tags       []struct {
		signature string
		data      []byte
	}
}

func (b *builder) add(signature string, data []byte) {
	b.tags = append(b.tags, struct {
		signature string
		data      []byte
	}{signature, data})
}

func (b *builder) bytes() []byte {
	head := make([]byte, 128)
	copy(head[16:], b.space)
	copy(head[20:], b.pcs)
	copy(head[36:], "acsp")
	out := binary.BigEndian.AppendUint32(head, uint32(len(b.tags)))
	at := len(out) + 12*len(b.tags)
	var body []byte
	for _, t := range b.tags {
		out = append(out, t.signature...)
		out = binary.BigEndian.AppendUint32(out, uint32(at+len(body)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		body = append(body, t.data...)
	}
	return append(out, body...)
}

func numbers(kind string, v ...float64) []byte {
	out := append([]byte(kind), 0, 0, 0, 0)
	for _, x := range v {
		out = binary.BigEndian.AppendUint32(out, uint32(int32(math.Round(x*65536))))
	}
	return out
}

func parametric(kind uint16, v ...float64) []byte {
	n := numbers("para", v...)
	return append(append(append([]byte{}, n[:8]...), byte(kind>>8), byte(kind), 0, 0), n[8:]...)
}

func gammaCurve(gamma float64) []byte {
	v := uint16(math.Round(gamma * 256))
	return []byte{'c', 'u', 'r', 'v', 0, 0, 0, 0, 0, 0, 0, 1, byte(v >> 8), byte(v)}
}

var srgbCurve = parametric(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// matrixProfile has the given colorants under D50, a row for each of red,
// green and blue.
func matrixProfile(trc []byte, colorants [3][3]float64) []byte {
	b := &builder{space: "RGB ", pcs: "XYZ "}
	for i, c := range []string{"r", "g", "b"} {
		b.add(c+"XYZ", numbers("XYZ ", colorants[i][:]...))
		b.add(c+"TRC", trc)
	}
	return b.bytes()
}

var (
	// Display P3's colorants as Apple's profile gives them.
	displayP3 = [3][3]float64{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}
	// Adobe RGB (1998)'s, from its specification, section 4.3.2.
	adobeRGB = [3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}
	sRGB     = [3][3]float64{{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}
)

// The primaries of sRGB have well-known values in the wider spaces; converting
// those must give the primaries.
func TestWideSpacesGiveSRGBPrimaries(t *testing.T) {
	p3 := mustNew(t, matrixProfile(srgbCurve, displayP3))
	adobe := mustNew(t, matrixProfile(gammaCurve(563.0/256), adobeRGB))
	codes, _ := CodedPrimaries(12)
	coded := NewCoded(codes, 13)
	chunks := NewGamma(Chromaticities{{0.64, 0.33}, {0.21, 0.71}, {0.15, 0.06}, {0.3127, 0.3290}}, 256.0/563)
	tests := []struct {
		name string
		tr   *Transform
		from [3]uint8
		want [3]uint8
	}{
		{"Display P3 red", p3, [3]uint8{234, 51, 35}, [3]uint8{255, 0, 0}},
		{"Display P3 green", p3, [3]uint8{117, 251, 76}, [3]uint8{0, 255, 0}},
		{"Display P3 blue", p3, [3]uint8{0, 0, 245}, [3]uint8{0, 0, 255}},
		{"Display P3 gray", p3, [3]uint8{128, 128, 128}, [3]uint8{128, 128, 128}},
		{"Display P3 white", p3, [3]uint8{255, 255, 255}, [3]uint8{255, 255, 255}},
		{"Adobe RGB red", adobe, [3]uint8{219, 0, 0}, [3]uint8{255, 0, 0}},
		{"Adobe RGB green", adobe, [3]uint8{144, 255, 60}, [3]uint8{0, 255, 0}},
		{"Adobe RGB blue", adobe, [3]uint8{0, 0, 250}, [3]uint8{0, 0, 255}},
		{"Adobe RGB white", adobe, [3]uint8{255, 255, 255}, [3]uint8{255, 255, 255}},
		{"P3 by its code point, red", coded, [3]uint8{234, 51, 35}, [3]uint8{255, 0, 0}},
		{"P3 by its code point, green", coded, [3]uint8{117, 251, 76}, [3]uint8{0, 255, 0}},
		{"P3 by its code point, white", coded, [3]uint8{255, 255, 255}, [3]uint8{255, 255, 255}},
		{"Adobe RGB by chromaticities, red", chunks, [3]uint8{219, 0, 0}, [3]uint8{255, 0, 0}},
		{"Adobe RGB by chromaticities, green", chunks, [3]uint8{144, 255, 60}, [3]uint8{0, 255, 0}},
		{"out of gamut is clipped", p3, [3]uint8{255, 0, 0}, [3]uint8{255, 0, 0}},
	}
	for _, tt := range tests {
		pix := []byte{tt.from[0], tt.from[1], tt.from[2], 77}
		tt.tr.RGBA(pix)
		for c, want := range tt.want {
			// Near 0 the steep curve turns a rounding of the published value
			// into a few steps.
			tolerance := 3
			if want == 0 {
				tolerance = 12
			}
			if d := int(pix[c]) - int(want); d > tolerance || d < -tolerance {
				t.Errorf("%s: %v became %v, want %v", tt.name, tt.from, pix[:3], tt.want)
				break
			}
		}
		if pix[3] != 77 {
			t.Errorf("%s: alpha became %d", tt.name, pix[3])
		}
	}
}

func mustNew(t *testing.T, profile []byte) *Transform {
	t.Helper()
	tr, err := New(profile)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestSRGBProfileChangesNothing(t *testing.T) {
	tr, err := New(matrixProfile(srgbCurve, sRGB))
	if err != nil {
		t.Fatal(err)
	}
	pix := []byte{1, 2, 3, 255, 254, 100, 0, 255}
	want := string(pix)
	if tr.RGBA(pix); string(pix) != want {
		t.Errorf("got %v, want %v", pix, []byte(want))
	}
}

func TestParametricCurves(t *testing.T) {
	tests := []struct {
		kind   uint16
		params []float64
		x, y   float64
	}{
		{0, []float64{2}, 0.5, 0.25},
		{1, []float64{2, 1, -0.5}, 0.25, 0},
		{1, []float64{2, 1, -0.5}, 1, 0.25},
		{2, []float64{2, 1, -0.5, 0.1}, 0.25, 0.1},
		{2, []float64{2, 1, -0.5, 0.1}, 1, 0.35},
		{3, []float64{2, 1, 0, 0.5, 0.4}, 0.2, 0.1},
		{3, []float64{2, 1, 0, 0.5, 0.4}, 0.5, 0.25},
		{4, []float64{2, 1, 0, 0.5, 0.4, 0.3, 0.2}, 0.2, 0.3},
		{4, []float64{2, 1, 0, 0.5, 0.4, 0.3, 0.2}, 0.5, 0.55},
	}
	for _, tt := range tests {
		c, _, err := readCurve(parametric(tt.kind, tt.params...))
		if err != nil {
			t.Fatal(err)
		}
		if y := c(tt.x); math.Abs(y-tt.y) > 1e-3 {
			t.Errorf("type %d %v: f(%v) = %v, want %v", tt.kind, tt.params, tt.x, y, tt.y)
		}
	}
}

func TestGrayCurve(t *testing.T) {
	b := &builder{space: "GRAY", pcs: "XYZ "}
	b.add("kTRC", gammaCurve(1))
	tr, err := New(b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	pix := []byte{0, 55, 255} // linear light of 55/255 is 0.216, in sRGB 0.502
	if tr.Gray(pix); pix[0] != 0 || pix[1] != 128 || pix[2] != 255 {
		t.Errorf("got %v, want [0 128 255]", pix)
	}
}

// lut16 builds an A2B0 element of two nodes a channel whose nodes are given by
// Lab, and identity curves.
func lut16(channels int, node func(corner int) [3]float64) []byte {
	out := append([]byte("mft2"), 0, 0, 0, 0, byte(channels), 3, 2, 0)
	out = append(out, make([]byte, 36)...)
	out = append(out, 0, 2, 0, 2)
	for range channels {
		out = append(out, 0, 0, 0xff, 0xff)
	}
	for corner := range 1 << channels {
		lab := node(corner)
		for _, v := range []float64{lab[0] / 100 * 65280, (lab[1] + 128) * 256, (lab[2] + 128) * 256} {
			out = binary.BigEndian.AppendUint16(out, uint16(math.Round(v)))
		}
	}
	for range 3 {
		out = append(out, 0, 0, 0xff, 0xff)
	}
	return out
}

func TestCMYKTable(t *testing.T) {
	b := &builder{space: "CMYK", pcs: "Lab "}
	b.add("A2B0", lut16(4, func(corner int) [3]float64 {
		if corner&1 == 1 { // black ink, the last channel
			return [3]float64{0, 0, 0}
		}
		if corner == 8 { // cyan ink alone
			return [3]float64{60, -30, -40}
		}
		return [3]float64{100, 0, 0}
	}))
	tr, err := New(b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	pix := []byte{0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0}
	tr.CMYK(pix)
	if pix[0] < 254 || pix[1] < 254 || pix[2] < 254 || pix[3] != 255 {
		t.Errorf("paper is %v, want white", pix[:4])
	}
	if pix[4] > 1 || pix[5] > 1 || pix[6] > 1 || pix[7] != 255 {
		t.Errorf("black ink is %v, want black", pix[4:8])
	}
	// Lab(60,-30,-40) under D50 is sRGB (-,158,215) by the CIE's equations.
	if pix[8] > 5 || pix[9] < 153 || pix[9] > 163 || pix[10] < 207 || pix[10] > 219 {
		t.Errorf("cyan ink is %v, want about [0 158 213]", pix[8:11])
	}
}

// lutAToB builds an A2B0 element of two nodes a channel that gives what it is
// given, as JPEG XL's profile of XYB has it: what makes the colors are the curves
// behind the grid, all three the same, and a matrix. ICC.1:2022, section 10.12.
func lutAToB(curve []byte, matrix [3][3]float64) []byte {
	grid := append([]byte{2, 2, 2}, make([]byte, 13)...)
	grid = append(grid, 1, 0, 0, 0)
	for corner := range 8 {
		for c := range 3 {
			grid = append(grid, byte(0xff*(corner>>(2-c)&1)))
		}
	}
	var numbers []byte
	for _, row := range matrix {
		for _, v := range row {
			numbers = binary.BigEndian.AppendUint32(numbers, uint32(int32(math.Round(v*65536))))
		}
	}
	numbers = append(numbers, make([]byte, 12)...)
	out := append([]byte("mAB "), 0, 0, 0, 0, 3, 3, 0, 0)
	at := 32
	parts := [][]byte{nil, numbers, append(append(append([]byte{}, curve...), curve...), curve...), grid, nil}
	for _, part := range parts {
		offset := at
		if part == nil {
			offset = 0
		}
		out = binary.BigEndian.AppendUint32(out, uint32(offset))
		at += len(part)
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// toConnection takes linear sRGB to the connection space as tables encode it,
// with the given channels for red, green and blue.
func toConnection(channels ...int) (m [3][3]float64) {
	for to, from := range channels {
		for j := range 3 {
			m[j][to] = sRGB[from][j] / (1 + 32767.0/32768)
		}
	}
	return m
}

// TestCurvesBehindACoarseGrid has a table of two nodes a channel whose curves
// square the values: straight lines between the nodes would be far off.
func TestCurvesBehindACoarseGrid(t *testing.T) {
	b := &builder{space: "RGB ", pcs: "XYZ "}
	b.add("A2B0", lutAToB(parametric(0, 2), toConnection(0, 1, 2)))
	tr, err := New(b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	for v := 0; v < 256; v += 5 {
		pix := []byte{byte(v), byte(255 - v), 128, 77}
		tr.RGBA(pix)
		for c, from := range []int{v, 255 - v, 128} {
			x := float64(from) / 255
			if d := float64(pix[c]) - 255*Encode(x*x); d > 1 || d < -1 {
				t.Fatalf("%d, %d, 128 became %v", v, 255-v, pix)
			}
		}
		if pix[3] != 77 {
			t.Fatalf("alpha became %d", pix[3])
		}
	}
}

// TestTableGoesBeforeMatrix has a profile whose matrix is sRGB's and whose table
// exchanges red and blue; where the table is damaged, the matrix is used.
func TestTableGoesBeforeMatrix(t *testing.T) {
	exchange := lutAToB(parametric(0, 1), toConnection(2, 1, 0))
	for name, c := range map[string]struct {
		table []byte
		want  string
	}{
		"table": {exchange, "\x00\x00\xff"}, "damaged table": {exchange[:60], "\xff\x00\x00"},
	} {
		b := &builder{space: "RGB ", pcs: "XYZ "}
		for i, channel := range []string{"r", "g", "b"} {
			b.add(channel+"XYZ", numbers("XYZ ", sRGB[i][:]...))
			b.add(channel+"TRC", srgbCurve)
		}
		b.add("A2B0", c.table)
		tr, err := New(b.bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pix := []byte{255, 0, 0, 255}
		if tr.RGBA(pix); string(pix[:3]) != c.want {
			t.Errorf("%s: red is %v, want %v", name, pix[:3], []byte(c.want))
		}
	}
}

func TestDamagedProfilesAreErrors(t *testing.T) {
	good := matrixProfile(srgbCurve, displayP3)
	cmyk := &builder{space: "CMYK", pcs: "Lab "}
	cmyk.add("A2B0", lut16(4, func(int) [3]float64 { return [3]float64{} }))
	for _, p := range [][]byte{good, cmyk.bytes()} {
		for n := range len(p) {
			if _, err := New(p[:n]); !errors.Is(err, ErrProfile) {
				t.Fatalf("%d of %d bytes: %v, want ErrProfile", n, len(p), err)
			}
		}
	}
}

func FuzzNew(f *testing.F) {
	f.Add(matrixProfile(srgbCurve, displayP3))
	b := &builder{space: "CMYK", pcs: "Lab "}
	b.add("A2B0", lut16(4, func(int) [3]float64 { return [3]float64{50, 0, 0} }))
	f.Add(b.bytes())
	b = &builder{space: "RGB ", pcs: "XYZ "}
	b.add("A2B0", lutAToB(parametric(0, 2), toConnection(0, 1, 2)))
	f.Add(b.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		tr, err := New(data)
		if err != nil {
			return
		}
		pix := []byte{0, 1, 2, 3, 252, 253, 254, 255}
		switch tr.Space() {
		case "CMYK":
			tr.CMYK(pix)
		case "GRAY":
			tr.Gray(pix)
		default:
			tr.RGBA(pix)
		}
	})
}

func BenchmarkMatrix(b *testing.B) {
	profile := matrixProfile(srgbCurve, displayP3)
	pix := make([]byte, 4*500*375)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		tr, _ := New(profile)
		tr.RGBA(pix)
	}
}

func BenchmarkCMYKTable(b *testing.B) {
	profile := &builder{space: "CMYK", pcs: "Lab "}
	profile.add("A2B0", lut16(4, func(corner int) [3]float64 { return [3]float64{float64(5 * corner), 0, 0} }))
	data := profile.bytes()
	pix := make([]byte, 4*500*375)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		for i := range pix {
			pix[i] = byte(i * 7)
		}
		tr, err := New(data)
		if err != nil {
			b.Fatal(err)
		}
		tr.CMYK(pix)
	}
}
