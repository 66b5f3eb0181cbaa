package hevc

import "math/bits"

// bitReader reads the headers: big-endian bit fields and Exp-Golomb numbers
// (ITU-T H.265, section 9.2). Past the end it reads zeros; see overrun.
type bitReader struct {
	data []byte // without emulation prevention bytes
	at   int    // the next bit
}

// take reads n bits, at most 32: u(n).
func (b *bitReader) take(n int) uint32 {
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
	return uint32(v)
}

// flag reads u(1).
func (b *bitReader) flag() bool { return b.take(1) == 1 }

// skip leaves out n bits.
func (b *bitReader) skip(n int) { b.at += n }

// golomb reads an unsigned number, at most 2^32-1: ue(v).
func (b *bitReader) golomb() uint32 {
	zeros := bits.LeadingZeros32(b.take(32))
	b.at -= 32
	if zeros == 32 {
		b.at += 65
		return 1<<32 - 1
	}
	b.at += zeros
	return uint32(uint64(b.take(zeros+1)) - 1)
}

// signed reads a signed number: se(v).
func (b *bitReader) signed() int {
	v := int(b.golomb())
	if v&1 == 0 {
		return -v / 2
	}
	return (v + 1) / 2
}

// overrun tells that more was read than there was.
func (b *bitReader) overrun() bool { return b.at > 8*len(b.data) }

// align skips to the next whole byte and returns its index.
func (b *bitReader) align() int {
	b.at = (b.at + 7) &^ 7
	return b.at >> 3
}

// bitsFor is the length of a field that holds the numbers below n:
// Ceil(Log2(n)).
func bitsFor(n int) int {
	if n < 2 {
		return 0
	}
	return bits.Len(uint(n - 1))
}
