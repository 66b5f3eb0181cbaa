package job

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// TestDuplicate: a second event reads no byte of the source and decodes nothing.
func TestDuplicate(t *testing.T) {
	for _, content := range []string{"jpeg:one", "png:one"} { // the second is not what its name says
		d := &doubles{}
		p := newProcessor(d, func(o *Options) { o.KeepThumbnails = content == "png:one" }) // neither makes a difference
		d.upload("a.jpg", content)
		mustInvoke(t, p, payload("Created:Put a.jpg"))
		d.calls, d.makes = nil, 0
		if out := mustInvoke(t, p, payload("Created:Put a.jpg")); out != `{"jobs":["unchanged"]}` {
			t.Errorf("%s: response %s", content, out)
		}
		slices.Sort(d.calls)
		if got := strings.Join(d.calls, ", "); got != "head destination/thumb-a.jpg, open source/a.jpg" {
			t.Errorf("%s: a duplicate makes the requests %s", content, got)
		}
		if d.makes != 0 {
			t.Errorf("%s: a duplicate decodes the source", content)
		}
	}
}

// TestRequests: what one picture costs.
func TestRequests(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	batch := []byte(`{"invocationSchemaVersion":"1.0","invocationId":"i","job":{"id":"j"},"tasks":[{"taskId":"t","s3Key":"a.jpg","s3BucketArn":"arn:aws:s3:::source"}]}`)
	for _, step := range []struct {
		what    string
		do      func()
		payload []byte
		want    string
	}{
		{"a new picture", func() { d.upload("a.jpg", "jpeg:one") }, payload("Created:Put a.jpg"),
			"head destination/thumb-a.jpg, head source/a.jpg, open source/a.jpg, put destination/thumb-a.jpg"},
		{"a duplicate", func() {}, payload("Created:Put a.jpg"),
			"head destination/thumb-a.jpg, open source/a.jpg"},
		{"a listed picture that has its thumbnail", func() {}, batch,
			"head destination/thumb-a.jpg, open source/a.jpg"},
		{"another content", func() { d.upload("a.jpg", "jpeg:two") }, payload("Created:Put a.jpg"),
			"head destination/thumb-a.jpg, head source/a.jpg, head source/a.jpg, open source/a.jpg, put destination/thumb-a.jpg"},
		{"a removal", func() { d.Remove("source", "a.jpg") }, payload("Removed:Delete a.jpg"),
			"delete destination/thumb-a.jpg, head destination/thumb-a.jpg, head source/a.jpg, head source/a.jpg, open source/a.jpg"},
	} {
		step.do()
		d.calls, d.reads = nil, nil
		mustInvoke(t, p, step.payload)
		slices.Sort(d.calls)
		if got := strings.Join(d.calls, ", "); got != step.want {
			t.Errorf("%s: requests %s, want %s", step.what, got, step.want)
		}
		if listed := bytes.Equal(step.payload, batch); listed != (d.reads[0] != "") {
			t.Errorf("%s: read with the condition %q", step.what, d.reads)
		}
	}
}

// TestNothingBeforeTheSource: the source is asked for before anything is known of the thumbnails.
func TestNothingBeforeTheSource(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a.jpg", "jpeg:one")
	asked := make(chan struct{})
	d.before = func(op, key string) error {
		switch {
		case op == "open":
			close(asked)
		case op == "head" && strings.HasPrefix(key, "destination"):
			<-asked // for ever, if it is not
		}
		return nil
	}
	mustInvoke(t, p, payload("Created:Put a.jpg"))
}

// TestLostAnswer: a thumbnail that was written is reported as created, though the answer to the write was lost and the
// second attempt found it there.
func TestLostAnswer(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a.jpg", "jpeg:one")
	d.lostPuts = 1
	if out := mustInvoke(t, p, payload("Created:Put a.jpg")); out != `{"jobs":["created"]}` {
		t.Errorf("response %s", out)
	}
	if !strings.Contains(d.log.String(), `"ThumbnailsMade":1`) {
		t.Errorf("log %s", d.log.String())
	}
}

// TestSiblingsAreNotCancelled: one variant's conflict leaves the write of another alone.
func TestSiblingsAreNotCancelled(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		v := settings.DefaultVariant()
		v.Name = "second"
		o.Variants = append(o.Variants, v)
	})
	d.upload("a.jpg", "jpeg:one")
	conflicts, refused := 0, make(chan struct{})
	d.during = func(ctx context.Context, op, key string) error {
		switch {
		case op == "put" && key == "destination/thumb-a.jpg" && conflicts == 0:
			conflicts++
			close(refused)
			return store.ErrConflict
		case op == "put" && key == "destination/second-a.jpg":
			<-refused
			time.Sleep(10 * time.Millisecond) // for the first one's error to have its effect
			return ctx.Err()
		}
		return nil
	}
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	if got := d.thumbs(); got != `{"second-a.jpg":"second of jpeg:one","thumb-a.jpg":"thumb of jpeg:one"}` {
		t.Errorf("destination %s", got)
	}
	if puts := strings.Count(strings.Join(d.calls, " "), "put destination/second-a.jpg"); puts != 1 {
		t.Errorf("the sibling was written %d times, want once", puts)
	}
}
