package vp8l

import "encoding/binary"

// bitReader reads numbers from the least significant bit of each byte on.
// After the end of the data it reads zeros.
type bitReader struct {
	value uint64
	n     uint // bits in value; those above may be set, too, to what follows
	data  []byte
	pos   int // bytes that were put into value
}

// fill tops value up to at least 56 bits.
func (r *bitReader) fill() {
	if end := r.pos + 8; end <= len(r.data) {
		r.value |= binary.LittleEndian.Uint64(r.data[r.pos:end]) << (r.n & 63)
		r.pos += int(63-r.n) >> 3
		r.n |= 56
		return
	}
	r.fillLast()
}

//go:noinline
func (r *bitReader) fillLast() {
	r.value &= 1<<r.n - 1
	for ; r.n <= 56; r.n += 8 {
		if r.pos < len(r.data) {
			r.value |= uint64(r.data[r.pos]) << r.n
		}
		r.pos++
	}
}

// drop removes n bits that fill has provided.
func (r *bitReader) drop(n uint) {
	r.value >>= n & 63
	r.n -= n
}

// bits reads a number of n bits, at most 32.
func (r *bitReader) bits(n uint) uint32 {
	if r.n < n {
		r.fill()
	}
	v := uint32(r.value & (1<<(n&63) - 1))
	r.drop(n)
	return v
}

// overrun tells that more was read than there was.
func (r *bitReader) overrun() bool { return 8*r.pos-int(r.n) > 8*len(r.data) }
