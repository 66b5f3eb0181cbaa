package jpeg

import "encoding/binary"

// placeSamples sets at and step of the blocks in the planes, for row y and the
// MCU in column x.
func (s *scan) placeSamples(y, x int) {
	for i := range s.blocks {
		b := &s.blocks[i]
		h, v := s.perMCU(b.c)
		p := &b.c.samples
		b.at = ((y*v+b.dy)*b.c.height-p.first)*p.stride + (x*h+b.dx)*b.c.width
		b.step = h * b.c.width
	}
}

// runSequential decodes whole blocks into samples. It is the loop in which
// nearly all the time goes. Coefficients that the scale does not need are
// stepped over several at a time.
func (s *scan) runSequential(y, x, n int) int {
	s.placeSamples(y, x)
	var coefficients block
	r := s.bits
	acc, have, pos, buf := r.acc, r.n, r.pos, r.buf
	done := 0
	for ; done < n; done++ {
		for i := range s.blocks {
			b := &s.blocks[i]
			if pos >= r.safe {
				r.acc, r.n, r.pos = acc, have, pos
				if !r.ready() || r.padded() {
					return done
				}
				acc, have, pos = r.acc, r.n, r.pos
			}
			c := b.c

			// DC coefficient.
			acc |= binary.BigEndian.Uint64(buf[pos:]) >> (have & 63)
			pos += int(63-have) >> 3
			have |= 56
			e := b.dc.value[acc>>(64-valueBits)]
			if e&codeOnly == 0 {
				acc <<= e & 31
				have -= uint(e & 31)
				c.pred += int32(e) >> 16
			} else {
				var diff int32
				acc, have, diff = b.dc.longDC(e, acc, have)
				c.pred += diff
			}
			var k, top int
			acc, have, pos, k, top = c.readNeeded(b.ac, &coefficients, buf, acc, have, pos)
			if k < 64 {
				acc, have, pos = b.ac.pass(buf, acc, have, pos, k)
			}

			at := b.at + done*b.step
			coefficients[0] = c.pred * c.quant[0]
			c.inverse(&coefficients, top, c.samples.pix[at:], c.samples.stride)
			if top >= lowBand {
				clear(coefficients[:c.size])
			} else if top > 0 {
				clear(coefficients[:min(c.size, lowSlots)])
			}
		}
	}
	r.acc, r.n, r.pos = acc, have, pos
	return done
}

// longDC reads a DC difference that the value table, whose entry is e, does not
// hold.
func (h *huffman) longDC(e uint32, acc uint64, have uint) (uint64, uint, int32) {
	symbol, length := h.lookup(e, acc)
	acc <<= length & 31
	have -= length
	size := uint(symbol & 15)
	if size == 0 {
		return acc, have, 0
	}
	return acc << size, have - size, extend(acc, size)
}

// readNeeded reads AC coefficients until those that the scale needs are past,
// or the block ends. It returns the state of the bit reader, the next zigzag
// position, and the last that was set.
func (c *component) readNeeded(h *huffman, coefficients *block, buf []byte, acc uint64, have uint, pos int) (uint64, uint, int, int, int) {
	k, top := 1, 0
	for k <= c.last {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (have & 63)
		pos += int(63-have) >> 3
		have |= 56
		e := h.value[acc>>(64-valueBits)]
		if e&codeOnly == 0 {
			acc <<= e & 31
			have -= uint(e & 31)
			k += int(e >> 8 & 255)
			if k > 63 {
				break
			}
			coefficients[c.slot[k]&127] = (int32(e) >> 16) * c.quant[k]
			top = k
			k++
			continue
		}
		symbol, length := h.lookup(e, acc)
		acc <<= length & 31
		have -= length
		run, size := int(symbol>>4), uint(symbol&15)
		if size == 0 {
			if run < 15 {
				k = 64
				break
			}
			k += 16
			continue
		}
		v := extend(acc, size)
		acc <<= size
		have -= size
		k += run
		if k > 63 {
			break
		}
		coefficients[c.slot[k]&127] = v * c.quant[k]
		top = k
		k++
	}
	return acc, have, pos, k, top
}

// pass steps over the AC coefficients from k to the end of the block.
func (h *huffman) pass(buf []byte, acc uint64, have uint, pos, k int) (uint64, uint, int) {
	for k < 64 {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (have & 63)
		pos += int(63-have) >> 3
		have |= 56
		e := uint(h.skip[acc>>(64-skipBits)])
		next := k + int(e>>8)
		// Symbols beyond the end of this block belong to the next: then, and
		// where no code fits, one is read by itself.
		if e&31 != 0 && (next <= 64 || uint(next-endOfBlock-1) < 63) {
			acc <<= e & 31
			have -= e & 31
			k = next
			continue
		}
		symbol, length := h.symbol(acc)
		run, size := int(symbol>>4), uint(symbol&15)
		acc <<= (length + size) & 63
		have -= length + size
		k += run + 1
		if size == 0 && run < 15 {
			break
		}
	}
	return acc, have, pos
}
