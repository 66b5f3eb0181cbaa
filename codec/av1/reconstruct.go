package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/intra"
	"s3-thumbnail-creator/codec/av1/internal/transform"
)

// reconstruct predicts a block and adds its residual, in squares of at most
// 64x64. Section 5.11.34: residual.
func (t *tile) reconstruct(b *block) {
	f := t.f
	for y := 0; y < b.high; y += 16 {
		for x := 0; x < b.wide; x += 16 {
			for i := range f.numPlanes {
				if i > 0 && !b.chroma {
					break
				}
				p := &f.planes[i]
				size := b.transform
				switch {
				case b.lossless:
				case i > 0:
					size = chromaTransform(b.size, p.x, p.y)
				case b.copied:
					t.reconstructTree(b, b.row+y, b.column+x, min(b.wide, 16), min(b.high, 16))
					continue
				}
				wide, high := max(min(b.wide, 16)>>p.x, 1), max(min(b.high, 16)>>p.y, 1)
				left, top := b.column>>p.x+x>>p.x, b.row>>p.y+y>>p.y
				for dy := 0; dy < high; dy += 1 << (size.h - 2) {
					for dx := 0; dx < wide; dx += 1 << (size.w - 2) {
						t.reconstructTransform(b, i, left+dx, top+dy, size)
					}
				}
			}
		}
	}
}

// reconstructTree goes through the transforms of luma of a block that is copied.
// Section 5.11.36: transform_tree.
func (t *tile) reconstructTree(b *block, row, column, wide, high int) {
	if row >= t.f.head.rows || column >= t.f.head.columns {
		return
	}
	size := t.sizes[row&31][column&31]
	if wide<<2 <= 1<<size.w && high<<2 <= 1<<size.h {
		t.reconstructTransform(b, 0, column, row, size)
		return
	}
	stepX, stepY := wide, high
	if wide >= high {
		stepX = wide / 2
	}
	if high >= wide {
		stepY = high / 2
	}
	for y := 0; y < high; y += stepY {
		for x := 0; x < wide; x += stepX {
			t.reconstructTree(b, row+y, column+x, stepX, stepY)
		}
	}
}

// reconstructTransform predicts and reconstructs a transform; x and y are in 4x4
// blocks of the plane. Section 5.11.35: transform_block.
func (t *tile) reconstructTransform(b *block, plane, x, y int, size transformSize) {
	f := t.f
	p := &f.planes[plane]
	row, column := y<<p.y, x<<p.x
	if row >= f.head.rows || column >= f.head.columns {
		return
	}
	if !b.copied {
		t.predict(b, plane, x, y, size)
	}
	wide, high := 1<<(size.w-2), 1<<(size.h-2)
	if plane == 0 {
		t.lumaRight, t.lumaBottom = 4*(x+wide), 4*(y+high)
	}
	if !b.skip {
		t.addResidual(b, plane, x, y, size)
	}
	mask := f.superblock - 1
	decoded := t.decoded[plane][row&mask>>p.y+1:][:high]
	flags := uint64(1<<wide-1) << (column&mask>>p.x + 1)
	for i := range decoded {
		decoded[i] |= flags
	}
	if f.filter {
		f.keepTransform(plane, x, y, size)
	}
}

// predict predicts a transform from the samples around it. Section 7.11.2.
func (t *tile) predict(b *block, plane, x, y int, size transformSize) {
	f := t.f
	p := &f.planes[plane]
	kind := min(plane, 1)
	if b.palette[kind] > 0 {
		t.predictPalette(b, plane, 4*x, 4*y, 1<<size.w, 1<<size.h)
		return
	}
	wide, high := 1<<(size.w-2), 1<<(size.h-2)
	mask := f.superblock - 1
	subX, subY := x<<p.x&mask>>p.x, y<<p.y&mask>>p.y
	in := intra.Block{
		Pix: p.pix, At: p.at(4*x, 4*y), Stride: p.stride, Log2W: int(size.w), Log2H: int(size.h),
		HaveLeft: b.left[kind] || x > b.column>>p.x, HaveAbove: b.above[kind] || y > b.row>>p.y,
		Above: 4 * wide, Left: 4 * high,
	}
	if t.decoded[plane][subY]>>(subX+wide+1)&1 == 1 {
		in.Above *= 2
	}
	if t.decoded[plane][subY+high+1]>>subX&1 == 1 {
		in.Left *= 2
	}
	in.Above = min(in.Above, 4*f.head.columns>>p.x-4*x)
	in.Left = min(in.Left, 4*f.head.rows>>p.y-4*y)
	if plane == 0 {
		if b.filter != noFilter {
			t.predictor.Recursive(&in, b.filter)
		} else {
			t.predictor.Predict(&in, b.mode, b.angle, b.smooth[0])
		}
		return
	}
	if b.chromaMode != fromLuma {
		t.predictor.Predict(&in, b.chromaMode, b.chromaAngle, b.smooth[1])
		return
	}
	t.predictor.Predict(&in, intra.DC, 0, false)
	if plane == 1 {
		l := &f.planes[0]
		left, top := 4*x<<p.x, 4*y<<p.y
		t.predictor.LoadLuma(l.pix, l.at(left, top), l.stride, t.lumaRight-left, t.lumaBottom-top, int(p.x), int(p.y), in.Log2W, in.Log2H)
	}
	t.predictor.AddLuma(&in, b.alpha[plane-1])
}

