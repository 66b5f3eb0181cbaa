package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestEverythingIsRemoved: the last first, what could not be made as well, and what refuses at first after all.
func TestEverythingIsRemoved(t *testing.T) {
	var removed []string
	c := cleanup{tries: 3}
	add := func(name string, made error, refusals int) error {
		return c.make(name, func() error { return made }, func(context.Context) error {
			if refusals--; refusals >= 0 {
				return errors.New("in use")
			}
			removed = append(removed, name)
			return nil
		})
	}
	if err := add("bucket", nil, 2); err != nil {
		t.Fatal(err)
	}
	if err := add("role", errors.New("the answer was lost"), 0); err == nil || !strings.Contains(err.Error(), "make role: the answer was lost") {
		t.Errorf("making: %v", err)
	}
	if err := add("stubborn", nil, 100); err != nil {
		t.Fatal(err)
	}
	if err := c.remove(t.Context()); err == nil || err.Error() != "stubborn is still there: in use" {
		t.Errorf("removing: %v", err)
	}
	if !slices.Equal(removed, []string{"role", "bucket"}) {
		t.Errorf("removed %q", removed)
	}
	if err := add("late", nil, 0); !errors.Is(err, errClosed) {
		t.Errorf("making something while all is removed: %v", err)
	}
	if err := c.remove(t.Context()); err != nil || len(removed) != 2 {
		t.Errorf("once more: %v, %q", err, removed)
	}
}

// TestWhatIsBeingMadeIsRemoved: an interrupt waits for what is on its way.
func TestWhatIsBeingMadeIsRemoved(t *testing.T) {
	c := cleanup{}
	begun, end, done := make(chan bool), make(chan bool), make(chan error)
	there := false
	go func() {
		done <- c.make("slow", func() error {
			close(begun)
			<-end
			there = true
			return nil
		}, func(context.Context) error { there = false; return nil })
	}()
	<-begun
	removed := make(chan error)
	go func() { removed <- c.remove(context.Background()) }()
	close(end)
	if err := errors.Join(<-done, <-removed); err != nil || there {
		t.Errorf("%v, there: %v", err, there)
	}
}

func TestNothingIsMadeWithoutAYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "\n": false, "no\n": false, "": false} {
		if got := agreed(strings.NewReader(answer), io.Discard, ""); got != want {
			t.Errorf("%q: %v", answer, got)
		}
	}
	var out bytes.Buffer
	if !agreed(strings.NewReader(""), &out, "1") || out.Len() > 0 {
		t.Errorf("YES=1: %q", out.String())
	}
}

func TestARegionIsWanted(t *testing.T) {
	for _, v := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(v, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	if err := prepare(strings.NewReader(""), io.Discard); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("%v", err)
	}
}

// TestFunctionsCanBeCompiled: what is uploaded starts on provided.al2023, which runs the file bootstrap.
func TestFunctionsCanBeCompiled(t *testing.T) {
	code, err := compileProbe(t.Context())
	if err != nil || len(code) < 1<<20 || !bytes.Contains(code, []byte("bootstrap")) {
		t.Errorf("%d bytes, %v", len(code), err)
	}
}
