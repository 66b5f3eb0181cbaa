package av1

import (
	"encoding/binary"
	"math/bits"
)

// symbols is the arithmetic decoder. Section 8.2 of the standard.
//
// The model of a symbol of n values is n numbers: for each value but the last
// the probability, of 32768, that the symbol is a higher one; and how often the
// model was adapted.
//
// The sixteen bits that the standard calls SymbolValue are kept in the bits 63
// to 48 of value, and below them as many bits as were loaded ahead. Bits are
// inverted, as SymbolValue is.
type symbols struct {
	data  []byte
	pos   int    // the next byte to load; grows past the end, where zeros are
	value uint64 // see above
	span  uint32 // SymbolRange, 32768 to 65535
	ahead int    // loaded bits below bit 48, not negative between calls
	adapt bool
	limit int // bits that may be consumed
}

const valueShift = 48

// start begins at the first byte of data. Section 8.2.2.
func (s *symbols) start(t tileData, adapt bool) {
	*s = symbols{data: t.data, span: 1 << 15, ahead: -15, adapt: adapt, limit: 8 * len(t.data)}
	if !t.cut {
		s.limit += 14 // what may be consumed of the padding behind a tile
	}
	s.fill()
}

// fill loads bytes until at least 40 bits are ahead.
func (s *symbols) fill() {
	n := (valueShift - s.ahead) >> 3
	free := valueShift - s.ahead - 8*n
	if at := s.pos; at+8 <= len(s.data) {
		s.value |= ^binary.BigEndian.Uint64(s.data[at:]) >> (64 - 8*n) << free
	} else {
		for i := range n {
			v := byte(0)
			if at+i < len(s.data) {
				v = s.data[at+i]
			}
			s.value |= uint64(^v) << (free + 8*(n-1-i))
		}
	}
	s.pos += n
	s.ahead += 8 * n
}

// overrun tells that more was consumed than there was.
func (s *symbols) overrun() bool { return 8*s.pos-s.ahead > s.limit }

// narrow goes on with a part of the range. Section 8.2.6.
func (s *symbols) narrow(low, span uint32) {
	value := s.value - uint64(low)<<valueShift
	shift := bits.LeadingZeros32(span) - 16
	s.span = span << (shift & 31)
	s.value = value << (shift & 63)
	if s.ahead -= shift; s.ahead < 0 {
		s.fill()
	}
}

// The least part of the range that each value of a symbol has.
const leastPart = 4

// symbol decodes a symbol with a model, and adapts it.
func (s *symbols) symbol(m []uint16) int {
	n := len(m) - 1
	c, r := uint32(s.value>>valueShift), s.span>>8
	high := s.span
	low := r*uint32(m[0]>>6)>>1 + leastPart*uint32(n)
	i := 0
	for c < low && i < n {
		i++
		high = low
		low = 0
		if i < n {
			low = r*uint32(m[i]>>6)>>1 + leastPart*uint32(n-i)
		}
	}
	s.narrow(low, high-low)
	if s.adapt {
		rate := 4 + m[n]>>4
		if n > 2 {
			rate++
		}
		for j := range m[:n] {
			if j < i {
				m[j] += (32768 - m[j]) >> rate
			} else {
				m[j] -= m[j] >> rate
			}
		}
		m[n] += 1 - m[n]>>5
	}
	return i
}

// symbol4 is symbol for four values, as most symbols of coefficients have.
func (s *symbols) symbol4(m *[4]uint16) int {
	c, r := uint32(s.value>>valueShift), s.span>>8
	a := r*uint32(m[0]>>6)>>1 + 3*leastPart
	b := r*uint32(m[1]>>6)>>1 + 2*leastPart
	d := r*uint32(m[2]>>6)>>1 + leastPart
	var i int
	if c >= b {
		if c >= a {
			s.narrow(a, s.span-a)
		} else {
			i = 1
			s.narrow(b, a-b)
		}
	} else if c >= d {
		i = 2
		s.narrow(d, b-d)
	} else {
		i = 3
		s.narrow(0, d)
	}
	if s.adapt {
		rate := 5 + m[3]>>4&3
		for j := range 3 {
			if j < i {
				m[j] += (32768 - m[j]) >> rate
			} else {
				m[j] -= m[j] >> rate
			}
		}
		m[3] += 1 - m[3]>>5
	}
	return i
}

// flag is symbol for two values.
func (s *symbols) flag(m *[2]uint16) bool {
	low := s.span>>8*uint32(m[0]>>6)>>1 + leastPart
	set := uint32(s.value>>valueShift) < low
	if set {
		s.narrow(0, low)
	} else {
		s.narrow(low, s.span-low)
	}
	if s.adapt {
		rate := 4 + m[1]>>4&3
		if set {
			m[0] += (32768 - m[0]) >> rate
		} else {
			m[0] -= m[0] >> rate
		}
		m[1] += 1 - m[1]>>5
	}
	return set
}

// chance decodes a flag of a given probability, of 32768.
func (s *symbols) chance(p uint16) bool {
	low := s.span>>8*uint32(p>>6)>>1 + leastPart
	set := uint32(s.value>>valueShift) < low
	if set {
		s.narrow(0, low)
	} else {
		s.narrow(low, s.span-low)
	}
	return set
}

// bit decodes a bit: L(1).
func (s *symbols) bit() int {
	low := s.span>>8<<7 + leastPart
	if uint32(s.value>>valueShift) < low {
		s.narrow(0, low)
		return 1
	}
	s.narrow(low, s.span-low)
	return 0
}

// literal decodes a number of n bits: L(n).
func (s *symbols) literal(n int) (v int) {
	for range n {
		v = v<<1 | s.bit()
	}
	return v
}

// below decodes a number below n: NS(n).
func (s *symbols) below(n int) int { return below(n, s.literal) }

// nearby decodes a number of low to high-1 as its distance from another.
// Section 5.11.58: decode_signed_subexp_with_ref_bool.
func (s *symbols) nearby(low, high, k, reference int) int {
	most, r := high-low, reference-low
	v := s.subExponential(most, k)
	if 2*r <= most {
		return low + recenter(r, v)
	}
	return low + most - 1 - recenter(most-1-r, v)
}

func (s *symbols) subExponential(count, k int) int {
	base, length := 0, k
	for i := 0; ; i++ {
		if i > 0 {
			length = k + i - 1
		}
		step := 1 << length
		if count <= base+3*step {
			return base + s.below(count-base)
		}
		if s.bit() == 0 {
			return base + s.literal(length)
		}
		base += step
	}
}

// recenter turns a distance into a number: inverse_recenter, section 5.9.29.
func recenter(r, v int) int {
	switch {
	case v > 2*r:
		return v
	case v&1 == 1:
		return r - (v+1)>>1
	}
	return r + v>>1
}
