package delta

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestUndoesDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 6, 8} {
		for _, pixels := range []int{0, 1, 2, 50} {
			want := make([]byte, n*pixels)
			differences := make([]byte, len(want))
			for i := range want {
				want[i] = byte(rng.Uint32())
				differences[i] = want[i]
				if i >= n {
					differences[i] -= want[i-n]
				}
			}
			got := make([]byte, len(want))
			Undo(got, append(differences, 99), n)
			Undo(differences, differences, n)
			if !bytes.Equal(got, want) || !bytes.Equal(differences, want) {
				t.Errorf("%d pixels of %d bytes: %v, in place %v, want %v", pixels, n, got, differences, want)
			}
		}
	}
}
