package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/grain"
	"s3-thumbnail-creator/codec/av1/internal/loop"
	"s3-thumbnail-creator/codec/internal/planar"
)

// filterState is what the loop filters need of the blocks.
type filterState struct {
	sizes    [3][]uint8 // logarithms of the transforms, of 4x4 blocks of each plane
	levels   [3][]uint8 // strengths of the deblocking filter: luma across vertical edges and chroma
	levels2  []uint8    // and luma across horizontal edges
	skipped  []bool     // of 8x8 blocks
	stride   [3]int
	deblocks [3]bool
}

func (s *filterState) allocate(f *frame) {
	levels := &f.head.deblock.levels
	any := levels[0] > 0 || levels[1] > 0
	s.deblocks = [3]bool{any, any && levels[2] > 0, any && levels[3] > 0}
	for i := range f.numPlanes {
		p := &f.planes[i]
		s.stride[i] = f.columns << f.superblockLog2 >> p.x
		n := s.stride[i] * (f.rows << f.superblockLog2 >> p.y)
		s.sizes[i], s.levels[i] = make([]uint8, n), make([]uint8, n)
	}
	s.levels2 = make([]uint8, len(s.levels[0]))
	s.skipped = make([]bool, f.head.columns/2*(f.head.rows/2))
	fill(s.skipped, true)
}

// filtered tells whether any filter or grain changes the picture.
func (h *header) filtered() bool {
	return h.deblock.levels[0] > 0 || h.deblock.levels[1] > 0 || h.restore.any || h.cdef.any() || h.grain != nil
}

// any tells whether the directional filter changes the picture.
func (c *cdefParams) any() bool {
	return c.bits > 0 || c.luma[0] != strength{} || c.chroma[0] != strength{}
}

// keepTransform keeps the size of a transform; x and y are in 4x4 blocks of the
// plane.
func (f *frame) keepTransform(plane, x, y int, size transformSize) {
	s := &f.filters
	w, h := size.w-2, size.h-2
	fillRect(s.sizes[plane], y*s.stride[plane]+x, s.stride[plane], 1<<w, 1<<h, w|h<<4)
}

// keepForFilters keeps what the filters need of a block.
func (f *frame) keepForFilters(t *tile, b *block) {
	if !f.filter {
		return
	}
	s := &f.filters
	if !b.skip {
		columns := f.head.columns / 2
		for row := b.row / 2; row < min((b.row+b.high+1)/2, f.head.rows/2); row++ {
			clear(s.skipped[row*columns+b.column/2 : row*columns+min((b.column+b.wide+1)/2, columns)])
		}
	}
	for i := range f.numPlanes {
		if !s.deblocks[i] || i > 0 && !b.chroma {
			continue
		}
		p := &f.planes[i]
		wide, high := max(b.wide>>p.x, 1), max(b.high>>p.y, 1)
		at := b.row>>p.y*s.stride[i] + b.column>>p.x
		kind := 0
		if i > 0 {
			kind = i + 1
		}
		fillRect(s.levels[i], at, s.stride[i], wide, high, t.level(b, kind))
		if i == 0 {
			fillRect(s.levels2, at, s.stride[i], wide, high, t.level(b, 1))
		}
	}
}

// level is the strength of the deblocking filter in a block, for luma across
// vertical and horizontal edges, U and V. Section 7.14.4.
func (t *tile) level(b *block, kind int) uint8 {
	h := &t.f.head
	clip := func(v int) int { return min(max(v, 0), maxLevel) }
	v := h.deblock.levels[kind]
	if h.deltaLF {
		delta := t.delta[0]
		if h.deltaLFMulti {
			delta = t.delta[kind]
		}
		v = clip(v + delta)
	}
	if s := &h.segments; s.active[b.segment][featureLevel+kind] {
		v = clip(v + s.value[b.segment][featureLevel+kind])
	}
	if h.deblock.deltas {
		v = clip(v + h.deblock.intraDelta<<(v>>5))
	}
	return uint8(v)
}

// finish filters the rows of a picture that were decoded and passes them on. It
// returns how many there are: fewer where what follows would still change some.
func (f *frame) finish(decoded int) (rows int) {
	s, h := &f.filters, &f.head
	bottom, last := h.rows, decoded
	if decoded < h.height {
		const lag = 8 // rows that what follows would change
		bottom, last = decoded/4, decoded-lag
	}
	out := loop.Frame{
		Depth: f.seq.depth, SubX: int(f.seq.shiftX), SubY: int(f.seq.shiftY),
		Width: h.width, Height: decoded, UpscaledWidth: h.upscaled, MiCols: h.columns, MiRows: bottom,
		Restoration: f.restoration,
	}
	for i := range f.numPlanes {
		p := &f.planes[i]
		out.Planes = append(out.Planes, planar.Plane{Pix: p.pix[p.at(0, 0):], Stride: p.stride})
		if !s.deblocks[i] {
			continue
		}
		e := loop.Edges{
			Sizes: s.sizes[i], Vertical: s.levels[i], Horizontal: s.levels[i], Units: s.stride[i],
			Columns: (h.width + 4<<p.x - 1) >> (2 + p.x), Rows: (decoded + 4<<p.y - 1) >> (2 + p.y),
			Sharpness: h.deblock.sharpness, Depth: f.seq.depth, Chroma: i > 0,
		}
		if i == 0 {
			e.Horizontal = s.levels2
		}
		loop.Deblock(out.Planes[i], &e)
	}
	if h.cdef.any() {
		out.Cdef = f.strengthsOf()
	}
	var noise *grain.Synthesizer
	if h.grain != nil {
		noise = grain.New(h.grain, grain.Format{
			Depth: f.seq.depth, SubX: out.SubX, SubY: out.SubY, Width: h.upscaled, Height: h.height,
			Mono: f.seq.mono, Identity: f.seq.color.Matrix == identity,
		})
	}
	loop.Finish(&out, func(y, n int, planes []planar.Plane) {
		n = min(n, last-y)
		if n <= 0 {
			return
		}
		if noise != nil {
			noise.Add(y, n, planes)
		}
		b := planar.Band{Y: y, Rows: n}
		copy(b.Planes[:], planes)
		f.emit(&b)
	})
	return max(last, 0)
}

func (f *frame) strengthsOf() *loop.Cdef {
	c := &loop.Cdef{Damping: f.head.cdef.damping, Index: f.strengths, Skip: f.filters.skipped}
	for i := range c.Luma {
		l, u := f.head.cdef.luma[i], f.head.cdef.chroma[i]
		c.Luma[i] = loop.Strength{Primary: l.primary, Secondary: l.secondary}
		c.Chroma[i] = loop.Strength{Primary: u.primary, Secondary: u.secondary}
	}
	return c
}
