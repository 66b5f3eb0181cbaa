package job

import (
	"fmt"
	"strings"
	"testing"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// TestOneThumbnailHasOneOwner: what is not a thumbnail of this source is neither overwritten nor deleted. It is a failure
// that says whose it is, and the other thumbnails are made.
func TestOneThumbnailHasOneOwner(t *testing.T) {
	for name, c := range map[string]struct {
		there  store.Upload
		reason []string
	}{
		"another source's": {
			store.Upload{Body: []byte("other"), Metadata: map[string]string{"source-key": "d/a%20b.png"}},
			[]string{`"d/a b.png"`, `"d/a b.jpg"`, "{dir}{stem}.webp", "s3://destination/d/a b.webp"},
		},
		"nobody's": {store.Upload{Body: []byte("mine")}, []string{"no thumbnail of this function", `"d/a b.jpg"`}},
	} {
		d := &doubles{}
		p := newProcessor(d, func(o *Options) {
			v := settings.DefaultVariant()
			v.Name, v.Format, v.Key = "small", format.WebP, "{dir}{stem}.webp"
			o.Variants = append(o.Variants, v)
		})
		d.Set("destination", "d/a b.webp", c.there)
		d.upload("d/a b.jpg", "jpeg:one")
		if out := mustInvoke(t, p, payload("Created:Put d/a+b.jpg")); !strings.Contains(out, "rejected") {
			t.Errorf("%s: response %s", name, out)
		}
		want := fmt.Sprintf(`{"d/a b.webp":%q,"d/thumb-a b.jpg":"thumb of jpeg:one"}`, c.there.Body)
		if got := d.thumbs(); got != want {
			t.Errorf("%s: destination %s, want %s", name, got, want)
		}
		if len(d.messages) != 1 {
			t.Fatalf("%s: %d failure messages, want one", name, len(d.messages))
		}
		for _, text := range c.reason {
			if !strings.Contains(d.messages[0].Reason, text) {
				t.Errorf("%s: the reason does not say %s: %s", name, text, d.messages[0].Reason)
			}
		}
		d.Remove("source", "d/a b.jpg")
		mustInvoke(t, p, payload("Removed:Delete d/a+b.jpg"))
		if got, want := d.thumbs(), fmt.Sprintf(`{"d/a b.webp":%q}`, c.there.Body); got != want {
			t.Errorf("%s: after the removal %s, want %s", name, got, want)
		}
	}
}

// TestTwoSourcesOfOneThumbnail: the first to come keeps it, however the two meet.
func TestTwoSourcesOfOneThumbnail(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) { o.Variants[0].Key, o.Variants[0].Format = "{dir}{stem}.webp", format.WebP })
	d.upload("cat.jpg", "jpeg:one")
	d.upload("cat.png", "png:two")
	d.before = func(op, _ string) error {
		if op == "put" { // the second comes between the first one's look and its write
			d.before = nil
			mustInvoke(t, p, payload("Created:Put cat.png"))
		}
		return nil
	}
	if out := mustInvoke(t, p, payload("Created:Put cat.jpg")); !strings.Contains(out, "rejected") || !strings.Contains(out, "cat.png") {
		t.Errorf("response %s, want a rejection that names cat.png", out)
	}
	if got := d.thumbs(); got != `{"cat.webp":"thumb of png:two"}` {
		t.Errorf("destination %s", got)
	}
}

// TestKeyTooLong: it is a failure of its variant alone, and none when the source goes.
func TestKeyTooLong(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		v := settings.DefaultVariant()
		v.Name, v.Key = "long", strings.Repeat("x", 500)+"{name}"
		o.Variants = append(o.Variants, v)
	})
	key := strings.Repeat("y", 600)
	d.upload(key, "jpeg:one")
	for range 2 { // a duplicate says so again
		if out := mustInvoke(t, p, payload("Created:Put "+key)); !strings.Contains(out, "rejected") || !strings.Contains(out, "1100 bytes") {
			t.Errorf("response %s", out)
		}
	}
	if got := len(d.Bucket("destination")); got != 1 {
		t.Errorf("%d thumbnails, want that of the other variant", got)
	}
	d.messages = nil
	d.Remove("source", key)
	if out := mustInvoke(t, p, payload("Removed:Delete "+key)); out != `{"jobs":["gone"]}` || len(d.messages) > 0 {
		t.Errorf("removal: response %s, failures %v", out, d.messages)
	}
	if got := d.thumbs(); got != "{}" {
		t.Errorf("destination %s", got)
	}
}
