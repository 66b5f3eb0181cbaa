package vp8

import "encoding/binary"

// clip8 limits v to a byte.
func clip8(v int32) uint8 {
	if uint32(v) < 256 {
		return uint8(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}

// mul1 multiplies by sqrt(2)*cos(pi/8), mul2 by sqrt(2)*sin(pi/8), in the
// fixed point of RFC 6386 section 14.3.
func mul1(v int32) int32 { return v + v*20091>>16 }
func mul2(v int32) int32 { return v * 35468 >> 16 }

// inverseDCT adds the inverse transform of coeffs to the 4x4 pixels at the
// start of dst, whose rows are stride apart, and clears coeffs (RFC 6386
// section 14.3).
func inverseDCT(coeffs *[16]int16, dst []byte) {
	var t [16]int32
	for i := range 4 {
		c0, c1, c2, c3 := int32(coeffs[i]), int32(coeffs[i+4]), int32(coeffs[i+8]), int32(coeffs[i+12])
		a, b := c0+c2, c0-c2
		c := mul2(c1) - mul1(c3)
		d := mul1(c1) + mul2(c3)
		t[i], t[i+4], t[i+8], t[i+12] = a+d, b+c, b-c, a-d
	}
	*coeffs = [16]int16{}
	dst = dst[:3*stride+4]
	for i := range 4 {
		r := t[4*i : 4*i+4 : 4*i+4]
		dc := r[0] + 4
		a, b := dc+r[2], dc-r[2]
		c := mul2(r[1]) - mul1(r[3])
		d := mul1(r[1]) + mul2(r[3])
		p := dst[i*stride : i*stride+4 : i*stride+4]
		v := addClipped(binary.LittleEndian.Uint32(p), (a+d)>>3, (b+c)>>3, (b-c)>>3, (a-d)>>3)
		binary.LittleEndian.PutUint32(p, v)
	}
}

// inverseDCT3 is inverseDCT for a block with only the first coefficient and those
// to its right and below.
func inverseDCT3(coeffs *[16]int16, dst []byte) {
	dc := int32(coeffs[0]) + 4
	c1, d1 := mul2(int32(coeffs[1])), mul1(int32(coeffs[1]))
	c4, d4 := mul2(int32(coeffs[4])), mul1(int32(coeffs[4]))
	coeffs[0], coeffs[1], coeffs[4] = 0, 0, 0
	dst = dst[:3*stride+4]
	for i, r := range [4]int32{dc + d4, dc + c4, dc - c4, dc - d4} {
		p := dst[i*stride : i*stride+4 : i*stride+4]
		binary.LittleEndian.PutUint32(p, addClipped(binary.LittleEndian.Uint32(p),
			(r+d1)>>3, (r+c1)>>3, (r-c1)>>3, (r-d1)>>3))
	}
}

// addClipped adds to four pixels.
func addClipped(p uint32, d0, d1, d2, d3 int32) uint32 {
	d0 += int32(p & 0xff)
	d1 += int32(p >> 8 & 0xff)
	d2 += int32(p >> 16 & 0xff)
	d3 += int32(p >> 24)
	if uint32(d0|d1|d2|d3) > 255 {
		return clip4(d0, d1, d2, d3)
	}
	return uint32(d0 | d1<<8 | d2<<16 | d3<<24)
}

//go:noinline
func clip4(v0, v1, v2, v3 int32) uint32 {
	return uint32(clip8(v0)) | uint32(clip8(v1))<<8 | uint32(clip8(v2))<<16 | uint32(clip8(v3))<<24
}

// addDC is inverseDCT for a block with only its first coefficient.
func addDC(coeffs *[16]int16, dst []byte) {
	dc := (int32(coeffs[0]) + 4) >> 3
	coeffs[0] = 0
	dst = dst[:3*stride+4]
	if dc >= 0 {
		add := splat(uint32(min(dc, 255)))
		for i := range 4 {
			p := dst[i*stride : i*stride+4 : i*stride+4]
			binary.LittleEndian.PutUint32(p, addSaturated(binary.LittleEndian.Uint32(p), add))
		}
		return
	}
	// Subtracting from v is adding to its complement.
	add := splat(uint32(min(-dc, 255)))
	for i := range 4 {
		p := dst[i*stride : i*stride+4 : i*stride+4]
		binary.LittleEndian.PutUint32(p, ^addSaturated(^binary.LittleEndian.Uint32(p), add))
	}
}

// splat repeats a byte four times.
func splat(v uint32) uint32 { return v * 0x01010101 }

// addSaturated adds four bytes to four bytes, each up to 255.
func addSaturated(a, b uint32) uint32 {
	const high = 0x80808080
	sum := (a&^high + b&^high) ^ (a^b)&high
	carry := (a&b | (a|b)&^sum) & high // the topmost bit's carry, byte by byte
	return sum | (carry>>7)*0xff
}

// inverseWHT spreads the coefficients of the Y2 block over the first
// coefficients of the 16 luma blocks and clears it (RFC 6386 section 14.3).
func inverseWHT(y2 *[16]int16, luma *[16][16]int16) {
	var t [16]int32
	for i := range 4 {
		c0, c1, c2, c3 := int32(y2[i]), int32(y2[i+4]), int32(y2[i+8]), int32(y2[i+12])
		a0, a1, a2, a3 := c0+c3, c1+c2, c1-c2, c0-c3
		t[i], t[i+8], t[i+4], t[i+12] = a0+a1, a0-a1, a3+a2, a3-a2
	}
	*y2 = [16]int16{}
	for i := range 4 {
		r := t[4*i : 4*i+4 : 4*i+4]
		dc := r[0] + 3
		a0, a1, a2, a3 := dc+r[3], r[1]+r[2], r[1]-r[2], dc-r[3]
		luma[4*i][0] = int16((a0 + a1) >> 3)
		luma[4*i+1][0] = int16((a3 + a2) >> 3)
		luma[4*i+2][0] = int16((a0 - a1) >> 3)
		luma[4*i+3][0] = int16((a3 - a2) >> 3)
	}
}
