package vp8

import (
	"encoding/binary"
	"sync"
)

// block is a quantized block.
type block struct {
	levels [16]int16 // in zigzag order
	end    int       // position after the last level that is not zero
	ctx    int       // how many of the neighbors have coefficients
}

// lumaChoice is a way to code the luma of a macroblock.
type lumaChoice struct {
	score   int64 // squared error and cost of the bits, see encoder.score
	mode    uint8
	modes   [16]uint8 // of the subblocks
	y2      block
	blocks  [16]block
	pixels  [256]byte // what is decoded
	empty   bool      // no coefficients
	nzAbove [4]uint8  // contexts that are left to the macroblocks below
	nzLeft  [4]uint8  // and to the right
	nzY2    uint8
}

// chromaChoice is a way to code the chroma.
type chromaChoice struct {
	mode         uint8
	blocks       [8]block // four of U, four of V
	empty        bool
	nzU, nzV     [2]uint8
	leftU, leftV [2]uint8
}

// score weighs a squared error against what bits cost, in 1/4096.
func (e *encoder) score(squares, cost int) int64 {
	return int64(squares)<<12 + e.lambda*int64(cost)
}

// Costs of the modes of whole macroblocks and of chroma (RFC 6386 section 11.2
// and 11.4).
var modeCosts = sync.OnceValue(func() (t struct {
	whole, chroma [4]int
	subblocks     int
	sub           [numModes][numModes][numModes]uint16 // by mode above and to the left
}) {
	t.subblocks = costOf(false, 145)
	t.whole[modeDC] = costOf(true, 145) + costOf(false, 156) + costOf(false, 163)
	t.whole[modeVE] = costOf(true, 145) + costOf(false, 156) + costOf(true, 163)
	t.whole[modeHE] = costOf(true, 145) + costOf(true, 156) + costOf(false, 128)
	t.whole[modeTM] = costOf(true, 145) + costOf(true, 156) + costOf(true, 128)
	t.chroma[modeDC] = costOf(false, 142)
	t.chroma[modeVE] = costOf(true, 142) + costOf(false, 114)
	t.chroma[modeHE] = costOf(true, 142) + costOf(true, 114) + costOf(false, 183)
	t.chroma[modeTM] = costOf(true, 142) + costOf(true, 114) + costOf(true, 183)
	for above := range t.sub {
		for left := range t.sub[above] {
			for mode := range t.sub[above][left] {
				cost := 0
				walkSubblockMode(uint8(mode), &subblockModeProbs[above][left], func(bit bool, prob uint8) {
					cost += costOf(bit, prob)
				})
				t.sub[above][left][mode] = uint16(cost)
			}
		}
	}
	return t
})

// candidates is how many of the ten modes of a subblock are tried to the end,
// and wholeCandidates that of the four of a macroblock and of chroma. The others
// are left out because their predictions are further from the picture.
const (
	candidates      = 4
	wholeCandidates = 2
)

// ranking orders modes by a score, the lowest first.
type ranking struct {
	modes  [numModes]uint8
	scores [numModes]int64
	n      int
}

func (r *ranking) add(mode uint8, score int64) {
	i := r.n
	for ; i > 0 && r.scores[i-1] > score; i-- {
		r.scores[i], r.modes[i] = r.scores[i-1], r.modes[i-1]
	}
	r.scores[i], r.modes[i] = score, mode
	r.n++
}

// chooseWhole finds the best way to predict luma as a whole.
func (e *encoder) chooseWhole(c *column, hasLeft, hasTop bool) {
	costs := modeCosts()
	var rank ranking
	for mode := range uint8(4) {
		e.work.predictLuma(mode, hasTop, hasLeft)
		rank.add(mode, e.score(squaredError(&e.original, &e.work, yAt, 16), costs.whole[mode]))
	}
	e.whole.score = 1 << 62
	for _, mode := range rank.modes[:wholeCandidates] {
		t := lumaChoice{mode: mode}
		e.work.predictLuma(mode, hasTop, hasLeft)
		cost := costs.whole[mode] + e.codeWhole(&t, c)
		squares := squaredError(&e.original, &e.work, yAt, 16)
		t.score = e.score(squares, cost)
		if t.score < e.whole.score {
			for i := range t.modes {
				t.modes[i] = mode
			}
			e.whole = t
			e.fetch(&e.whole.pixels)
		}
	}
}

