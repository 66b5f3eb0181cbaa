package hevc

import "s3-thumbnail-creator/codec/internal/planar"

// frame is the state of decoding one picture.
//
// Coding tree blocks are decoded in bands: a row of them, or a row of tiles
// where there are several columns of tiles. Samples are kept in a window of one
// band and a few rows above it, which the filters of the band still change.
type frame struct {
	seq   *sequenceSet
	pic   *pictureSet
	lists *scalingLists // nil where all weights are 16
	cabac
	slice         *slice
	wavefront     contexts // the models behind the second block of the row above
	rice          riceStats
	wavefrontRice riceStats

	planes     [3]plane
	numPlanes  int
	columns    []int // where tiles begin, in coding tree blocks, and the end
	rows       []int
	tileColumn []uint16 // of each column of coding tree blocks
	tileRow    []uint16
	blocksX    int // coding tree blocks in a row
	blocksY    int
	size       int // of a coding tree block, luma samples

	bandTop, bandBottom int // luma rows of the band
	base                int // the luma row that the window begins with
	windowRows          int
	ring                []treeBlock // of the band and the row of blocks above
	ringRows            int

	filter    bool     // the filters are applied
	unchanged bool     // some blocks are PCM or lossless and not to be filtered
	sides     []uint8  // of each 4x4 block of the window: sideLeft, sideTop
	side4     int      // blocks in a row of sides
	qps       []int8   // of each 8x8 block of the window
	kept      []bool   // of each 8x8 block: not to be filtered
	stride8   int      // blocks in a row of qps and kept
	next      int      // the first luma row that was not passed on
	out       [3]plane // rows behind the sample adaptive offset
	emit      func(*planar.Band)
	band      planar.Band

	cursor cursor
	tree   treeState
	unit   unitState
}

// history is how many luma rows of the window are above the band: what the
// filters of a band look at, in whole blocks of 8.
const history = 16

// lag is how many of the last luma rows of a band may be changed by filters of
// the next: the deblocking filter changes three, and the sample adaptive offset
// looks one further; in whole blocks of 8.
const lag = 8

// Sides of a 4x4 block that are edges of transform blocks to be filtered.
const (
	sideLeft = 1
	sideTop  = 2
)

// plane is the window of one component.
type plane struct {
	pix    []uint16
	stride int
	x, y   uint     // by how much it is smaller than luma, as shifts
	above  []uint16 // the row above the band, before it was filtered
	depth  int
}

// treeBlock is what later blocks and the filters need of a coding tree block.
type treeBlock struct {
	slice  *slice
	offset [3]offsetParams
}

func newFrame(seq *sequenceSet, pic *pictureSet, filter bool, emit func(*planar.Band)) (f *frame, err error) {
	f = &frame{seq: seq, pic: pic, filter: filter, emit: emit, size: 1 << seq.log2Tree, numPlanes: 3}
	if seq.lists != nil {
		f.lists = seq.lists
		if pic.lists != nil {
			f.lists = pic.lists
		}
	}
	if seq.chroma == 0 {
		f.numPlanes = 1
	}
	f.blocksX = (seq.width + f.size - 1) >> seq.log2Tree
	f.blocksY = (seq.height + f.size - 1) >> seq.log2Tree
	if f.columns, err = bounds(pic.numColumns, pic.columns, f.blocksX); err != nil {
		return nil, err
	}
	if f.rows, err = bounds(pic.numRows, pic.rows, f.blocksY); err != nil {
		return nil, err
	}
	f.tileColumn, f.tileRow = indexOf(f.columns), indexOf(f.rows)
	f.allocate()
	f.enter(0, 0)
	return f, nil
}

// indexOf returns the tile of each block.
func indexOf(bounds []int) []uint16 {
	tiles := make([]uint16, bounds[len(bounds)-1])
	for i := range len(bounds) - 1 {
		for j := bounds[i]; j < bounds[i+1]; j++ {
			tiles[j] = uint16(i)
		}
	}
	return tiles
}

// bandBlocks is the height of the highest band in coding tree blocks.
func (f *frame) bandBlocks() int {
	most := 1
	if len(f.columns) > 2 {
		for i := range len(f.rows) - 1 {
			most = max(most, f.rows[i+1]-f.rows[i])
		}
	}
	return most
}

