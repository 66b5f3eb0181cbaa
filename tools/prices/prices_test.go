package prices

import (
	"math"
	"testing"
	"time"
)

// TestMillionThumbnails is a million thumbnails at the prices of June 2026: 0.15 s with
// 1769 MB, 8 reads, a write and 2 kB of logs.
func TestMillionThumbnails(t *testing.T) {
	u := Usage{GBSeconds: GBSeconds(1769, 150*time.Millisecond), Reads: 8, Writes: 1, LogBytes: 2000}
	for _, part := range []struct {
		name      string
		got, want float64
	}{
		{"GB-seconds", u.GBSeconds, 0.15 * 1769 / 1024},
		{"reads", u.Reads, 8},
		{"writes", u.Writes, 1},
		{"Lambda", Usage{GBSeconds: u.GBSeconds}.Dollars(1e6), 3.65},
		{"S3 reads", Usage{Reads: 8}.Dollars(1e6) - 0.20, 3.20},
		{"S3 writes", Usage{Writes: 1}.Dollars(1e6) - 0.20, 5.00},
		{"logs", Usage{LogBytes: 2000}.Dollars(1e6) - 0.20, 1.00},
		{"all", u.Dollars(1e6), 12.85},
	} {
		if math.Abs(part.got-part.want) > 0.006 {
			t.Errorf("%s: %.4f, want %.4f", part.name, part.got, part.want)
		}
	}
}

func TestMillisecondsAreRoundedUp(t *testing.T) {
	if got, want := GBSeconds(512, 100*time.Millisecond+time.Microsecond), 0.0505; math.Abs(got-want) > 1e-12 {
		t.Errorf("100.001 ms of 512 MB are %v GB-s, want %v", got, want)
	}
	if got, want := GBSeconds(1024, 100*time.Millisecond), 0.1; math.Abs(got-want) > 1e-12 {
		t.Errorf("100 ms of 1024 MB are %v GB-s, want %v", got, want)
	}
}
