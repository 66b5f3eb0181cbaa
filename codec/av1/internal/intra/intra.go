// Package intra predicts blocks of AV1 from the samples above and to the left:
// sections 7.11.2 and 7.11.5 of the AV1 Bitstream & Decoding Process
// Specification, and intra block copy from 7.11.3.4.
package intra

// Mode is a prediction, numbered as in the standard.
type Mode uint8

// The modes. Those named by an angle, and the two before them, are directions;
// angles count from the right, against the clock.
const (
	DC Mode = iota
	Vertical
	Horizontal
	D45
	D135
	D113
	D157
	D203
	D67
	Smooth
	SmoothVertical
	SmoothHorizontal
	Paeth
)

// Block is what is predicted, a transform block, in a plane that holds what was
// decoded before.
type Block struct {
	Pix          []uint16
	At, Stride   int // index of the first sample, samples from a row to the next
	Log2W, Log2H int // 2 to 6
	// Whether there are samples above and to the left, and how many from the
	// first of the block on: up to twice its width or height where those beyond
	// are decoded, less where the picture ends.
	HaveAbove, HaveLeft bool
	Above, Left         int
}

func (b *Block) row(y int) []uint16 {
	return b.Pix[b.At+y*b.Stride:][: 1<<b.Log2W : 1<<b.Log2W]
}

// edge is the samples along one side of a block: the one at the corner is at
// corner, the first of the block behind it. What is read is always within.
type edge [256]uint16

const corner = 15

// Predictor predicts blocks whose samples have Depth bits. It is the memory
// that this takes, for one goroutine.
type Predictor struct {
	Depth      int
	EdgeFilter bool // enable_intra_edge_filter

	above, left edge
	columns     [64]position   // of directions
	luma        [32 * 32]int32 // of LoadLuma
}

// Predict predicts a block. angleDelta, -3 to 3, is for directions, and so is
// smooth: whether the block above or to the left is predicted by one of the
// smooth modes.
func (p *Predictor) Predict(b *Block, m Mode, angleDelta int, smooth bool) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	switch m {
	case DC:
		b.fill(p.average(b))
	case Smooth, SmoothVertical, SmoothHorizontal, Paeth:
		p.loadAbove(b, w)
		p.loadLeft(b, h)
		switch m {
		case Smooth:
			p.smooth(b)
		case SmoothVertical:
			p.smoothVertical(b)
		case SmoothHorizontal:
			p.smoothHorizontal(b)
		default:
			p.paeth(b)
		}
	default:
		p.direction(b, angles[m&15]+3*angleDelta, smooth)
	}
}

// loadAbove gathers the corner and n samples above. Section 7.11.2.1.
func (p *Predictor) loadAbove(b *Block, n int) {
	row := p.above[corner+1:][:n]
	p.above[corner] = p.cornerOf(b)
	switch {
	case b.HaveAbove:
		there := copy(row[:min(n, b.Above)], b.Pix[b.At-b.Stride:])
		fill(row[there:], row[there-1])
	case b.HaveLeft:
		fill(row, b.Pix[b.At-1])
	default:
		fill(row, 1<<(p.Depth-1)-1)
	}
}

// loadLeft gathers the corner and n samples to the left.
func (p *Predictor) loadLeft(b *Block, n int) {
	column := p.left[corner+1:][:n]
	p.left[corner] = p.cornerOf(b)
	switch {
	case b.HaveLeft:
		there := column[:min(n, b.Left)]
		at := b.At - 1
		for i := range there {
			there[i] = b.Pix[at]
			at += b.Stride
		}
		fill(column[len(there):], there[len(there)-1])
	case b.HaveAbove:
		fill(column, b.Pix[b.At-b.Stride])
	default:
		fill(column, 1<<(p.Depth-1)+1)
	}
}

func (p *Predictor) cornerOf(b *Block) uint16 {
	switch {
	case b.HaveAbove && b.HaveLeft:
		return b.Pix[b.At-b.Stride-1]
	case b.HaveAbove:
		return b.Pix[b.At-b.Stride]
	case b.HaveLeft:
		return b.Pix[b.At-1]
	default:
		return 1 << (p.Depth - 1)
	}
}

func fill(row []uint16, v uint16) {
	for i := range row {
		row[i] = v
	}
}

