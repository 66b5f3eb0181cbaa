package main

import (
	"math"
	"testing"
	"time"

	"s3-thumbnail-creator/tools/lambdabench/standin"
)

// TestMillionThumbnails is the README's cost table of June 2026: 0.15 s with
// 1769 MB, 8 reads, a write and 2 kB of logs.
func TestMillionThumbnails(t *testing.T) {
	u := usageOf(1769, 150*time.Millisecond, standin.Counts{GET: 9, HEAD: 15, PUT: 3}, 3, 2000)
	for _, part := range []struct {
		name      string
		got, want float64
	}{
		{"GB-seconds", u.GBSeconds, 0.15 * 1769 / 1024},
		{"reads", u.Reads, 8},
		{"writes", u.Writes, 1},
		{"Lambda", usage{GBSeconds: u.GBSeconds}.dollars(1e6), 3.65},
		{"S3 reads", usage{Reads: 8}.dollars(1e6) - 0.20, 3.20},
		{"S3 writes", usage{Writes: 1}.dollars(1e6) - 0.20, 5.00},
		{"logs", usage{LogBytes: 2000}.dollars(1e6) - 0.20, 1.00},
		{"all", u.dollars(1e6), 12.85},
	} {
		if math.Abs(part.got-part.want) > 0.006 {
			t.Errorf("%s: %.4f, want %.4f", part.name, part.got, part.want)
		}
	}
}

func TestMillisecondsAreRoundedUp(t *testing.T) {
	if got, want := gbSeconds(512, 100*time.Millisecond+time.Microsecond), 0.0505; math.Abs(got-want) > 1e-12 {
		t.Errorf("100.001 ms of 512 MB are %v GB-s, want %v", got, want)
	}
	if got, want := gbSeconds(1024, 100*time.Millisecond), 0.1; math.Abs(got-want) > 1e-12 {
		t.Errorf("100 ms of 1024 MB are %v GB-s, want %v", got, want)
	}
}

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
