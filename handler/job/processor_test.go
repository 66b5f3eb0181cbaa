package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

func TestCreatesAndRemoves(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a b.jpg", "jpeg:one")
	if out := mustInvoke(t, p, payload("Created:Put a+b.jpg")); out != `{"jobs":["created"]}` {
		t.Errorf("response %s", out)
	}
	if got, want := d.thumbs(), `{"thumb-a b.jpg":"thumb of jpeg:one"}`; got != want {
		t.Errorf("destination %s, want %s", got, want)
	}
	u := d.Bucket("destination")["thumb-a b.jpg"]
	if u.ContentType != "image/jpeg" || u.Metadata["source-key"] != "a%20b.jpg" || u.Metadata["source-etag"] != storetest.ETag([]byte("jpeg:one")) || u.Metadata["settings"] == "" {
		t.Errorf("thumbnail %+v", u)
	}
	d.Remove("source", "a b.jpg")
	mustInvoke(t, p, payload("Removed:Delete a+b.jpg"))
	if got := d.thumbs(); got != "{}" {
		t.Errorf("destination after removal: %s", got)
	}
}

// TestChangedSettings: a thumbnail made with other settings is made anew.
func TestChangedSettings(t *testing.T) {
	d := &doubles{}
	d.upload("a.jpg", "jpeg:one")
	mustInvoke(t, newProcessor(d, nil), payload("Created:Put a.jpg"))
	for _, change := range []func(*Options){
		func(o *Options) { o.CacheControl = "max-age=60" },
		func(o *Options) {
			v := settings.DefaultVariant()
			v.Width = 100
			o.Variants = []settings.Variant{v}
		},
	} {
		p := newProcessor(d, change)
		if out := mustInvoke(t, p, payload("Created:Put a.jpg")); out != `{"jobs":["created"]}` {
			t.Errorf("response %s", out)
		}
		if out := mustInvoke(t, p, payload("Created:Put a.jpg")); out != `{"jobs":["unchanged"]}` {
			t.Errorf("second response %s", out)
		}
	}
}

// TestContentChangesFormat: the thumbnail keeps its key and the format that this names, whatever the source holds, and
// goes when that is no picture any more.
func TestContentChangesFormat(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	for _, content := range []string{"jpeg:one", "png:two", "text", "heic:three", "bad:four"} {
		d.upload("a.jpg", content)
		mustInvoke(t, p, payload("Created:Put a.jpg"))
		want := `{"thumb-a.jpg":"thumb of ` + content + `"}`
		if content == "text" || content == "bad:four" {
			want = "{}"
		}
		if got := d.thumbs(); got != want {
			t.Errorf("%s: %s, want %s", content, got, want)
		}
		if u := d.Bucket("destination")["thumb-a.jpg"]; want != "{}" && u.ContentType != "image/jpeg" {
			t.Errorf("%s: the thumbnail is %s, want image/jpeg as its key says", content, u.ContentType)
		}
	}
	if len(d.messages) != 1 {
		t.Errorf("%d failure messages, want one", len(d.messages))
	}
}

// TestContentDecidesTheFormat: of a key that names no format.
func TestContentDecidesTheFormat(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	for _, content := range []string{"jpeg:one", "png:two"} {
		d.upload("a", content)
		mustInvoke(t, p, payload("Created:Put a"))
		name, _, _ := strings.Cut(content, ":")
		if u := d.Bucket("destination")["thumb-a"]; string(u.Body) != "thumb of "+content || u.ContentType != "image/"+name {
			t.Errorf("%s: the thumbnail is %q, %s", content, u.Body, u.ContentType)
		}
	}
}

