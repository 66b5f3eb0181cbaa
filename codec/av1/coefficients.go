package av1

import (
	"math/bits"

	"s3-thumbnail-creator/codec/av1/internal/transform"
)

// levels are the coefficients of a transform as far as contexts go by them: six
// bits of what is coded in models, at most 15, and above them at most 3 of it. So
// the sum of some gives two contexts.
type levels [levelStride * 37]uint8

// classOf is the class of a transform type.
func classOf(t transform.Type) int {
	switch t {
	case transform.DCTIdentity, transform.ADSTIdentity, transform.FlipADSTIdentity:
		return classVertical
	case transform.IdentityDCT, transform.IdentityADST, transform.IdentityFlipADST:
		return classHorizontal
	}
	return class2D
}

// transformed is a transform of which coefficients are read.
type transformed struct {
	size     transformSize
	kind     transform.Type
	plane    int
	steps    [2]int32
	matrix   []uint8 // nil: none
	previous int     // context of the sign of the first coefficient
}

// readCoefficients reads the coefficients of a transform that are not all zero,
// into t.coefficients, dequantized. It returns how many there are in the order
// of coding, and the context that neighbors take of it. Section 5.11.39.
func (t *tile) readCoefficients(x *transformed) (end int, context uint8) {
	c := &t.coefficientModels
	class := classOf(x.kind)
	chroma := min(x.plane, 1)
	size := x.size.context()
	scan := scans()[class][x.size.w-2][x.size.h-2]
	end = t.readEnd(x, class, chroma, size)

	l := &t.levels
	clear(l[:levelStride*(min(4<<(x.size.h-2), 32)+4)])
	last := end - 1
	where := 0
	switch {
	case last == 0:
	case last <= len(scan)>>3:
		where = 1
	case last <= len(scan)>>2:
		where = 2
	default:
		where = 3
	}
	base, more := &c.base[size][chroma], &c.more[min(size, 3)][chroma]
	e := scan[last]
	level := t.symbol(c.baseEnd[size][chroma][where][:]) + 1
	if level > 2 {
		level = t.readMore(more, int(e.more)) // all neighbors are zero
	}
	l[e.at] = pack(level)
	if last > 0 {
		if class == class2D {
			t.readLevels(l, scan[:last], base, more)
		} else {
			t.readLineLevels(l, scan[:last], class, base, more)
		}
	}
	return end, t.readSigns(x, l, scan[:end])
}

func pack(level int) uint8 { return uint8(level | min(level, 3)<<6) }

// readEnd reads the number of coefficients up to the last that is not zero.
func (t *tile) readEnd(x *transformed, class, chroma, size int) int {
	c := &t.coefficientModels
	line := min(class, 1)
	var m []uint16
	switch min(x.size.w, 5) + min(x.size.h, 5) - 4 {
	case 0:
		m = c.end16[chroma][line][:]
	case 1:
		m = c.end32[chroma][line][:]
	case 2:
		m = c.end64[chroma][line][:]
	case 3:
		m = c.end128[chroma][line][:]
	case 4:
		m = c.end256[chroma][line][:]
	case 5:
		m = c.end512[chroma][line][:]
	default:
		m = c.end1024[chroma][line][:]
	}
	n := t.symbol(m)
	if n < 2 {
		return n + 1
	}
	n -= 2 // bits behind the leading one
	end := 1<<(n+1) + 1
	if t.flag(&c.endBit[size][chroma][n]) {
		end += 1 << n
	}
	return end + t.literal(n)
}

// readMore reads the rest of a level of which the base is 3.
func (t *tile) readMore(more *[21][4]uint16, context int) int {
	m := &more[context]
	level := 3
	for range 4 {
		n := t.symbol4(m)
		level += n
		if n < 3 {
			break
		}
	}
	return level
}

// readLevels reads levels before the last, backwards, of transforms in both
// directions.
func (t *tile) readLevels(l *levels, scan []scanned, base *[42][4]uint16, more *[21][4]uint16) {
	for i := len(scan) - 1; i >= 0; i-- {
		e := scan[i]
		p := int(e.at) & 2047
		near := uint(l[p+1]) + uint(l[p+levelStride]) + uint(l[p+levelStride+1])
		sum := near + uint(l[p+2]) + uint(l[p+2*levelStride])
		context := min((sum>>6+1)>>1, 4) + uint(e.base)
		if i == 0 {
			context = 0
		}
		level := t.symbol4(&base[context])
		if level > 2 {
			level = t.readMore(more, int(min((near&63+1)>>1, 6)+uint(e.more)))
		}
		l[p] = pack(level)
	}
}

