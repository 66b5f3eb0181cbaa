package hevc

// angles are by how many 1/32 samples a direction moves in a row (or column):
// intraPredAngle. ITU-T H.265, table 8-5.
var angles = [35]int{
	2: 32, 26, 21, 17, 13, 9, 5, 2, 0, -2, -5, -9, -13, -17, -21, -26,
	-32, -26, -21, -17, -13, -9, -5, -2, 0, 2, 5, 9, 13, 17, 21, 26, 32,
}

// inverseAngles are for the directions with negative angles: invAngle. Table
// 8-6.
var inverseAngles = [26]int{
	11: -4096, -1638, -910, -630, -482, -390, -315,
	-256, -315, -390, -482, -630, -910, -1638, -4096,
}

// interleave spreads four bits, for the order in which blocks are decoded.
var interleave = [16]uint8{0, 1, 4, 5, 16, 17, 20, 21, 64, 65, 68, 69, 80, 81, 84, 85}

// order tells when the 4x4 block at a luma position is decoded in its coding
// tree block. Section 6.5.2.
func order(x, y int) uint8 {
	return interleave[x>>2&15] | interleave[y>>2&15]<<1
}

// predict predicts a block of a component, of size log2, at a luma position.
// Section 8.4.4.2.
//
// The border is kept in one line: from the lowest sample to the left up to the
// corner, which has index 2n, and on to the last sample above on the right.
func (f *frame) predict(component, x, y, log2 int, mode uint8) {
	p := &f.planes[component]
	n := 1 << log2
	border := f.loadBorder(p, x, y, n)
	smoothed := component == 0 || f.seq.chroma == 3
	if smoothed && !f.seq.unsmoothed && smoothing(mode, log2) {
		border = f.smoothBorder(p, border, component == 0 && n == 32 && f.seq.strong)
	}
	at := f.at(p, x, y)
	b := block{p.pix[at:], p.stride, n, log2}
	edges := component == 0 && n < 32
	switch {
	case mode == modePlanar:
		b.planar(border)
	case mode == modeDC:
		b.dc(border, edges)
	case mode >= 18:
		b.vertical(border, f.unit.direction[:], mode)
	default:
		b.horizontal(border, f.unit.direction[:], mode)
	}
	if edges && !(f.seq.implicitRDPCM && f.unit.bypass) {
		most := int32(1)<<p.depth - 1
		if mode == modeVertical {
			b.leftEdge(border, most)
		} else if mode == modeHorizontal {
			b.topEdge(border, most)
		}
	}
}

// smoothing tells whether the border is filtered first. Section 8.4.4.2.3.
func smoothing(mode uint8, log2 int) bool {
	if mode == modeDC || log2 == 2 {
		return false
	}
	if mode == modePlanar {
		return true
	}
	distance := func(to int) int { return max(int(mode)-to, to-int(mode)) }
	least := min(distance(modeVertical), distance(modeHorizontal))
	return least > [6]int{3: 7, 4: 1, 5: 0}[log2]
}

// neighbors returns how much of the border of a block there is, in samples of
// the plane. Section 6.4.1.
func (f *frame) neighbors(p *plane, x, y, n int) (below, left, corner, above, right int) {
	t := &f.tree
	width, height := n<<p.x, n<<p.y
	inX, inY := x > t.x, y > t.y // the neighbors are in this coding tree block
	if inX || t.left {
		left = n
		if end := y + height; end < min(t.y+f.size, f.seq.height) &&
			(!inX || order(x-1, end) < order(x, y)) {
			below = min(n, (f.seq.height-end)>>p.y)
		}
	}
	if inY || t.up {
		above = n
	}
	if end := x + width; end < f.seq.width {
		there := false
		switch outside := end >= t.x+f.size; {
		case inY:
			there = !outside && order(end, y-1) < order(x, y)
		case outside:
			there = t.upRight
		default:
			there = t.up
		}
		if there {
			right = min(n, (f.seq.width-end)>>p.x)
		}
	}
	if inX && inY || inX && t.up || inY && t.left || !inX && !inY && t.upLeft {
		corner = 1
	}
	return below, left, corner, above, right
}