func TestKeepThumbnails(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) { o.KeepThumbnails = true })
	d.upload("a.jpg", "jpeg:one")
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	d.Remove("source", "a.jpg")
	mustInvoke(t, p, payload("Removed:Delete a.jpg"))
	mustInvoke(t, p, payload("Created:Put a.jpg")) // late
	if got, want := d.thumbs(), `{"thumb-a.jpg":"thumb of jpeg:one"}`; got != want {
		t.Errorf("destination %s, want %s", got, want)
	}
	d.before = func(op, _ string) error { // the function has no permission to
		if op == "delete" {
			return errors.New("403 AccessDenied")
		}
		return nil
	}
	for _, content := range []string{"png:two", "text"} {
		d.upload("a.jpg", content)
		mustInvoke(t, p, payload("Created:Put a.jpg"))
	}
	if got, want := d.thumbs(), `{"thumb-a.jpg":"thumb of png:two"}`; got != want {
		t.Errorf("destination %s, want %s", got, want)
	}
}

// TestLoop: events of the destination itself make no thumbnails of thumbnails.
func TestLoop(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) { o.Destination = "source" })
	d.upload("a.jpg", "jpeg:one")
	if out := mustInvoke(t, p, payload("Created:Put a.jpg")); !strings.Contains(out, "skipped") || len(d.Bucket("source")) != 1 {
		t.Errorf("response %s, %d objects", out, len(d.Bucket("source")))
	}
}

// TestUnwantedKeys: of a key that is not wanted nothing is read, made or deleted, whatever happens to it.
func TestUnwantedKeys(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) { o.Wants = func(key string) bool { return key != "a.jpg" } })
	d.upload("a.jpg", "jpeg:one")
	d.upload("b.jpg", "jpeg:two")
	for _, event := range []string{"Created:Put a.jpg", "Removed:Delete a.jpg"} {
		if out := mustInvoke(t, p, payload(event)); !strings.Contains(out, "skipped") || len(d.calls) > 0 {
			t.Errorf("%s: response %s, requests %v", event, out, d.calls)
		}
	}
	if out := mustInvoke(t, p, payload("Created:Put b.jpg")); !strings.Contains(out, "created") {
		t.Errorf("the wanted key: %s", out)
	}
}

