package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// variant is one with that name and key template.
func variant(name, key string) settings.Variant {
	v := settings.DefaultVariant()
	v.Name, v.Key = name, key
	return v
}

// keys are sources whose order and whose thumbnails' order differ in every way: folders within folders, names of which
// one begins with the other, extensions that get another one appended.
func keys(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b!", "thumb-a", "small", "z", "ä", "日本", "a b", "a+b", "%41", "t"}
	extensions := []string{"", ".jpg", ".jpg-x.png", ".tiff", ".PNG", ".tif!.gif", ".heic"}
	seen := map[string]bool{}
	for len(seen) < n {
		var key strings.Builder
		for range random.IntN(4) {
			key.WriteString(names[random.IntN(len(names))] + "/")
		}
		key.WriteString(names[random.IntN(len(names))] + fmt.Sprint(random.IntN(100)) + extensions[random.IntN(len(extensions))])
		seen[key.String()] = true
	}
	var all []string
	for key := range seen {
		all = append(all, key)
	}
	return all
}

// TestFresh: of what the function itself has made nothing is wrong, whatever the order of the keys, and whether they are
// sorted in memory or on disk.
func TestFresh(t *testing.T) {
	for _, variants := range [][]settings.Variant{
		{settings.DefaultVariant()},
		{variant("small", "{variant}/{dir}{name}"), variant("a", "{variant}/{dir}{name}")},
		{variant("big", "{dir}{name}-{variant}"), variant("big2", "{dir}{name}-{variant}"), variant("o", "{dir}o/{name}")},
	} {
		w := newWorld(func(f *settings.Function) { f.Variants = variants })
		sources := keys(200)
		w.upload(t, sources...)
		for _, memory := range []int64{1, 2000, DefaultSortMemory} {
			o := w.options()
			o.SortMemory, o.TempDir = memory, t.TempDir()
			found, summary := o.run(t)
			want := int64(len(sources) * len(variants))
			if found != "" || summary.Fresh != want || summary.Expected != want || summary.Wrong() != 0 {
				t.Errorf("%s, sorted in %d bytes: found %q, summary %+v", variants[0].Key, memory, found, summary)
			}
			if spilled := summary.SpillBytes > 0; spilled != (memory < DefaultSortMemory) {
				t.Errorf("sorted in %d bytes: %d bytes on disk", memory, summary.SpillBytes)
			}
			if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
				t.Errorf("left on disk: %v, %v", left, err)
			}
		}
	}
}

// damaged is a world in which one of each kind is wrong.
func damaged(t *testing.T) *world {
	t.Helper()
	w := newWorld(nil)
	w.upload(t, "a/fine.jpg", "a/sub/missing.jpg", "stale.jpg", "gone.jpg", "taken.jpg", "mine.jpg", "swapped.jpg")
	w.Remove("destination", "a/sub/thumb-missing.jpg")
	w.Set("source", "stale.jpg", store.Upload{Body: []byte("new content")})
	w.Remove("source", "gone.jpg")
	w.Set("destination", "readme.txt", store.Upload{Body: []byte("no thumbnail")})
	w.Set("destination", "thumb-mine.jpg", store.Upload{Body: []byte("not the function's")})
	w.Set("destination", "thumb-taken.jpg", store.Upload{Metadata: map[string]string{origin.SourceKey: "a/fine.jpg"}})
	w.Set("destination", "thumb-swapped.jpg", store.Upload{Metadata: map[string]string{origin.SourceKey: "old.jpg"}})
	w.Set("source", "folder/", store.Upload{})
	return w
}

