package jpeg

import "s3-thumbnail-creator/codec/raster"

// estimate is a state of the estimation of a probability: the interval of the
// less probable symbol, and the states that follow.
type estimate struct {
	interval uint32
	less     uint8 // after the less probable symbol; plus exchange where they change roles
	more     uint8 // after the more probable one, where the interval was renewed
}

// exchange marks a change of roles in less; it is also the bit of a state that
// says which symbol is the more probable one.
const exchange = 0x80

// even is the state of decisions that are as often 0 as 1 and never learn.
const even = 113

// estimates are those of T.81, table D.3, and even.
var estimates = [even + 1]estimate{
	{0x5a1d, 1 | exchange, 1}, {0x2586, 14, 2}, {0x1114, 16, 3}, {0x080b, 18, 4}, {0x03d8, 20, 5},
	{0x01da, 23, 6}, {0x00e5, 25, 7}, {0x006f, 28, 8}, {0x0036, 30, 9}, {0x001a, 33, 10},
	{0x000d, 35, 11}, {0x0006, 9, 12}, {0x0003, 10, 13}, {0x0001, 12, 13}, {0x5a7f, 15 | exchange, 15},
	{0x3f25, 36, 16}, {0x2cf2, 38, 17}, {0x207c, 39, 18}, {0x17b9, 40, 19}, {0x1182, 42, 20},
	{0x0cef, 43, 21}, {0x09a1, 45, 22}, {0x072f, 46, 23}, {0x055c, 48, 24}, {0x0406, 49, 25},
	{0x0303, 51, 26}, {0x0240, 52, 27}, {0x01b1, 54, 28}, {0x0144, 56, 29}, {0x00f5, 57, 30},
	{0x00b7, 59, 31}, {0x008a, 60, 32}, {0x0068, 62, 33}, {0x004e, 63, 34}, {0x003b, 32, 35},
	{0x002c, 33, 9}, {0x5ae1, 37 | exchange, 37}, {0x484c, 64, 38}, {0x3a0d, 65, 39}, {0x2ef1, 67, 40},
	{0x261f, 68, 41}, {0x1f33, 69, 42}, {0x19a8, 70, 43}, {0x1518, 72, 44}, {0x1177, 73, 45},
	{0x0e74, 74, 46}, {0x0bfb, 75, 47}, {0x09f8, 77, 48}, {0x0861, 78, 49}, {0x0706, 79, 50},
	{0x05cd, 48, 51}, {0x04de, 50, 52}, {0x040f, 50, 53}, {0x0363, 51, 54}, {0x02d4, 52, 55},
	{0x025c, 53, 56}, {0x01f8, 54, 57}, {0x01a4, 55, 58}, {0x0160, 56, 59}, {0x0125, 57, 60},
	{0x00f6, 58, 61}, {0x00cb, 59, 62}, {0x00ab, 61, 63}, {0x008f, 61, 32}, {0x5b12, 65 | exchange, 65},
	{0x4d04, 80, 66}, {0x412c, 81, 67}, {0x37d8, 82, 68}, {0x2fe8, 83, 69}, {0x293c, 84, 70},
	{0x2379, 86, 71}, {0x1edf, 87, 72}, {0x1aa9, 87, 73}, {0x174e, 72, 74}, {0x1424, 72, 75},
	{0x119c, 74, 76}, {0x0f6b, 74, 77}, {0x0d51, 75, 78}, {0x0bb6, 77, 79}, {0x0a40, 77, 48},
	{0x5832, 80 | exchange, 81}, {0x4d1c, 88, 82}, {0x438e, 89, 83}, {0x3bdd, 90, 84}, {0x34ee, 91, 85},
	{0x2eae, 92, 86}, {0x299a, 93, 87}, {0x2516, 86, 71}, {0x5570, 88 | exchange, 89}, {0x4ca9, 95, 90},
	{0x44d9, 96, 91}, {0x3e22, 97, 92}, {0x3824, 99, 93}, {0x32b4, 99, 94}, {0x2e17, 93, 86},
	{0x56a8, 95 | exchange, 96}, {0x4f46, 101, 97}, {0x47e5, 102, 98}, {0x41cf, 103, 99}, {0x3c3d, 104, 100},
	{0x375e, 99, 93}, {0x5231, 105, 102}, {0x4c0f, 106, 103}, {0x4639, 107, 104}, {0x415e, 103, 99},
	{0x5627, 105 | exchange, 106}, {0x50e7, 108, 107}, {0x4b85, 109, 103}, {0x5597, 110, 109}, {0x504f, 111, 107},
	{0x5a10, 110 | exchange, 111}, {0x5522, 112, 109}, {0x59eb, 112 | exchange, 111}, {0x5a1d, even, even},
}

// Places of decisions in the areas of statistics: T.81, tables F.4 and F.5.
const (
	dcMagnitude  = 20 // X1 of differences
	acLow        = 189
	acHigh       = 217 // X2 of coefficients up to, and behind, Kx
	toBits       = 14  // from the category of a magnitude to its bits
	maxMagnitude = 1 << 15
)

// arithmetic decodes decisions: T.81, annex D.2. The names of its registers are
// those of the standard.
type arithmetic struct {
	bits  *bitReader
	a, c  uint32
	ct    uint
	past  int // zeros that were taken for bytes behind the end
	dc    [4][64]uint8
	ac    [4][256]uint8
	fixed uint8

	conditions [2][4]uint8 // of DC (L and U), AC (Kx): T.81, B.2.4.3
}

