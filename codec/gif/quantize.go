package gif

import (
	"image"
	"image/color"
	"math"
)

// The quantizer works on colors of 5 bits a channel. Its histogram has a border
// of zeros at index 0 of each axis, so that the moments of a box are the usual
// eight-corner difference of cumulative sums.
const (
	bins = 33
	grid = bins * bins * bins
)

func bin(r, g, b int) int { return (r*bins+g)*bins + b }

// moments are, for the colors up to a bin on every axis: their number, the sums
// of each channel and the sum of squares.
type moments struct {
	n, r, g, b int64
	squares    float64
}

func (m *moments) add(o moments, sign int64) {
	m.n += sign * o.n
	m.r += sign * o.r
	m.g += sign * o.g
	m.b += sign * o.b
	m.squares += float64(sign) * o.squares
}

// spread is the part of a group's variance that its mean explains: the larger
// the sum over the groups, the better they are cut.
func (m *moments) spread() float64 {
	if m.n == 0 {
		return 0
	}
	r, g, b := float64(m.r), float64(m.g), float64(m.b)
	return (r*r + g*g + b*b) / float64(m.n)
}

func (m *moments) variance() float64 { return m.squares - m.spread() }

// box is a half-open range of bins on each axis, (low, high].
type box struct{ low, high [3]int }

func (b box) moments(table []moments) (m moments) {
	for corner := range 8 {
		at, sign := b.high, int64(1)
		for axis := range 3 {
			if corner>>axis&1 == 1 {
				at[axis], sign = b.low[axis], -sign
			}
		}
		m.add(table[bin(at[0], at[1], at[2])], sign)
	}
	return m
}

// palette returns at most count opaque colors for the picture, and by bin the
// index of the color to take, by cutting the box of greatest variance where
// that leaves the least, again and again. Source: X. Wu, "Efficient Statistical Computations for Optimal Color
// Quantization", Graphics Gems II, 1991.
func palette(m *image.NRGBA, count int) (colors color.Palette, labels []uint8) {
	table := histogram(m)
	boxes := []box{{high: [3]int{bins - 1, bins - 1, bins - 1}}}
	whole := boxes[0].moments(table)
	variances := []float64{whole.variance()}
	for len(boxes) < count {
		worst := 0
		for i, v := range variances {
			if v > variances[worst] {
				worst = i
			}
		}
		if variances[worst] <= 0 {
			break
		}
		a, b, ok := cut(boxes[worst], table)
		if !ok {
			variances[worst] = 0
			continue
		}
		ma, mb := a.moments(table), b.moments(table)
		boxes[worst], variances[worst] = a, ma.variance()
		boxes, variances = append(boxes, b), append(variances, mb.variance())
	}
	labels = make([]uint8, grid)
	for i, b := range boxes {
		if m := b.moments(table); m.n > 0 {
			colors = append(colors, color.NRGBA{uint8(m.r / m.n), uint8(m.g / m.n), uint8(m.b / m.n), 255})
		}
		b.label(labels, uint8(i))
	}
	return colors, labels
}

// label marks the bins of the box.
func (b box) label(labels []uint8, label uint8) {
	for r := b.low[0] + 1; r <= b.high[0]; r++ {
		for g := b.low[1] + 1; g <= b.high[1]; g++ {
			for blue := b.low[2] + 1; blue <= b.high[2]; blue++ {
				labels[bin(r, g, blue)] = label
			}
		}
	}
}

// histogram returns the cumulative moments of the opaque pixels.
func histogram(m *image.NRGBA) []moments {
	table := make([]moments, grid)
	for p := m.Pix; len(p) >= 4; p = p[4:] {
		if p[3] < 128 {
			continue
		}
		r, g, b := int64(p[0]), int64(p[1]), int64(p[2])
		table[bin(int(r>>3)+1, int(g>>3)+1, int(b>>3)+1)].add(moments{1, r, g, b, float64(r*r + g*g + b*b)}, 1)
	}
	for r := 1; r < bins; r++ {
		var plane [bins]moments
		for g := 1; g < bins; g++ {
			var line moments
			for b := 1; b < bins; b++ {
				line.add(table[bin(r, g, b)], 1)
				plane[b].add(line, 1)
				sum := plane[b]
				sum.add(table[bin(r-1, g, b)], 1)
				table[bin(r, g, b)] = sum
			}
		}
	}
	return table
}

