package loop

import (
	"math/bits"

	"s3-thumbnail-creator/codec/internal/planar"
)

// Cdef is how ringing is filtered. Section 7.15.
type Cdef struct {
	Damping      int
	Luma, Chroma [8]Strength
	// Index of the strengths for each 64x64 samples of luma, or -1 for none, in
	// rows of (MiCols+15)/16.
	Index []int8
	// Skip tells for each 8x8 samples of luma, in rows of MiCols/2, that they
	// have no residual and are left as they are.
	Skip []bool
}

// Strength is how much is filtered along the direction of what is shown, and
// across it.
type Strength struct{ Primary, Secondary int }

// enhance filters the luma rows from start to end into stripes.
func (f *Frame) enhance(stripes []stripe, start, end int) {
	for i := range stripes {
		s, p := &stripes[i], f.Planes[i]
		out := s.enhanced()
		for y := range s.rows {
			copy(out.Pix[y*out.Stride:][:s.coded], p.Pix[(s.y+y)*p.Stride:])
		}
	}
	if f.Cdef != nil {
		var b cdefBlock
		for y := start; y < end; y += 8 {
			for x := 0; x < 4*f.MiCols; x += 8 {
				index := f.Cdef.Index[y>>6*((f.MiCols+15)>>4)+x>>6]
				if index >= 0 && !f.Cdef.Skip[y>>3*(f.MiCols>>1)+x>>3] {
					f.enhanceBlock(stripes, &b, x, y, int(index))
				}
			}
		}
	}
	if f.UpscaledWidth == f.Width {
		return
	}
	for i := range stripes {
		s := &stripes[i]
		for y := range s.rows {
			Upscale(s.source[s.at(0, y):][:s.upscaledWidth], s.cdef[y*s.coded:][:s.coded], s.width, f.Depth)
		}
	}
}

// chromaDirections are what directions of luma are in chroma that has half the
// columns, or half the rows. Cdef_Uv_Dir.
var chromaDirections = [2][8]uint8{{7, 0, 2, 4, 5, 6, 6, 6}, {1, 2, 2, 2, 3, 4, 6, 0}}

// enhanceBlock filters 8x8 samples of luma and what belongs to them. Section
// 7.15.1.
func (f *Frame) enhanceBlock(stripes []stripe, b *cdefBlock, x, y, index int) {
	up := f.Depth - 8
	luma := f.Planes[0]
	direction, variance := directionOf(luma.Pix[y*luma.Stride+x:], luma.Stride, up)
	for i := range stripes {
		strength, damping, d := f.Cdef.Luma[index], f.Cdef.Damping+up, direction
		primary := strength.Primary << up
		if i > 0 {
			strength = f.Cdef.Chroma[index]
			damping--
			primary = strength.Primary << up
			if f.SubX != f.SubY {
				d = int(chromaDirections[f.SubY][d])
			}
		}
		if primary == 0 {
			d = 0
		}
		if i == 0 {
			primary = adjusted(primary, variance)
		}
		b.primary = newConstraint(primary, damping)
		b.secondary = newConstraint(strength.Secondary<<up, damping)
		if b.primary.threshold|b.secondary.threshold == 0 {
			continue
		}
		b.taps = [2]int32{4, 2}
		if primary>>up&1 == 1 {
			b.taps = [2]int32{3, 3}
		}
		s := &stripes[i]
		out := s.enhanced()
		w, h := 8>>s.subX, 8>>s.subY
		left, top := x>>s.subX, y>>s.subY
		b.load(f.Planes[i], left, top, w, h, s.coded, 4*f.MiRows>>s.subY)
		b.filter(out.Pix[(top-s.y)*out.Stride+left:], out.Stride, w, min(h, s.y+s.rows-top), d)
	}
}

// adjusted is a strength for luma whose variance along the direction is given.
func adjusted(primary, variance int) int {
	if variance == 0 {
		return 0
	}
	v := 0
	if variance>>6 > 0 {
		v = min(bits.Len(uint(variance>>6))-1, 12)
	}
	return (primary*(4+v) + 8) >> 4
}

// divisors turn sums of 1 to 8 samples into means, of 840 parts. Div_Table.
var divisors = [9]int{0, 840, 420, 280, 210, 168, 140, 120, 105}

