package av1

import "s3-thumbnail-creator/codec/av1/internal/intra"

// vector is where a block is copied from, in eighths of a sample; it is whole
// samples.
type vector struct{ y, x int32 }

// copied is what is kept of a 4x4 block in frames that have copied blocks, for
// the prediction of vectors.
type copied struct {
	vector vector
	size   blockSize
	copied bool
}

// readVector reads the vector of a block. Section 5.11.26: assign_mv.
func (t *tile) readVector(b *block) {
	v := t.predictVector(b)
	switch joint := t.symbol(t.vectorJoint[:]); joint {
	case 1:
		v.x += t.readComponent(&t.models.vector[1])
	case 2:
		v.y += t.readComponent(&t.models.vector[0])
	case 3:
		v.y += t.readComponent(&t.models.vector[0])
		v.x += t.readComponent(&t.models.vector[1])
	}
	b.vector = v
	// All of the source must be in the tile, and not below the superblocks of
	// this row. To the left, it may be lower than the block.
	row, column := 4*b.row+int(v.y>>3), 4*b.column+int(v.x>>3)
	bottom := 4 * min(t.bottom, b.row|(t.f.superblock-1)+1)
	if row < 4*t.top || column < 4*t.left || row+4*b.high > bottom || column+4*b.wide > 4*t.right {
		t.damaged = true
	}
}

// readComponent reads the difference of a component. Section 5.11.32.
func (t *tile) readComponent(m *vectorModels) int32 {
	negative := t.flag(&m.sign)
	class := t.symbol(m.class[:])
	var samples int32
	if class == 0 {
		samples = int32(b2u(t.flag(&m.class0))) + 1
	} else {
		for i := range class {
			samples |= int32(b2u(t.flag(&m.bits[i]))) << i
		}
		samples += 2<<(class-1) + 1
	}
	if negative {
		return -8 * samples
	}
	return 8 * samples
}

// candidates are vectors of neighbors with their weights.
type candidates struct {
	vectors [8]vector
	weights [8]int
	count   int
}

func (c *candidates) add(n *copied, weight int) {
	if !n.copied {
		return
	}
	for i, v := range c.vectors[:c.count] {
		if v == n.vector {
			c.weights[i] += weight
			return
		}
	}
	if c.count < len(c.vectors) {
		c.vectors[c.count], c.weights[c.count] = n.vector, weight
		c.count++
	}
}

// sort orders the candidates from on by weight; those of the same keep their
// order.
func (c *candidates) sort(from, to int) {
	for i := from + 1; i < to; i++ {
		for j := i; j > from && c.weights[j-1] < c.weights[j]; j-- {
			c.weights[j-1], c.weights[j] = c.weights[j], c.weights[j-1]
			c.vectors[j-1], c.vectors[j] = c.vectors[j], c.vectors[j-1]
		}
	}
}

// predictVector predicts the vector of a block from those of its neighbors.
// Section 7.10.2.
func (t *tile) predictVector(b *block) vector {
	c := &candidates{}
	const rings = 3
	limit := func(length, at int, there bool, first int) (adjust, most int) {
		if !there {
			return 0, 0
		}
		most = 2 * rings
		if length < 2 {
			adjust, most = at&1, 4
		}
		return adjust, min(most-adjust, at-first)
	}
	adjustRow, mostRows := limit(b.high, b.row, b.above[0], t.top)
	adjustColumn, mostColumns := limit(b.wide, b.column, b.left[0], t.left)
	rows, columns := 0, 0 // that large neighbors have already covered
	if mostRows >= 1 {
		rows = t.scanRow(b, c, 1, mostRows)
	}
	if mostColumns >= 1 {
		columns = t.scanColumn(b, c, 1, mostColumns)
	}
	mask := t.f.superblock - 1
	if max(b.wide, b.high) <= 16 && b.above[0] && b.column+b.wide < t.right &&
		t.decoded[0][b.row&mask]>>(b.column&mask+b.wide+1)&1 == 1 {
		c.add(t.f.copyAt(b.row-1, b.column+b.wide), 4)
	}
	nearest := c.count
	if b.above[0] && b.left[0] {
		c.add(t.f.copyAt(b.row-1, b.column-1), 4)
	}
	for i := 2; i <= rings; i++ {
		if distance := 2*i - 1 - adjustRow; distance <= mostRows && distance > rows {
			rows = max(rows, t.scanRow(b, c, distance, mostRows))
		}
		if distance := 2*i - 1 - adjustColumn; distance <= mostColumns && distance > columns {
			columns = max(columns, t.scanColumn(b, c, distance, mostColumns))
		}
	}
	c.sort(0, nearest)
	c.sort(nearest, c.count)
	for _, v := range c.vectors[:min(c.count, 2)] {
		if v = t.clampVector(b, v); v != (vector{}) {
			return v
		}
	}
	size := int32(4 * t.f.superblock)
	if b.row-t.f.superblock < t.top {
		const delay = 256
		return vector{0, -8 * (size + delay)}
	}
	return vector{-8 * size, 0}
}

