package jpeg

import "encoding/binary"

// A transform turns the dequantized coefficients of a block into samples, at
// rows of stride bytes.
//
// All of them compute the orthonormal N-point inverse DCT of the lowest
// coefficients, scaled so that the mean of the block stays what it is:
//
//	x[n] = 1/sqrt(8) * (X[0] + sqrt(2) * sum of X[u]*cos((2n+1)*u*pi/(2N)))
//
// once for columns and once for rows, with the factor 1/8 of both in the last
// shift. N = 8 is T.81, A.3.3; the smaller ones show the block with its high
// frequencies cut off, at fewer samples.
//
// top is the last zigzag position that may not be zero; where it is 0, only
// b[0] is looked at.
type transform func(b *block, top int, dst []byte, stride int)

// inverseTransform returns the transform for blocks of width x height samples,
// each 1, 2, 4 or
// 8; for 1x1 see mean.
func inverseTransform(width, height int) transform {
	switch {
	case width == 8 && height == 8:
		return inverse8x8
	case width == 4 && height == 4:
		return inverse4x4
	case width == 2 && height == 2:
		return inverse2x2
	}
	return func(b *block, top int, dst []byte, stride int) {
		if top == 0 {
			flat(b, dst, stride, width, height)
			return
		}
		inverseAny(b, dst, stride, width, height)
	}
}

// clamp returns the sample for a value around zero.
func clamp(v int32) byte {
	v += 128
	if uint32(v) > 255 {
		v = ^(v >> 31) & 255
	}
	return byte(v)
}

// eighth divides by 8 and rounds.
func eighth(v int32) int32 { return (v + 4) >> 3 }

// even8 divides by 8 and rounds, halves to even. Sums of few coefficients are
// multiples of a quarter or so: rounding their halves up would make a picture
// brighter. Blocks that are flat stay with the rounding of all other decoders.
func even8(v int32) int32 { return (v + 3 + v>>3&1) >> 3 }

// flat fills a block of which only the mean is known.
func flat(b *block, dst []byte, stride, width, height int) {
	v := clamp(eighth(b[0]))
	if width == 2 && height == 2 {
		row0, row1 := dst[:2:2], dst[stride:stride+2:stride+2]
		row0[0], row0[1], row1[0], row1[1] = v, v, v, v
		return
	}
	for y := range height {
		row := dst[y*stride : y*stride+width]
		if width == 8 {
			binary.LittleEndian.PutUint64(row, 0x0101010101010101*uint64(v))
			continue
		}
		for x := range row {
			row[x] = v
		}
	}
}

// mean returns the mean of a block, in eighths, from its first coefficient.
func mean(dc int32) uint16 {
	dc += 128 * 8
	if uint32(dc) > 255*8 {
		dc = ^(dc >> 31) & (255 * 8)
	}
	return uint16(dc)
}

func inverse2x2(b *block, top int, dst []byte, stride int) {
	if top == 0 {
		flat(b, dst, stride, 2, 2)
		return
	}
	s0, s1 := b[0]+b[2], b[1]+b[3]
	d0, d1 := b[0]-b[2], b[1]-b[3]
	row0, row1 := dst[:2:2], dst[stride:stride+2:stride+2]
	row0[0], row0[1] = clamp(even8(s0+s1)), clamp(even8(s0-s1))
	row1[0], row1[1] = clamp(even8(d0+d1)), clamp(even8(d0-d1))
}

// Multipliers with 12 fraction bits; the first pass keeps passBits of them.
const (
	fractionBits = 12
	passBits     = 3

	cos4x1 = 5352 // sqrt(2)*cos(1*pi/8)
	cos4x3 = 2217 // sqrt(2)*cos(3*pi/8)
)

