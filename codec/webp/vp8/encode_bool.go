package vp8

import "math/bits"

// boolWriter encodes booleans (RFC 6386 section 7.3). The zero value is not
// usable; see newBoolWriter.
type boolWriter struct {
	out    []byte
	bottom uint64 // of the range; the bits above count were not written
	rng    uint32 // 128 to 255
	count  int    // bits of bottom that are fraction
}

func newBoolWriter(size int) *boolWriter {
	// Eight bits are compared before the first one is known.
	return &boolWriter{out: make([]byte, 0, size), rng: 255, count: 8}
}

// put encodes v, which is false with probability prob/256.
func (w *boolWriter) put(v bool, prob uint8) {
	split := 1 + (w.rng-1)*uint32(prob)>>8
	if v {
		w.bottom += uint64(split)
		w.rng -= split
	} else {
		w.rng = split
	}
	if w.rng >= 128 {
		return
	}
	n := bits.LeadingZeros8(uint8(w.rng))
	w.rng <<= n
	w.bottom <<= n
	w.count += n
	if w.count >= 40 {
		w.drain(16)
	}
}

// drain writes whole bytes until fewer than limit bits are left, and a carry
// into what was written.
func (w *boolWriter) drain(limit int) {
	for w.count >= limit {
		top := w.bottom >> (w.count - 8)
		if top > 0xff {
			w.carry()
		}
		w.out = append(w.out, byte(top))
		w.count -= 8
		w.bottom &= 1<<w.count - 1
	}
}

func (w *boolWriter) carry() {
	for i := len(w.out) - 1; i >= 0; i-- {
		w.out[i]++
		if w.out[i] != 0 {
			return
		}
	}
}

// literal encodes the n low bits of v.
func (w *boolWriter) literal(v, n int) {
	for n--; n >= 0; n-- {
		w.put(v>>n&1 == 1, 128)
	}
}

// optional encodes a number of n bits and a sign, or its absence where it is 0.
func (w *boolWriter) optional(v, n int) {
	w.put(v != 0, 128)
	if v != 0 {
		w.literal(max(v, -v), n)
		w.put(v < 0, 128)
	}
}

// bytes ends the partition and returns it.
func (w *boolWriter) bytes() []byte {
	n := -w.count & 7
	w.bottom <<= n
	w.count += n
	w.drain(8)
	return w.out
}
