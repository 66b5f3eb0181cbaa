package jpeg

import "encoding/binary"

// runMeans decodes what scale 1/8 needs: the means of most blocks, and two or
// four samples of those of planes that are sampled less densely. Most blocks
// take two or three table look-ups.
//
// It begins as runSequential does. The bits, their number and their place are in
// registers in both; a function for what is the same would put them in memory.
func (s *scan) runMeans(y, x, n int) int {
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
			acc |= binary.BigEndian.Uint64(buf[pos:]) >> (have & 63)
			pos += int(63-have) >> 3
			have |= 56
			e := b.start.table[acc>>(64-skipBits)]
			k := 1
			switch adv := int(e >> 10 & 255); {
			case e&31 == 0:
				var diff int32
				acc, have, diff = b.dc.longDC(b.dc.value[acc>>(64-valueBits)], acc, have)
				c.pred += diff
			case c.size == 1 || adv == endOfBlock:
				acc <<= e >> 5 & 31
				have -= uint(e >> 5 & 31)
				c.pred += int32(e) >> 18
				k += adv
			default:
				acc <<= e & 31
				have -= uint(e & 31)
				c.pred += int32(e) >> 18
			}
			at := b.at + done*b.step
			if c.size == 1 {
				for k < 64 { // pass, without the cost of a call
					acc |= binary.BigEndian.Uint64(buf[pos:]) >> (have & 63)
					pos += int(63-have) >> 3
					have |= 56
					e := uint(b.ac.skip[acc>>(64-skipBits)])
					next := k + int(e>>8)
					if e&31 == 0 || next > 64 && uint(next-endOfBlock-1) >= 63 {
						acc, have, pos = b.ac.pass(buf, acc, have, pos, k)
						break
					}
					acc <<= e & 31
					have -= e & 31
					k = next
				}
				c.samples.means[at] = mean(c.pred * c.quant[0])
				continue
			}
			coefficients[0] = c.pred * c.quant[0]
			if k > 63 {
				flat(&coefficients, c.samples.pix[at:], c.samples.stride, c.width, c.height)
				continue
			}
			var top int
			acc, have, pos, k, top = c.readNeeded(b.ac, &coefficients, buf, acc, have, pos)
			if k < 64 {
				acc, have, pos = b.ac.pass(buf, acc, have, pos, k)
			}
			c.inverse(&coefficients, top, c.samples.pix[at:], c.samples.stride)
			clear(coefficients[:8])
		}
	}
	r.acc, r.n, r.pos = acc, have, pos
	return done
}