// scanRow adds the blocks in a row above, and returns how many rows they cover
// where one is as wide as the block.
func (t *tile) scanRow(b *block, c *candidates, distance, most int) (covered int) {
	shift := 0
	if distance > 1 && !(b.column&1 == 1 && b.wide < 2) {
		shift = 1
	}
	for x := 0; x < min(b.wide, t.f.head.columns-b.column, 16); {
		n := t.f.copyAt(b.row-distance, min(b.column+shift+x, t.f.head.columns-1))
		length, weight, cover := scanStep(b.wide, int(blockLog2[n.size][0]), int(blockLog2[n.size][1]), distance, most)
		c.add(n, length*weight)
		covered = max(covered, cover)
		x += length
	}
	return covered
}

func (t *tile) scanColumn(b *block, c *candidates, distance, most int) (covered int) {
	shift := 0
	if distance > 1 && !(b.row&1 == 1 && b.high < 2) {
		shift = 1
	}
	for y := 0; y < min(b.high, t.f.head.rows-b.row, 16); {
		n := t.f.copyAt(min(b.row+shift+y, t.f.head.rows-1), b.column-distance)
		length, weight, cover := scanStep(b.high, int(blockLog2[n.size][1]), int(blockLog2[n.size][0]), distance, most)
		c.add(n, length*weight)
		covered = max(covered, cover)
		y += length
	}
	return covered
}

// scanStep tells how many 4x4 blocks of a line a neighbor of a block counts for,
// and its weight; the neighbor is along and across the line of the given
// logarithms.
func scanStep(length, along, across, distance, most int) (step, weight, covered int) {
	step = min(length, 1<<along)
	switch {
	case length >= 16:
		step = max(step, 4)
	case distance > 1:
		step = max(step, 2)
	}
	weight = 2
	if length >= 2 && length <= 1<<along {
		n := min(most-distance+1, 1<<across)
		weight = max(weight, n)
		covered = n + distance - 1
	}
	return step, weight, covered
}

// clampVector keeps a vector near the picture. Section 7.10.2.14.
func (t *tile) clampVector(b *block, v vector) vector {
	const border = 16 << 3
	clamp := func(v int32, at, size, all int) int32 {
		return min(max(v, int32(-32*at-32*size-border)), int32(32*(all-size-at)+32*size+border))
	}
	return vector{clamp(v.y, b.row, b.high, t.f.head.rows), clamp(v.x, b.column, b.wide, t.f.head.columns)}
}

// copyAt is what is kept of a 4x4 block.
func (f *frame) copyAt(row, column int) *copied { return &f.copies[row*f.head.columns+column] }

// predictCopy copies a block. Sections 5.11.33 and 7.11.3.
func (t *tile) predictCopy(b *block) {
	for i := range t.f.numPlanes {
		if i > 0 && !b.chroma {
			return
		}
		p := &t.f.planes[i]
		wide, high := max(b.wide>>p.x, 1), max(b.high>>p.y, 1)
		t.copySamples(p, b.column>>p.x*4, b.row>>p.y*4, 4*wide, 4*high, b.vector)
	}
}

func (t *tile) copySamples(p *plane, x, y, w, h int, v vector) {
	fromX, fromY := x+int(v.x>>(3+p.x)), y+int(v.y>>(3+p.y))
	right, bottom := 4*t.right>>p.x, 4*t.bottom>>p.y
	if fromX < 0 || fromY < 0 || fromX >= right || fromY >= bottom {
		t.damaged = true
		return
	}
	halfX, halfY := v.x>>(2+p.x)&1 == 1 && p.x > 0, v.y>>(2+p.y)&1 == 1 && p.y > 0
	intra.Copy(p.pix, p.at(x, y), p.at(fromX, fromY), p.stride, w, h, right-fromX, bottom-fromY, halfX, halfY)
}