// loadBorder gathers the samples around a block, and fills in those that are
// not there. Section 8.4.4.2.2.
func (f *frame) loadBorder(p *plane, x, y, n int) []uint16 {
	below, left, corner, above, right := f.neighbors(p, x, y, n)
	b := f.unit.border[:4*n+1]
	at := f.at(p, x, y)
	pix := p.pix[at-1:]
	for i := 0; i < left+below; i++ {
		b[2*n-1-i] = pix[i*p.stride]
	}
	row, first := p.above, x>>p.x
	if y != f.bandTop {
		row = p.pix[at-p.stride-first:]
	}
	if corner > 0 {
		b[2*n] = row[first-1]
	}
	if above > 0 {
		copy(b[2*n+1:3*n+1], row[first:])
	}
	if right > 0 {
		copy(b[3*n+1:3*n+1+right], row[first+n:])
	}
	if below == n && left+above == 2*n && corner == 1 && right == n {
		return b
	}
	// Parts of the line that are there, in order: what is between them takes
	// the value before it, what is before the first takes its value.
	parts := [4][2]int{
		{2*n - left - below, 2 * n}, {2 * n, 2*n + corner},
		{2*n + 1, 2*n + 1 + above}, {3*n + 1, 3*n + 1 + right},
	}
	end := 0
	for _, part := range parts {
		if part[0] == part[1] {
			continue
		}
		value := b[part[0]]
		if end > 0 {
			value = b[end-1]
		}
		fill(b[end:part[0]], value)
		end = part[1]
	}
	if end > 0 {
		fill(b[end:], b[end-1])
	} else {
		fill(b, 1<<(p.depth-1))
	}
	return b
}

func fill(row []uint16, v uint16) {
	for i := range row {
		row[i] = v
	}
}

// smoothBorder filters the border. Section 8.4.4.2.3.
func (f *frame) smoothBorder(p *plane, b []uint16, strong bool) []uint16 {
	last := len(b) - 1
	middle := last / 2
	out := f.unit.smooth[:len(b)]
	out[0], out[last] = b[0], b[last]
	if strong {
		first, corner, end := int(b[0]), int(b[middle]), int(b[last])
		limit := 1 << (p.depth - 5)
		flat := func(v int) bool { return v < limit && -v < limit }
		if flat(corner+end-2*int(b[3*last/4])) && flat(corner+first-2*int(b[last/4])) {
			for i := 1; i < middle; i++ {
				out[i] = uint16(((middle-i)*first + i*corner + middle/2) / middle)
				out[middle+i] = uint16(((middle-i)*corner + i*end + middle/2) / middle)
			}
			out[middle] = b[middle]
			return out
		}
	}
	before, v := uint32(b[0]), uint32(b[1])
	for i, w := range b[2:] {
		after := uint32(w)
		out[i+1] = uint16((before + 2*v + after + 2) >> 2)
		before, v = v, after
	}
	return out
}

// block is a square of samples.
type block struct {
	pix    []uint16
	stride int
	n      int
	log2   int
}

func (b *block) row(y int) []uint16 { return b.pix[y*b.stride:][:b.n:b.n] }

// planar interpolates between all edges. Section 8.4.4.2.4.
func (b *block) planar(border []uint16) {
	n := b.n
	above := border[2*n+1:][:n]
	right, below := int32(border[3*n+1]), int32(border[n-1])
	for y := range n {
		left := int32(border[2*n-1-y])
		row := b.row(y)
		// Both terms change by a step from column to column.
		across := int32(n-1)*left + right + int32(n) + int32(y+1)*below
		down := int32(n - 1 - y)
		for x := range row {
			row[x] = uint16((across + down*int32(above[x])) >> (b.log2 + 1))
			across += right - left
		}
	}
}