func inverse4x4(b *block, top int, dst []byte, stride int) {
	if top == 0 {
		flat(b, dst, stride, 4, 4)
		return
	}
	in := b[:16:16]
	var t [16]int32
	for i := 0; i < 4; i++ {
		e0 := (in[i]+in[8+i])<<fractionBits + 1<<(shift1-1)
		e1 := (in[i]-in[8+i])<<fractionBits + 1<<(shift1-1)
		o0 := in[4+i]*cos4x1 + in[12+i]*cos4x3
		o1 := in[4+i]*cos4x3 - in[12+i]*cos4x1
		t[i] = (e0 + o0) >> shift1
		t[4+i] = (e1 + o1) >> shift1
		t[8+i] = (e1 - o1) >> shift1
		t[12+i] = (e0 - o0) >> shift1
	}
	for i := 0; i < 4; i++ {
		r := t[4*i : 4*i+4 : 4*i+4]
		out := dst[i*stride : i*stride+4 : i*stride+4]
		e0 := (r[0]+r[2])<<fractionBits + 1<<(shift2-1)
		e1 := (r[0]-r[2])<<fractionBits + 1<<(shift2-1)
		o0 := r[1]*cos4x1 + r[3]*cos4x3
		o1 := r[1]*cos4x3 - r[3]*cos4x1
		out[0] = clamp((e0 + o0) >> shift2)
		out[1] = clamp((e1 + o1) >> shift2)
		out[2] = clamp((e1 - o1) >> shift2)
		out[3] = clamp((e0 - o0) >> shift2)
	}
}

// sqrt(2)*cos(k*pi/16), 12 fraction bits.
const (
	c1 = 5681
	c2 = 5352
	c3 = 4816
	c5 = 3218
	c6 = 2217
	c7 = 1130
)

// butterfly8 is the eight-point transform without its factor. x0 comes shifted
// left by fractionBits, with the rounding of the caller's shift added.
func butterfly8(x0, x1, x2, x3, x4, x5, x6, x7 int32) (y0, y1, y2, y3, y4, y5, y6, y7 int32) {
	x4 <<= fractionBits
	e0, e1 := x0+x4, x0-x4
	e2 := x2*c6 - x6*c2
	e3 := x2*c2 + x6*c6
	o0 := x1*c1 + x3*c3 + x5*c5 + x7*c7
	o1 := x1*c3 - x3*c7 - x5*c1 - x7*c5
	o2 := x1*c5 - x3*c1 + x5*c7 + x7*c3
	o3 := x1*c7 - x3*c5 + x5*c3 - x7*c1
	a0, a3, a1, a2 := e0+e3, e0-e3, e1+e2, e1-e2
	return a0 + o0, a1 + o1, a2 + o2, a3 + o3, a3 - o3, a2 - o2, a1 - o1, a0 - o0
}

const (
	shift1 = fractionBits - passBits
	shift2 = fractionBits + passBits + 3
	round1 = 1 << (shift1 - 1)
	round2 = 1 << (shift2 - 1)
)

// lowBand is the number of zigzag positions that lie in the first four rows
// and columns, with nothing beyond them before; their slots are below lowSlots.
const (
	lowBand  = 10
	lowSlots = 28
)

func inverse8x8(b *block, top int, dst []byte, stride int) {
	switch {
	case top == 0:
		flat(b, dst, stride, 8, 8)
		return
	case top < lowBand:
		inverse8x8Low(b, dst, stride)
		return
	}
	var t [64]int32
	for i := range 8 {
		y0, y1, y2, y3, y4, y5, y6, y7 := butterfly8(
			b[i]<<fractionBits+round1, b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i])
		t[i], t[8+i], t[16+i], t[24+i] = y0>>shift1, y1>>shift1, y2>>shift1, y3>>shift1
		t[32+i], t[40+i], t[48+i], t[56+i] = y4>>shift1, y5>>shift1, y6>>shift1, y7>>shift1
	}
	for i := range 8 {
		x := (*[8]int32)(t[8*i:])
		y0, y1, y2, y3, y4, y5, y6, y7 := butterfly8(
			x[0]<<fractionBits+round2, x[1], x[2], x[3], x[4], x[5], x[6], x[7])
		put8((*[8]byte)(dst[i*stride:]), y0, y1, y2, y3, y4, y5, y6, y7)
	}
}

