// Package bitfield reads the headers of video codings: fields of any number of
// bits, which follow each other, the highest bit first.
package bitfield

import "math/bits"

// Reader reads from Data. Past the end it reads zeros; see Overrun.
type Reader struct {
	Data []byte
	At   int // the next bit
}

// Take reads n bits, at most 32: f(n) or u(n) of the standards.
func (r *Reader) Take(n int) int {
	var v uint64
	first := r.At >> 3
	for i := range 5 {
		v <<= 8
		if first+i < len(r.Data) {
			v |= uint64(r.Data[first+i])
		}
	}
	v = v << (24 + r.At&7) >> (64 - n)
	r.At += n
	return int(v)
}

// Flag reads a bit.
func (r *Reader) Flag() bool { return r.Take(1) == 1 }

// Skip leaves out n bits.
func (r *Reader) Skip(n int) { r.At += n }

// Align skips to the next whole byte and returns its index.
func (r *Reader) Align() int {
	r.At = (r.At + 7) &^ 7
	return r.At >> 3
}

// Overrun tells that more was read than there was.
func (r *Reader) Overrun() bool { return r.At > 8*len(r.Data) }

// Width is the length of a field that holds the numbers below n: Ceil(Log2(n)).
func Width(n int) int {
	if n < 2 {
		return 0
	}
	return bits.Len(uint(n - 1))
}
