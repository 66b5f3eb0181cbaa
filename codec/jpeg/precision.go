package jpeg

import "math/bits"

// Of a progressive picture, refinements are not waited for that change a
// dequantized coefficient by no more than this, at each scale: an eighth of it
// is gray levels in each sample. On the photographs that were tried this costs
// 0.1 dB, 0.5 dB at worst, which stays above sharp, and saves a tenth to a third
// of the file at scale 1/8; twice as much would cost 0.5 to 1.5 dB.
var (
	maxStepDC = [9]int32{1: 4, 2: 3, 4: 3}
	maxStepAC = [9]int32{1: 8, 2: 3, 4: 3}
)

// satisfied tells whether the scans so far hold coefficient k precisely enough.
func (c *component) satisfied(k int) bool {
	missing := c.precision[k]
	if missing == 0 || missing == unseen {
		return missing == 0
	}
	if k == 0 {
		return c.quant[k]<<missing <= maxStepDC[c.scale]
	}
	return c.quant[k]<<missing <= maxStepAC[c.scale]
}

// lacking is the set of coefficients that the scale needs and that no scan has
// given precisely enough.
func (c *component) lacking() (set uint64) {
	for k := 0; k <= c.last; k++ {
		if c.slot[k] != unused && !c.satisfied(k) {
			set |= 1 << k
		}
	}
	return set
}

// useful tells whether the scan has something that the scale needs. A band
// of AC coefficients that does not intersect those needed is still read where
// refinements will follow: their bits lie between those of coefficients that
// are already known not to be zero.
func (s *scan) useful() bool {
	for _, c := range s.components {
		lacking := c.lacking()
		if lacking&through(s.from, s.to) != 0 {
			return true
		}
		if s.from > 0 && s.high == 0 && s.low > 0 && lacking&^1 != 0 {
			return true
		}
	}
	return false
}

// note records the precision that the scan has brought.
func (s *scan) note() {
	for _, c := range s.components {
		for k := s.from; k <= s.to; k++ {
			c.precision[k] = int8(s.low)
		}
	}
}

// complete tells whether the scans so far hold all that the scale needs.
func (d *Decoder) complete() bool {
	for i := range d.header.frame.components {
		c := &d.header.frame.components[i]
		if !c.quantized || d.header.frame.progressive && c.lacking() != 0 {
			return false
		}
	}
	return true
}

// incomplete tells whether a component has had no scan at all.
func (d *Decoder) incomplete() bool {
	for i := range d.header.frame.components {
		if !d.header.frame.components[i].quantized {
			return true
		}
	}
	return false
}

// inverseRow transforms the coefficients of row y of MCUs into samples. What
// is not known of their low bits is taken to be half of what it can be.
func (c *component) inverseRow(y int) {
	if c.coefficients == nil {
		return // no scan of it came: it stays gray
	}
	var quant, half [64]int32
	for k, slot := range c.slot {
		if slot != unused && c.precision[k] != unseen {
			quant[slot] = c.quant[k]
			half[slot] = c.quant[k] * (1<<c.precision[k] - 1) / 2
		}
	}
	var b block
	for by := y * c.v; by < (y+1)*c.v; by++ {
		first := by * c.paddedX
		coefficients := c.coefficients[first*c.size : (first+c.paddedX)*c.size]
		if c.last == 0 {
			row := c.samples.meanRow(by)
			for bx, v := range coefficients {
				row[bx] = mean(int32(v)*quant[0] + half[0])
			}
			continue
		}
		row := c.samples.pix[(by*c.height-c.samples.first)*c.samples.stride:]
		for bx := range c.paddedX {
			of := coefficients[bx*c.size : (bx+1)*c.size]
			top := 0
			if c.nonzero != nil && c.nonzero[first+bx] != 0 {
				top = min(63-bits.LeadingZeros64(c.nonzero[first+bx]), c.last)
				for slot, v := range of {
					slot &= 63
					b[slot] = int32(v)*quant[slot] + half[slot]*int32((v>>15)|int16(uint16(-v)>>15))
				}
			}
			b[0] = int32(of[0])*quant[0] + half[0]
			c.inverse(&b, top, row[bx*c.width:], c.samples.stride)
		}
	}
}
