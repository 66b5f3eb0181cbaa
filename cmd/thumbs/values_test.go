package main

import (
	"testing"
	"time"
)

func TestInstant(t *testing.T) {
	for text, want := range map[string]string{
		"2026-06-30": "2026-06-30T00:00:00Z", "2026-06-30T12:00:00+02:00": "2026-06-30T12:00:00+02:00", "yesterday": "", "-3h": "", "": "",
	} {
		var i instant
		if err := i.Set(text); (err == nil) != (want != "") || i.String() != want {
			t.Errorf("%q: %q, %v, want %q", text, i.String(), err, want)
		}
	}
	var ago instant
	if err := ago.Set("36h"); err != nil || time.Since(ago.Time).Round(time.Hour) != 36*time.Hour {
		t.Errorf("36h: %v, %v", ago, err)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "3000000": 3_000_000, "500kB": 500_000, "1.5 MB": 1_500_000, "2g": 2_000_000_000, "1TB": 1_000_000_000_000,
		"many": -1, "-1": -1, "MB": -1, "1 PB": -1,
	} {
		var s size
		if err := s.Set(text); (err == nil) != (want >= 0) || err == nil && int64(s) != want {
			t.Errorf("%q: %d, %v, want %d", text, s, err, want)
		}
	}
}
