package av1

import "s3-thumbnail-creator/codec/av1/internal/intra"

// block is the block that is decoded.
type block struct {
	row, column int // in 4x4 blocks of luma
	size        blockSize
	wide, high  int     // in 4x4 blocks
	chroma      bool    // it has the chroma of its place
	above, left [2]bool // there are blocks in the tile, of luma and of chroma
	skip        bool    // no coefficients
	copied      bool    // use_intrabc
	vector      vector
	segment     int
	lossless    bool
	mode        intra.Mode
	angle       int
	chromaMode  intra.Mode
	chromaAngle int
	alpha       [2]int // of chroma that is predicted from luma
	filter      int    // filter_intra_mode, or noFilter
	palette     [2]int // number of colors, 0 for none
	colors      [3][8]uint16
	smooth      [2]bool       // neighbors are predicted smoothly, of luma and of chroma
	transform   transformSize // of luma
}

const (
	noFilter = -1
	// fromLuma is UV_CFL_PRED, a mode of chroma alone.
	fromLuma = intra.Paeth + 1
)

// decodeBlock decodes a block. Section 5.11.5.
func (t *tile) decodeBlock(row, column int, size blockSize) {
	if t.damaged {
		return
	}
	f := t.f
	b := &t.block
	log2 := blockLog2[size]
	*b = block{row: row, column: column, size: size, wide: 1 << log2[0], high: 1 << log2[1], filter: noFilter}
	shiftX, shiftY := f.seq.shiftX, f.seq.shiftY
	if f.numPlanes > 1 && shiftX > shiftY && b.high > b.wide {
		t.damaged = true // its chroma would be too narrow
		return
	}
	narrow, low := b.wide == 1 && shiftX == 1, b.high == 1 && shiftY == 1
	b.chroma = f.numPlanes > 1 && !(low && row&1 == 0) && !(narrow && column&1 == 0)
	b.above, b.left = [2]bool{row > t.top, row > t.top}, [2]bool{column > t.left, column > t.left}
	if low {
		b.above[1] = row-1 > t.top
	}
	if narrow {
		b.left[1] = column-1 > t.left
	}
	t.readModes(b)
	t.readPaletteMap(b)
	t.readTransformSizes(b)
	if b.skip {
		t.clearLevels(b)
	}
	b.smooth = t.besideSmooth(b)
	t.keepBlock(b)
	if b.copied {
		t.predictCopy(b)
	}
	t.reconstruct(b)
	f.keepForFilters(t, b)
}

// clearLevels says that a block has no coefficients.
func (t *tile) clearLevels(b *block) {
	for i := range t.f.numPlanes {
		if i > 0 && !b.chroma {
			return
		}
		p := &t.f.planes[i]
		at, y := b.column>>p.x, b.row&31>>p.y
		clear(t.f.above.levels[i][at : at+(b.wide+1<<p.x-1)>>p.x])
		clear(t.beside.levels[i][y : y+(b.high+1<<p.y-1)>>p.y])
	}
}

// keepBlock keeps what following blocks need of one.
func (t *tile) keepBlock(b *block) {
	f := t.f
	n := neighbor{size: b.size, mode: b.mode, skip: b.skip, copied: b.copied, palette: [2]uint8{uint8(b.palette[0]), uint8(b.palette[1])}}
	fill(f.above.blocks[b.column:][:b.wide], n)
	fill(t.beside.blocks[b.row&31:][:b.high], n)
	if b.chroma {
		smooth := isSmooth(b.chromaMode)
		fill(f.above.smooth[b.column:][:b.wide], smooth)
		fill(t.beside.smooth[b.row&31:][:b.high], smooth)
	}
	if f.head.screenContent {
		t.keepColors(b)
	}
	columns := f.head.columns
	at, wide, high := b.row*columns+b.column, min(b.wide, columns-b.column), min(b.high, f.head.rows-b.row)
	if f.segments != nil {
		fillRect(f.segments, at, columns, wide, high, uint8(b.segment))
	}
	if f.copies != nil {
		fillRect(f.copies, at, columns, wide, high, copied{b.vector, b.size, b.copied})
	}
}

func isSmooth(m intra.Mode) bool {
	return m == intra.Smooth || m == intra.SmoothVertical || m == intra.SmoothHorizontal
}
