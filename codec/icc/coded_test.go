package icc

import "testing"

// TestCodedTransfers holds each curve to values that its standard states, or
// that follow from its definition: where it begins and ends, and one between.
func TestCodedTransfers(t *testing.T) {
	tests := []struct {
		name                 string
		code                 int
		from, light, largest float64
	}{
		{"BT.709", 1, 0.0812, 0.018, 1}, // the end of the straight part: BT.709, section 1.2
		{"gamma 2.2", 4, 0.5, 0.2176, 1},
		{"SMPTE 240M", 7, 0.0913, 0.0228, 1},
		{"linear", 8, 0.5, 0.5, 1},
		{"sRGB", 13, 0.5, 0.2140, 1},
		{"PQ", 16, 0.5081, 100.0 / 203, 10000.0 / 203}, // 100 cd/m2: BT.2408, table 1
		{"HLG", 18, 0.5, 1.0 / 12, 1},
	}
	for _, tt := range tests {
		f := CodedTransfer(tt.code)
		for _, p := range [][2]float64{{0, 0}, {tt.from, tt.light}, {1, tt.largest}} {
			if y := f(p[0]); y < p[1]*0.995-1e-4 || y > p[1]*1.005+1e-4 {
				t.Errorf("%s: %v is light of %v, want %v", tt.name, p[0], y, p[1])
			}
		}
	}
	if CodedTransfer(2) != nil {
		t.Error("a code point for what is not said has a curve")
	}
}

// TestHighDynamicRange holds that black, the white of a page and the brightest
// white are what a page can show, in this order, that gray stays gray, and that
// a color is as bright as a gray picture has it.
func TestHighDynamicRange(t *testing.T) {
	bt2020, _ := CodedPrimaries(9)
	for name, c := range map[string]struct {
		code            int
		page, brightest uint8 // values: BT.2408, table 1
	}{"PQ": {16, 148, 192}, "HLG": {18, 191, 255}} {
		tr := NewCoded(bt2020, c.code)
		for _, p := range []struct{ from, low, high uint8 }{{0, 0, 0}, {c.page, 150, 215}, {c.brightest, 250, 255}} {
			pix := []byte{p.from, p.from, p.from, 9}
			tr.RGBA(pix)
			gray := []byte{p.from}
			tr.Gray(gray)
			if pix[0] < p.low || pix[0] > p.high || pix[1] != pix[0] || pix[2] != pix[0] || pix[3] != 9 || gray[0] != pix[0] {
				t.Errorf("%s: %d is %v, and %v where there are no colors, want %d to %d", name, p.from, pix, gray, p.low, p.high)
			}
		}
	}
}

func TestUnusableChromaticities(t *testing.T) {
	if !SRGB.Usable() {
		t.Error("those of sRGB are not usable")
	}
	for name, c := range map[string]Chromaticities{
		"none": {}, "a line": {{0.3, 0.3}, {0.4, 0.4}, {0.2, 0.2}, {0.3, 0.3}},
		"white outside": {SRGB[0], SRGB[1], SRGB[2], {0.7, 0.2}}, "not visible": {{1, 1}, SRGB[1], SRGB[2], SRGB[3]},
	} {
		if c.Usable() {
			t.Errorf("%s: usable", name)
		}
	}
}
