package page

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatCountsAsAChange(t *testing.T) {
	for name, want := range map[string]bool{
		"handler/job/make.go": true, "settings/new/folder": true, "go.mod": true, "infra/iam.go": true, "main.go": false,
		"handler/.make.go.swp": false, "handler/make.go~": false, "README.md": false, "Makefile": false,
	} {
		if counts(name) != want {
			t.Errorf("%s counts: %v", name, !want)
		}
	}
	if got := summary([]string{"a", "b", "c"}); got != "a and 2 more" {
		t.Errorf("three changes: %q", got)
	}
}

// Tests, and what is no Go, are no part of the Pulumi program: a change of theirs need not build it.
func TestTheProgramsFingerprint(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() string {
		t.Helper()
		s, err := programSource(root)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, name := range []string{"infra/a.go", "settings/b.go", "codec/format/c.go"} {
		write(name, "package x")
	}
	before := sum()
	write("infra/a_test.go", "package x")
	write("infra/notes.txt", "x")
	write("handler/main.go", "package main")
	if sum() != before {
		t.Error("a test, a text or the function changes the program")
	}
	for _, name := range []string{"infra/a.go", "settings/b.go", "codec/format/c.go", "infra/new.go"} {
		write(name, "package x // changed")
		if now := sum(); now == before {
			t.Errorf("a change of %s does not change the program", name)
		} else {
			before = now
		}
	}
}

func gray(t *testing.T, width int, values ...uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, len(values)/width))
	for i, v := range values {
		m.SetGray(i%width, i/width, color.Gray{Y: v})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDifferencesInDecibels(t *testing.T) {
	a := gray(t, 2, 100, 100, 100, 100)
	for _, c := range []struct {
		name   string
		after  []byte
		before []byte
		want   string
	}{
		{"the same", a, a, "the same file"},
		{"other bytes", append(bytes.Clone(a), 0), a, "the same pixels in another file"},
		// A mean squared error of 25: 10 log10(255^2 / 25).
		{"by 5 everywhere", gray(t, 2, 105, 95, 105, 95), a, "34.2 dB"},
		// One pixel of four by 10 has the same mean.
		{"by 10 in one", gray(t, 2, 110, 100, 100, 100), a, "34.2 dB"},
		{"another size", gray(t, 1, 100, 100), a, "2x2 is now 1x2"},
		{"no picture", []byte("x"), a, "what is now is no picture"},
		{"was none", a, []byte("x"), "what was before is no picture"},
	} {
		if got := difference(c.before, c.after); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestProgressIsLinesWithoutColors(t *testing.T) {
	p := bare()
	w := &progress{p: p}
	for _, part := range []string{"\x1b[1mUpda", "ting\x1b[0m\r\n\n  +  ", "aws:s3 created\nunfinished"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := strings.Join(p.model.operation.value.Lines, "|"); got != "Updating|  +  aws:s3 created" {
		t.Errorf("%q", got)
	}
	for range maxProgress + 20 {
		w.Write([]byte(" line\n"))
	}
	if n := len(p.model.operation.value.Lines); n != maxProgress {
		t.Errorf("%d lines are kept, want %d", n, maxProgress)
	}
}
