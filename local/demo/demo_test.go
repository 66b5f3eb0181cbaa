package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/local/samples"
)

func TestTheProgramExplainsItself(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"-h"}, 0},
		{[]string{"-nonsense"}, 2},
		{[]string{"extra"}, 2},
	} {
		stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		if status := demo(t.Context(), c.args, os.Stdout, stderr); status != c.status {
			t.Errorf("%v: exit status %d, want %d", c.args, status, c.status)
		}
		text, err := os.ReadFile(stderr.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "-keep") {
			t.Errorf("%v: no usage on standard error: %q", c.args, text)
		}
	}
}

// TestWrongFaultsAndState: what would be right is said before anything is started.
func TestWrongFaultsAndState(t *testing.T) {
	for want, args := range map[string][]string{
		"s3.slowdown":    {"-faults", "s3.nonsense=1"},
		"without KEEP=1": {"-keep=false", "-state", "somewhere"},
	} {
		stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		status := demo(t.Context(), args, os.Stdout, stderr)
		text, err := os.ReadFile(stderr.Name())
		if err != nil || status != 2 || !strings.Contains(string(text), want) {
			t.Errorf("%v: exit status %d, %q, %v, want 2 and %q", args, status, text, err, want)
		}
	}
}

func TestKeepIsReadAsMakePassesIt(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "false": false, "1": true, "true": true, "yes": true} {
		if truthy(value) != want {
			t.Errorf("KEEP=%q is taken as %v", value, !want)
		}
	}
}

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestTheDemoFailsWhenAThumbnailIsNotWhatItShouldBe(t *testing.T) {
	wide := samples.Sample{Key: "a.png", Width: 1000, Height: 500, Thumbnail: "thumb-a.png"}
	small := samples.Sample{Key: "a.png", Width: 40, Height: 30, Thumbnail: "thumb-a.png"}
	none := samples.Sample{Key: "a.txt"}
	for _, c := range []struct {
		name string
		r    result
		good bool
	}{
		{"right", result{Sample: wide, thumb: pngOf(t, 256, 128)}, true},
		{"on its side", result{Sample: wide, thumb: pngOf(t, 128, 256)}, false},
		{"too large", result{Sample: wide, thumb: pngOf(t, 1000, 500)}, false},
		{"never enlarged", result{Sample: small, thumb: pngOf(t, 40, 30)}, true},
		{"enlarged", result{Sample: small, thumb: pngOf(t, 256, 192)}, false},
		{"no picture", result{Sample: wide, thumb: []byte("oops")}, false},
		{"missing", result{Sample: wide, why: "rejected: too large"}, false},
		{"none expected", result{Sample: none, why: "skipped: no picture"}, true},
	} {
		c.r.check()
		if err := problems([]result{c.r}); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Version 1 of the AWS CLI needs the endpoint on the command line, and the region in a variable of its own.
func TestThePrintedCommandsWorkWithBothVersionsOfTheCLI(t *testing.T) {
	text := keepText("http://127.0.0.1:2/", "eu-north-1", "http://127.0.0.1:1", deploy.Stack{Source: "from", Destination: "to", LogGroup: "group", FailureQueue: "queue"})
	commands := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  aws ") {
			commands++
			if !strings.Contains(line, " --endpoint-url http://127.0.0.1:1 ") {
				t.Errorf("no endpoint in %q", line)
			}
		}
	}
	if commands != 4 || !strings.Contains(text, "AWS_DEFAULT_REGION=eu-north-1") {
		t.Errorf("%d commands, want 4, after the region is set:\n%s", commands, text)
	}
}
