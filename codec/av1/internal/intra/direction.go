package intra

// angles are those of the directions, in degrees. Mode_To_Angle.
var angles = [16]int{
	Vertical: 90, Horizontal: 180, D45: 45, D135: 135, D113: 113, D157: 157, D203: 203, D67: 67,
}

// derivatives are by how many 1/64 samples a direction moves in a row, for
// every third degree and some between. Dr_Intra_Derivative.
var derivatives = [88]int16{
	3: 1023, 6: 547, 9: 372, 14: 273, 17: 215, 20: 178, 23: 151, 26: 132, 29: 116, 32: 102,
	36: 90, 39: 80, 42: 71, 45: 64, 48: 57, 51: 51, 54: 45, 58: 40, 61: 35, 64: 31,
	67: 27, 70: 23, 73: 19, 76: 15, 81: 11, 84: 7, 87: 3,
}

// position is where on the left side a direction from a column leads to: the
// first of two samples, and how far behind it in 1/32.
type position struct{ base, shift int32 }

// direction predicts along an angle. Section 7.11.2.4.
func (p *Predictor) direction(b *Block, angle int, smooth bool) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	switch {
	case angle == 90:
		p.loadAbove(b, w)
		for y := range h {
			copy(b.row(y), p.above[corner+1:])
		}
	case angle == 180:
		p.loadLeft(b, h)
		for y, v := range p.left[corner+1:][:h] {
			fill(b.row(y), v)
		}
	case angle < 90:
		p.loadAbove(b, w+h)
		doubled := p.filterSide(&p.above, angle-90, w+h, min(w, b.Above)+h, b, b.HaveAbove, smooth)
		p.fromAbove(b, int(derivatives[angle]), doubled)
	case angle < 180:
		p.loadAbove(b, w)
		p.loadLeft(b, h)
		if p.EdgeFilter && w+h >= 24 {
			v := (5*uint32(p.left[corner+1]) + 6*uint32(p.above[corner]) + 5*uint32(p.above[corner+1]) + 8) >> 4
			p.above[corner], p.left[corner] = uint16(v), uint16(v)
		}
		above := p.filterSide(&p.above, angle-90, w, min(w, b.Above), b, b.HaveAbove, smooth)
		left := p.filterSide(&p.left, angle-180, h, min(h, b.Left), b, b.HaveLeft, smooth)
		p.fromBoth(b, int(derivatives[180-angle]), int(derivatives[angle-90]), above, left)
	default:
		p.loadLeft(b, w+h)
		doubled := p.filterSide(&p.left, angle-180, w+h, min(h, b.Left)+w, b, b.HaveLeft, smooth)
		p.setColumns(b, int(derivatives[270-angle]), doubled)
		for y := range h {
			p.fromLeft(b.row(y), y<<doubled)
		}
	}
}

// filterSide smooths n samples of a side, of which there are some, for a
// direction that is delta degrees off its perpendicular, or doubles their
// number, as the sizes want it. It returns 1 where they are doubled, else 0.
func (p *Predictor) filterSide(side *edge, delta, n, there int, b *Block, have, smooth bool) (doubled int) {
	if !p.EdgeFilter {
		return 0
	}
	delta = max(delta, -delta)
	size := 1<<b.Log2W + 1<<b.Log2H
	if have {
		if s := strength(size, delta, smooth); s > 0 {
			side.smooth(there+1, s)
		}
	}
	if delta >= 40 || size > 16 || smooth && size > 8 {
		return 0
	}
	side.double(n, int32(1)<<p.Depth-1)
	return 1
}

// strength is how much a side is smoothed, 0 to 3. Section 7.11.2.9.
func strength(size, delta int, smooth bool) int {
	// The least angles for each strength.
	var least [3]int
	const never = 180
	switch {
	case !smooth && size <= 8:
		least = [3]int{56, never, never}
	case !smooth && size <= 16:
		least = [3]int{40, never, never}
	case !smooth && size <= 24:
		least = [3]int{8, 16, 32}
	case !smooth && size <= 32:
		least = [3]int{0, 4, 32}
	case !smooth:
		least = [3]int{0, 0, 0}
	case size <= 8:
		least = [3]int{40, 64, never}
	case size <= 16:
		least = [3]int{20, 48, never}
	case size <= 24:
		least = [3]int{4, 4, 4}
	default:
		least = [3]int{0, 0, 0}
	}
	s := 0
	for s < 3 && delta >= least[s] {
		s++
	}
	return s
}

