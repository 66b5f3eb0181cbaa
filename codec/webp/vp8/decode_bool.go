package vp8

import (
	"encoding/binary"
	"math/bits"
)

// bools decodes the booleans of one partition (RFC 6386 section 7).
//
// The state is split so that the inner loops can hold the part that changes
// with every boolean, window, in registers.
type bools struct {
	window
	data []byte // the partition and at least refillSize bytes more
	pos  int    // bytes of data that were put into the window; may pass size, see refill
	size int    // bytes of the partition
}

// window is what is known of the code value and the range it is in.
//
// value is aligned to the left: its topmost eight bits are compared with the
// split. The lowest bit that is set is a mark: the bits above it are data. So
// that is one thing less to keep count of.
//
// top is the range less one, 127 to 254.
type window struct {
	value uint64
	top   uint64
}

// refillSize is the number of bytes that are put into the window at once.
const refillSize = 4

// padded returns data with the bytes after it that newBools asks for. Where data
// has room for them it is not copied.
func padded(data []byte) []byte { return append(data, make([]byte, refillSize)...) }

// newBools starts decoding data[from:to], after which there are refillSize
// bytes more. What they are does not matter: an encoder that leaves out bytes
// at the end leaves out what has no influence.
func newBools(data []byte, from, to int) bools {
	b := bools{window: window{value: 1 << 63, top: 254}, data: data[from : to+refillSize], size: to - from}
	b.window, b.pos = refill(b.window, b.data, 0)
	return b
}

// low tells that fewer than 32 bits are left in the window.
func (w window) low() bool { return uint32(w.value) == 0 }

// refill adds 32 bits to a window that is low. After the end of the data these
// are the last ones again and again.
func refill(w window, data []byte, pos int) (window, int) {
	next := uint64(binary.BigEndian.Uint32(data[min(pos, len(data)-refillSize):]))
	mark := w.value & -w.value
	w.value += (2*next+1)*(mark>>32) - mark
	return w, pos + refillSize
}

// overrun tells that booleans were decoded from more data than there was, the
// byte excepted that is compared before it is needed.
func (b *bools) overrun() bool {
	unused := 63 - bits.TrailingZeros64(b.value)
	return 8*b.pos-unused > 8*b.size+8
}

// A boolean that is false with probability prob/256 is decoded in two steps, so
// that they are inlined and the branch on it is the caller's: it is true where
// value>>56 is above split(prob), and the window that follows is ifTrue or
// ifFalse. At most seven bits are used; the caller sees to it that the window
// holds these and eight more.
func (w window) split(prob uint8) uint64 { return w.top * uint64(prob) >> 8 }

func (w window) ifFalse(split uint64) window {
	n := &normalized[uint8(split)]
	return window{w.value << (n.shift & 63), uint64(n.top)}
}

func (w window) ifTrue(split uint64) window {
	n := &normalized[uint8(w.top-split-1)]
	return window{(w.value - (split+1)<<56) << (n.shift & 63), uint64(n.top)}
}

// normalized maps a range less one to the shift that makes it at least 127,
// and to the result.
var normalized = func() (t [256]struct{ shift, top uint8 }) {
	for i := range t {
		n := max(bits.LeadingZeros16(uint16(i+1))-8, 0)
		t[i].shift = uint8(n)
		t[i].top = uint8((i+1)<<n - 1)
	}
	return t
}()

// bit decodes one boolean.
func (w window) bit(prob uint8) (window, bool) {
	split := w.split(prob)
	if w.value>>56 > split {
		return w.ifTrue(split), true
	}
	return w.ifFalse(split), false
}

// sign decodes a boolean of even odds, which always takes one bit, and negates
// v where it is true. There is no branch, as it could not be foreseen.
//
// The exception, a range of 255, is there only at the start of a partition.
func (w window) sign(v int32) (window, int32) {
	split := w.top >> 1
	mask := uint64(int64(split-w.value>>56) >> 63) // all ones where it is true
	return window{
		value: (w.value - ((split+1)&mask)<<56) << 1,
		top:   (w.top + mask) | 1,
	}, (v ^ int32(mask)) - int32(mask)
}

// flag decodes a boolean of a header or a mode.
func (b *bools) flag(prob uint8) bool {
	w := b.window
	if w.low() {
		w, b.pos = refill(w, b.data, b.pos)
	}
	split := w.split(prob)
	if w.value>>56 > split {
		b.window = w.ifTrue(split)
		return true
	}
	b.window = w.ifFalse(split)
	return false
}

// literal decodes an unsigned number of n bits.
func (b *bools) literal(n int) int {
	v := 0
	for range n {
		v <<= 1
		if b.flag(128) {
			v |= 1
		}
	}
	return v
}

// signed decodes a number of n bits followed by its sign.
func (b *bools) signed(n int) int {
	v := b.literal(n)
	if b.flag(128) {
		return -v
	}
	return v
}

// optional decodes a flag and, where it is set, a signed number of n bits.
func (b *bools) optional(n int) int {
	if b.flag(128) {
		return b.signed(n)
	}
	return 0
}
