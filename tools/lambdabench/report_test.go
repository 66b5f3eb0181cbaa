package main

import (
	"testing"
	"time"
)

func TestAdviceIsTheCheapestThatWorks(t *testing.T) {
	at := func(memoryMB int, r result) size {
		return size{MemoryMB: memoryMB, Rows: []row{
			{Picture: "bmp", Results: map[string]result{ours: {Dollars: 0.5}}},
			{Picture: "jpeg12", Title: "12 MP JPEG", Results: map[string]result{ours: r}},
		}}
	}
	got := advise([]size{
		at(128, result{Dollars: 1, Failure: "rejected: too large"}), at(256, result{Dollars: 9}),
		at(512, result{Dollars: 8, MedianMs: 130}), at(1024, result{Dollars: 10}),
	}, "jpeg12")
	if want := (advice{"12 MP JPEG", 512, 130, 8}); got == nil || *got != want {
		t.Errorf("advice is %+v, want %+v", got, want)
	}
	if got := advise(nil, "jpeg12"); got != nil {
		t.Errorf("advice without measurements: %+v", got)
	}
}

func TestQuantile(t *testing.T) {
	all := []time.Duration{9, 1, 8, 2, 7, 3, 6, 4, 5, 10}
	for q, want := range map[float64]time.Duration{0.5: 5, 0.9: 9, 1: 10, 0: 1} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v of 1 to 10 is %d, want %d", q, got, want)
		}
	}
}
