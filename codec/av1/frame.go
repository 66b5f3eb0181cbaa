package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/loop"
	"s3-thumbnail-creator/codec/internal/planar"
)

// frame is the state of decoding one picture.
//
// Superblocks are decoded row by row, in all tiles side by side. Where no filter
// follows, samples are kept in a window of one row of superblocks; a picture that
// is filtered, or whose blocks are copied from elsewhere in it, is kept whole.
type frame struct {
	seq  *sequence
	head header
	scratch

	planes         [3]plane
	numPlanes      int
	superblock     int // its side, in 4x4 blocks
	superblockLog2 int
	columns, rows  int // of superblocks
	whole          bool
	filter         bool
	above          side
	segments       []uint8  // of each 4x4 block, where there are segments
	copies         []copied // of each 4x4 block, where blocks may be copied
	matrices       matrices
	strengths      []int8 // of each square of 64x64: cdef_idx, -1 where there is none
	restoration    [3]loop.Restoration
	unitRows       [3]int
	filters        filterState
	tiles          []tile
	upscaled       [3][]uint16 // rows of a band after super-resolution
	emit           func(*planar.Band)
}

// plane is one component of the picture, or a window of it: from row top on, below
// one more row.
type plane struct {
	pix    []uint16
	stride int
	top    int
	x, y   uint // by how much it is smaller than luma, as shifts
}

// at returns the index of a sample.
func (p *plane) at(x, y int) int { return (y-p.top+1)*p.stride + x }

func newFrame(s *sequence, h *header, filter bool, emit func(*planar.Band)) *frame {
	f := &frame{seq: s, head: *h, numPlanes: s.planes(), emit: emit}
	f.superblockLog2 = s.superblockLog2()
	f.superblock = 1 << f.superblockLog2
	f.columns = (h.columns + f.superblock - 1) >> f.superblockLog2
	f.rows = (h.rows + f.superblock - 1) >> f.superblockLog2
	f.filter = filter && h.filtered()
	f.whole = f.filter || h.blockCopy
	f.predictor.Depth, f.predictor.EdgeFilter = s.depth, s.edgeFilter
	f.matrices.levels = h.quantizer.levels
	if !h.quantizer.matrices {
		f.matrices.levels = [3]int{noMatrix, noMatrix, noMatrix}
	}
	f.allocate()
	return f
}

func (f *frame) allocate() {
	rows := f.superblock
	if f.whole {
		rows = f.rows << f.superblockLog2
	}
	columns := f.columns << f.superblockLog2
	for i := range f.numPlanes {
		p := &f.planes[i]
		if i > 0 {
			p.x, p.y = f.seq.shiftX, f.seq.shiftY
		}
		p.stride = 4 * columns >> p.x
		p.pix = make([]uint16, (4*rows>>p.y+1)*p.stride)
		if f.head.upscaled != f.head.width && !f.filter {
			f.upscaled[i] = make([]uint16, (f.head.upscaled+1<<p.x-1)>>p.x*4*f.superblock>>p.y)
		}
	}
	f.above = newSide(columns, f.head.screenContent)
	if f.head.segments.enabled {
		f.segments = make([]uint8, f.head.rows*f.head.columns)
	}
	if f.head.blockCopy {
		f.copies = make([]copied, f.head.rows*f.head.columns)
	}
	f.strengths = make([]int8, ((f.head.columns+15)>>4)*((f.head.rows+15)>>4))
	f.allocateRestoration()
	if f.filter {
		f.filters.allocate(f)
	}
	f.tiles = make([]tile, len(f.head.tiles.columns)-1)
}

// allocateRestoration makes the restoration units. Section 5.11.57.
func (f *frame) allocateRestoration() {
	for i := range f.numPlanes {
		if f.head.restore.kind[i] == restoreNone {
			continue
		}
		p, r := &f.planes[i], &f.restoration[i]
		r.UnitSize = 1 << f.head.restore.unit[i]
		f.unitRows[i] = r.Count((f.head.height + 1<<p.y - 1) >> p.y)
		r.Units = make([]loop.Unit, f.unitRows[i]*r.Count((f.head.upscaled+1<<p.x-1)>>p.x))
	}
}

// strengthAt returns the index of the strength for a 4x4 block.
func (f *frame) strengthAt(row, column int) int {
	return row>>4*((f.head.columns+15)>>4) + column>>4
}

// resetCDEF begins a superblock. Section 5.11.55.
func (f *frame) resetCDEF(row, column int) {
	for y := row; y < min(row+f.superblock, f.head.rows); y += 16 {
		for x := column; x < min(column+f.superblock, f.head.columns); x += 16 {
			f.strengths[f.strengthAt(y, x)] = -1
		}
	}
}

// decode decodes all tiles. It returns the number of luma rows that are whole.
func (f *frame) decode(data []tileData) (rows int) {
	tiles := &f.head.tiles
	columns := len(tiles.columns) - 1
	for tileRow := range len(tiles.rows) - 1 {
		f.above.reset(0, len(f.above.blocks))
		for i := range f.tiles {
			f.tiles[i].start(f, data[tileRow*columns+i], i, tileRow)
		}
		for row := tiles.rows[tileRow]; row < tiles.rows[tileRow+1]; row += f.superblock {
			for i := range f.tiles {
				if !f.tiles[i].decodeRow(row) {
					return 4 * row
				}
			}
			if !f.whole {
				f.pass(row)
			}
		}
	}
	return f.head.height
}

// pass passes on the row of superblocks that the window has, and moves the
// window down.
func (f *frame) pass(row int) {
	f.passRows(4*row, min(4*f.superblock, f.head.height-4*row))
	for i := range f.numPlanes {
		p := &f.planes[i]
		high := 4 * f.superblock >> p.y
		copy(p.pix[:p.stride], p.pix[high*p.stride:])
		p.top += high
	}
}

// passRows passes on rows of luma, and those of chroma that belong to them, as
// wide as the picture.
func (f *frame) passRows(y, rows int) {
	b := planar.Band{Y: y, Rows: rows}
	for i := range f.numPlanes {
		p := &f.planes[i]
		pix := p.pix[p.at(0, y>>p.y):]
		b.Planes[i] = planar.Plane{Pix: pix, Stride: p.stride}
		if f.upscaled[i] == nil {
			continue
		}
		width, wide := (f.head.width+1<<p.x-1)>>p.x, (f.head.upscaled+1<<p.x-1)>>p.x
		b.Planes[i] = planar.Plane{Pix: f.upscaled[i], Stride: wide}
		for j := range (rows + 1<<p.y - 1) >> p.y {
			loop.Upscale(f.upscaled[i][j*wide:][:wide], pix[j*p.stride:][:4*f.head.columns>>p.x], width, f.seq.depth)
		}
	}
	f.emit(&b)
}
