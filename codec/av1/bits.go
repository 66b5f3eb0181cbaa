package av1

import (
	"math/bits"

	"s3-thumbnail-creator/codec/internal/bitfield"
)

// bitReader reads the headers. Section 4.10 of the standard.
type bitReader struct{ bitfield.Reader }

// signed reads a number in two's complement: su(n).
func (b *bitReader) signed(n int) int { return b.Take(n) << (64 - n) >> (64 - n) }

// below reads a number below n: ns(n).
func (b *bitReader) below(n int) int { return below(n, b.Take) }

// below reads a number below n from bits that take reads. Sections 4.10.7 and
// 4.10.10: ns(n) and NS(n).
func below(n int, take func(bits int) int) int {
	w := bits.Len(uint(n))
	short := 1<<w - n // numbers that have one bit less
	v := take(w - 1)
	if v < short {
		return v
	}
	return v<<1 - short + take(1)
}

// skipGolomb leaves out uvlc().
func (b *bitReader) skipGolomb() {
	zeros := 0
	for zeros < 32 && !b.Flag() {
		zeros++
	}
	if zeros < 32 {
		b.Skip(zeros)
	}
}

// leb128 reads a little-endian number of seven bits a byte, of eight bytes at the
// most, and returns its length.
func leb128(data []byte) (v uint64, length int) {
	for i, b := range data {
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 || i == 7 {
			return v, i + 1
		}
	}
	return v, len(data)
}
