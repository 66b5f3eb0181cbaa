package png

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/internal/delta"
)

// unfilter undoes the filter of a row (section 9.2): dst is the result, src
// the filtered bytes, prev the row above. All have the same length; bpp is the
// number of bytes of a pixel, at least 1. It reports whether the filter exists.
func unfilter(filter uint8, dst, src, prev []byte, bpp int) bool {
	switch filter {
	case 0:
		copy(dst, src)
	case 1:
		delta.Undo(dst, src, bpp)
	case 2:
		unfilterUp(dst, src, prev)
	case 3:
		unfilterAverage(dst, src, prev, bpp)
	case 4:
		unfilterPaeth(dst, src, prev, bpp)
	default:
		return false
	}
	return true
}

// addBytes adds eight pairs of bytes, each modulo 256.
func addBytes(a, b uint64) uint64 {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	return (a&low + b&low) ^ (a^b)&high
}

func unfilterUp(dst, src, prev []byte) {
	src, prev = src[:len(dst)], prev[:len(dst)]
	for len(dst) >= 8 && len(src) >= 8 && len(prev) >= 8 {
		binary.LittleEndian.PutUint64(dst, addBytes(binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(prev)))
		dst, src, prev = dst[8:], src[8:], prev[8:]
	}
	for i := range dst {
		dst[i] = src[i] + prev[i]
	}
}

func unfilterAverage(dst, src, prev []byte, bpp int) {
	src, prev = src[:len(dst)], prev[:len(dst)]
	switch bpp {
	case 3:
		var a0, a1, a2 uint32
		for len(dst) >= 3 && len(src) >= 3 && len(prev) >= 3 {
			a0 = (a0+uint32(prev[0]))>>1 + uint32(src[0])
			a1 = (a1+uint32(prev[1]))>>1 + uint32(src[1])
			a2 = (a2+uint32(prev[2]))>>1 + uint32(src[2])
			a0, a1, a2 = a0&0xff, a1&0xff, a2&0xff
			dst[0], dst[1], dst[2] = uint8(a0), uint8(a1), uint8(a2)
			dst, src, prev = dst[3:], src[3:], prev[3:]
		}
	case 4:
		var a0, a1, a2, a3 uint32
		for len(dst) >= 4 && len(src) >= 4 && len(prev) >= 4 {
			a0 = (a0+uint32(prev[0]))>>1 + uint32(src[0])
			a1 = (a1+uint32(prev[1]))>>1 + uint32(src[1])
			a2 = (a2+uint32(prev[2]))>>1 + uint32(src[2])
			a3 = (a3+uint32(prev[3]))>>1 + uint32(src[3])
			a0, a1, a2, a3 = a0&0xff, a1&0xff, a2&0xff, a3&0xff
			dst[0], dst[1], dst[2], dst[3] = uint8(a0), uint8(a1), uint8(a2), uint8(a3)
			dst, src, prev = dst[4:], src[4:], prev[4:]
		}
	default:
		for i := range min(bpp, len(dst)) {
			dst[i] = src[i] + prev[i]/2
		}
		for i := bpp; i < len(dst); i++ {
			dst[i] = src[i] + uint8((uint32(dst[i-bpp])+uint32(prev[i]))/2)
		}
	}
}

// paeth predicts a byte from those to the left (a), above (b) and above left
// (c): whichever is nearest to a+b-c, the first of them where two are as near
// (section 9.4). With low and high the smaller and larger of a and b, that is
// low where high <= 3c-a-b, else high where low >= 3c-a-b, else c: no distance
// is computed and no jump taken.
func paeth(a, b, c int32) int32 {
	threshold := 3*c - a - b
	low, high := min(a, b), max(a, b)
	p := c
	if high <= threshold {
		p = low
	}
	if threshold <= low {
		p = high
	}
	return p
}

func unfilterPaeth(dst, src, prev []byte, bpp int) {
	src, prev = src[:len(dst)], prev[:len(dst)]
	switch bpp {
	case 3:
		var a0, a1, a2, c0, c1, c2 int32
		for len(dst) >= 3 && len(src) >= 3 && len(prev) >= 3 {
			b0, b1, b2 := int32(prev[0]), int32(prev[1]), int32(prev[2])
			a0 = (paeth(a0, b0, c0) + int32(src[0])) & 0xff
			a1 = (paeth(a1, b1, c1) + int32(src[1])) & 0xff
			a2 = (paeth(a2, b2, c2) + int32(src[2])) & 0xff
			c0, c1, c2 = b0, b1, b2
			dst[0], dst[1], dst[2] = uint8(a0), uint8(a1), uint8(a2)
			dst, src, prev = dst[3:], src[3:], prev[3:]
		}
	case 4:
		var a0, a1, a2, a3, c0, c1, c2, c3 int32
		for len(dst) >= 4 && len(src) >= 4 && len(prev) >= 4 {
			b0, b1, b2, b3 := int32(prev[0]), int32(prev[1]), int32(prev[2]), int32(prev[3])
			a0 = (paeth(a0, b0, c0) + int32(src[0])) & 0xff
			a1 = (paeth(a1, b1, c1) + int32(src[1])) & 0xff
			a2 = (paeth(a2, b2, c2) + int32(src[2])) & 0xff
			a3 = (paeth(a3, b3, c3) + int32(src[3])) & 0xff
			c0, c1, c2, c3 = b0, b1, b2, b3
			dst[0], dst[1], dst[2], dst[3] = uint8(a0), uint8(a1), uint8(a2), uint8(a3)
			dst, src, prev = dst[4:], src[4:], prev[4:]
		}
	default:
		for i := range min(bpp, len(dst)) {
			dst[i] = src[i] + prev[i]
		}
		for i := bpp; i < len(dst); i++ {
			dst[i] = src[i] + uint8(paeth(int32(dst[i-bpp]), int32(prev[i]), int32(prev[i-bpp])))
		}
	}
}
