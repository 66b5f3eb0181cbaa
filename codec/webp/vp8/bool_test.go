package vp8

import (
	"math/rand/v2"
	"testing"
)

// TestBoolsRoundTrip encodes booleans of every probability, likely and not, and
// decodes them: what carries, runs of ones and refills must agree.
func TestBoolsRoundTrip(t *testing.T) {
	type choice struct {
		prob uint8
		bit  bool
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, skew := range []float64{0, 0.5, 1, 2} {
		var list []choice
		w := newBoolWriter(0)
		for range 100_000 {
			p := uint8(1 + r.IntN(255))
			odds := float64(p) / 256
			bit := r.Float64() >= odds
			if skew == 2 {
				bit = true
			} else if r.Float64() < skew {
				bit = !bit
			}
			list = append(list, choice{p, bit})
			w.put(bit, p)
		}
		data := w.bytes()
		b := newBools(padded(data), 0, len(data))
		for i, c := range list {
			if got := b.flag(c.prob); got != c.bit {
				t.Fatalf("skew %v: boolean %d of probability %d: got %v, want %v", skew, i, c.prob, got, c.bit)
			}
		}
		if b.overrun() {
			t.Errorf("skew %v: overrun after what was encoded", skew)
		}
		for range 200 {
			b.literal(1)
		}
		if !b.overrun() {
			t.Errorf("skew %v: no overrun 200 booleans after the end", skew)
		}
	}
}

// TestSignMatchesFlag: the shortcut for signs decodes what a boolean of even
// odds does.
func TestSignMatchesFlag(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 4000)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	a, b := newBools(padded(data), 0, len(data)), newBools(padded(data), 0, len(data))
	for i := range 10_000 {
		p := uint8(1 + r.IntN(255))
		if a.flag(p) != b.flag(p) {
			t.Fatalf("boolean %d differs", i)
		}
		want := int32(7)
		if a.flag(128) {
			want = -7
		}
		if b.low() {
			b.window, b.pos = refill(b.window, b.data, b.pos)
		}
		var got int32
		if b.window, got = b.sign(7); got != want {
			t.Fatalf("sign %d: got %d, want %d", i, got, want)
		}
	}
}