// TestFindings: each kind is found, in the order of the thumbnails' keys.
func TestFindings(t *testing.T) {
	w := damaged(t)
	want := "missing a/sub/thumb-missing.jpg (a/sub/missing.jpg)\n" +
		"orphaned thumb-gone.jpg (gone.jpg)\n" +
		"collision thumb-mine.jpg (mine.jpg)\n" +
		"stale thumb-stale.jpg (stale.jpg)\n" +
		"orphaned thumb-swapped.jpg (old.jpg)\n" +
		"orphaned thumb-taken.jpg (a/fine.jpg)\n"
	got, summary := w.options().run(t)
	if got != want {
		t.Errorf("found\n%swant\n%s", got, want)
	}
	if s := summary; s.Sources != 6 || s.Unwanted != 1 || s.Fresh != 1 || s.Foreign != 1 || s.Wrong() != 6 || s.Last != "thumb-taken.jpg" {
		t.Errorf("summary %+v", s)
	}

	o := w.options()
	o.Prefix = "a/"
	if got, _ := o.run(t); got != "missing a/sub/thumb-missing.jpg (a/sub/missing.jpg)\n" {
		t.Errorf("below a/: found\n%s", got)
	}
	o = w.options()
	o.NoOrphans, o.DeleteThumbnails = true, false
	if got, _ := o.run(t); strings.Contains(got, "gone") {
		t.Errorf("without orphans: found\n%s", got)
	}
}

// TestSettingsChange: with other settings every thumbnail is stale, under another key they are missing and orphaned, and
// those of pictures that are excluded now are orphaned.
func TestSettingsChange(t *testing.T) {
	w := newWorld(nil)
	w.upload(t, "a.jpg", "b.jpg")
	for name, c := range map[string]struct {
		change func(*settings.Function)
		want   string
	}{
		"width":         {func(f *settings.Function) { f.Variants[0].Width = 100 }, "stale thumb-a.jpg (a.jpg)\nstale thumb-b.jpg (b.jpg)\n"},
		"cache control": {func(f *settings.Function) { f.CacheControl = "no-cache" }, "stale thumb-a.jpg (a.jpg)\nstale thumb-b.jpg (b.jpg)\n"},
		"key": {func(f *settings.Function) { f.Variants[0].Key = "t/{dir}{name}" },
			"missing t/a.jpg (a.jpg)\nmissing t/b.jpg (b.jpg)\norphaned thumb-a.jpg (a.jpg)\norphaned thumb-b.jpg (b.jpg)\n"},
		"exclude": {func(f *settings.Function) { f.Exclude = []string{"b*"} }, "orphaned thumb-b.jpg (b.jpg)\n"},
		"one key for all": {func(f *settings.Function) { f.Variants[0].Key = "{dir}{variant}{ext}" },
			"orphaned thumb-a.jpg (a.jpg)\norphaned thumb-b.jpg (b.jpg)\ncollision thumb.jpg (a.jpg)\n"},
	} {
		o := newWorld(c.change).options()
		o.Buckets = w
		if got, _ := o.run(t); got != c.want {
			t.Errorf("%s: found\n%swant\n%s", name, got, c.want)
		}
	}
}

// TestCollision: a finding names some of the sources, however many there are.
func TestCollision(t *testing.T) {
	w := newWorld(func(f *settings.Function) { f.Variants[0].Key = "{stem}" })
	for i := range 30 {
		w.Set("source", fmt.Sprintf("%02d/a.jpg", i), store.Upload{})
	}
	summary, err := Run(t.Context(), w.options(), func(f Finding) error {
		if f.Kind != Collision || len(f.Sources) != 1+maxOthers || f.Sources[0] != "00/a.jpg" || !strings.Contains(f.Reason, "30 thumbnails") {
			t.Errorf("finding %+v", f)
		}
		return nil
	})
	if err != nil || summary.Wrong() != 1 {
		t.Errorf("error %v, summary %+v", err, summary)
	}
}

// TestKept: where thumbnails are to outlive their pictures, one that does is nothing wrong.
func TestKept(t *testing.T) {
	w := newWorld(func(f *settings.Function) { f.DeleteThumbnails = false })
	w.upload(t, "a.jpg")
	w.Remove("source", "a.jpg")
	if got, summary := w.options().run(t); got != "" || summary.Kept != 1 {
		t.Errorf("found %q, summary %+v", got, summary)
	}
}