// besideSmooth tells whether what is above or to the left, of luma and of chroma,
// is predicted by one of the smooth modes. Section 7.11.2.4: get_filter_type.
func (t *tile) besideSmooth(b *block) (smooth [2]bool) {
	above, left := &t.f.above, &t.beside
	row := b.row & 31
	smooth[0] = b.above[0] && isSmooth(above.blocks[b.column].mode) || b.left[0] && isSmooth(left.blocks[row].mode)
	smooth[1] = b.above[1] && above.smooth[b.column|int(t.f.seq.shiftX)] || b.left[1] && left.smooth[row|int(t.f.seq.shiftY)]
	return smooth
}

// addResidual reads coefficients, and adds what they transform to. Sections
// 5.11.39 and 7.12.3.
func (t *tile) addResidual(b *block, plane, x, y int, size transformSize) {
	f := t.f
	p := &f.planes[plane]
	wide, high := 1<<(size.w-2), 1<<(size.h-2)
	subY := y & (31 >> p.y)
	above := f.above.levels[plane][x:][:wide]
	left := t.beside.levels[plane][subY:][:high]
	log2 := blockLog2[b.size]
	whole := 4<<log2[0]>>p.x == 1<<size.w && 4<<log2[1]>>p.y == 1<<size.h
	if plane > 0 {
		whole = max(4<<log2[0]>>p.x, 4)*max(4<<log2[1]>>p.y, 4) <= 1<<(size.w+size.h)
	}
	zero := t.flag(&t.allZero[size.context()][zeroContext(plane > 0, whole, above, left)])
	kind := transform.DCTDCT
	if plane == 0 {
		if !zero {
			kind = t.readType(b, size)
		}
		if b.copied {
			t.keepKind(y, x, wide, high, kind)
		}
	} else if !zero {
		kind = t.chromaType(b, size, y<<p.y, x<<p.x)
	}
	context := uint8(0)
	if !zero {
		in := transformed{size: size, kind: kind, plane: plane, steps: t.stepsOf(b.segment)[plane], previous: signContext(above, left)}
		if kind < transform.Identity && !b.lossless {
			in.matrix = f.matrices.of(plane, size)
		}
		var end int
		end, context = t.readCoefficients(&in)
		if b.lossless {
			kind = transform.WHT
		}
		t.adder.Add(p.pix, p.at(4*x, 4*y), p.stride, int(size.w), int(size.h), kind, t.coefficients[:], end, f.seq.depth)
	}
	// What is beyond the picture counts as zero.
	inside := min(wide, (f.head.columns+1<<p.x-1)>>p.x-x)
	fill(above[:inside], context)
	clear(above[inside:])
	inside = min(high, (f.head.rows+1<<p.y-1)>>p.y-y)
	fill(left[:inside], context)
	clear(left[inside:])
}

func (t *tile) keepKind(row, column, wide, high int, kind transform.Type) {
	for y := range high {
		fill(t.kinds[row&31+y][column&31:][:wide], kind)
	}
}

// stepsOf are the quantizer steps of a segment.
func (t *tile) stepsOf(segment int) *[3][2]int32 {
	s := &t.steps[segment]
	if !t.stepsKnown[segment] {
		t.stepsKnown[segment] = true
		index := t.f.head.segments.index(segment, t.index)
		for plane := range s {
			s[plane] = t.f.head.quantizer.steps(plane, index, t.f.seq.depth)
		}
	}
	return s
}
