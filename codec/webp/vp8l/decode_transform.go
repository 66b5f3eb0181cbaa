package vp8l

// Kinds of transforms (specification, section 4).
const (
	kindPredictor = iota
	kindCrossColor
	kindSubtractGreen
	kindPalette
)

// transform is one that was applied to the picture.
type transform struct {
	kind      int
	width     int      // of the rows that come out of invert
	bits      uint     // logarithm of the side of a tile, or of the indices in a pixel
	tilesWide int      // tiles in a row
	data      []uint32 // by tile: predictors or multipliers; or the palette
	above     []uint32 // predictor: the row above, and the first pixel of this one
}

// invert undoes the transform in row y.
func (t *transform) invert(y int, row []uint32) {
	row = row[:t.width]
	switch t.kind {
	case kindPredictor:
		t.invertPredictor(y, row)
	case kindCrossColor:
		t.invertCrossColor(y, row)
	case kindSubtractGreen:
		for i, v := range row {
			green := v >> 8 & 0xff
			row[i] = v&0xff00ff00 | (v&0x00ff00ff+(green<<16|green))&0x00ff00ff
		}
	case kindPalette:
		t.invertPalette(row)
	}
}

// invertPalette replaces indices by colors, from the right, as several indices
// are packed into the pixels at the left. An index beyond the palette is
// transparent black.
func (t *transform) invertPalette(row []uint32) {
	size := 8 >> t.bits // bits of an index
	low := uint32(1)<<size - 1
	within := 1<<t.bits - 1
	for x := len(row) - 1; x >= 0; x-- {
		index := row[x>>t.bits] >> (8 + uint(x&within*size)) & low
		v := uint32(0)
		if int(index) < len(t.data) {
			v = t.data[index]
		}
		row[x] = v
	}
}

func (t *transform) invertCrossColor(y int, row []uint32) {
	multipliers := t.data[y>>t.bits*t.tilesWide:][:t.tilesWide]
	for _, m := range multipliers {
		greenToRed, greenToBlue, redToBlue := int32(int8(m)), int32(int8(m>>8)), int32(int8(m>>16))
		n := min(1<<t.bits, len(row))
		for i, v := range row[:n] {
			green := int32(int8(v >> 8))
			red := uint32(int32(v>>16)+greenToRed*green>>5) & 0xff
			blue := int32(v) + greenToBlue*green>>5
			blue += redToBlue * int32(int8(red)) >> 5
			row[i] = v&0xff00ff00 | red<<16 | uint32(blue)&0xff
		}
		row = row[n:]
	}
}

// addPixels adds the four bytes of two pixels, each modulo 256.
func addPixels(a, b uint32) uint32 {
	return (a&0xff00ff00+b&0xff00ff00)&0xff00ff00 | (a&0x00ff00ff+b&0x00ff00ff)&0x00ff00ff
}

// average averages the four bytes of two pixels, rounding down.
func average(a, b uint32) uint32 { return (a^b)&0xfefefefe>>1 + a&b }

const black = 0xff000000

func (t *transform) invertPredictor(y int, row []uint32) {
	above := t.above
	if y == 0 {
		left := uint32(black)
		for i, v := range row {
			left = addPixels(v, left)
			row[i] = left
		}
	} else {
		row[0] = addPixels(row[0], above[0])
		above[len(row)] = row[0]
		modes := t.data[y>>t.bits*t.tilesWide:]
		for x := 1; x < len(row); {
			end := min((x>>t.bits+1)<<t.bits, len(row))
			predict(int(modes[x>>t.bits]>>8&15), row[x-1:end], above[x-1:end+1])
			x = end
		}
	}
	copy(above, row)
}

// predict adds predictions to row[1:], from the pixels to the left and those
// above, which begin above row[0] and reach one pixel further (specification,
// section 4.1).
func predict(mode int, row, above []uint32) {
	left := row[0]
	out := row[1:]
	corner := above[:len(out)]
	top := above[1:][:len(out)]
	right := above[2:][:len(out)]
	switch mode {
	case 1:
		for i, v := range out {
			left = addPixels(v, left)
			out[i] = left
		}
	case 2:
		for i, v := range out {
			out[i] = addPixels(v, top[i])
		}
	case 3:
		for i, v := range out {
			out[i] = addPixels(v, right[i])
		}
	case 4:
		for i, v := range out {
			out[i] = addPixels(v, corner[i])
		}
	case 5:
		for i, v := range out {
			left = addPixels(v, average(average(left, right[i]), top[i]))
			out[i] = left
		}
	case 6:
		for i, v := range out {
			left = addPixels(v, average(left, corner[i]))
			out[i] = left
		}
	case 7:
		for i, v := range out {
			left = addPixels(v, average(left, top[i]))
			out[i] = left
		}
	case 8:
		for i, v := range out {
			out[i] = addPixels(v, average(corner[i], top[i]))
		}
	case 9:
		for i, v := range out {
			out[i] = addPixels(v, average(top[i], right[i]))
		}
	case 10:
		for i, v := range out {
			left = addPixels(v, average(average(left, corner[i]), average(top[i], right[i])))
			out[i] = left
		}
	case 11, 12, 13:
		predictFromThree(mode, left, out, corner, top)
	default:
		for i, v := range out {
			out[i] = addPixels(v, black)
		}
	}
}

// predictFromThree is predict for the modes that weigh left, top and corner.
func predictFromThree(mode int, left uint32, out, corner, top []uint32) {
	corner, top = corner[:len(out)], top[:len(out)]
	switch mode {
	case 11:
		for i, v := range out {
			left = addPixels(v, choose(left, top[i], corner[i]))
			out[i] = left
		}
	case 12:
		for i, v := range out {
			left = addPixels(v, gradient(left, top[i], corner[i]))
			out[i] = left
		}
	case 13:
		for i, v := range out {
			left = addPixels(v, halfGradient(average(left, top[i]), corner[i]))
			out[i] = left
		}
	}
}

// choose returns the one of left and top that left + top - corner is closer to.
func choose(left, top, corner uint32) uint32 {
	d := 0
	for s := 0; s < 32; s += 8 {
		c := int(corner >> s & 0xff)
		d += abs(int(left>>s&0xff)-c) - abs(int(top>>s&0xff)-c)
	}
	if d > 0 {
		return left
	}
	return top
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

func clamp(v int32) uint32 { return uint32(min(max(v, 0), 255)) }

// gradient is left + top - corner in each byte.
func gradient(left, top, corner uint32) uint32 {
	b := clamp(int32(left&0xff) + int32(top&0xff) - int32(corner&0xff))
	g := clamp(int32(left>>8&0xff) + int32(top>>8&0xff) - int32(corner>>8&0xff))
	r := clamp(int32(left>>16&0xff) + int32(top>>16&0xff) - int32(corner>>16&0xff))
	a := clamp(int32(left>>24) + int32(top>>24) - int32(corner>>24))
	return a<<24 | r<<16 | g<<8 | b
}

// halfGradient is mean + (mean - corner)/2 in each byte.
func halfGradient(mean, corner uint32) uint32 {
	half := func(s int) uint32 {
		m := int32(mean >> s & 0xff)
		return clamp(m + (m-int32(corner>>s&0xff))/2)
	}
	return half(24)<<24 | half(16)<<16 | half(8)<<8 | half(0)
}
