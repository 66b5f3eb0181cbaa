package jpeg

import (
	"errors"
	"os"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// That arithmetic coding gives the coefficients of Huffman coding is held by
// TestForeignProgressive.

func TestArithmeticConditions(t *testing.T) {
	a := newArithmetic()
	if err := a.readConditions([]byte{0x02, 0x31, 0x11, 9}); err != nil || a.conditions != [2][4]uint8{{0x10, 0x10, 0x31, 0x10}, {5, 9, 5, 5}} {
		t.Errorf("conditions %v, error %v", a.conditions, err)
	}
	for name, data := range map[string][]byte{
		"class": {0x20, 0x10}, "table": {0x04, 0x10}, "lower above upper": {0x00, 0x12}, "Kx of 0": {0x10, 0}, "Kx of 64": {0x10, 64},
	} {
		if err := a.readConditions(data); !errors.Is(err, raster.ErrCorrupt) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestArithmeticEndsEarly holds that the rows before the end are those of the
// whole picture, and that the rest is not made up.
func TestArithmeticEndsEarly(t *testing.T) {
	file, err := os.ReadFile("testdata/rings-arithmetic.jpg")
	if err != nil {
		t.Fatal(err)
	}
	start := scanData(file)
	whole := decodeScaled(t, file, 8)
	cut := decodeScaled(t, file[:start+(len(file)-start)/2], 8)
	if n := sameRows(whole, cut); n < 16 || n > whole.Height-16 || !cut.Truncated {
		t.Errorf("%d of %d rows are the same, truncated %v", n, whole.Height, cut.Truncated)
	}
	last := cut.Pix[len(cut.Pix)-4:]
	if last[0] != last[1] || last[0] < 120 || last[0] > 136 {
		t.Errorf("the last pixel is %v, want gray", last)
	}
}
