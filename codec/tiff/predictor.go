package tiff

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/internal/delta"
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
		delta.Undo(dst, src, n)
	case l.bits == 16:
		undo16(l.order, dst, src, n)
	default:
		undo32(l.order, dst, src, n)
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
