package jpeg

// prepareProgressive makes the coefficients and tables of a scan, and chooses
// how it is run.
func (s *scan) prepareProgressive() {
	for _, c := range s.components {
		if c.coefficients == nil {
			blocks := c.paddedX * c.paddedY
			c.coefficients = make([]int16, blocks*c.size)
			for k := range c.precision {
				c.precision[k] = unseen
			}
		}
		if s.from > 0 && c.nonzero == nil {
			c.nonzero = make([]uint64, c.paddedX*c.paddedY)
		}
	}
	if s.coder != nil {
		s.prepareArithmetic(true)
		return
	}
	switch {
	case s.from == 0 && s.high == 0:
		for _, b := range s.blocks {
			b.dc.prepare(classDC, false)
		}
		s.run = s.runFirstDC
	case s.from == 0:
		s.run = s.runRefineDC
	case s.high == 0:
		s.blocks[0].ac.prepare(classProgressiveAC, false)
		s.run = s.runFirstAC
	default:
		s.blocks[0].ac.prepare(classProgressiveAC, false)
		s.run = s.runRefineAC
	}
}

// place sets at and step of the blocks, counted in blocks, for row y and the
// MCU in column x.
func (s *scan) place(y, x int) {
	for i := range s.blocks {
		b := &s.blocks[i]
		h, v := s.perMCU(b.c)
		b.at = (y*v+b.dy)*b.c.paddedX + x*h + b.dx
		b.step = h
	}
}

// runFirstDC reads the first scan of DC coefficients (T.81, G.1.2.1).
func (s *scan) runFirstDC(y, x, n int) int {
	s.place(y, x)
	r := s.bits
	for done := range n {
		for i := range s.blocks {
			b := &s.blocks[i]
			if !r.ready() {
				return done
			}
			r.load()
			e := b.dc.value[r.acc>>(64-valueBits)]
			c := b.c
			if e&codeOnly == 0 {
				r.acc <<= e & 31
				r.n -= uint(e & 31)
				c.pred += int32(e) >> 16
			} else {
				symbol, length := b.dc.lookup(e, r.acc)
				r.take(length)
				if size := uint(symbol & 15); size > 0 {
					c.pred += extend(r.acc, size)
					r.take(size)
				}
			}
			c.coefficients[(b.at+done*b.step)*c.size] = int16(c.pred << s.low)
		}
	}
	return n
}

// runRefineDC reads one more bit of DC coefficients. It goes over the blocks as
// runFirstDC does, without a call for each single bit.
func (s *scan) runRefineDC(y, x, n int) int {
	s.place(y, x)
	r := s.bits
	for done := range n {
		for i := range s.blocks {
			b := &s.blocks[i]
			if !r.ready() {
				return done
			}
			r.load()
			bit := int16(r.take(1)) << s.low
			b.c.coefficients[(b.at+done*b.step)*b.c.size] |= bit
		}
	}
	return n
}

// runFirstAC reads the first scan of a band of AC coefficients (T.81,
// G.1.2.2).
func (s *scan) runFirstAC(y, x, n int) int {
	s.place(y, x)
	r, c, h := s.bits, s.components[0], s.blocks[0].ac
	size := c.size
	for done := 0; done < n; done++ {
		if s.eobRun > 0 {
			skip := min(s.eobRun, n-done)
			s.eobRun -= skip
			done += skip - 1
			continue
		}
		if !r.ready() {
			return done
		}
		at := s.blocks[0].at + done
		coefficients := c.coefficients[at*size : (at+1)*size]
		nonzero := uint64(0)
		for k := s.from; k <= s.to; k++ {
			r.load()
			e := h.value[r.acc>>(64-valueBits)]
			var v int32
			if e&codeOnly == 0 {
				r.acc <<= e & 31
				r.n -= uint(e & 31)
				k += int(e >> 8 & 255)
				v = int32(e) >> 16
				if v == 0 { // sixteen zeros
					continue
				}
			} else {
				symbol, length := h.lookup(e, r.acc)
				r.take(length)
				run, bits := uint(symbol>>4), uint(symbol&15)
				if bits == 0 {
					if run < 15 {
						s.eobRun = 1<<run - 1
						if run > 0 {
							s.eobRun += int(r.take(run))
						}
						break
					}
					k += 15
					continue
				}
				k += int(run)
				v = extend(r.acc, bits)
				r.take(bits)
			}
			if k > 63 {
				break
			}
			nonzero |= 1 << k
			if slot := int(c.slot[k]); slot < len(coefficients) {
				coefficients[slot] = int16(v << s.low)
			}
		}
		c.nonzero[at] |= nonzero
	}
	return n
}

// runRefineAC reads one more bit of a band of AC coefficients (T.81, G.1.2.3).
func (s *scan) runRefineAC(y, x, n int) int {
	s.place(y, x)
	r, c := s.bits, s.components[0]
	size := c.size
	band := (^uint64(0) >> (63 - s.to)) &^ (1<<s.from - 1)
	for done := range n {
		at := s.blocks[0].at + done
		if s.eobRun > 0 {
			s.eobRun--
			known := c.nonzero[at] & band
			if known != 0 {
				if !r.ready() {
					return done
				}
				s.correct(c.coefficients[at*size:(at+1)*size], known)
			}
			continue
		}
		if !r.ready() {
			return done
		}
		s.refineBlock(c.coefficients[at*size:(at+1)*size], &c.nonzero[at])
	}
	return n
}
