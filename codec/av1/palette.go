package av1

import (
	"slices"

	"s3-thumbnail-creator/codec/av1/internal/intra"
	"s3-thumbnail-creator/codec/internal/bitfield"
)

// readPalettes reads the colors of a block, if it is a block of few. Section
// 5.11.46: palette_mode_info.
func (t *tile) readPalettes(b *block) {
	log2 := blockLog2[b.size]
	area := int(log2[0]+log2[1]) - 2
	if b.mode == intra.DC {
		context := 0
		if b.above[0] && t.f.above.blocks[b.column].palette[0] > 0 {
			context = 1
		}
		if b.left[0] && t.beside.blocks[b.row&31].palette[0] > 0 {
			context++
		}
		if t.flag(&t.lumaPalette[area][context]) {
			b.palette[0] = t.symbol(t.paletteSize[0][area][:]) + 2
			t.readColors(b, 0, b.colors[0][:b.palette[0]])
		}
	}
	if b.chroma && b.chromaMode == intra.DC {
		if t.flag(&t.chromaPalette[min(b.palette[0], 1)]) {
			b.palette[1] = t.symbol(t.paletteSize[1][area][:]) + 2
			t.readColors(b, 1, b.colors[1][:b.palette[1]])
			t.readLastColors(b.colors[2][:b.palette[1]])
		}
	}
}

// readColors reads the colors of luma or of U, in ascending order: first which
// ones of the neighbors' are used again, then others.
func (t *tile) readColors(b *block, plane int, colors []uint16) {
	var known [16]uint16
	n := 0
	for _, v := range known[:t.neighborColors(b, plane, &known)] {
		if n < len(colors) && t.bit() == 1 {
			colors[n] = v
			n++
		}
	}
	if n < len(colors) {
		depth := t.f.seq.depth
		step := 1 - plane // colors of luma differ by one at least
		colors[n] = uint16(t.literal(depth))
		length := 0
		if n++; n < len(colors) {
			length = depth - 3 + t.literal(2)
		}
		for ; n < len(colors); n++ {
			v := min(int(colors[n-1])+t.literal(length)+step, 1<<depth-1)
			colors[n] = uint16(v)
			length = min(length, bitfield.Width(1<<depth-v-step))
		}
	}
	slices.Sort(colors)
}

// readLastColors reads the colors of V.
func (t *tile) readLastColors(colors []uint16) {
	depth := t.f.seq.depth
	if t.bit() == 0 {
		for i := range colors {
			colors[i] = uint16(t.literal(depth))
		}
		return
	}
	length := depth - 4 + t.literal(2)
	v := t.literal(depth)
	colors[0] = uint16(v)
	for i := range colors[1:] {
		delta := t.literal(length)
		if delta != 0 && t.bit() == 1 {
			delta = -delta
		}
		v = (v + delta) & (1<<depth - 1)
		colors[i+1] = uint16(v)
	}
}

// neighborColors merges the palettes above and to the left, and returns how many
// colors there are. Section 5.11.46: get_palette_cache.
func (t *tile) neighborColors(b *block, plane int, merged *[16]uint16) (n int) {
	var above, left []uint16
	if b.above[0] && b.row&15 > 0 {
		above = t.f.above.colors[plane][b.column][:t.f.above.blocks[b.column].palette[plane]]
	}
	if b.left[0] {
		left = t.beside.colors[plane][b.row&31][:t.beside.blocks[b.row&31].palette[plane]]
	}
	for len(above)+len(left) > 0 {
		var v uint16
		if len(above) == 0 || len(left) > 0 && left[0] < above[0] {
			v, left = left[0], left[1:]
		} else {
			v, above = above[0], above[1:]
		}
		if n == 0 || v != merged[n-1] {
			merged[n] = v
			n++
		}
	}
	return n
}

// keepColors keeps the palettes for following blocks.
func (t *tile) keepColors(b *block) {
	for plane, n := range b.palette {
		if n == 0 {
			continue
		}
		fill(t.f.above.colors[plane][b.column:][:b.wide], b.colors[plane])
		fill(t.beside.colors[plane][b.row&31:][:b.high], b.colors[plane])
	}
}

