package vp8

import "encoding/binary"

// neighborhood holds the macroblock at work and what is known of those above
// and to the left of it.
type neighborhood struct {
	work  workspace
	above []column
	left  struct {
		modes  [4]uint8
		y      [4]uint8 // 1 where the block to the left has coefficients
		u, v   [2]uint8
		y2     uint8
		corner [3]uint8 // the pixels above and to the left, of Y, U and V
	}
}

// column is what a column of macroblocks keeps of the one above.
type column struct {
	y     [16]byte
	u, v  [8]byte
	modes [4]uint8
	nzY   [4]uint8 // 1 where the block above has coefficients
	nzU   [2]uint8
	nzV   [2]uint8
	nzY2  uint8
}

// newNeighborhood returns the state before the first macroblock of a frame
// that is mbw macroblocks wide.
func newNeighborhood(mbw int) neighborhood {
	n := neighborhood{above: make([]column, mbw)}
	for i := range n.above {
		c := &n.above[i]
		fillBytes(c.y[:], aboveOutside)
		fillBytes(c.u[:], aboveOutside)
		fillBytes(c.v[:], aboveOutside)
	}
	return n
}

func fillBytes(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}

// startRow sets what is to the left of the picture in row y.
func (n *neighborhood) startRow(y int) {
	l := &n.left
	l.modes, l.y, l.u, l.v, l.y2 = [4]uint8{}, [4]uint8{}, [2]uint8{}, [2]uint8{}, 0
	corner := uint8(leftOutside)
	if y == 0 {
		corner = aboveOutside
	}
	l.corner = [3]uint8{corner, corner, corner}
	w := &n.work
	for i := range 16 {
		w[yAt-1+i*stride] = leftOutside
	}
	for i := range 8 {
		w[uAt-1+i*stride] = leftOutside
		w[vAt-1+i*stride] = leftOutside
	}
}

// loadEdges puts the pixels above the macroblock in column x into the
// workspace; those to the left are there already.
func (n *neighborhood) loadEdges(x int) {
	w, c := &n.work, &n.above[x]
	copy(w[yAt-stride:yAt-stride+16], c.y[:])
	copy(w[uAt-stride:uAt-stride+8], c.u[:])
	copy(w[vAt-stride:vAt-stride+8], c.v[:])
	w[yAt-stride-1], w[uAt-stride-1], w[vAt-stride-1] = n.left.corner[0], n.left.corner[1], n.left.corner[2]
}

// loadRightEdge puts the pixels above and to the right of the macroblock in
// column x of row y into the workspace. The subblocks of the last column look
// at those of the macroblock above and to the right, all four of them.
func (n *neighborhood) loadRightEdge(x, y int) {
	var right uint32
	switch {
	case y == 0:
		right = splat(aboveOutside)
	case x == len(n.above)-1:
		right = splat(uint32(n.above[x].y[15]))
	default:
		right = binary.LittleEndian.Uint32(n.above[x+1].y[:4])
	}
	for i := range 4 {
		binary.LittleEndian.PutUint32(n.work[yAt+16+(4*i-1)*stride:][:4], right)
	}
}

// keepEdges saves the pixels that the macroblocks below and to the right are
// predicted from.
func (n *neighborhood) keepEdges(c *column) {
	w, l := &n.work, &n.left
	l.corner = [3]uint8{c.y[15], c.u[7], c.v[7]}
	copy(c.y[:], w[yAt+15*stride:])
	copy(c.u[:], w[uAt+7*stride:])
	copy(c.v[:], w[vAt+7*stride:])
	for i := range 16 {
		w[yAt-1+i*stride] = w[yAt+15+i*stride]
	}
	for i := range 8 {
		w[uAt-1+i*stride] = w[uAt+7+i*stride]
		w[vAt-1+i*stride] = w[vAt+7+i*stride]
	}
}