// readLineLevels is readLevels for transforms in one direction.
func (t *tile) readLineLevels(l *levels, scan []scanned, class int, base *[42][4]uint16, more *[21][4]uint16) {
	step := 1
	if class == classVertical {
		step = levelStride
	}
	for i := len(scan) - 1; i >= 0; i-- {
		e := scan[i]
		p := int(e.at) & 2047
		near := uint(l[p+1]) + uint(l[p+levelStride]) + uint(l[p+2*step])
		sum := near + uint(l[p+3*step]) + uint(l[p+4*step])
		level := t.symbol4(&base[min((sum>>6+1)>>1, 4)+uint(e.base)])
		if level > 2 {
			level = t.readMore(more, int(min((near&63+1)>>1, 6)+uint(e.more)))
		}
		l[p] = pack(level)
	}
}

// What levels have in models, and the most that is kept of their sum.
const (
	mostModeled = 14
	mostSum     = 63
)

// readSigns reads the signs and what levels exceed their models by, and
// dequantizes. Section 7.12.3.
func (t *tile) readSigns(x *transformed, l *levels, scan []scanned) (context uint8) {
	shift := uint(0)
	switch area := x.size.w + x.size.h; {
	case area > 10:
		shift = 2
	case area > 8:
		shift = 1
	}
	log2W := min(x.size.w, 5)
	coefficients := t.coefficients[:1<<(log2W+min(x.size.h, 5))]
	limit := int32(1)<<(7+t.f.seq.depth) - 1
	sum := 0
	step := x.steps[0]
	for i, e := range scan {
		p := int(e.at) & 2047
		level := int(l[p] & 63)
		if level == 0 {
			step = x.steps[1]
			continue
		}
		var sign int32
		if i == 0 {
			if t.flag(&t.coefficientModels.dcSign[min(x.plane, 1)][x.previous]) {
				sign = -1
			}
			context = uint8(2+sign) << 6
		} else {
			sign = -int32(t.bit())
		}
		if level > mostModeled {
			level = t.readGolomb() + mostModeled
			level &= 1<<20 - 1
		}
		sum += level
		at := p/levelStride<<log2W + p%levelStride
		q := step
		if x.matrix != nil {
			q = (q*int32(x.matrix[at]) + 16) >> 5
		}
		v := int32(level*int(q)&(1<<24-1)) >> shift
		v = min(v, limit-sign) // one more below zero
		coefficients[at] = (v ^ sign) - sign
		step = x.steps[1]
	}
	return context | uint8(min(sum, mostSum))
}

// readGolomb reads an Exp-Golomb number, at least 1. Section 5.11.39.
func (t *tile) readGolomb() int {
	const most = 20
	length := 1
	for length < most && t.bit() == 0 {
		length++
	}
	return 1<<(length-1) | t.literal(length-1)
}

// signContext is the context of the sign of a first coefficient, by those of the
// neighbors: 1 where more of them are negative, 2 where more are positive.
func signContext(neighbors ...[]uint8) int {
	sum := 0
	for _, n := range neighbors {
		for _, v := range n {
			sum += int(v>>7) - int(v>>6&1)
		}
	}
	switch {
	case sum < 0:
		return 1
	case sum > 0:
		return 2
	}
	return 0
}

// zeroContext is the context of all_zero. whole is set where the transform is as
// large as its block, larger where the block is larger. Section 9.3.
func zeroContext(chroma, whole bool, above, left []uint8) int {
	var a, b uint8
	if chroma {
		for _, v := range above {
			a |= v
		}
		for _, v := range left {
			b |= v
		}
		context := 7 + bits.Len8(min(a, 1)) + bits.Len8(min(b, 1))
		if !whole {
			context += 3
		}
		return context
	}
	if whole {
		return 0
	}
	for _, v := range above {
		a = max(a, v&mostSum)
	}
	for _, v := range left {
		b = max(b, v&mostSum)
	}
	low, high := min(a, b), max(a, b)
	switch {
	case high == 0:
		return 1
	case low == 0:
		return 2 + int(b2u(high > 3))
	case high <= 3:
		return 4
	case low <= 3:
		return 5
	}
	return 6
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