// TestForeignBucket: a task of S3 Batch Operations can name any bucket. That of another is a failure which says both, and
// nothing is asked of S3: its answer would be AccessDenied, which looks like something to try again.
func TestForeignBucket(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) { o.Source = "source" })
	d.upload("a.jpg", "jpeg:one")
	out := mustInvoke(t, p, []byte(`{"invocationSchemaVersion":"2.0","invocationId":"i","job":{"id":"j"},"tasks":[`+
		`{"taskId":"mine","s3Key":"a.jpg","s3Bucket":"source"},{"taskId":"theirs","s3Key":"b.jpg","s3Bucket":"other"}]}`))
	for _, want := range []string{`"taskId":"mine","resultCode":"Succeeded"`, `"taskId":"theirs","resultCode":"PermanentFailure"`, `\"other\"`, `\"source\"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the response lacks %s: %s", want, out)
		}
	}
	if strings.Contains(strings.Join(d.calls, " "), "other/") || len(d.messages) != 1 || d.messages[0].Key != "b.jpg" {
		t.Errorf("requests %q, failure messages %+v", d.calls, d.messages)
	}
}

// TestReplay: a picture that is replayed and fails again is a failure that is marked with the replay; once it is mended it is
// made, and reports nothing.
func TestReplay(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a.jpg", "bad:picture")
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	message, err := d.messages[0].Message()
	if err != nil || d.messages[0].Replay != "" {
		t.Fatalf("failure %+v, %v", d.messages[0], err)
	}
	again := []byte(`{"replay":"monday","payload":` + message + `}`)
	if out := mustInvoke(t, p, again); !strings.Contains(out, `"rejected":1`) || len(d.messages) != 2 || d.messages[1].Replay != "monday" || d.messages[1].Key != "a.jpg" {
		t.Errorf("response %s, failures %+v", out, d.messages)
	}
	d.upload("a.jpg", "jpeg:one")
	if out := mustInvoke(t, p, again); !strings.Contains(out, "created") || len(d.messages) != 2 {
		t.Errorf("mended: response %s, %d failures", out, len(d.messages))
	}
}

// TestOlderNeverOverwritesNewer: a handler that has read the old source writes
// after one that has read the new source. Its write is refused, not repaired later.
func TestOlderNeverOverwritesNewer(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a.jpg", "jpeg:old")
	d.before = func(op, key string) error {
		if op == "put" {
			d.before = nil
			d.upload("a.jpg", "jpeg:new")
			mustInvoke(t, p, payload("Created:Put a.jpg"))
			d.before = func(op, key string) error { // from now on
				if got := d.thumbs(); got != `{"thumb-a.jpg":"thumb of jpeg:new"}` {
					t.Errorf("destination at %s %s: %s", op, key, got)
				}
				return nil
			}
		}
		return nil
	}
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	if got := d.thumbs(); got != `{"thumb-a.jpg":"thumb of jpeg:new"}` {
		t.Errorf("destination %s", got)
	}
}

func TestPermanentFailure(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a+b.jpg", "bad:one")
	if out := mustInvoke(t, p, payload("Created:Put a%2Bb.jpg")); !strings.Contains(out, "rejected") {
		t.Errorf("response %s", out)
	}
	if len(d.messages) != 1 {
		t.Fatalf("%d failure messages, want one", len(d.messages))
	}
	m := d.messages[0]
	if m.Bucket != "source" || m.Key != "a+b.jpg" || m.VersionID != "v1" || m.ETag != storetest.ETag([]byte("bad:one")) || m.Stage != "decode" ||
		m.RequestID != "request-1" || m.Time.IsZero() || !strings.Contains(m.Reason, "corrupt") || !bytes.Contains(m.Record, []byte(`"a%2Bb.jpg"`)) {
		t.Errorf("failure message %+v", m)
	}
	d.sendFail = errors.New("queue is gone")
	if _, err := invoke(t, p, payload("Created:Put a%2Bb.jpg")); err == nil || !strings.Contains(err.Error(), "queue is gone") {
		t.Errorf("error %v: a failure that nobody hears of must come again", err)
	}
}

// TestOneBadRecordHidesNoOther: each record has its own fate.
func TestOneBadRecordHidesNoOther(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		make := o.Make
		o.Make = func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, error) {
			body, err := io.ReadAll(src)
			if err != nil {
				return nil, err
			}
			if string(body) == "panic" {
				return nil, &thumbnail.PanicError{Value: "index out of range", Stack: "goroutine 1, in a decoder"}
			}
			return make(ctx, bytes.NewReader(body), size, variants, limits)
		}
	})
	d.upload("good.jpg", "jpeg:one")
	d.upload("panic.jpg", "panic")
	d.upload("bad.jpg", "bad:")
	d.upload("text.jpg", "text")
	d.upload("empty.jpg", "")
	d.upload("throttled.jpg", "jpeg:two")
	d.before = func(_, key string) error {
		if key == "source/throttled.jpg" {
			return errors.New("503 SlowDown")
		}
		return nil
	}
	_, err := invoke(t, p, payload("Created:Put panic.jpg", "Created:Put %zz", "Created:Put bad.jpg", "Created:Put throttled.jpg",
		"Created:Put text.jpg", "Created:Put empty.jpg", "Created:Put gone.jpg", "Created:Put good.jpg"))
	if err == nil || !strings.Contains(err.Error(), "SlowDown") {
		t.Errorf("error %v, want that of the throttled record", err)
	}
	if got := d.thumbs(); got != `{"thumb-good.jpg":"thumb of jpeg:one"}` {
		t.Errorf("destination %s", got)
	}
	reasons := map[string]string{}
	for _, m := range d.messages {
		reasons[m.Key] = m.Stage + ": " + m.Reason
	}
	for key, want := range map[string]string{"panic.jpg": "index out of range", "bad.jpg": "decode: ", "": "parse: malformed record"} {
		if !strings.Contains(reasons[key], want) {
			t.Errorf("failure of %q is %q, want it to contain %q", key, reasons[key], want)
		}
	}
	if len(d.messages) != 3 {
		t.Errorf("%d failure messages, want 3", len(d.messages))
	}
	if !strings.Contains(d.log.String(), "in a decoder") {
		t.Error("the log does not show the stack of the panic")
	}
}

// TestUnreadable: an archived source cannot be read, but its thumbnail is right.
func TestUnreadable(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	d.upload("a.jpg", "jpeg:one")
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	before := d.thumbs()
	d.before = func(op, _ string) error {
		if op == "open" {
			return fmt.Errorf("read: %w", store.ErrUnreadable)
		}
		return nil
	}
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	if len(d.messages) != 1 || d.messages[0].Stage != "read" || d.thumbs() != before {
		t.Errorf("messages %+v, destination %s", d.messages, d.thumbs())
	}
}

// TestMemoryIsShared: jobs side by side have a share of the memory each, and a
// picture that needs more gets all of it.
func TestMemoryIsShared(t *testing.T) {
	d := &doubles{}
	var mu sync.Mutex
	var limits []int64
	p := newProcessor(d, func(o *Options) {
		o.Limits.Memory = 400 << 20
		o.Make = func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, l thumbnail.Limits) (*thumbnail.Result, error) {
			mu.Lock()
			limits = append(limits, l.Memory)
			mu.Unlock()
			if l.Memory < 300<<20 {
				return nil, thumbnail.ErrTooLarge
			}
			return fakeMake(ctx, src, size, variants, l)
		}
	})
	d.upload("a.jpg", "jpeg:a")
	d.upload("b.jpg", "jpeg:b")
	mustInvoke(t, p, payload("Created:Put a.jpg", "Created:Put b.jpg"))
	if got := d.thumbs(); got != `{"thumb-a.jpg":"thumb of jpeg:a","thumb-b.jpg":"thumb of jpeg:b"}` {
		t.Errorf("destination %s", got)
	}
	share := int64(400<<20) / p.memory.total
	count := map[int64]int{}
	for _, l := range limits {
		count[l]++
	}
	if count[share] != 2 || count[400<<20] != 2 {
		t.Errorf("limits %v, want each job to try with %d and then with all", limits, share)
	}
	limits = nil
	d.upload("a.jpg", "jpeg:c")
	mustInvoke(t, p, payload("Created:Put a.jpg"))
	if len(limits) != 1 || limits[0] != 400<<20 {
		t.Errorf("alone: limits %v, want all at once", limits)
	}
}

// TestAnimationsHaveAllOfTheMemory: whether a thumbnail moves does not depend on
// how many jobs there are. A job that has only a share says so, and tries again.
func TestAnimationsHaveAllOfTheMemory(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		o.Limits.Memory = 400 << 20
		o.Make = func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, l thumbnail.Limits) (*thumbnail.Result, error) {
			if l.MoreMemory {
				return nil, thumbnail.ErrTooLarge
			}
			result, err := fakeMake(ctx, src, size, variants, l)
			if err == nil {
				result.Source.StillBecause = "it takes more than " + strconv.FormatInt(l.Memory, 10)
				result.Thumbnails[0].Frames = 3
			}
			return result, err
		}
	})
	d.upload("a.gif", "gif:a")
	d.upload("b.gif", "gif:b")
	mustInvoke(t, p, payload("Created:Put a.gif", "Created:Put b.gif"))
	for line := range strings.Lines(d.log.String()) {
		var got struct {
			Source     picture
			Thumbnails []output
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.Source.StillBecause != "it takes more than 419430400" || len(got.Thumbnails) != 1 || got.Thumbnails[0].Frames != 3 {
			t.Errorf("line %s", line)
		}
	}
}

// TestTooManyBytes: a picture over the limit is rejected, a film is no picture.
func TestTooManyBytes(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		o.Make, o.Limits.MaxBytes = thumbnail.Make, 1000
	})
	d.upload("film.mp4", "\x00\x00\x00\x20ftypisom"+strings.Repeat("x", 2000))
	d.upload("big.png", "\x89PNG\r\n\x1a\n"+strings.Repeat("x", 2000))
	for key, want := range map[string]string{"film.mp4": "skipped", "big.png": "rejected"} {
		if out := mustInvoke(t, p, payload("Created:Put "+key)); !strings.Contains(out, want) {
			t.Errorf("%s: %s, want it %s", key, out, want)
		}
	}
	if len(d.messages) != 1 || !strings.Contains(d.messages[0].Reason, "1000") {
		t.Errorf("failure messages %+v", d.messages)
	}
}