// fetch copies luma from the workspace.
func (e *encoder) fetch(pixels *[256]byte) {
	for i := range 16 {
		copy(pixels[16*i:16*i+16], e.work[yAt+i*stride:])
	}
}

// codeWhole quantizes what the prediction in the workspace leaves, adds what is
// decoded of that, and returns the cost of the tokens.
func (e *encoder) codeWhole(t *lumaChoice, c *column) (cost int) {
	var coeffs [16][16]int32
	var dc, dcOut [16]int32
	for i, at := range subblockAt {
		forwardDCT(e.original[at:], e.work[at:], &coeffs[i])
		dc[i] = coeffs[i][0]
	}
	forwardWHT(&dc, &dcOut)
	var y2 [16]int16
	t.y2.ctx = int(c.nzY2 + e.left.y2)
	t.y2.end = e.y2.quantize(&dcOut, &t.y2.levels, &y2, 0)
	cost = e.coder.cost(typeY2, t.y2.ctx, &t.y2.levels, 0, t.y2.end)
	t.nzY2 = uint8(min(t.y2.end, 1))
	t.empty = t.y2.end == 0

	var out [16][16]int16
	t.nzAbove, t.nzLeft = c.nzY, e.left.y
	for i := range coeffs {
		b := &t.blocks[i]
		b.ctx = int(t.nzAbove[i&3] + t.nzLeft[i>>2])
		b.end = e.y1.quantize(&coeffs[i], &b.levels, &out[i], 1)
		cost += e.coder.cost(typeY1AfterY2, b.ctx, &b.levels, 1, b.end)
		nz := uint8(0)
		if b.end > 1 {
			nz = 1
			t.empty = false
		} else {
			b.end = 0
		}
		t.nzAbove[i&3], t.nzLeft[i>>2] = nz, nz
	}
	inverseWHT(&y2, &out)
	for i, at := range subblockAt {
		e.work.addBlock(&out[i], uint8(t.blocks[i].end), at)
	}
	return cost
}

// chooseSubblocks finds the best prediction of each subblock. It gives up when
// that is worse than what chooseWhole has found.
func (e *encoder) chooseSubblocks(c *column) {
	t := &e.sub
	costs := modeCosts()
	t.score = e.score(0, costs.subblocks)
	t.empty = true
	t.nzAbove, t.nzLeft = c.nzY, e.left.y
	above, left := c.modes, e.left.modes
	for i, at := range subblockAt {
		x, y := i&3, i>>2
		b := &t.blocks[i]
		ctx := int(t.nzAbove[x] + t.nzLeft[y])
		mode, score := e.chooseSubblock(b, at, ctx, &costs.sub[above[x]][left[y]])
		t.modes[i], above[x], left[y] = mode, mode, mode
		nz := uint8(min(b.end, 1))
		t.nzAbove[x], t.nzLeft[y] = nz, nz
		t.empty = t.empty && b.end == 0
		t.score += score
		if t.score >= e.whole.score {
			t.score = 1 << 62
			return
		}
	}
	e.fetch(&t.pixels)
}

