package state

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// thing has one of each kind of memory.
type thing struct {
	mu      sync.Mutex //lint:ignore U1000 a lock is no memory: the codec passes over it
	name    string
	at      time.Time
	wait    time.Duration
	big     int64
	ratio   float64
	flags   map[string]bool
	byPair  map[[2]string]*thing
	list    []*thing
	pair    [2]int
	body    []byte
	raw     json.RawMessage
	arrived chan struct{}
	skipped func() `state:"-"` //lint:ignore U1000 the codec passes over it
	inner
}

type inner struct {
	Deep map[string]map[string][]string
}

type service struct{ roots []any }

func (s service) Remember(f func(...any) error) error { return f(s.roots...) }
func (service) Resume() error                         { return nil }

func TestRoundTrip(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	want := map[string]*thing{
		"a": {
			name: "<\u00fc>\x00", at: at, wait: time.Minute, big: 1<<62 + 1, ratio: 0.1, flags: map[string]bool{"x": true, "y": false},
			byPair: map[[2]string]*thing{{"k", ""}: {name: "inner"}}, list: []*thing{nil, {body: []byte("small")}}, pair: [2]int{1, 2},
			body: []byte(strings.Repeat("large", 1000)), raw: json.RawMessage(`{"a":  1}`), inner: inner{map[string]map[string][]string{"m": {"n": {"o"}}}},
		},
		"empty": {flags: map[string]bool{}, body: []byte{}},
	}
	dir := t.TempDir()
	s := New()
	s.Files["pulumi/state"] = []byte("kept too")
	if err := s.Add("things", service{[]any{&want}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]*thing
	if err := again.Load("things", service{[]any{&have}}); err != nil {
		t.Fatal(err)
	}
	if have["a"].arrived == nil {
		t.Error("a channel was not made")
	}
	var clean func(*thing)
	clean = func(x *thing) {
		if x != nil {
			x.arrived = nil
			for _, y := range append(x.list, x.byPair[[2]string{"k", ""}]) {
				clean(y)
			}
		}
	}
	for _, x := range have {
		clean(x)
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("it came back as %+v, want %+v", have["a"], want["a"])
	}
	if string(again.Files["pulumi/state"]) != "kept too" {
		t.Errorf("files came back as %q", again.Files)
	}
}

func TestWhatIsNoDataIsRefused(t *testing.T) {
	wrong := []struct{ f func() }{{func() {}}}
	if err := New().Add("wrong", service{[]any{&wrong}}, nil); err == nil || !strings.Contains(err.Error(), `state:"-"`) {
		t.Errorf("a function was saved: %v", err)
	}
}

// TestKilledWhileSaving: whatever a save has done when it is killed, the folder has the old state or the new one.
func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	write := func(content string) {
		t.Helper()
		s := New()
		s.Files["f"] = []byte(content)
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		s, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		return string(s.Files["f"])
	}
	write("old")
	// Killed after the new body, with half of the new document.
	for name, content := range map[string]string{filepath.Join(blobsName, sumOf([]byte("new"))): "new", "." + documentName + "-1": `{"Files": {"f`, filepath.Join(blobsName, ".x-1"): "ha"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(); got != "old" {
		t.Errorf("the state is %q, want the old one", got)
	}
	write("new")
	if got := read(); got != "new" {
		t.Errorf("the state is %q, want the new one", got)
	}
	left, err := os.ReadDir(filepath.Join(dir, blobsName))
	if err != nil || len(left) != 1 {
		t.Errorf("bodies that nothing refers to are left: %v, %v", left, err)
	}
	damaged := filepath.Join(dir, blobsName, left[0].Name())
	if err := os.WriteFile(damaged, []byte("nev"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged body: %v", err)
	}
}
