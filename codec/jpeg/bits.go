package jpeg

import (
	"bytes"
	"encoding/binary"
)

const (
	// entropySize is how many bytes of a segment are unstuffed at a time.
	entropySize = 16 << 10

	// blockBytes is more than the coded form of any block can take (64 codes of
	// 16 bits with 15 bits of magnitude, and a load of eight bytes beyond), so
	// that the decoders look for the end of the data once a block.
	blockBytes = 320
)

// bitReader reads the bits of an entropy-coded segment. The stuffed zeros are
// taken out in bulk when the buffer is filled, so that the decoders, which copy
// acc, n and pos into local variables, never see them: they load eight bytes
// at a time.
//
// Invariant: pos+blockBytes is inside buf whenever ready has returned true.
type bitReader struct {
	acc uint64 // next bits, the first at the top; bits beyond the first n may be set
	n   uint   // valid bits in acc, at most 63
	pos int    // next byte of buf to load
	buf []byte // unstuffed data, then zeros

	safe int // below this pos a block can be decoded without looking
	end  int // end of the data in buf

	ended  bool // no data beyond end: marker, or err, says why
	marker byte // the marker that ended the segment, 0 where the input ended
	err    error
	in     *input
}

// start begins a segment at the input's position.
func (b *bitReader) start() {
	b.acc, b.n, b.pos, b.end, b.safe = 0, 0, 0, 0, 0
	b.ended, b.marker, b.err = false, 0, nil
}

// ready fills the buffer so that a block can be decoded. It returns false
// when no bit of the segment is left.
func (b *bitReader) ready() bool {
	if b.pos < b.safe {
		return true
	}
	if !b.ended {
		b.fill()
		if b.pos < b.safe {
			return true
		}
	}
	left := (b.end-b.pos)*8 + int(b.n)
	if left <= 0 {
		b.pos = min(b.pos, b.end+blockBytes)
		return false
	}
	return true
}

// padded tells whether only the ones are left that fill up the last byte. No
// Huffman code is all ones, so where a code should follow, none does.
func (b *bitReader) padded() bool {
	left := (b.end-b.pos)*8 + int(b.n)
	if !b.ended || left >= 8 {
		return false
	}
	b.load()
	return b.acc>>(64-left) == 1<<left-1
}

// fill moves what is left to the front of the buffer and unstuffs more.
func (b *bitReader) fill() {
	left := copy(b.buf, b.buf[b.pos:b.end])
	b.pos, b.end = 0, left
	for b.end < entropySize && !b.ended {
		in := b.in
		if in.pos == in.end {
			if err := in.more(); err != nil {
				b.ended, b.err = true, err
				break
			}
		}
		src := in.buf[in.pos:in.end]
		if len(src) > entropySize-b.end {
			src = src[:entropySize-b.end]
		}
		i := bytes.IndexByte(src, 0xFF)
		if i < 0 {
			i = len(src)
		}
		copy(b.buf[b.end:], src[:i])
		b.end += i
		in.pos += i
		if i < len(src) {
			in.pos++
			b.escape()
		}
	}
	b.safe = b.end - blockBytes
	if b.ended {
		// Decoders may run into the padding by one block before they ask.
		clear(b.buf[b.end : b.end+2*blockBytes])
		b.safe = 0
	}
}

// escape deals with what follows an 0xFF: a stuffed zero, or a marker.
func (b *bitReader) escape() {
	c, err := b.in.byte()
	for err == nil && c == 0xFF {
		c, err = b.in.byte()
	}
	switch {
	case err != nil:
		b.ended, b.err = true, err
	case c == 0:
		b.buf[b.end] = 0xFF
		b.end++
	case c > markerTEM && c < markerSOF0, c > markerAPPF && c < markerCOM:
		// No encoder writes these: a damaged byte. Other decoders stop here;
		// going on loses less.
		b.buf[b.end], b.buf[b.end+1] = 0xFF, c
		b.end += 2
	default:
		b.ended, b.marker = true, c
	}
}

// finish passes over what is left of the segment, up to the marker.
func (b *bitReader) finish() {
	for !b.ended {
		b.pos, b.end, b.n = 0, 0, 0
		b.fill()
	}
}

// load tops acc up to at least 56 bits. It is small enough to be inlined.
func (b *bitReader) load() {
	b.acc |= binary.BigEndian.Uint64(b.buf[b.pos:]) >> (b.n & 63)
	b.pos += int(63-b.n) >> 3
	b.n |= 56
}

// take removes count bits, at most 16, of the 56 that load made sure of and
// returns them.
func (b *bitReader) take(count uint) int32 {
	v := int32(b.acc >> 1 >> (63 - count))
	b.acc <<= count
	b.n -= count
	return v
}
