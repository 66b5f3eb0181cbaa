package hevc

// offsetParams are the sample adaptive offset of one component of a coding tree
// block. ITU-T H.265, sections 7.3.8.3 and 7.4.9.3.
type offsetParams struct {
	kind   uint8 // offsetNone, offsetBand, offsetEdge
	class  uint8 // the first band, or the direction
	values [4]int16
}

const (
	offsetNone = 0
	offsetBand = 1
	offsetEdge = 2
)

// parseOffsets reads the sample adaptive offset of a coding tree block.
func (f *frame) parseOffsets(x, y int) {
	b := f.block(x, y)
	if f.tree.left && f.flag(ctxOffsetMerge) {
		b.offset = f.block(x-1, y).offset
		return
	}
	if f.tree.up && f.flag(ctxOffsetMerge) {
		b.offset = f.block(x, y-1).offset
		return
	}
	for i := range f.numPlanes {
		if !f.slice.offsets[i] {
			continue
		}
		o := &b.offset[i]
		if i == 2 {
			o.kind, o.class = b.offset[1].kind, b.offset[1].class
		} else if f.flag(ctxOffsetType) {
			o.kind = offsetBand + uint8(f.cabac.bypass(1))
		}
		if o.kind != offsetNone {
			f.parseOffset(o, i)
		}
	}
}

func (f *frame) parseOffset(o *offsetParams, component int) {
	most := 1<<(min(f.planes[component].depth, 10)-5) - 1
	for i := range o.values {
		o.values[i] = int16(f.unary(most))
	}
	if o.kind == offsetBand {
		for i, v := range o.values {
			if v != 0 && f.cabac.bypass(1) != 0 {
				o.values[i] = -v
			}
		}
		o.class = uint8(f.cabac.bypass(5))
	} else {
		o.values[2], o.values[3] = -o.values[2], -o.values[3]
		if component < 2 {
			o.class = uint8(f.cabac.bypass(2))
		}
	}
	for i := range o.values {
		o.values[i] <<= f.pic.offsetShifts[component]
	}
}

// offsetRows applies the sample adaptive offset to the luma rows from..to-1,
// and the rows of chroma beside them, from the window to out. Section 8.7.3.
func (f *frame) offsetRows(from, to int) {
	if !f.seq.offsets || from >= to {
		return
	}
	for i := range f.numPlanes {
		p := &f.planes[i]
		first, end := f.at(p, 0, from), f.at(p, 0, to)
		copy(f.out[i].pix[first:end], p.pix[first:end])
	}
	size := f.seq.log2Tree
	for y := from >> size; y<<size < to; y++ {
		top, bottom := max(from, y<<size), min(to, (y+1)<<size)
		for x := range f.blocksX {
			b := f.block(x, y)
			for i := range f.numPlanes {
				switch b.offset[i].kind {
				case offsetBand:
					f.offsetBands(i, &b.offset[i], x<<size, top, bottom)
				case offsetEdge:
					f.offsetEdges(i, b, x, y, top, bottom)
				}
			}
			if f.unchanged {
				f.restoreKept(x<<size, top, bottom)
			}
		}
	}
}

// width returns how many samples of a plane a coding tree block at column x has.
func (f *frame) width(p *plane, x int) int { return (min(x+f.size, f.seq.width) - x) >> p.x }

func (f *frame) offsetBands(component int, o *offsetParams, x, top, bottom int) {
	p := &f.planes[component]
	var table [32]int32
	for i, v := range o.values {
		table[(int(o.class)+i)&31] = int32(v)
	}
	shift, most := p.depth-5, int32(1)<<p.depth-1
	at, n := f.at(p, x, top), f.width(p, x)
	for range (bottom - top) >> p.y {
		row := f.out[component].pix[at:][:n]
		for i, v := range row {
			row[i] = uint16(clip(int32(v)+table[v>>shift&31], 0, most))
		}
		at += p.stride
	}
}

// directions are of the two samples that an edge class compares with: the first
// one, and the opposite. Table 8-13.
var directions = [4]struct{ x, y int }{{-1, 0}, {0, -1}, {-1, -1}, {1, -1}}