// newArithmetic has the conditions that hold where no DAC segment tells others.
func newArithmetic() *arithmetic {
	return &arithmetic{conditions: [2][4]uint8{{0x10, 0x10, 0x10, 0x10}, {5, 5, 5, 5}}}
}

// readConditions reads a DAC segment.
func (a *arithmetic) readConditions(data []byte) error {
	for ; len(data) >= 2; data = data[2:] {
		class, id, v := data[0]>>4, data[0]&15, data[1]
		if class > 1 || id > 3 || class == 0 && v&15 > v>>4 || class == 1 && (v < 1 || v > 63) {
			return raster.Corruptf("JPEG conditions %#02x of arithmetic table %d of class %d", v, id, class)
		}
		a.conditions[class][id] = v
	}
	return nil
}

// start begins a segment.
func (a *arithmetic) start() {
	clear(a.dc[:])
	clear(a.ac[:])
	a.fixed = even
	a.a, a.c, a.ct, a.past = 0x10000, 0, 0, 0
	for range 2 {
		a.byteIn()
		a.c <<= 8
	}
}

// byteIn takes a byte; behind the end there are zeros, which encoders leave out.
func (a *arithmetic) byteIn() {
	b := a.bits
	if b.pos >= b.end && !b.ended {
		b.fill()
	}
	if b.pos >= b.end {
		a.past++
		return
	}
	a.c += uint32(b.buf[b.pos]) << 8
	b.pos++
}

// maxPast is the number of zeros behind the end at which it is taken for
// certain that data is missing.
const maxPast = 16

// ended tells that nothing more can be decoded.
func (a *arithmetic) ended() bool { return a.past > maxPast }

// decide decodes a decision with the given state.
func (a *arithmetic) decide(state *uint8) uint8 {
	s := *state
	e := &estimates[s&^exchange]
	symbol := s >> 7
	a.a -= e.interval
	lessProbable := a.c>>16 >= a.a
	if !lessProbable && a.a >= 0x8000 {
		return symbol
	}
	// The larger part belongs to the more probable symbol, wherever it lies.
	less := lessProbable != (a.a < e.interval)
	if lessProbable {
		a.c -= a.a << 16
		a.a = e.interval
	}
	if less {
		*state = s&exchange ^ e.less
		symbol ^= 1
	} else {
		*state = s&exchange | e.more
	}
	for a.a < 0x8000 {
		if a.ct == 0 {
			a.byteIn()
			a.ct = 8
		}
		a.a <<= 1
		a.c <<= 1
		a.ct--
	}
	return symbol
}

// magnitude decodes a number of at least 1 whose category begins at place at,
// where the least category of the given size has been decided on. It returns 0
// for what no coefficient can be, and the size of the category.
func (a *arithmetic) magnitude(area []uint8, at, size int) (v, category int) {
	for a.decide(&area[at]) != 0 {
		at++
		if size <<= 1; size == maxMagnitude {
			return 0, 0
		}
	}
	return a.rest(area, at, size) + 1, size
}

// rest decodes the bits of a magnitude below the highest, which is size.
func (a *arithmetic) rest(area []uint8, at, size int) int {
	v := size
	for bit := size >> 1; bit > 0; bit >>= 1 {
		if a.decide(&area[at+toBits]) != 0 {
			v |= bit
		}
	}
	return v
}

// difference decodes what is added to the DC coefficient of the block before:
// T.81, F.1.4.4.1. It is not ok where no such number exists. The context is the
// class of the component's last difference.
func (a *arithmetic) difference(id int, context *int) (diff int32, ok bool) {
	area := a.dc[id][:]
	at := *context
	*context = 0
	if a.decide(&area[at]) == 0 {
		return 0, true
	}
	sign := int(a.decide(&area[at+1]))
	v, size := 1, 0
	if a.decide(&area[at+2+sign]) != 0 {
		if v, size = a.magnitude(area, dcMagnitude, 1); v == 0 {
			return 0, false
		}
	}
	lower, upper := a.conditions[0][id]&15, a.conditions[0][id]>>4
	switch {
	case size < 1<<lower>>1:
	case size > 1<<upper>>1:
		*context = 12 + 4*sign
	default:
		*context = 4 + 4*sign
	}
	if sign != 0 {
		v = -v
	}
	return int32(v), true
}

// coefficient decodes the value of AC coefficient k, which is not zero: T.81,
// F.1.4.4.2. It is 0 where no such number exists.
func (a *arithmetic) coefficient(id, k int) int32 {
	area := a.ac[id][:]
	sign := a.decide(&a.fixed)
	at := 3*(k-1) + 2
	v := 1
	if a.decide(&area[at]) != 0 {
		v = 2
		if a.decide(&area[at]) != 0 {
			at = acHigh
			if k <= int(a.conditions[1][id]) {
				at = acLow
			}
			v, _ = a.magnitude(area, at, 2)
		}
	}
	if sign != 0 {
		v = -v
	}
	return int32(v)
}

// next decodes the position, from k on, of the next AC coefficient that is not
// zero: above to at the end of the block, 0 where there is no such position.
func (a *arithmetic) next(id, k, to int) int {
	area := a.ac[id][:]
	if a.decide(&area[3*(k-1)]) != 0 {
		return to + 1
	}
	for a.decide(&area[3*(k-1)+1]) == 0 {
		if k++; k > to {
			return 0
		}
	}
	return k
}
