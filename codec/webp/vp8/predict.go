package vp8

import "encoding/binary"

// A workspace holds one macroblock and the pixels to its left and above that
// it is predicted from: 17 rows of luma, then nine rows with the two chroma
// blocks side by side. There is room above and to the right of luma for the
// four pixels that subblocks look at.
type workspace [26 * stride]byte

const (
	stride = 32
	yAt    = stride + 8 // the first luma pixel
	uAt    = 18*stride + 8
	vAt    = uAt + 16
)

// subblockAt are the places of the 16 luma blocks.
var subblockAt = [16]int{
	yAt, yAt + 4, yAt + 8, yAt + 12,
	yAt + 4*stride, yAt + 4*stride + 4, yAt + 4*stride + 8, yAt + 4*stride + 12,
	yAt + 8*stride, yAt + 8*stride + 4, yAt + 8*stride + 8, yAt + 8*stride + 12,
	yAt + 12*stride, yAt + 12*stride + 4, yAt + 12*stride + 8, yAt + 12*stride + 12,
}

// What lies outside of the picture (RFC 6386 section 12.2).
const (
	aboveOutside = 127
	leftOutside  = 129
)

// predictLuma predicts 16x16 pixels (RFC 6386 section 12.3). hasTop and
// hasLeft tell whether the macroblock has neighbors in the picture.
func (w *workspace) predictLuma(mode uint8, hasTop, hasLeft bool) {
	switch mode {
	case modeDC:
		sum, shift := 0, 3
		if hasTop {
			for _, v := range w[yAt-stride : yAt-stride+16] {
				sum += int(v)
			}
			shift++
		}
		if hasLeft {
			for y := range 16 {
				sum += int(w[yAt-1+y*stride])
			}
			shift++
		}
		v := uint64(128)
		if shift > 3 {
			if shift == 4 {
				sum *= 2
			}
			v = uint64(sum+16) >> 5
		}
		for y := range 16 {
			fill16(w[yAt+y*stride:], v*0x0101010101010101)
		}
	case modeTM:
		w.trueMotion(yAt, 16)
	case modeVE:
		top := w[yAt-stride : yAt-stride+16]
		for y := range 16 {
			copy(w[yAt+y*stride:yAt+y*stride+16], top)
		}
	case modeHE:
		for y := range 16 {
			fill16(w[yAt+y*stride:], uint64(w[yAt-1+y*stride])*0x0101010101010101)
		}
	}
}

func fill16(dst []byte, v uint64) {
	binary.LittleEndian.PutUint64(dst[:8], v)
	binary.LittleEndian.PutUint64(dst[8:16], v)
}

// predictChroma predicts the 8x8 pixels at at (RFC 6386 section 12.2).
func (w *workspace) predictChroma(at int, mode uint8, hasTop, hasLeft bool) {
	switch mode {
	case modeDC:
		sum, n := 0, 0
		if hasTop {
			for _, v := range w[at-stride : at-stride+8] {
				sum += int(v)
			}
			n++
		}
		if hasLeft {
			for y := range 8 {
				sum += int(w[at-1+y*stride])
			}
			n++
		}
		v := uint64(128)
		if n > 0 {
			v = uint64(sum*2/n+8) >> 4
		}
		for y := range 8 {
			binary.LittleEndian.PutUint64(w[at+y*stride:][:8], v*0x0101010101010101)
		}
	case modeTM:
		w.trueMotion(at, 8)
	case modeVE:
		top := binary.LittleEndian.Uint64(w[at-stride:][:8])
		for y := range 8 {
			binary.LittleEndian.PutUint64(w[at+y*stride:][:8], top)
		}
	case modeHE:
		for y := range 8 {
			binary.LittleEndian.PutUint64(w[at+y*stride:][:8], uint64(w[at-1+y*stride])*0x0101010101010101)
		}
	}
}

// trueMotion predicts size x size pixels as left + top - corner.
func (w *workspace) trueMotion(at, size int) {
	corner := int32(w[at-stride-1])
	top := w[at-stride : at-stride+size]
	for y := range size {
		row := w[at-1+y*stride:][:size+1]
		d := int32(row[0]) - corner
		row = row[1:][:len(top)]
		for x, t := range top {
			row[x] = clip8(int32(t) + d)
		}
	}
}

func avg2(a, b uint64) uint64    { return (a + b + 1) >> 1 }
func avg3(a, b, c uint64) uint64 { return (a + 2*b + c + 2) >> 2 }

// rows4 writes four rows of 4 pixels.
func (w *workspace) rows4(at int, r0, r1, r2, r3 uint32) {
	dst := w[at : at+3*stride+4]
	binary.LittleEndian.PutUint32(dst, r0)
	binary.LittleEndian.PutUint32(dst[stride:stride+4], r1)
	binary.LittleEndian.PutUint32(dst[2*stride:2*stride+4], r2)
	binary.LittleEndian.PutUint32(dst[3*stride:3*stride+4], r3)
}