// offsetEdges offsets the samples of a block, x and y in coding tree blocks, by
// whether they are above or below those beside them.
func (f *frame) offsetEdges(component int, b *treeBlock, x, y, top, bottom int) {
	p := &f.planes[component]
	o := &b.offset[component]
	d := directions[o.class]
	var open [3][3]bool // neighboring blocks that may be looked at
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			open[dy+1][dx+1] = f.comparable(b, x, y, x+dx, y+dy)
		}
	}
	size := f.seq.log2Tree
	left, n := x<<size, f.width(p, x<<size)
	line := offsetLine{step: d.y*p.stride + d.x, most: int32(1)<<p.depth - 1}
	line.values = [5]int32{int32(o.values[0]), int32(o.values[1]), 0, int32(o.values[2]), int32(o.values[3])}
	firstRow, lastRow := y<<size>>p.y, (min((y+1)<<size, f.seq.height)>>p.y)-1
	for row := top >> p.y; row < bottom>>p.y; row++ {
		// The rows of blocks that both neighbors are in.
		a, c := &open[1], &open[1]
		if d.y != 0 && row == firstRow {
			a = &open[0]
		}
		if d.y != 0 && row == lastRow {
			c = &open[2]
		}
		start, end := 0, n
		at := f.at(p, left, row<<p.y)
		line.in, line.out, line.at = p.pix, f.out[component].pix, at
		if d.x != 0 {
			// The first and the last sample have a neighbor in other columns.
			if a[1+min(d.x, 0)] && c[1-max(d.x, 0)] {
				line.apply(0, 1)
			}
			if n > 1 && a[1+max(d.x, 0)] && c[1-min(d.x, 0)] {
				line.apply(n-1, n)
			}
			start, end = 1, n-1
		}
		if a[1] && c[1] {
			line.apply(start, end)
		}
	}
}

// comparable tells whether samples of the block at x0, y0 may be compared with
// samples of the one at x1, y1.
func (f *frame) comparable(b *treeBlock, x0, y0, x1, y1 int) bool {
	if x1 < 0 || y1 < 0 || x1 >= f.blocksX || y1 >= f.blocksY {
		return false
	}
	other := f.block(x1, y1).slice
	if x0 == x1 && y0 == y1 || other == nil {
		return x0 == x1 && y0 == y1
	}
	if other.address != b.slice.address {
		// The later one of the slices decides.
		later := b.slice
		if other.address > later.address {
			later = other
		}
		if !later.across {
			return false
		}
	}
	return f.pic.acrossTiles || f.sameTile(x0, y0, x1, y1)
}

// offsetLine offsets the samples of a row.
type offsetLine struct {
	in, out []uint16
	at      int // of the first sample
	step    int // from a sample to its first neighbor; the other is opposite
	values  [5]int32
	most    int32
}

func (l *offsetLine) apply(from, to int) {
	if from >= to {
		return
	}
	n := to - from
	first := l.at + from
	v := l.in[first:][:n]
	a, c := l.in[first+l.step:][:n], l.in[first-l.step:][:n]
	out := l.out[first:][:n]
	for i, s := range v {
		s := int32(s)
		kind := 2 + sign(s-int32(a[i])) + sign(s-int32(c[i]))
		out[i] = uint16(clip(s+l.values[kind&7%5], 0, l.most))
	}
}

// sign returns -1, 0 or 1.
func sign(v int32) int32 { return v>>31 | int32(uint32(-v)>>31) }

// restoreKept takes back what changed lossless and PCM blocks.
func (f *frame) restoreKept(x, top, bottom int) {
	right := min(x+f.size, f.seq.width)
	for y := top; y < bottom; y += 8 {
		for x := x; x < right; x += 8 {
			if !f.kept[f.index8(x, y)] {
				continue
			}
			for i := range f.numPlanes {
				p := &f.planes[i]
				at := f.at(p, x, y)
				for range min(8, bottom-y) >> p.y {
					copy(f.out[i].pix[at:][:8>>p.x], p.pix[at:][:8>>p.x])
					at += p.stride
				}
			}
		}
	}
}
