package jpeg

import "math/bits"

// correct reads a correction bit for each coefficient of the set known, which
// are not zero, and moves those that the scale needs away from zero.
func (s *scan) correct(coefficients []int16, known uint64) {
	if known == 0 {
		return
	}
	r, slots := s.bits, &s.components[0].slot
	step := int16(1) << s.low
	r.load()
	if known&s.components[0].needed == 0 {
		n := uint(bits.OnesCount64(known))
		if n > 32 {
			r.take(16)
			r.take(16)
			r.load()
			n -= 32
		}
		r.acc <<= n
		r.n -= n
		return
	}
	for ; known != 0; known &= known - 1 {
		if r.n < 8 {
			r.load()
		}
		bit := r.acc >> 63
		r.acc <<= 1
		r.n--
		slot := int(slots[bits.TrailingZeros64(known)&63])
		if bit == 0 || slot >= len(coefficients) {
			continue
		}
		if coefficients[slot] >= 0 {
			coefficients[slot] += step
		} else {
			coefficients[slot] -= step
		}
	}
}

// refineBlock reads the correction bits and the new coefficients of a block.
func (s *scan) refineBlock(coefficients []int16, nonzero *uint64) {
	r, c, h := s.bits, s.components[0], s.blocks[0].ac
	old := *nonzero
	for k := s.from; k <= s.to; k++ {
		r.load()
		e := h.value[r.acc>>(64-valueBits)]
		symbol, length := uint8(0xF0), uint(e&31)
		v := int16(e>>16) << s.low
		skip := uint(e >> 8 & 255)
		if e&codeOnly != 0 {
			symbol, length = h.lookup(e, r.acc)
			skip, v = uint(symbol>>4), 0
		}
		r.take(length)
		if e&codeOnly != 0 && symbol&15 == 0 && skip < 15 {
			s.eobRun = 1<<skip - 1
			if skip > 0 {
				s.eobRun += int(r.take(skip))
			}
			s.correct(coefficients, old&through(k, s.to))
			return
		}
		if e&codeOnly != 0 && symbol&15 != 0 {
			// The size is 1: anything else is damage and is taken for it.
			v = -1 << s.low
			if r.take(1) != 0 {
				v = 1 << s.low
			}
		}
		at := zeroAfter(old, k, s.to, skip)
		s.correct(coefficients, old&through(k, at-1))
		k = at
		if v == 0 || k > s.to {
			continue
		}
		*nonzero |= 1 << k
		if slot := int(c.slot[k]); slot < len(coefficients) {
			coefficients[slot] = v
		}
	}
}

// through is the set of the positions from first to last.
func through(first, last int) uint64 {
	if first > last {
		return 0
	}
	return (^uint64(0) >> (63 - last)) &^ (1<<first - 1)
}

// zeroAfter returns the position, from k on, of the zero coefficient that skip
// others precede; last+1 where there is none.
func zeroAfter(nonzero uint64, k, last int, skip uint) int {
	zeros := ^nonzero & through(k, last)
	for ; skip > 0 && zeros != 0; skip-- {
		zeros &= zeros - 1
	}
	if zeros == 0 {
		return last + 1
	}
	return bits.TrailingZeros64(zeros)
}
