package hevc

import "s3-thumbnail-creator/codec/internal/bitfield"

// treeState is what the coding quadtree needs of the blocks before it.
type treeState struct {
	x, y   int // of the coding tree block, luma samples
	blockX int // the same in blocks
	blockY int

	// Whether the neighboring coding tree blocks are in the same slice and tile.
	left, up, upLeft, upRight bool
	// Whether the left and top edges of the block are filtered.
	filterLeft, filterTop bool

	depthAbove []uint8   // quadtree depth, of each 8 columns of the picture
	depthLeft  [8]uint8  // of each 8 rows of the coding tree block
	modeAbove  []uint8   // luma prediction mode of the latest block, of each 4 columns
	modeLeft   [16]uint8 // of each 4 rows of the coding tree block

	qp           int // of the current coding block
	lastQP       int // of the last coding block
	qpPredicted  int // for the quantization group
	qpDelta      int
	qpDeltaCoded bool
	groupFirst   bool // the next quantization group is the first of a slice, tile or row
	offsetCoded  bool // cu_chroma_qp_offset
	chromaOffset [3]int
	minGroup     int // log2 of the size of a quantization group
	minOffset    int // and of a chroma offset group
}

func (t *treeState) init(f *frame) {
	width := f.blocksX * f.size
	t.depthAbove = make([]uint8, width/8)
	t.modeAbove = make([]uint8, width/4)
	t.minGroup = f.seq.log2Tree - f.pic.qpDeltaDepth
	t.minOffset = f.seq.log2Tree - f.pic.offsetDepth
}

// startTreeBlock finds out about the neighbors of a coding tree block.
func (f *frame) startTreeBlock(x, y int) {
	t := &f.tree
	t.blockX, t.blockY = x, y
	t.x, t.y = x<<f.seq.log2Tree, y<<f.seq.log2Tree
	*f.block(x, y) = treeBlock{slice: f.slice}
	t.left, t.up = f.together(x-1, y), f.together(x, y-1)
	t.upLeft, t.upRight = f.together(x-1, y-1), f.together(x+1, y-1)
	t.filterLeft = x > 0 && f.filteredAcross(x-1, y)
	t.filterTop = y > 0 && f.filteredAcross(x, y-1)
}

// together tells whether a block is in the picture and in the slice and tile of
// the current block. It must be the left one or of the row above.
func (f *frame) together(x, y int) bool {
	if x < 0 || y < 0 || x >= f.blocksX {
		return false
	}
	s := f.block(x, y).slice
	return s != nil && s.address == f.slice.address && f.sameTile(x, y, f.tree.blockX, f.tree.blockY)
}

func (f *frame) sameTile(x0, y0, x1, y1 int) bool {
	return f.tileColumn[x0] == f.tileColumn[x1] && f.tileRow[y0] == f.tileRow[y1]
}

// filteredAcross tells whether the edge between the current coding tree block
// and the one to the left or above is deblocked.
func (f *frame) filteredAcross(x, y int) bool {
	s := f.block(x, y).slice
	return s != nil && (s.address == f.slice.address || f.slice.across) &&
		(f.pic.acrossTiles || f.sameTile(x, y, f.tree.blockX, f.tree.blockY))
}

// decodeTreeBlock decodes one coding tree block. Section 7.3.8.2.
func (f *frame) decodeTreeBlock(x, y int) {
	f.startTreeBlock(x, y)
	if f.slice.offsets[0] || f.slice.offsets[1] {
		f.parseOffsets(x, y)
	}
	f.codingTree(f.tree.x, f.tree.y, f.seq.log2Tree, 0)
}

// codingTree decodes a coding quadtree. Section 7.3.8.4.
func (f *frame) codingTree(x, y, log2 int, depth uint8) {
	t := &f.tree
	size := 1 << log2
	inside := x+size <= f.seq.width && y+size <= f.seq.height
	split := log2 > f.seq.log2MinCoding
	if split && inside {
		split = f.flag(ctxSplitCoding + f.deeperNeighbors(x, y, depth))
	}
	if f.pic.qpDelta && log2 >= t.minGroup {
		t.qpDeltaCoded, t.qpDelta = false, 0
		f.startGroup(x, y)
	}
	if f.slice.cuOffsets && log2 >= t.minOffset {
		t.offsetCoded = false
	}
	if !split {
		f.codingUnit(x, y, log2, depth)
		return
	}
	half := size / 2
	for i := range 4 {
		x, y := x+half*(i&1), y+half*(i>>1)
		if x < f.seq.width && y < f.seq.height {
			f.codingTree(x, y, log2-1, depth+1)
		}
	}
}