// dc averages the edges. Section 8.4.4.2.5.
func (b *block) dc(border []uint16, edges bool) {
	n := b.n
	above, left := border[2*n+1:][:n], border[n:][:n]
	sum := uint32(n)
	for i := range n {
		sum += uint32(above[i]) + uint32(left[i])
	}
	v := sum >> (b.log2 + 1)
	for y := range n {
		fill(b.row(y), uint16(v))
	}
	if !edges {
		return
	}
	for i := 1; i < n; i++ {
		b.pix[i] = uint16((uint32(above[i]) + 3*v + 2) >> 2)
		b.pix[i*b.stride] = uint16((uint32(left[n-1-i]) + 3*v + 2) >> 2)
	}
	b.pix[0] = uint16((uint32(above[0]) + 2*v + uint32(left[n-1]) + 2) >> 2)
}

// reference returns the line that a direction takes its samples from: index
// zero stands for the corner, and is at the returned place. line is the side
// that the direction comes from, in order of the distance from the corner,
// which is first; other is the other side.
func reference(buf []uint16, line func(i int) uint16, other func(i int) uint16, n int, mode uint8) ([]uint16, int) {
	angle := angles[mode]
	last := n
	if angle > 0 {
		last = 2 * n
	}
	for i := 0; i <= last; i++ {
		buf[n+i] = line(i)
	}
	for i := -1; i > n*angle>>5; i-- {
		buf[n+i] = other((i*inverseAngles[mode] + 128) >> 8)
	}
	return buf, n
}

// vertical predicts with directions from above. Section 8.4.4.2.6.
func (b *block) vertical(border, buf []uint16, mode uint8) {
	n, angle := b.n, angles[mode]
	ref, zero := border, 2*n
	if angle < 0 {
		ref, zero = reference(buf,
			func(i int) uint16 { return border[2*n+i] },
			func(i int) uint16 { return border[2*n-i] }, n, mode)
	}
	for y := range n {
		move := (y + 1) * angle
		interpolate(b.row(y), ref[zero+move>>5+1:], uint32(move&31))
	}
}

// interpolate sets row to samples between those of ref, at fraction/32.
func interpolate(row, ref []uint16, fraction uint32) {
	if fraction == 0 {
		copy(row, ref)
		return
	}
	ref = ref[:len(row)+1]
	v := uint32(ref[0])
	for x, w := range ref[1:] {
		next := uint32(w)
		row[x] = uint16((v*(32-fraction) + next*fraction + 16) >> 5)
		v = next
	}
}

// horizontal predicts with directions from the left.
func (b *block) horizontal(border, buf []uint16, mode uint8) {
	n, angle := b.n, angles[mode]
	ref, zero := reference(buf,
		func(i int) uint16 { return border[2*n-i] },
		func(i int) uint16 { return border[2*n+i] }, n, mode)
	for x := range n {
		move := (x + 1) * angle
		column := ref[zero+move>>5+1:]
		fraction := uint32(move & 31)
		at := x
		if fraction == 0 {
			for _, v := range column[:n] {
				b.pix[at] = v
				at += b.stride
			}
			continue
		}
		v := uint32(column[0])
		for _, w := range column[1 : n+1] {
			next := uint32(w)
			b.pix[at] = uint16((v*(32-fraction) + next*fraction + 16) >> 5)
			v = next
			at += b.stride
		}
	}
}

// leftEdge smooths the left column behind vertical prediction.
func (b *block) leftEdge(border []uint16, most int32) {
	n := b.n
	corner, above := int32(border[2*n]), int32(border[2*n+1])
	for y := range n {
		v := above + (int32(border[2*n-1-y])-corner)>>1
		b.pix[y*b.stride] = uint16(min(max(v, 0), most))
	}
}

// topEdge smooths the top row behind horizontal prediction.
func (b *block) topEdge(border []uint16, most int32) {
	n := b.n
	corner, left := int32(border[2*n]), int32(border[2*n-1])
	row := b.row(0)
	for x, w := range border[2*n+1:][:n] {
		row[x] = uint16(min(max(left+(int32(w)-corner)>>1, 0), most))
	}
}
