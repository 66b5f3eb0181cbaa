package hevc

import (
	"math/bits"

	"s3-thumbnail-creator/codec/internal/bitfield"
)

// bitReader reads the headers: bit fields and Exp-Golomb numbers (ITU-T H.265,
// section 9.2), of data without emulation prevention bytes.
type bitReader struct{ bitfield.Reader }

// golomb reads an unsigned number, at most 2^32-1: ue(v).
func (b *bitReader) golomb() uint32 {
	zeros := bits.LeadingZeros32(uint32(b.Take(32)))
	b.At -= 32
	if zeros == 32 {
		b.At += 65
		return 1<<32 - 1
	}
	b.At += zeros
	return uint32(b.Take(zeros+1) - 1)
}

// signed reads a signed number: se(v).
func (b *bitReader) signed() int {
	v := int(b.golomb())
	if v&1 == 0 {
		return -v / 2
	}
	return (v + 1) / 2
}