func (b *Block) fill(v uint16) {
	for y := range 1 << b.Log2H {
		fill(b.row(y), v)
	}
}

// average is the mean of the sides that there are. Section 7.11.2.5.
func (p *Predictor) average(b *Block) uint16 {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	sum, count := 0, 0
	if b.HaveAbove {
		p.loadAbove(b, w)
		for _, v := range p.above[corner+1:][:w] {
			sum += int(v)
		}
		count += w
	}
	if b.HaveLeft {
		p.loadLeft(b, h)
		for _, v := range p.left[corner+1:][:h] {
			sum += int(v)
		}
		count += h
	}
	if count == 0 {
		return 1 << (p.Depth - 1)
	}
	return uint16((sum + count/2) / count)
}

// weights are those of the smooth predictions, for 4, 8, 16, 32 and 64 samples
// from index 0, 4, 12, 28 and 60 on: Sm_Weights_Tx_4x4 and so on.
var weights = [124]uint8{
	255, 149, 85, 64,
	255, 197, 146, 105, 73, 50, 37, 32,
	255, 225, 196, 170, 145, 123, 102, 84, 68, 54, 43, 33, 26, 20, 17, 16,
	255, 240, 225, 210, 196, 182, 169, 157, 145, 133, 122, 111, 101, 92, 83, 74,
	66, 59, 52, 45, 39, 34, 29, 25, 21, 17, 14, 12, 10, 9, 8, 8,
	255, 248, 240, 233, 225, 218, 210, 203, 196, 189, 182, 176, 169, 163, 156, 150,
	144, 138, 133, 127, 121, 116, 111, 106, 101, 96, 91, 86, 82, 77, 73, 69,
	65, 61, 57, 54, 50, 47, 44, 41, 38, 35, 32, 29, 27, 25, 22, 20,
	18, 16, 15, 13, 12, 10, 9, 8, 7, 6, 6, 5, 5, 4, 4, 4,
}

func weightsOf(log2 int) []uint8 { return weights[1<<log2-4:][:1<<log2] }

// smooth weighs each side against the sample at its far end on the other side.
// Section 7.11.2.6.
func (p *Predictor) smooth(b *Block) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	above, left := p.above[corner+1:][:w], p.left[corner+1:][:h]
	right, below := int32(above[w-1]), int32(left[h-1])
	across := weightsOf(b.Log2W)[:w]
	for y, weight := range weightsOf(b.Log2H) {
		down, slope := int32(weight), int32(left[y])-right
		all := (256-down)*below + 256*right + 256
		row := b.row(y)[:w]
		for x := range row {
			row[x] = uint16((all + down*int32(above[x]) + slope*int32(across[x])) >> 9)
		}
	}
}

func (p *Predictor) smoothVertical(b *Block) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	above := p.above[corner+1:][:w]
	below := int32(p.left[corner+h])
	for y, weight := range weightsOf(b.Log2H) {
		down := int32(weight)
		all := (256-down)*below + 128
		row := b.row(y)[:w]
		for x := range row {
			row[x] = uint16((all + down*int32(above[x])) >> 8)
		}
	}
}

func (p *Predictor) smoothHorizontal(b *Block) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	right := int32(p.above[corner+w])
	across := weightsOf(b.Log2W)[:w]
	for y, v := range p.left[corner+1:][:h] {
		slope := int32(v) - right
		row := b.row(y)[:w]
		for x := range row {
			row[x] = uint16((256*right + 128 + slope*int32(across[x])) >> 8)
		}
	}
}

// paeth takes the one of three neighbors that is the closest to what a plane
// through them would have. Section 7.11.2.2.
func (p *Predictor) paeth(b *Block) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	above := p.above[corner+1:][:w]
	origin := int32(p.above[corner])
	for y, v := range p.left[corner+1:][:h] {
		left := int32(v)
		slope := left - origin
		toAbove := max(slope, -slope)
		row := b.row(y)[:w]
		for x := range row {
			up := int32(above[x])
			rise := up - origin
			toLeft := max(rise, -rise)
			rise += slope
			best, distance := origin, max(rise, -rise)
			if toAbove <= distance {
				best, distance = up, toAbove
			}
			if toLeft <= distance {
				best = left
			}
			row[x] = uint16(best)
		}
	}
}