// TestUnderWay: what changed just now, or since the listing, is nobody's fault.
func TestUnderWay(t *testing.T) {
	w := newWorld(nil)
	w.upload(t, "stale.jpg")
	now := time.Unix(1_000_000, 0)
	for _, key := range []string{"missing.jpg", "stale.jpg"} {
		w.Set("source", key, store.Upload{Body: []byte("just now")})
		w.modified[key] = now.Add(-time.Minute)
	}
	o := w.options()
	o.Settle = 5 * time.Minute
	if got, summary := o.run(t); got != "" || summary.Recent != 2 {
		t.Errorf("found %q, summary %+v", got, summary)
	}
	o.Settle = time.Second
	if got, _ := o.run(t); got != "missing thumb-missing.jpg (missing.jpg)\nstale thumb-stale.jpg (stale.jpg)\n" {
		t.Errorf("a minute later: found\n%s", got)
	}
	o.Total = func(int64) { // between the two listings
		w.Remove("source", "missing.jpg")
		w.upload(t, "new.jpg")
	}
	if got, _ := o.run(t); got != "stale thumb-stale.jpg (stale.jpg)\n" {
		t.Errorf("after a change between the listings: found\n%s", got)
	}
}

// TestQuick: without looking at metadata, a thumbnail is believed that is no older than its picture.
func TestQuick(t *testing.T) {
	w := newWorld(nil)
	w.upload(t, "a.jpg", "b.jpg", "c.jpg")
	w.Remove("destination", "thumb-c.jpg")
	w.Set("source", "b.jpg", store.Upload{Body: []byte("newer")})
	w.modified["b.jpg"] = time.Unix(10, 0)
	o := w.options()
	o.Quick = true
	if got, summary := o.run(t); got != "stale thumb-b.jpg (b.jpg)\nmissing thumb-c.jpg (c.jpg)\n" || summary.Heads != 1 {
		t.Errorf("found\n%ssummary %+v", got, summary)
	}
}

// TestPicturesOnly: a text has no thumbnail, and is not asked for one.
func TestPicturesOnly(t *testing.T) {
	w := newWorld(nil)
	w.Set("source", "a.jpg", store.Upload{})
	w.Set("source", "a.txt", store.Upload{})
	o := w.options()
	o.PicturesOnly = true
	if got, summary := o.run(t); got != "missing thumb-a.jpg (a.jpg)\n" || summary.Unnamed != 1 {
		t.Errorf("found %q, summary %+v", got, summary)
	}
}

