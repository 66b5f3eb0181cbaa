package av1

import "math/bits"

// bitReader reads the headers: big-endian bit fields. Section 4.10 of the
// standard. Past the end it reads zeros; see overrun.
type bitReader struct {
	data []byte
	at   int // the next bit
}

// take reads n bits, at most 32: f(n).
func (b *bitReader) take(n int) int {
	var v uint64
	first := b.at >> 3
	for i := range 5 {
		v <<= 8
		if first+i < len(b.data) {
			v |= uint64(b.data[first+i])
		}
	}
	v = v << (24 + b.at&7) >> (64 - n)
	b.at += n
	return int(v)
}

// flag reads f(1).
func (b *bitReader) flag() bool { return b.take(1) == 1 }

// skip leaves out n bits.
func (b *bitReader) skip(n int) { b.at += n }

// signed reads a number in two's complement: su(n).
func (b *bitReader) signed(n int) int { return b.take(n) << (64 - n) >> (64 - n) }

// below reads a number below n: ns(n).
func (b *bitReader) below(n int) int {
	w := bits.Len(uint(n))
	short := 1<<w - n // numbers that have one bit less
	v := b.take(w - 1)
	if v < short {
		return v
	}
	return v<<1 - short + b.take(1)
}

// skipGolomb leaves out uvlc().
func (b *bitReader) skipGolomb() {
	zeros := 0
	for zeros < 32 && !b.flag() {
		zeros++
	}
	if zeros < 32 {
		b.skip(zeros)
	}
}

// overrun tells that more was read than there was.
func (b *bitReader) overrun() bool { return b.at > 8*len(b.data) }

// align skips to the next whole byte and returns the index of it.
func (b *bitReader) align() int {
	b.at = (b.at + 7) &^ 7
	return b.at >> 3
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