// deeperNeighbors counts the neighbors that are split further than depth.
func (f *frame) deeperNeighbors(x, y int, depth uint8) (n uint8) {
	t := &f.tree
	if (t.left || x > t.x) && t.depthLeft[(y-t.y)>>3] > depth {
		n++
	}
	if (t.up || y > t.y) && t.depthAbove[x>>3] > depth {
		n++
	}
	return n
}

// startGroup predicts the quantizer of a quantization group. Section 8.6.1.
func (f *frame) startGroup(x, y int) {
	t := &f.tree
	previous := t.lastQP
	if t.groupFirst {
		previous = f.slice.qp
	}
	left, above := previous, previous
	if x > t.x {
		left = int(f.qps[f.index8(x-1, y)])
	}
	if y > t.y {
		above = int(f.qps[f.index8(x, y-1)])
	}
	t.qpPredicted = (left + above + 1) >> 1
	f.setQP(t.qpPredicted)
}

// index8 is the index of the 8x8 block at a luma position.
func (f *frame) index8(x, y int) int { return (y-f.base)>>3*f.stride8 + x>>3 }

// codingUnit decodes a coding unit. Section 7.3.8.5.
func (f *frame) codingUnit(x, y, log2 int, depth uint8) {
	t, u := &f.tree, &f.unit
	u.bypass = f.pic.bypass && f.flag(ctxBypass)
	u.x, u.y, u.quarters = x, y, false
	if log2 == f.seq.log2MinCoding {
		u.quarters = !f.flag(ctxPartMode)
	}
	pcm := false
	if !u.quarters && f.seq.pcm && log2 >= f.seq.log2MinPCM && log2 <= f.seq.log2MaxPCM {
		pcm = f.terminate()
	}
	if pcm {
		f.setModes(x, y, log2, modeDC)
		f.decodePCM(x, y, log2)
	} else {
		f.parseModes(x, y, log2)
		u.maxDepth = f.seq.depthIntra
		if u.quarters {
			u.maxDepth++
		}
		f.transformTree(transformNode{x: x, y: y, baseX: x, baseY: y, log2: log2})
	}
	for i := range 1 << log2 >> 3 {
		t.depthLeft[(y-t.y)>>3+i] = depth
		t.depthAbove[x>>3+i] = depth
	}
	f.fillQP(x, y, log2)
	t.lastQP, t.groupFirst = t.qp, false
	if u.bypass || pcm && f.seq.pcmUnfiltered {
		f.keep(x, y, log2)
	}
}

// fillQP records the quantizer of a coding block.
func (f *frame) fillQP(x, y, log2 int) {
	n := 1 << log2 >> 3
	qp := int8(f.tree.qp)
	for i := range n {
		row := f.qps[f.index8(x, y+8*i):][:n]
		for j := range row {
			row[j] = qp
		}
	}
}

// keep records that the filters must not change a coding block.
func (f *frame) keep(x, y, log2 int) {
	f.unchanged = true
	n := 1 << log2 >> 3
	for i := range n {
		row := f.kept[f.index8(x, y+8*i):][:n]
		for j := range row {
			row[j] = true
		}
	}
}

// markEdges records the left and top edges of a transform block of luma.
// Section 8.7.2.3.
func (f *frame) markEdges(x, y, log2 int) {
	if !f.filter || f.slice.deblock.disabled {
		return
	}
	t := &f.tree
	n := 1 << log2 >> 2
	at := (y-f.base)>>2*f.side4 + x>>2
	if x&7 == 0 && (x > t.x || t.filterLeft) {
		for i := range n {
			f.sides[at+i*f.side4] |= sideLeft
		}
	}
	if y&7 == 0 && (y > t.y || t.filterTop) {
		row := f.sides[at : at+n]
		for i := range row {
			row[i] |= sideTop
		}
	}
}

// decodePCM reads the samples of a coding block that are not compressed.
// Section 7.3.8.7.
func (f *frame) decodePCM(x, y, log2 int) {
	b := &bitReader{bitfield.Reader{Data: f.data, At: 8 * f.bytePos()}}
	for i := range f.numPlanes {
		p := &f.planes[i]
		coded := f.seq.pcmDepth[i]
		shift := p.depth - coded
		for row := range 1 << log2 >> p.y {
			out := p.pix[f.at(p, x, y)+row*p.stride:][:1<<log2>>p.x]
			for j := range out {
				out[j] = uint16(b.Take(coded)) << shift
			}
		}
	}
	f.markEdges(x, y, log2)
	f.start(b.Align())
}