// TestResume: a run that was interrupted goes on where it stopped.
func TestResume(t *testing.T) {
	w := damaged(t)
	whole, _ := w.options().run(t)
	for stop := range strings.Count(whole, "\n") {
		ctx, cancel := context.WithCancel(t.Context())
		var first strings.Builder
		summary, err := Run(ctx, w.options(), func(f Finding) error {
			fmt.Fprintf(&first, "%s %s (%s)\n", f.Kind, f.Thumbnail, f.Source)
			if strings.Count(first.String(), "\n") > stop {
				cancel()
				return ctx.Err()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		o := w.options()
		o.After = summary.Last
		rest, _ := o.run(t)
		last := strings.LastIndexByte(strings.TrimSuffix(first.String(), "\n"), '\n') + 1
		if got := first.String()[:last] + rest; got != whole { // the last one was not done with
			t.Errorf("stopped after %d: found\n%swant\n%s", stop, got, whole)
		}
	}
}

// TestFix: what can be fixed is, through the function, and nothing else is touched.
func TestFix(t *testing.T) {
	w := damaged(t)
	o := w.options()
	w.invoked = nil
	o.Fix = w.fixer().Fix
	got, summary := o.run(t)
	for _, line := range []string{
		"missing a/sub/thumb-missing.jpg (a/sub/missing.jpg) enqueued", "orphaned thumb-gone.jpg (gone.jpg) deleted",
		"collision thumb-mine.jpg (mine.jpg)\n", "stale thumb-stale.jpg (stale.jpg) enqueued", "orphaned thumb-taken.jpg (a/fine.jpg) deleted",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("found\n%swant %s", got, line)
		}
	}
	if summary.Wrong() != 1 || len(w.invoked) != 4 {
		t.Errorf("%d left, want the collision; invoked for %q", summary.Wrong(), w.invoked)
	}
	if got, _ := w.options().run(t); got != "collision thumb-mine.jpg (mine.jpg)\n" {
		t.Errorf("afterwards: found\n%s", got)
	}
}

// TestFixOnce: a picture that lacks several thumbnails is sent to the function once.
func TestFixOnce(t *testing.T) {
	w := newWorld(func(f *settings.Function) {
		f.Variants = []settings.Variant{variant("a", "{variant}/{name}"), variant("b", "{variant}/{name}")}
	})
	w.Set("source", "x.jpg", store.Upload{Body: []byte("x")})
	o := w.options()
	o.Fix = w.fixer().Fix
	if got, _ := o.run(t); got != "missing a/x.jpg (x.jpg) enqueued\nmissing b/x.jpg (x.jpg) enqueued\n" || len(w.invoked) != 1 {
		t.Errorf("found\n%sinvoked for %q", got, w.invoked)
	}
}

// TestFixOfSomeKinds: only those that were asked for are fixed, and an orphan that was replaced is left alone.
func TestFixOfSomeKinds(t *testing.T) {
	w := damaged(t)
	fixer := w.fixer()
	fixer.Kinds = []Kind{Orphaned}
	remove := fixer.Delete
	fixer.Delete = func(ctx context.Context, key, ifMatch string) error {
		w.Set("destination", key, store.Upload{Body: []byte("another one")})
		return remove(ctx, key, ifMatch)
	}
	o := w.options()
	o.Fix = fixer.Fix
	w.invoked = nil
	if got, _ := o.run(t); strings.Contains(got, "deleted") || strings.Contains(got, "enqueued") || len(w.invoked) > 0 {
		t.Errorf("found\n%sinvoked for %q", got, w.invoked)
	}
}

// TestFixOfAReturningSource: a picture that comes back while its orphan is deleted gets its thumbnail anew.
func TestFixOfAReturningSource(t *testing.T) {
	w := newWorld(nil)
	w.upload(t, "a.jpg")
	w.Remove("source", "a.jpg")
	fixer := w.fixer()
	remove := fixer.Delete
	fixer.Delete = func(ctx context.Context, key, ifMatch string) error {
		w.upload(t, "a.jpg") // the function finds the thumbnail there and leaves it
		return remove(ctx, key, ifMatch)
	}
	o := w.options()
	o.Fix = fixer.Fix
	o.run(t)
	if got, summary := w.options().run(t); got != "" || summary.Fresh != 1 {
		t.Errorf("afterwards: found\n%s", got)
	}
}

// unordered lists as a directory bucket does.
type unordered struct{ *world }

func (unordered) List(context.Context, string, string, string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		_ = yield(Object{Key: "b.jpg"}, nil) && yield(Object{Key: "a.jpg"}, nil)
	}
}

// TestRefused: what cannot be compared is said, not reported as missing.
func TestRefused(t *testing.T) {
	w := newWorld(nil)
	nothing := func(Finding) error { return nil }
	o := w.options()
	o.Buckets = unordered{w}
	if _, err := Run(t.Context(), o, nothing); !errors.Is(err, ErrOrder) || !strings.Contains(err.Error(), `"a.jpg" comes after "b.jpg"`) {
		t.Errorf("error %v", err)
	}
	o = w.options()
	o.Destination = o.Source
	if _, err := Run(t.Context(), o, nothing); !errors.Is(err, ErrSetup) {
		t.Errorf("one bucket: error %v", err)
	}
	o = w.options()
	o.SourcePrefix, o.Prefix = "photos/", "films/"
	if _, err := Run(t.Context(), o, nothing); !errors.Is(err, ErrSetup) {
		t.Errorf("prefixes: error %v", err)
	}
	o.SourcePrefix, o.Prefix, o.Variants = "", "", []settings.Variant{variant("v", strings.Repeat("n", 500)+"{name}")}
	w.Set("source", strings.Repeat("a", 600), store.Upload{})
	if got, _ := o.run(t); !strings.HasPrefix(got, "missing  (aaa") {
		t.Errorf("an impossible key: found %.60q", got)
	}
}
