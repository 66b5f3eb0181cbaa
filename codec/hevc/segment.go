package hevc

// cursor is the position of the next coding tree block, in blocks, and the
// bounds of its tile.
type cursor struct {
	x, y                     int
	left, top, right, bottom int
	tileX, tileY             int
}

// whole tells that all blocks were decoded.
func (f *frame) whole() bool { return f.cursor.y >= f.blocksY }

// enter moves the cursor to the first block of a tile.
func (f *frame) enter(tileX, tileY int) {
	c := &f.cursor
	c.tileX, c.tileY = tileX, tileY
	c.left, c.right = f.columns[tileX], f.columns[tileX+1]
	c.top, c.bottom = f.rows[tileY], f.rows[tileY+1]
	c.x, c.y = c.left, c.top
}

// advance moves the cursor behind the block that was decoded, and finishes the
// band if that was its last.
func (f *frame) advance() {
	c := &f.cursor
	if c.x++; c.x < c.right {
		return
	}
	c.x = c.left
	c.y++
	single := len(f.columns) == 2
	if single {
		f.finishBand()
	}
	if c.y < c.bottom {
		return
	}
	switch {
	case c.tileX+2 < len(f.columns):
		f.enter(c.tileX+1, c.tileY)
		return
	case c.tileY+2 < len(f.rows):
		f.enter(0, c.tileY+1)
	}
	if !single {
		f.finishBand()
	}
}

// decodeSegment decodes a slice segment, and reports whether all of it was
// there and in its place. ITU-T H.265, section 7.3.8.1.
func (f *frame) decodeSegment(s *slice, data []byte) bool {
	c := &f.cursor
	if s.segment != c.y*f.blocksX+c.x {
		return false // blocks before it are missing
	}
	f.slice = s
	f.data = data
	f.start(s.data)
	if !s.dependent {
		f.tree.groupFirst = true
		f.tree.chromaOffset = [3]int{}
		f.setQP(s.qp)
	}
	f.startModels(s.dependent)
	for {
		x, y := c.x, c.y
		f.decodeTreeBlock(x, y)
		if f.overrun() {
			return false
		}
		if f.pic.wavefront && x == c.left+1 {
			f.wavefront, f.wavefrontRice = f.models, f.rice
		}
		end := f.terminate()
		f.advance()
		if end || f.whole() {
			return true
		}
		if c.x == c.left && (c.y == c.top || f.pic.wavefront) {
			f.terminate() // end_of_subset_one_bit
			f.start(f.bytePos())
			f.startModels(false)
		}
	}
}

// startModels initializes the models at the beginning of a segment, tile or, with
// wavefronts, row of blocks. Section 9.3.1.
func (f *frame) startModels(dependent bool) {
	c := &f.cursor
	first := c.x == c.left && c.y == c.top
	newRow := f.pic.wavefront && c.x == c.left
	if first || newRow {
		f.tree.groupFirst = true
	}
	f.tree.blockX, f.tree.blockY = c.x, c.y
	switch {
	case first:
	case newRow:
		if f.together(c.x+1, c.y-1) {
			f.models, f.rice = f.wavefront, f.wavefrontRice
			return
		}
	case dependent:
		return // they go on from where the last segment ended
	}
	f.models.reset(f.slice.qp)
	f.rice = riceStats{}
}