// mapStride is the distance of rows of palette indices.
const mapStride = 64

// readPaletteMap reads which samples have which colors. Section 5.11.49:
// palette_tokens.
func (t *tile) readPaletteMap(b *block) {
	wide, high := 4*b.wide, 4*b.high
	right, bottom := min(wide, 4*(t.f.head.columns-b.column)), min(high, 4*(t.f.head.rows-b.row))
	if b.palette[0] > 0 {
		t.readIndices(0, b.palette[0], wide, high, right, bottom)
	}
	if b.palette[1] > 0 {
		x, y := t.f.seq.shiftX, t.f.seq.shiftY
		wide, high, right, bottom = wide>>x, high>>y, right>>x, bottom>>y
		if wide < 4 {
			wide, right = wide+2, right+2
		}
		if high < 4 {
			high, bottom = high+2, bottom+2
		}
		t.readIndices(1, b.palette[1], wide, high, right, bottom)
	}
}

// readIndices reads the indices of a block of wide x high samples, of which
// those before right and bottom are in the picture, along diagonals.
func (t *tile) readIndices(kind, count, wide, high, right, bottom int) {
	m := &t.indices[kind]
	m[0] = uint8(t.below(count))
	for d := 1; d < right+bottom-1; d++ {
		for x := min(d, right-1); x >= max(0, d-bottom+1); x-- {
			t.readIndex(m, kind, count, x, d-x)
		}
	}
	for y := range bottom {
		row := m[y*mapStride:][:wide]
		for x := right; x < wide; x++ {
			row[x] = row[right-1]
		}
	}
	for y := bottom; y < high; y++ {
		copy(m[y*mapStride:][:wide], m[(bottom-1)*mapStride:])
	}
}

// readIndex reads an index by how the neighbors' ones agree: the colors are
// ordered by how likely they are. Section 5.11.50: get_palette_color_context.
func (t *tile) readIndex(m *[mapStride * 64]uint8, kind, count, x, y int) {
	at := y*mapStride + x
	var order [3]uint8 // the neighbors' colors, the likely ones first
	n, context := 1, 0
	switch {
	case y == 0:
		order[0] = m[at-1]
	case x == 0:
		order[0] = m[at-mapStride]
	default:
		left, corner, above := m[at-1], m[at-mapStride-1], m[at-mapStride]
		switch {
		case left == above && above == corner:
			order[0], context = left, 4
		case left == above:
			order, n, context = [3]uint8{left, corner}, 2, 3
		case left == corner:
			order, n, context = [3]uint8{left, above}, 2, 2
		case above == corner:
			order, n, context = [3]uint8{above, left}, 2, 2
		default:
			order, n, context = [3]uint8{min(left, above), max(left, above), corner}, 3, 1
		}
	}
	v := uint8(t.symbol(t.colorModel(kind, count, context)))
	if int(v) < n {
		m[at] = order[v]
		return
	}
	// The other colors follow in ascending order.
	v -= uint8(n)
	for c := uint8(0); ; c++ {
		if slices.Contains(order[:n], c) {
			continue
		}
		if v == 0 {
			m[at] = c
			return
		}
		v--
	}
}

func (t *tile) colorModel(kind, count, context int) []uint16 {
	switch count {
	case 2:
		return t.color2[kind][context][:]
	case 3:
		return t.color3[kind][context][:]
	case 4:
		return t.color4[kind][context][:]
	case 5:
		return t.color5[kind][context][:]
	case 6:
		return t.color6[kind][context][:]
	case 7:
		return t.color7[kind][context][:]
	}
	return t.color8[kind][context][:]
}

// predictPalette fills a transform block with its palette's colors. Section
// 7.11.4.
func (t *tile) predictPalette(b *block, plane, x, y, width, height int) {
	p := &t.f.planes[plane]
	indices, colors := &t.indices[min(plane, 1)], &b.colors[plane]
	left, top := x-b.column>>p.x*4, y-b.row>>p.y*4
	for i := range height {
		row := p.pix[p.at(x, y+i):][:width]
		for j, v := range indices[(top+i)*mapStride+left:][:width] {
			row[j] = colors[v&7]
		}
	}
}