// directionOf returns which of eight directions the lines of a block of 8x8
// have, as that in which the means along them differ most, and by how much they
// differ more than those across. Section 7.15.2.
func directionOf(pix []uint16, stride, up int) (direction, variance int) {
	var sums [8][16]int
	for i := range 8 {
		row := (*[8]uint16)(pix[i*stride:])
		for j := range row {
			v := int(row[j]>>up) - 128
			sums[0][i+j] += v
			sums[1][i+j/2] += v
			sums[2][i] += v
			sums[3][(3+i-j/2)&15] += v
			sums[4][(7+i-j)&15] += v
			sums[5][(3-i/2+j)&15] += v
			sums[6][j] += v
			sums[7][i/2+j] += v
		}
	}
	var cost [8]int
	for i := range 8 {
		cost[2] += sums[2][i] * sums[2][i]
		cost[6] += sums[6][i] * sums[6][i]
	}
	cost[2] *= divisors[8]
	cost[6] *= divisors[8]
	for d := 0; d < 8; d += 4 {
		s := &sums[d]
		for i := range 7 {
			cost[d] += (s[i]*s[i] + s[14-i]*s[14-i]) * divisors[i+1]
		}
		cost[d] += s[7] * s[7] * divisors[8]
	}
	for d := 1; d < 8; d += 2 {
		s := &sums[d]
		for i := 3; i < 8; i++ {
			cost[d] += s[i] * s[i]
		}
		cost[d] *= divisors[8]
		for i := range 3 {
			cost[d] += (s[i]*s[i] + s[10-i]*s[10-i]) * divisors[2*i+2]
		}
	}
	for d, c := range cost {
		if c > cost[direction] {
			direction = d
		}
	}
	return direction, (cost[direction] - cost[(direction+4)&7]) >> 10
}

// constraint limits a difference: the function constrain of the standard.
type constraint struct {
	threshold int32
	shift     int
}

func newConstraint(threshold, damping int) constraint {
	return constraint{int32(threshold), max(0, damping-bits.Len(uint(threshold))+1)}
}

func (c constraint) limit(diff int32) int32 {
	size := max(diff, -diff)
	size = min(size, max(c.threshold-size>>(c.shift&31), 0))
	sign := diff >> 31
	return (size ^ sign) - sign
}

// outside stands for samples that are not in the picture.
const outside = 1 << 15

// cdefBlock is a block with two samples on each side, in rows of 16.
type cdefBlock struct {
	pix                [16 * 16]uint16 // of which 12 rows are used
	primary, secondary constraint
	taps               [2]int32 // of the primary samples, near and far
}

// load copies a block of a plane of width by height samples.
func (b *cdefBlock) load(p planar.Plane, x, y, w, h, width, height int) {
	for i := range h + 4 {
		row := b.pix[i*16:][:w+4]
		top := y - 2 + i
		if top < 0 || top >= height {
			for j := range row {
				row[j] = outside
			}
			continue
		}
		from, to := max(0, 2-x), min(w+4, width-x+2)
		copy(row[from:to], p.Pix[top*p.Stride+x-2+from:])
		for j := range row {
			if j < from || j >= to {
				row[j] = outside
			}
		}
	}
}

// directions are the offsets of the near and the far sample of a direction in
// rows of 16. Cdef_Directions.
var directions = [8][2]int{
	{-16 + 1, -32 + 2}, {1, -16 + 2}, {1, 2}, {1, 16 + 2}, {16 + 1, 32 + 2}, {16, 32 + 1}, {16, 32}, {16, 32 - 1},
}

// filter writes h rows of w filtered samples. Section 7.15.3. A strength of zero
// adds nothing, and the other alone does not go beyond its samples, so that they
// need not be looked at.
func (b *cdefBlock) filter(out []uint16, stride, w, h, direction int) {
	along, one, other := directions[direction], directions[(direction+6)&7], directions[(direction+2)&7]
	for y := range h {
		row := out[y*stride:][:w]
		for x := range row {
			at := (y+2)*16 + x + 2
			v := int32(b.pix[at])
			t := tally{v: v, least: v, most: v}
			for k := range 2 {
				if b.primary.threshold != 0 {
					t.add(b, at+along[k], b.primary, b.taps[k])
					t.add(b, at-along[k], b.primary, b.taps[k])
				}
				if b.secondary.threshold != 0 {
					t.add(b, at+one[k], b.secondary, int32(2-k))
					t.add(b, at-one[k], b.secondary, int32(2-k))
					t.add(b, at+other[k], b.secondary, int32(2-k))
					t.add(b, at-other[k], b.secondary, int32(2-k))
				}
			}
			row[x] = uint16(min(max(v+(8+t.sum+t.sum>>31)>>4, t.least), t.most))
		}
	}
}

// tally adds up what changes the sample v, within the range of the others.
type tally struct{ v, sum, least, most int32 }

func (t *tally) add(b *cdefBlock, at int, c constraint, weight int32) {
	p := int32(b.pix[at&255])
	if p == outside {
		return
	}
	t.sum += weight * c.limit(p-t.v)
	t.least, t.most = min(t.least, p), max(t.most, p)
}