func (f *frame) allocate() {
	f.ringRows = f.bandBlocks() + 1
	f.ring = make([]treeBlock, f.ringRows*f.blocksX)
	f.windowRows = history + f.bandBlocks()*f.size
	width := f.blocksX * f.size
	sx, sy := planar.Subsampling(f.seq.chroma)
	for i := range f.numPlanes {
		p := &f.planes[i]
		p.depth = f.seq.depth[i]
		if i > 0 {
			p.x, p.y = sx, sy
		}
		p.stride = width >> p.x
		p.pix = make([]uint16, f.windowRows>>p.y*p.stride)
		p.above = make([]uint16, p.stride)
		f.out[i] = *p
		if f.filter && f.seq.offsets {
			f.out[i].pix = make([]uint16, len(p.pix))
		}
	}
	f.side4, f.stride8 = width/4, width/8
	f.sides = make([]uint8, f.windowRows/4*f.side4)
	f.qps = make([]int8, f.windowRows/8*f.stride8)
	f.kept = make([]bool, len(f.qps))
	f.tree.init(f)
	f.startBand(0)
}

// windowMemory estimates what allocate takes, in bytes.
func windowMemory(seq *sequenceSet, bandBlocks int, filter bool) int64 {
	rows, width := int64(history+bandBlocks<<seq.log2Tree), int64(seq.width+63)
	x, y := planar.Subsampling(seq.chroma)
	samples := rows * width
	if seq.chroma != 0 {
		samples += 2 * samples >> (x + y)
	}
	m := 2*samples + rows*width/8
	if filter && seq.offsets {
		m += 2 * samples
	}
	return m
}

// at returns the index of the sample of a plane at a luma position.
func (f *frame) at(p *plane, x, y int) int {
	return (y-f.base)>>p.y*p.stride + x>>p.x
}

// block returns the record of a coding tree block.
func (f *frame) block(x, y int) *treeBlock {
	return &f.ring[y%f.ringRows*f.blocksX+x]
}

// startBand makes the window one for the band that begins at luma row top.
func (f *frame) startBand(top int) {
	f.bandTop = top
	f.base = top - history
	f.bandBottom = top + f.size
	if len(f.columns) > 2 {
		f.bandBottom = f.rows[f.tileRow[top>>f.seq.log2Tree]+1] << f.seq.log2Tree
	}
	f.bandBottom = min(f.bandBottom, f.seq.height)
}

// finishBand filters the band, passes on the rows that are complete, and moves
// the window down.
func (f *frame) finishBand() {
	for i := range f.numPlanes {
		p := &f.planes[i]
		copy(p.above, p.pix[f.at(p, 0, f.bandBottom-1):][:p.stride])
	}
	ready := f.bandBottom
	if f.filter {
		f.deblockBand()
		if ready < f.seq.height {
			ready -= lag
		}
		f.offsetRows(f.next, ready)
	}
	f.pass(ready)
	if f.bandBottom >= f.seq.height {
		return
	}
	f.slide()
	f.startBand(f.bandBottom)
}

// slide moves the last rows of the band to the top of the window.
func (f *frame) slide() {
	from := f.bandBottom - f.base - history
	for i := range f.numPlanes {
		p := &f.planes[i]
		rows := history >> p.y
		copy(p.pix[:rows*p.stride], p.pix[from>>p.y*p.stride:])
	}
	if !f.filter {
		return
	}
	copy(f.qps[:history/8*f.stride8], f.qps[from/8*f.stride8:])
	copy(f.kept[:history/8*f.stride8], f.kept[from/8*f.stride8:])
	clear(f.kept[history/8*f.stride8:])
	clear(f.sides)
}

// flush passes on what the filters of a next band would change, when there is
// none because the data ended.
func (f *frame) flush() {
	if f.bandTop > f.next {
		f.offsetRows(f.next, f.bandTop)
		f.pass(f.bandTop)
	}
}

// pass passes on the rows up to end.
func (f *frame) pass(end int) {
	c := &f.seq.crop
	from, to := max(f.next, c.top), min(end, f.seq.height-c.bottom)
	f.next = end
	if from >= to {
		return
	}
	f.band.Y, f.band.Rows = from-c.top, to-from
	for i := range f.numPlanes {
		p := &f.out[i]
		if !f.filter || !f.seq.offsets {
			p = &f.planes[i]
		}
		f.band.Planes[i] = planar.Plane{Pix: p.pix[f.at(p, c.left, from):], Stride: p.stride}
	}
	f.emit(&f.band)
}
