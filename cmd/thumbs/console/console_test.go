package console

import (
	"strings"
	"testing"
	"time"
)

// TestProgressLines: without a terminal there is a line every ten seconds, and one at the end.
func TestProgressLines(t *testing.T) {
	var out, errs strings.Builder
	now := time.Unix(0, 0)
	c := &Console{Out: &out, Err: &errs, Now: func() time.Time { return now }}
	p := c.Progress("listing", 48_000)
	for range 3 {
		now = now.Add(6 * time.Second)
		p.Add(6000, 1_550_000_000)
	}
	p.Done()
	want := "listing: 12,000 of 48,000 objects, 3.1 GB, 1,000/s, 36s left\n" +
		"listing: 18,000 objects, 4.7 GB, 1,000/s\n"
	if errs.String() != want {
		t.Errorf("printed %q, want %q", &errs, want)
	}
	quiet := &Console{Out: &out, Err: &errs, Quiet: true}
	errs.Reset()
	quiet.Progress("listing", -1).Done()
	if errs.Len() > 0 || out.Len() > 0 {
		t.Errorf("printed %q and %q, though quiet", &out, &errs)
	}
}

// TestProgressBar: on a terminal a bar is drawn, and a result does not end up on its line.
func TestProgressBar(t *testing.T) {
	var screen strings.Builder
	c := &Console{Out: &screen, Err: &screen, Terminal: true}
	p := c.Progress("listing", 4)
	p.Add(1, 2_000_000)
	if got := screen.String(); !strings.Contains(got, "listing, 2.0 MB") || !strings.Contains(got, "25%") {
		t.Errorf("bar %q", got)
	}
	if err := c.Result("missing a.jpg", nil); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(screen.String(), "\r")
	if last := lines[len(lines)-1]; last != "missing a.jpg\n" {
		t.Errorf("the result is on the line %q", last)
	}
	p.Done()
}

func TestResult(t *testing.T) {
	var out strings.Builder
	c := &Console{Out: &out, JSON: true}
	if err := c.Result("text", map[string]int{"n": 1}); err != nil || out.String() != "{\"n\":1}\n" {
		t.Errorf("printed %q, error %v", &out, err)
	}
}

// TestConfirm: only a yes is one, and where nobody can be asked the answer is no.
func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "": false} {
		c := &Console{In: strings.NewReader(answer), Err: &strings.Builder{}, Terminal: true}
		if got := c.Confirm("Delete?"); got != want {
			t.Errorf("%q: %v, want %v", answer, got, want)
		}
	}
	if (&Console{In: strings.NewReader("y\n"), Err: &strings.Builder{}}).Confirm("Delete?") {
		t.Error("confirmed without a terminal")
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 123456: "123,456"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 1_250_000_000: "1.2 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %s, want %s", n, got, want)
		}
	}
}
