package vp8l

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// decodeAlpha returns the plane of an encoded one.
func decodeAlpha(t *testing.T, data []byte, width, height int) []byte {
	t.Helper()
	plane := make([]byte, width*height)
	rows, err := AlphaRows(data, width, height, func(y int, argb []uint32) {
		for x, v := range argb {
			plane[y*width+x] = byte(v >> 8)
		}
	})
	if err != nil || rows != height {
		t.Fatalf("%d of %d rows, %v", rows, height, err)
	}
	return plane
}

// TestRoundTrip: planes of all kinds come back. The large one has more pixels
// than are kept, and copies from nearly as far as the format allows.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	noise := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return p
	}
	far := make([]byte, 1500*1400)
	for i := range far {
		far[i] = byte(i>>12*7 + i&7)
	}
	copy(far, noise(3000))
	copy(far[1<<20-200:], far[:3000])
	skewed := make([]byte, 90*70)
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 9)
	}
	for _, c := range []struct {
		name          string
		plane         []byte
		width, height int
	}{
		{"one", []byte{7}, 1, 1},
		{"constant", bytes.Repeat([]byte{200}, 33*20), 33, 20},
		{"two values", bytes.Repeat([]byte{0, 255, 255}, 11*20), 33, 20},
		{"sixteen values", bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 3}, 20), 17, 20},
		{"seventeen values", bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 20), 17, 20},
		{"noise", noise(61 * 47), 61, 47},
		{"skewed", skewed, 90, 70},
		{"column", noise(500), 1, 500},
		{"row", noise(500), 500, 1},
		{"far copies", far, 1500, 1400},
	} {
		data := EncodeAlpha(c.plane, c.width, c.height)
		if got := decodeAlpha(t, data, c.width, c.height); !bytes.Equal(got, c.plane) {
			t.Errorf("%s: differs after decoding", c.name)
		}
		if limit := len(c.plane) + 400; len(data) > limit {
			t.Errorf("%s: %d bytes, want at most %d", c.name, len(data), limit)
		}
		if c.name == "constant" && len(data) > 40 {
			t.Errorf("a constant plane takes %d bytes", len(data))
		}
	}
}

// TestPrefixCodes: codes of all shapes are written and read back, the longest
// words of all included.
func TestPrefixCodes(t *testing.T) {
	fibonacci := make([]uint32, 40) // would need words of 39 bits
	fibonacci[0], fibonacci[1] = 1, 1
	for i := 2; i < len(fibonacci); i++ {
		fibonacci[i] = fibonacci[i-1] + fibonacci[i-2]
	}
	sparse := make([]uint32, 280)
	sparse[3], sparse[100], sparse[279] = 5, 1, 9
	flat := make([]uint32, 280)
	for i := range flat {
		flat[i] = 1
	}
	high := make([]uint32, 280)
	high[0], high[279] = 1, 1
	for name, counts := range map[string][]uint32{
		"empty": make([]uint32, 40), "single": {0, 0, 3}, "pair": {0, 4, 1}, "fibonacci": fibonacci,
		"sparse": sparse, "flat": flat, "high": high,
	} {
		w := &bitWriter{}
		c := putCode(w, counts)
		var sent []int
		for s, n := range counts {
			for range min(n, 3) {
				sent = append(sent, s)
				c.put(w, s)
			}
		}
		r := &bitReader{data: w.bytes()}
		lengths := make([]uint8, len(counts))
		if err := readLengths(r, lengths); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		table, width, err := appendCode(nil, lengths)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		read := code{table, 1<<width - 1}
		for _, s := range sent {
			r.fill()
			if got := read.symbol(r); got != uint32(s) {
				t.Fatalf("%s: read %d, want %d", name, got, s)
			}
		}
		if r.overrun() {
			t.Errorf("%s: read more than was written", name)
		}
	}
}

// TestBrokenCodes: prefix codes that leave words without meaning, or have too
// many, are errors.
func TestBrokenCodes(t *testing.T) {
	for name, lengths := range map[string][]uint8{
		"no symbol":  {0, 0, 0},
		"incomplete": {1, 2, 0},
		"too many":   {1, 1, 1},
		"two long":   {15, 15},
	} {
		if _, _, err := appendCode(nil, lengths); !errors.Is(err, raster.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, raster.ErrCorrupt)
		}
	}
}

// TestManyGroups: a file of a few megabytes that asks for gigabytes of tables is
// refused.
func TestManyGroups(t *testing.T) {
	w := &bitWriter{}
	w.put(0, 1) // no transforms
	w.put(0, 1) // no color cache
	w.put(1, 1) // groups
	w.put(0, 3) // of 4x4 pixels
	// The number of a tile's group is in its red and green.
	w.put(0, 1)
	all := make([]uint32, numLiterals)
	for i := range all {
		all[i] = 1
	}
	green := putCode(w, append(all, make([]uint32, numLengths)...))
	red := putCode(w, all)
	putSimpleCode(w, []int{0}, numLiterals)
	putSimpleCode(w, []int{0}, numLiterals)
	putSimpleCode(w, []int{0}, numDistances)
	for i := range 1 << 16 {
		green.put(w, i&0xff)
		red.put(w, i>>8)
	}
	for range 1 << 13 {
		putCode(w, append(all, make([]uint32, numLengths)...))
		putCode(w, all)
		putCode(w, all)
		putCode(w, all)
		putSimpleCode(w, []int{0}, numDistances)
	}
	_, err := AlphaRows(w.bytes(), 1024, 1024, func(int, []uint32) {})
	if !errors.Is(err, raster.ErrUnsupported) {
		t.Errorf("got %v, want %v", err, raster.ErrUnsupported)
	}
}

// TestTransforms inverts each transform on one pixel, as RFC 9649 section 4 says.
func TestTransforms(t *testing.T) {
	left, top, corner, right := uint32(0xff102030), uint32(0xfe405060), uint32(0xff0a0b0c), uint32(0x00ff8001)
	for mode, want := range map[int]uint32{
		0: 0xff000000, 1: left, 2: top, 3: right, 4: corner,
		5:  average(average(left, right), top),
		6:  0xff0d151e,
		7:  0xfe283848,
		8:  0xfe252d36,
		9:  0x7f9f6830,
		10: average(average(left, corner), average(top, right)),
		11: top, // left + top - corner is closer to it
		12: 0xfe466584,
		13: 0xfe374e66,
		14: 0xff000000, 15: 0xff000000,
	} {
		row := []uint32{left, 0x00000000}
		predict(mode, row, []uint32{corner, top, right})
		if row[1] != want {
			t.Errorf("predictor %d gives %#08x, want %#08x", mode, row[1], want)
		}
	}
	green := []uint32{0x01fd0405}
	(&transform{kind: kindSubtractGreen, width: 1}).invert(0, green)
	if green[0] != 0x01010409 {
		t.Errorf("subtract green gives %#08x", green[0])
	}
	// -32 green to red, 16 green to blue, 64 red to blue, in 1/32.
	cross := []uint32{0xff102030}
	(&transform{kind: kindCrossColor, width: 1, tilesWide: 1, bits: 2, data: []uint32{0x004010e0}}).invert(0, cross)
	if want := uint32(0xff002030 | 0xf0<<16&0xff0000); cross[0]&0xffffff00 != want&0xffffff00 || byte(cross[0]) != 0x30+0x10-0x20 {
		t.Errorf("cross color gives %#08x", cross[0])
	}
}
