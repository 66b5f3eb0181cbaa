package vp8l

import "encoding/binary"

// bitWriter writes numbers from the least significant bit of each byte on.
type bitWriter struct {
	out   []byte
	value uint64
	n     uint // bits in value
}

// put writes the n low bits of v, at most 32.
func (w *bitWriter) put(v uint32, n uint) {
	w.value |= uint64(v) << w.n
	w.n += n
	if w.n >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.value))
		w.value >>= 32
		w.n -= 32
	}
}

// bytes returns what was written, padded to a whole byte.
func (w *bitWriter) bytes() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.out = append(w.out, byte(w.value))
		w.value >>= 8
	}
	return w.out
}