// chooseSubblock finds the best mode of the subblock at at, writes what it
// decodes to into the workspace and its levels into b.
func (e *encoder) chooseSubblock(b *block, at, ctx int, costs *[numModes]uint16) (mode uint8, best int64) {
	w := &e.work
	best = 1 << 62
	var pixels [4]uint32
	var rank ranking
	for m := range uint8(numModes) {
		w.predictSubblock(at, m)
		rank.add(m, e.score(squaredError(&e.original, w, at, 4), int(costs[m])))
	}
	for _, m := range rank.modes[:candidates] {
		w.predictSubblock(at, m)
		t := block{ctx: ctx}
		var coeffs [16]int32
		var out [16]int16
		forwardDCT(e.original[at:], w[at:], &coeffs)
		t.end = e.y1.quantize(&coeffs, &t.levels, &out, 0)
		w.addBlock(&out, uint8(t.end), at)
		squares := squaredError(&e.original, w, at, 4)
		score := e.score(squares, int(costs[m])+e.coder.cost(typeY1, ctx, &t.levels, 0, t.end))
		if score < best {
			best, mode, *b = score, m, t
			for i := range pixels {
				pixels[i] = binary.LittleEndian.Uint32(w[at+i*stride:])
			}
		}
	}
	w.rows4(at, pixels[0], pixels[1], pixels[2], pixels[3])
	return mode, best
}

// chooseChroma finds the best prediction of chroma and leaves what it decodes to
// in the workspace.
func (e *encoder) chooseChroma(c *column, hasLeft, hasTop bool) {
	best := int64(1 << 62)
	costs := modeCosts()
	var rank ranking
	for mode := range uint8(4) {
		e.work.predictChroma(uAt, mode, hasTop, hasLeft)
		e.work.predictChroma(vAt, mode, hasTop, hasLeft)
		squares := squaredError(&e.original, &e.work, uAt, 8) + squaredError(&e.original, &e.work, vAt, 8)
		rank.add(mode, e.score(squares, costs.chroma[mode]))
	}
	var kept workspace
	for _, mode := range rank.modes[:wholeCandidates] {
		t := chromaChoice{
			mode: mode, empty: true,
			nzU: c.nzU, nzV: c.nzV, leftU: e.left.u, leftV: e.left.v,
		}
		cost := costs.chroma[mode]
		squares := 0
		e.work.predictChroma(uAt, mode, hasTop, hasLeft)
		cost += e.codeChroma(&t, t.blocks[:4], uAt, &t.nzU, &t.leftU)
		squares += squaredError(&e.original, &e.work, uAt, 8)
		e.work.predictChroma(vAt, mode, hasTop, hasLeft)
		cost += e.codeChroma(&t, t.blocks[4:], vAt, &t.nzV, &t.leftV)
		squares += squaredError(&e.original, &e.work, vAt, 8)
		if s := e.score(squares, cost); s < best {
			best = s
			e.chroma = t
			copy(kept[uAt:], e.work[uAt:])
		}
	}
	copy(e.work[uAt:], kept[uAt:])
}

// codeChroma is codeWhole for the chroma plane at at.
func (e *encoder) codeChroma(t *chromaChoice, blocks []block, at int, above, left *[2]uint8) (cost int) {
	for i := range blocks {
		b := &blocks[i]
		x, y := i&1, i>>1
		place := at + 4*x + 4*y*stride
		var coeffs [16]int32
		var out [16]int16
		forwardDCT(e.original[place:], e.work[place:], &coeffs)
		b.ctx = int(above[x] + left[y])
		b.end = e.uv.quantize(&coeffs, &b.levels, &out, 0)
		cost += e.coder.cost(typeUV, b.ctx, &b.levels, 0, b.end)
		nz := uint8(min(b.end, 1))
		above[x], left[y] = nz, nz
		t.empty = t.empty && b.end == 0
		e.work.addBlock(&out, uint8(b.end), place)
	}
	return cost
}

// squaredError sums the squared differences of size x size pixels at at.
func squaredError(a, b *workspace, at, size int) int {
	sum := int32(0)
	for range size {
		p, q := a[at:at+size], b[at:at+size]
		q = q[:len(p)]
		for i, v := range p {
			d := int32(v) - int32(q[i])
			sum += d * d
		}
		at += stride
	}
	return int(sum)
}
