package ccitt

import "io"

// bitReader reads bits, the highest of a byte first. Past the end of the input
// it shows zeros, since the last codes may be shorter than what is peeked at;
// taking them is an error.
type bitReader struct {
	r       io.Reader
	err     error // what ended the input
	buf     [4096]byte
	pos, n  int
	bits    uint64 // the next bits are the lowest count
	count   uint
	padding uint // zeros at the end of bits that are not input
	taken   uint // bits taken, modulo 16
}

// fill brings at least 32 bits.
func (b *bitReader) fill() error {
	for b.count <= 56 {
		if b.pos == b.n {
			if b.err == nil {
				b.n, b.err = b.r.Read(b.buf[:])
				b.pos = 0
				continue
			}
			if b.err != io.EOF {
				return b.err
			}
			b.bits <<= 8
			b.count += 8
			b.padding += 8
			continue
		}
		b.bits = b.bits<<8 | uint64(b.buf[b.pos])
		b.pos++
		b.count += 8
	}
	return nil
}

// peek returns the next n bits, at most 32.
func (b *bitReader) peek(n uint) (uint32, error) {
	if b.count < n {
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	return uint32(b.bits >> (b.count - n) & (1<<n - 1)), nil
}

// drop takes the n bits of a code that was peeked at; none is the length of
// what is no code.
func (b *bitReader) drop(n uint8) error {
	if b.count-b.padding < uint(n) || n == 0 && b.count == b.padding {
		return io.ErrUnexpectedEOF
	}
	if n == 0 {
		return errCode
	}
	b.count -= uint(n)
	b.taken += uint(n)
	return nil
}

func (b *bitReader) take(n uint8) (uint32, error) {
	v, err := b.peek(uint(n))
	if err != nil {
		return 0, err
	}
	return v, b.drop(n)
}

// align goes to the next multiple of n bits.
func (b *bitReader) align(n uint) {
	for b.taken%n != 0 {
		if _, err := b.take(1); err != nil {
			return // the code that follows meets the same end
		}
	}
}

// skipEndOfLine passes an end-of-line code, eleven zeros or more and a one, and
// reports whether there was one.
func (b *bitReader) skipEndOfLine() (bool, error) {
	v, err := b.peek(11)
	if v != 0 || err != nil {
		return false, err
	}
	for {
		bit, err := b.take(1)
		if bit == 1 || err != nil {
			return err == nil, err
		}
	}
}

// findEndOfLine goes to the next end-of-line code.
func (b *bitReader) findEndOfLine() error {
	for {
		v, err := b.peek(11)
		if v == 0 || err != nil {
			return err
		}
		if _, err := b.take(1); err != nil {
			return err
		}
	}
}
