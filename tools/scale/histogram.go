package main

import (
	"math"
	"time"
)

// histogram counts durations from a tenth of a millisecond up, in classes that
// are each 0.5 % wider than the one before.
type histogram struct {
	counts []int
	total  int
}

const (
	classGrowth = 1.005
	classLeast  = 100 * time.Microsecond
)

func (h *histogram) add(d time.Duration) {
	class := 0
	if d > classLeast {
		class = int(math.Log(float64(d)/float64(classLeast)) / math.Log(classGrowth))
	}
	for class >= len(h.counts) {
		h.counts = append(h.counts, make([]int, 256)...)
	}
	h.counts[class]++
	h.total++
}

// quantile returns the duration that the share q of all is at most; 0 where
// there is none.
func (h *histogram) quantile(q float64) time.Duration {
	rank, seen := int(math.Ceil(q*float64(h.total))), 0
	for class, n := range h.counts {
		if seen += n; n > 0 && seen >= rank {
			return time.Duration(float64(classLeast) * math.Pow(classGrowth, float64(class)+0.5))
		}
	}
	return 0
}
