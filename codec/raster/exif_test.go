package raster

import "testing"

// TestOrientation has the tag as the standard wants it, and in the two types that
// some writers choose.
func TestOrientation(t *testing.T) {
	const head = "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12"
	for name, c := range map[string]struct {
		exif string
		want int
	}{
		"SHORT":               {head + "\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00", 6},
		"LONG":                {head + "\x00\x04\x00\x00\x00\x01\x00\x00\x00\x06", 6},
		"BYTE":                {head + "\x00\x01\x00\x00\x00\x01\x06\x00\x00\x00", 6},
		"little-endian LONG":  {"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00", 8},
		"LONG that is large":  {head + "\x00\x04\x00\x00\x00\x01\x00\x01\x00\x06", 1},
		"out of range":        {head + "\x00\x03\x00\x00\x00\x01\x00\x09\x00\x00", 1},
		"cut short":           {head + "\x00\x03\x00\x00\x00\x01\x00\x06", 1},
		"directory elsewhere": {"MM\x00*\xff\xff\xff\xff", 1},
		"empty":               {"", 1},
	} {
		if got := Orientation([]byte(c.exif)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