// cut divides a box in two at the place, on any axis, that explains most of the
// variance. It returns false for a box of one color.
func cut(b box, table []moments) (low, high box, ok bool) {
	whole := b.moments(table)
	best := -math.MaxFloat64
	for axis := range 3 {
		for at := b.low[axis] + 1; at < b.high[axis]; at++ {
			l, h := b, b
			l.high[axis], h.low[axis] = at, at
			ml := l.moments(table)
			mh := whole
			mh.add(ml, -1)
			if ml.n == 0 || mh.n == 0 {
				continue
			}
			if s := ml.spread() + mh.spread(); s > best {
				best, low, high, ok = s, l, h, true
			}
		}
	}
	return low, high, ok
}

// Quantize returns the picture with at most 256 colors, one of them
// transparent where pixels are less than half opaque. Up to that many colors
// are kept exactly; more are merged and dithered. The pixels of m are without
// gaps between rows.
func Quantize(m *image.NRGBA) *image.Paletted {
	count := 256
	transparent := !m.Opaque()
	if transparent {
		count--
	}
	out := image.NewPaletted(m.Rect, nil)
	if !keepColors(m, out, count) {
		colors, labels := palette(m, count)
		out.Palette = colors
		dither(m, out, labels)
	}
	if transparent {
		for i := range out.Pix {
			if m.Pix[4*i+3] < 128 {
				out.Pix[i] = uint8(len(out.Palette))
			}
		}
		out.Palette = append(out.Palette, color.NRGBA{})
	}
	return out
}

// keepColors fills out with the picture's own colors if there are at most
// count.
func keepColors(m *image.NRGBA, out *image.Paletted, count int) bool {
	index := make(map[[3]uint8]uint8, count)
	for i := range out.Pix {
		p := m.Pix[4*i : 4*i+4]
		if p[3] < 128 {
			continue
		}
		c := [3]uint8(p)
		at, ok := index[c]
		if !ok {
			if len(index) == count {
				return false
			}
			at = uint8(len(index))
			index[c] = at
			out.Palette = append(out.Palette, color.NRGBA{c[0], c[1], c[2], 255})
		}
		out.Pix[i] = at
	}
	return true
}

// dither gives each pixel the color of its bin and spreads part of the error
// over the neighbors to the right and below. Source: R. Floyd, L. Steinberg,
// "An Adaptive Algorithm for Spatial Grey Scale", 1976.
func dither(m *image.NRGBA, out *image.Paletted, labels []uint8) {
	var colors [256][3]int32
	for i, c := range out.Palette {
		c := c.(color.NRGBA)
		colors[i] = [3]int32{int32(c.R), int32(c.G), int32(c.B)}
	}
	width := m.Rect.Dx()
	line, below := make([][3]int32, width+2), make([][3]int32, width+2)
	for y := range m.Rect.Dy() {
		for x := range width {
			p := m.Pix[y*m.Stride+4*x:]
			if p[3] < 128 {
				continue
			}
			var c [3]int32
			for i := range c {
				c[i] = min(max(int32(p[i])+(line[x+1][i]+8)>>4, 0), 255)
			}
			label := labels[bin(int(c[0]>>3)+1, int(c[1]>>3)+1, int(c[2]>>3)+1)]
			out.Pix[y*out.Stride+x] = label
			for i, v := range colors[label] {
				// Three quarters of the error: full strength turns the grain of
				// a small picture into noise.
				e := (c[i] - v) * 3 / 4
				line[x+2][i] += 7 * e
				below[x][i] += 3 * e
				below[x+1][i] += 5 * e
				below[x+2][i] += e
			}
		}
		line, below = below, line
		clear(below)
	}
}
