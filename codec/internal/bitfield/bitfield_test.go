package bitfield

import (
	"math/rand/v2"
	"testing"
)

// TestFields reads fields of all lengths at all places in a byte, and beyond the
// end, where there are zeros.
func TestFields(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, 40)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	bit := func(at int) int {
		if at >= 8*len(data) {
			return 0
		}
		return int(data[at>>3] >> (7 - at&7) & 1)
	}
	r := &Reader{Data: data}
	for r.At < 8*len(data)+64 {
		from, n := r.At, rng.IntN(33)
		want := 0
		for i := range n {
			want = want<<1 | bit(from+i)
		}
		if got := r.Take(n); got != want || r.At != from+n {
			t.Fatalf("%d bits at %d: %#x and now at %d, want %#x", n, from, got, r.At, want)
		}
		if past := r.At > 8*len(data); r.Overrun() != past {
			t.Fatalf("bit %d of %d: overrun %v", r.At, 8*len(data), r.Overrun())
		}
	}
	for at, want := range map[int]int{0: 0, 1: 1, 8: 1, 9: 2} {
		r.At = at
		if got := r.Align(); got != want || r.At != 8*want {
			t.Errorf("aligned from bit %d: byte %d and now at %d, want %d", at, got, r.At, want)
		}
	}
}

func TestWidth(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 256: 8, 257: 9} {
		if got := Width(n); got != want {
			t.Errorf("numbers below %d: %d bits, want %d", n, got, want)
		}
	}
}