// put8 clamps and stores a row of samples.
func put8(d *[8]byte, y0, y1, y2, y3, y4, y5, y6, y7 int32) {
	d[0], d[1], d[2], d[3] = clamp(y0>>shift2), clamp(y1>>shift2), clamp(y2>>shift2), clamp(y3>>shift2)
	d[4], d[5], d[6], d[7] = clamp(y4>>shift2), clamp(y5>>shift2), clamp(y6>>shift2), clamp(y7>>shift2)
}

// inverse8x8Low is inverse8x8 where only the first four rows and columns of
// coefficients are not zero.
func inverse8x8Low(b *block, dst []byte, stride int) {
	var t [32]int32
	for i := range 4 {
		y0, y1, y2, y3, y4, y5, y6, y7 := butterfly8Low(b[i]<<fractionBits+round1, b[8+i], b[16+i], b[24+i])
		t[i], t[4+i], t[8+i], t[12+i] = y0>>shift1, y1>>shift1, y2>>shift1, y3>>shift1
		t[16+i], t[20+i], t[24+i], t[28+i] = y4>>shift1, y5>>shift1, y6>>shift1, y7>>shift1
	}
	for i := range 8 {
		x := (*[4]int32)(t[4*i:])
		y0, y1, y2, y3, y4, y5, y6, y7 := butterfly8Low(x[0]<<fractionBits+round2, x[1], x[2], x[3])
		put8((*[8]byte)(dst[i*stride:]), y0, y1, y2, y3, y4, y5, y6, y7)
	}
}

// butterfly8Low is butterfly8 with x4 to x7 zero.
func butterfly8Low(x0, x1, x2, x3 int32) (y0, y1, y2, y3, y4, y5, y6, y7 int32) {
	e2, e3 := x2*c6, x2*c2
	o0, o1 := x1*c1+x3*c3, x1*c3-x3*c7
	o2, o3 := x1*c5-x3*c1, x1*c7-x3*c5
	a0, a3, a1, a2 := x0+e3, x0-e3, x0+e2, x0-e2
	return a0 + o0, a1 + o1, a2 + o2, a3 + o3, a3 - o3, a2 - o2, a1 - o1, a0 - o0
}

// inverseAny is the transform for blocks that are not square: planes sampled
// differently along rows and columns.
func inverseAny(b *block, dst []byte, stride, width, height int) {
	var t [64]int32
	var x [8]int32
	for i := 0; i < width; i++ {
		for j := 0; j < height; j++ {
			x[j&7] = b[(j*width+i)&63]
		}
		inverseLine(&x, height, 1<<(fractionBits-passBits-1), fractionBits-passBits)
		for j := 0; j < height; j++ {
			t[(8*j+i)&63] = x[j&7]
		}
	}
	for j := 0; j < height; j++ {
		line := (*[8]int32)(t[8*j:])
		inverseLine(line, width, 1<<(shift2-1), shift2)
		for i, v := range line[:width] {
			dst[j*stride+i] = clamp(v)
		}
	}
}

// inverseLine is the transform of the first n values of x, in place.
func inverseLine(x *[8]int32, n int, round int32, shift uint) {
	shift &= 31
	switch n {
	case 8:
		y0, y1, y2, y3, y4, y5, y6, y7 := butterfly8(x[0]<<fractionBits+round, x[1], x[2], x[3], x[4], x[5], x[6], x[7])
		*x = [8]int32{y0 >> shift, y1 >> shift, y2 >> shift, y3 >> shift, y4 >> shift, y5 >> shift, y6 >> shift, y7 >> shift}
	case 4:
		e0, e1 := (x[0]+x[2])<<fractionBits+round, (x[0]-x[2])<<fractionBits+round
		o0, o1 := x[1]*cos4x1+x[3]*cos4x3, x[1]*cos4x3-x[3]*cos4x1
		x[0], x[3] = (e0+o0)>>shift, (e0-o0)>>shift
		x[1], x[2] = (e1+o1)>>shift, (e1-o1)>>shift
	case 2:
		s, d := (x[0]+x[1])<<fractionBits+round, (x[0]-x[1])<<fractionBits+round
		x[0], x[1] = s>>shift, d>>shift
	default:
		x[0] = (x[0]<<fractionBits + round) >> shift
	}
}
