package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/cmd/thumbs/console"
)

// instant is a flag's time.
type instant struct{ time.Time }

// Set implements pflag.Value. A day is its first moment in UTC.
func (i *instant) Set(text string) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			i.Time = t
			return nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		i.Time = time.Now().Add(-ago)
		return nil
	}
	return fmt.Errorf("want a day such as 2026-06-30, a time such as 2026-06-30T12:00:00Z, or how long ago, such as 36h")
}

func (i *instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.Format(time.RFC3339)
}

// Type implements pflag.Value: what the help calls it.
func (*instant) Type() string { return "time" }

// size is a flag's number of bytes.
type size int64

// Set implements pflag.Value. The units are decimal, as S3's prices and console.Bytes have them.
func (s *size) Set(text string) error {
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), " ")
	factor := 1.0
	for i, unit := range []string{"K", "M", "G", "T"} {
		if digits, ok := strings.CutSuffix(number, unit); ok {
			number = digits
			for range i + 1 {
				factor *= 1000
			}
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || n < 0 || n*factor > 1<<62 {
		return fmt.Errorf("want a number of bytes, such as 500kB, 20MB or 3000000")
	}
	*s = size(n * factor)
	return nil
}

func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return console.Bytes(int64(*s))
}

// Type implements pflag.Value: what the help calls it.
func (*size) Type() string { return "size" }

// quoted is text as a shell takes it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
