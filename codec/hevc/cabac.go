package hevc

import (
	"encoding/binary"
	"math/bits"
)

// cabac is the arithmetic decoder. ITU-T H.265, section 9.3.4.3.
//
// The nine bits that the standard calls ivlOffset are kept in the bits 62 to 54
// of value, and below them as many bits as were loaded ahead, so that bytes are
// loaded once in about forty bits.
type cabac struct {
	data   []byte
	pos    int    // the next byte to load; grows past the end, where zeros are
	value  uint64 // see above
	span   uint64 // ivlCurrRange, 256 to 510
	ahead  int    // loaded bits below bit 54, at least 16 between calls
	models contexts
}

const offsetShift = 54

// start begins at byte pos. Section 9.3.2.5.
func (c *cabac) start(pos int) {
	c.pos, c.span, c.value, c.ahead = pos, 510, 0, -9
	c.fill()
}

// fill loads bytes until at least 40 bits are ahead.
func (c *cabac) fill() {
	n := (offsetShift - c.ahead) >> 3
	if at := c.pos; at+8 <= len(c.data) {
		v := binary.BigEndian.Uint64(c.data[at:]) >> (64 - 8*n) << (offsetShift - c.ahead - 8*n)
		c.value |= v
	} else {
		for i := range n {
			if at+i < len(c.data) {
				c.value |= uint64(c.data[at+i]) << (offsetShift - c.ahead - 8*i - 8)
			}
		}
	}
	c.pos += n
	c.ahead += 8 * n
}

// bytePos is the first whole byte behind the bits that were consumed. After a
// terminating bin of 1 the last of these is the stop bit.
func (c *cabac) bytePos() int { return (8*c.pos - c.ahead + 7) >> 3 }

// overrun tells that more was consumed than there was.
func (c *cabac) overrun() bool { return 8*c.pos-c.ahead > 8*len(c.data)+16 }

// bin decodes a value with a model.
func (c *cabac) bin(model uint8) uint32 {
	m := c.models[model]
	lps := uint64(lpsRange[(uint(m)<<2|uint(c.span>>6)&3)&511])
	mps := c.span - lps
	scaled := mps << offsetShift
	less := ^uint64(int64(c.value-scaled) >> 63) // all ones: the less probable value
	c.value -= scaled & less
	span := mps ^ (mps^lps)&less
	c.models[model] = nextModel[m|uint8(less&128)]
	shift := bits.LeadingZeros64(span) - 55
	c.span = span << (shift & 63)
	c.value <<= shift & 63
	if c.ahead -= shift; c.ahead < 16 {
		c.fill()
	}
	return uint32(m)&1 ^ uint32(less)&1
}

// flag is bin as a bool.
func (c *cabac) flag(model uint8) bool { return c.bin(model) != 0 }

// bypass decodes n values of equal probability, n at most 16, the first one
// highest.
func (c *cabac) bypass(n int) uint32 {
	scaled := c.span << offsetShift
	v := c.value
	var out uint32
	for range n {
		v <<= 1
		less := int64(v-scaled) >> 63 // all ones: 0
		v -= scaled &^ uint64(less)
		out = out<<1 + 1 + uint32(less)
	}
	c.value = v
	if c.ahead -= n; c.ahead < 16 {
		c.fill()
	}
	return out
}

// terminate decodes the bin that ends slices, substreams and precedes PCM.
func (c *cabac) terminate() bool {
	c.span -= 2
	if c.value >= c.span<<offsetShift {
		return true
	}
	if c.span < 256 {
		c.span <<= 1
		c.value <<= 1
		if c.ahead--; c.ahead < 16 {
			c.fill()
		}
	}
	return false
}

// unary decodes a truncated unary number, at most most, of bypass bins.
func (c *cabac) unary(most int) int {
	n := 0
	for n < most && c.bypass(1) != 0 {
		n++
	}
	return n
}

// golomb decodes an Exp-Golomb number of order k, of bypass bins. Section
// 9.3.3.5.
func (c *cabac) golomb(k int) int {
	n := 0
	for c.bypass(1) != 0 && k < 16 {
		n += 1 << k
		k++
	}
	return n + int(c.bypass(k))
}