// smooth filters n samples from the corner on, which stays as it is. Section
// 7.11.2.12; the kernels are 4 8 4, 5 6 5 and 2 4 4 4 2 sixteenths.
func (e *edge) smooth(n, strength int) {
	line := e[corner:][:n]
	last := uint32(line[n-1])
	far, near := uint32(line[0]), uint32(line[0])
	v := uint32(line[1])
	for i := 1; i < n; i++ {
		next, over := last, last
		if i+1 < n {
			next = uint32(line[i+1])
		}
		if i+2 < n {
			over = uint32(line[i+2])
		}
		var sum uint32
		switch strength {
		case 1:
			sum = 4*near + 8*v + 4*next
		case 2:
			sum = 5*near + 6*v + 5*next
		default:
			sum = 2*far + 4*near + 4*v + 4*next + 2*over
		}
		line[i] = uint16((sum + 8) >> 4)
		far, near, v = near, v, next
	}
}

// double puts a sample before each of n, and one before the corner. Section
// 7.11.2.11.
func (e *edge) double(n int, most int32) {
	var from [16 + 3]int32 // no side that is doubled is longer
	from[0] = int32(e[corner])
	for i, v := range e[corner:][:n+1] {
		from[i+1] = int32(v)
	}
	from[n+2] = from[n+1]
	e[corner-1] = uint16(from[0])
	for i := range n {
		v := (9*(from[i+1]+from[i+2]) - from[i] - from[i+3] + 8) >> 4
		e[corner+2*i] = uint16(min(max(v, 0), most))
		e[corner+2*i+1] = uint16(from[i+2])
	}
}

// between sets row to samples between those of side from at on, shift/32 behind
// them, each doubled+1 samples from the one before it.
func (e *edge) between(row []uint16, at, doubled int, shift int32) {
	if doubled != 0 {
		for x := range row {
			v, next := int32(e[at&255]), int32(e[(at+1)&255])
			row[x] = uint16(v + ((next-v)*shift+16)>>5)
			at += 2
		}
		return
	}
	from := e[at:][:len(row)+1]
	v := int32(from[0])
	for x, n := range from[1:] {
		next := int32(n)
		row[x] = uint16(v + ((next-v)*shift+16)>>5)
		v = next
	}
}

// fromAbove predicts along angles below 90.
func (p *Predictor) fromAbove(b *Block, dx, doubled int) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	end := (w + h - 1) << doubled
	for y := range h {
		row := b.row(y)
		index := (y + 1) * dx
		base := index >> (6 - doubled)
		// How many samples are before the end of the side.
		count := min(w, max(0, (end-base+doubled)>>doubled))
		p.above.between(row[:count], corner+1+base, doubled, int32(index<<doubled>>1&31))
		fill(row[count:], p.above[corner+1+end])
	}
}

// setColumns finds the positions on the left side, for the first row.
func (p *Predictor) setColumns(b *Block, dy, doubled int) {
	index := 0
	for x := range p.columns[:1<<b.Log2W] {
		index += dy
		p.columns[x] = position{int32(index >> (6 - doubled)), int32(index << doubled >> 1 & 31)}
	}
}

// fromLeft predicts part of a row from the positions of setColumns, moved down.
func (p *Predictor) fromLeft(row []uint16, down int) {
	for x, c := range p.columns[:len(row)] {
		at := corner + 1 + down + int(c.base)
		v, next := int32(p.left[at&255]), int32(p.left[(at+1)&255])
		row[x] = uint16(v + ((next-v)*c.shift+16)>>5)
	}
}

// fromBoth predicts along angles between 90 and 180: what is beyond the corner
// comes from the left.
func (p *Predictor) fromBoth(b *Block, dx, dy, doubledAbove, doubledLeft int) {
	w := 1 << b.Log2W
	p.setColumns(b, -dy, doubledLeft)
	for y := range 1 << b.Log2H {
		row := b.row(y)
		index := (y + 1) * dx
		count := min(w, (index-1)>>6)
		p.fromLeft(row[:count], y<<doubledLeft)
		if count == w {
			continue
		}
		index = count<<6 - index
		p.above.between(row[count:], corner+1+index>>(6-doubledAbove), doubledAbove, int32(index<<doubledAbove>>1&31))
	}
}