// predictSubblock predicts the 4x4 pixels at at from the corner p, the eight
// pixels a to h above and to the right, and the four i to l to the left (RFC
// 6386 section 12.3).
func (w *workspace) predictSubblock(at int, mode uint8) {
	edge := w[at-stride-1 : at+3*stride]
	above := binary.LittleEndian.Uint64(edge[1:9])
	p := uint64(edge[0])
	a, b, c, d := above&0xff, above>>8&0xff, above>>16&0xff, above>>24&0xff
	i, j, k, l := uint64(edge[stride]), uint64(edge[2*stride]), uint64(edge[3*stride]), uint64(edge[4*stride])
	switch mode {
	case modeDC:
		v := splat(uint32(a+b+c+d+i+j+k+l+4) >> 3)
		w.rows4(at, v, v, v, v)
	case modeTM:
		w.trueMotion(at, 4)
	case modeVE:
		e := above >> 32 & 0xff
		v := uint32(avg3(p, a, b) | avg3(a, b, c)<<8 | avg3(b, c, d)<<16 | avg3(c, d, e)<<24)
		w.rows4(at, v, v, v, v)
	case modeHE:
		w.rows4(at, splat(uint32(avg3(p, i, j))), splat(uint32(avg3(i, j, k))),
			splat(uint32(avg3(j, k, l))), splat(uint32(avg3(k, l, l))))
	case modeRD:
		v := avg3(j, k, l) | avg3(i, j, k)<<8 | avg3(p, i, j)<<16 | avg3(a, p, i)<<24 |
			avg3(b, a, p)<<32 | avg3(c, b, a)<<40 | avg3(d, c, b)<<48
		w.rows4(at, uint32(v>>24), uint32(v>>16), uint32(v>>8), uint32(v))
	case modeVR:
		even := avg3(j, i, p) | avg2(p, a)<<8 | avg2(a, b)<<16 | avg2(b, c)<<24 | avg2(c, d)<<32
		odd := avg3(k, j, i) | avg3(i, p, a)<<8 | avg3(p, a, b)<<16 | avg3(a, b, c)<<24 | avg3(b, c, d)<<32
		w.rows4(at, uint32(even>>8), uint32(odd>>8), uint32(even), uint32(odd))
	default:
		w.predictRising(at, mode, above, [5]uint64{p, i, j, k, l})
	}
}

// predictRising is predictSubblock for the modes that are used less; left is
// the corner and what is below it.
func (w *workspace) predictRising(at int, mode uint8, above uint64, left [5]uint64) {
	a, b, c, d := above&0xff, above>>8&0xff, above>>16&0xff, above>>24&0xff
	e, f, g, h := above>>32&0xff, above>>40&0xff, above>>48&0xff, above>>56
	p, i, j, k, l := left[0], left[1], left[2], left[3], left[4]
	switch mode {
	case modeLD:
		v := avg3(a, b, c) | avg3(b, c, d)<<8 | avg3(c, d, e)<<16 | avg3(d, e, f)<<24 |
			avg3(e, f, g)<<32 | avg3(f, g, h)<<40 | avg3(g, h, h)<<48
		w.rows4(at, uint32(v), uint32(v>>8), uint32(v>>16), uint32(v>>24))
	case modeVL:
		even := avg2(a, b) | avg2(b, c)<<8 | avg2(c, d)<<16 | avg2(d, e)<<24 | avg3(e, f, g)<<32
		odd := avg3(a, b, c) | avg3(b, c, d)<<8 | avg3(c, d, e)<<16 | avg3(d, e, f)<<24 | avg3(f, g, h)<<32
		w.rows4(at, uint32(even), uint32(odd), uint32(even>>8), uint32(odd>>8))
	case modeHD:
		v := avg2(l, k) | avg3(l, k, j)<<8 | avg2(k, j)<<16 | avg3(k, j, i)<<24 |
			avg2(j, i)<<32 | avg3(j, i, p)<<40 | avg2(i, p)<<48 | avg3(i, p, a)<<56
		top := uint32(v>>48) | uint32(avg3(p, a, b))<<16 | uint32(avg3(a, b, c))<<24
		w.rows4(at, top, uint32(v>>32), uint32(v>>16), uint32(v))
	case modeHU:
		v := avg2(i, j) | avg3(i, j, k)<<8 | avg2(j, k)<<16 | avg3(j, k, l)<<24 |
			avg2(k, l)<<32 | avg3(k, l, l)<<40 | l<<48 | l<<56
		w.rows4(at, uint32(v), uint32(v>>16), uint32(v>>32), uint32(v>>48)|uint32(l)<<16|uint32(l)<<24)
	}
}

// addBlock adds the residual of a block, whose coefficients are before end in
// zigzag order (the first one in any case), to its prediction at at.
func (w *workspace) addBlock(coeffs *[16]int16, end uint8, at int) {
	switch {
	case end > 3:
		inverseDCT(coeffs, w[at:])
	case end > 1:
		inverseDCT3(coeffs, w[at:])
	case coeffs[0] != 0:
		addDC(coeffs, w[at:])
	}
}
