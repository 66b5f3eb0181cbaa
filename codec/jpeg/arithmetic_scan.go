package jpeg

// prepareArithmetic chooses how a scan of arithmetic coding is run.
func (s *scan) prepareArithmetic(progressive bool) {
	place, decode := s.place, s.refineAC
	switch {
	case !progressive:
		place, decode = s.placeSamples, s.sequentialBlock
	case s.from == 0 && s.high == 0:
		decode = s.firstDC
	case s.from == 0:
		decode = s.refineDC
	case s.high == 0:
		decode = s.firstAC
	}
	s.run = func(y, x, n int) int {
		place(y, x)
		return s.runArithmetic(n, decode)
	}
}

// runArithmetic decodes n MCUs. A block is not decoded, and the segment ends with
// it, where its data makes no sense.
func (s *scan) runArithmetic(n int, decode func(b *mcuBlock, at int) bool) int {
	for done := range n {
		for i := range s.blocks {
			b := &s.blocks[i]
			if s.coder.ended() || !decode(b, b.at+done*b.step) {
				s.bits.finish()
				return done
			}
		}
	}
	return n
}

// sequentialBlock decodes a whole block into the samples at the given place.
func (s *scan) sequentialBlock(b *mcuBlock, at int) bool {
	a, c := s.coder, b.c
	diff, ok := a.difference(b.dcArea, &c.context)
	if !ok {
		return false
	}
	c.pred += diff
	var coefficients block
	coefficients[0] = c.pred * c.quant[0]
	top := 0
	for k := 1; k <= 63; k++ {
		if k = a.next(b.acArea, k, 63); k == 0 {
			return false
		}
		if k > 63 {
			break
		}
		v := a.coefficient(b.acArea, k)
		if v == 0 {
			return false
		}
		if slot := c.slot[k] & 127; slot != unused {
			coefficients[slot] = v * c.quant[k]
			top = k
		}
	}
	if c.size == 1 {
		c.samples.means[at] = mean(coefficients[0])
	} else {
		c.inverse(&coefficients, top, c.samples.pix[at:], c.samples.stride)
	}
	return true
}

// firstDC decodes a DC coefficient but for its lowest bits.
func (s *scan) firstDC(b *mcuBlock, at int) bool {
	diff, ok := s.coder.difference(b.dcArea, &b.c.context)
	b.c.pred += diff
	b.c.coefficients[at*b.c.size] = int16(b.c.pred << s.low)
	return ok
}

// refineDC decodes one more bit of a DC coefficient.
func (s *scan) refineDC(b *mcuBlock, at int) bool {
	b.c.coefficients[at*b.c.size] |= int16(s.coder.decide(&s.coder.fixed)) << s.low
	return true
}

// firstAC decodes a band of AC coefficients but for their lowest bits.
func (s *scan) firstAC(b *mcuBlock, at int) bool {
	a, c := s.coder, b.c
	coefficients := c.coefficients[at*c.size : (at+1)*c.size]
	for k := s.from; k <= s.to; k++ {
		if k = a.next(b.acArea, k, s.to); k == 0 {
			return false
		}
		if k > s.to {
			break
		}
		v := a.coefficient(b.acArea, k)
		if v == 0 {
			return false
		}
		c.nonzero[at] |= 1 << k
		if slot := int(c.slot[k]); slot < len(coefficients) {
			coefficients[slot] = int16(v << s.low)
		}
	}
	return true
}

// refineAC decodes one more bit of a band of AC coefficients: T.81, G.1.3.3.
func (s *scan) refineAC(b *mcuBlock, at int) bool {
	a, c := s.coder, b.c
	area := a.ac[b.acArea][:]
	coefficients := c.coefficients[at*c.size : (at+1)*c.size]
	old := c.nonzero[at]
	for k := s.from; k <= s.to; k++ {
		// The block cannot end before what earlier scans had.
		if old>>k == 0 && a.decide(&area[3*(k-1)]) != 0 {
			break
		}
		for old>>k&1 == 0 && a.decide(&area[3*(k-1)+1]) == 0 {
			if k++; k > s.to {
				return false
			}
		}
		step := int16(1) << s.low
		slot := int(c.slot[k])
		known := slot < len(coefficients)
		if old>>k&1 == 0 {
			if a.decide(&a.fixed) != 0 {
				step = -step
			}
			c.nonzero[at] |= 1 << k
		} else if a.decide(&area[3*(k-1)+2]) == 0 {
			continue
		} else if known && coefficients[slot] < 0 {
			step = -step
		}
		if known {
			coefficients[slot] += step
		}
	}
	return true
}
