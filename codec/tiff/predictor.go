package tiff

import (
	"encoding/binary"
)

// undoPredictor adds up the differences that a row was stored as: TIFF 6.0,
// section 14, and Adobe's TIFF Technical Note 3 for floating point. dst and src
// have the same length and do not overlap.
func undoPredictor(l *layout, dst, src []byte) {
	n := l.storedSamples()
	switch {
	case l.predictor == 3:
		undoFloat(dst, src, n, l.bits/8)
	case l.bits == 8:
		undo8(dst, src, n)
	case l.bits == 16:
		undo16(l.order, dst, src, n)
	default:
		undo32(l.order, dst, src, n)
	}
}

func undo8(dst, src []byte, n int) {
	src = src[:len(dst)]
	switch n {
	case 1:
		var a uint8
		for i, v := range src {
			a += v
			dst[i] = a
		}
	case 3:
		var a0, a1, a2 uint8
		for len(dst) >= 3 && len(src) >= 3 {
			a0 += src[0]
			a1 += src[1]
			a2 += src[2]
			dst[0], dst[1], dst[2] = a0, a1, a2
			dst, src = dst[3:], src[3:]
		}
	default:
		copy(dst[:min(n, len(dst))], src)
		for i := n; i < len(dst); i++ {
			dst[i] = src[i] + dst[i-n]
		}
	}
}

func undo16(order binary.ByteOrder, dst, src []byte, n int) {
	big := order == binary.BigEndian
	for i := 0; i+2 <= len(src); i += 2 {
		var left uint16
		if i >= 2*n {
			left = load16(big, dst[i-2*n:])
		}
		v := load16(big, src[i:]) + left
		if big {
			binary.BigEndian.PutUint16(dst[i:], v)
		} else {
			binary.LittleEndian.PutUint16(dst[i:], v)
		}
	}
}

func load16(big bool, b []byte) uint16 {
	if big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func undo32(order binary.ByteOrder, dst, src []byte, n int) {
	for i := 0; i+4 <= len(src); i += 4 {
		v := order.Uint32(src[i:])
		if i >= 4*n {
			v += order.Uint32(dst[i-4*n:])
		}
		order.PutUint32(dst[i:], v)
	}
}

// undoFloat reads the bytes of a row of numbers of the given size: first the
// highest byte of each, then the next, all of them as differences from the
// byte n places before. In big-endian files the lowest byte comes first: that
// is what libtiff writes and reads, though not what the note says.
func undoFloat(dst, src []byte, n, size int) {
	count := len(src) / size
	sums := make([]byte, n)
	for i, v := range src[:count*size] {
		sums[i%n] += v
		dst[i%count*size+size-1-i/count] = sums[i%n]
	}
}
