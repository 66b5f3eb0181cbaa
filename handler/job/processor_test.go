package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"s3-thumbnail-creator/codec/format"
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

// TestDuplicate: a second event reads no byte of the source and decodes nothing.
func TestDuplicate(t *testing.T) {
	for _, content := range []string{"jpeg:one", "png:one"} { // the second is not what its name says
		d := &doubles{}
		p := newProcessor(d, nil)
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

// TestDeadline: what cannot be done in time is logged and returned as failed before the function would be killed, each
// job by its key, and nothing is written after that.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubles{}
		p := newProcessor(d, func(o *Options) {
			o.Make = func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, error) {
				body, _ := io.ReadAll(src)
				if string(body) == "jpeg:slow" {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}
				return fakeMake(ctx, bytes.NewReader(body), size, variants, limits)
			}
		})
		d.upload("quick.jpg", "jpeg:quick")
		d.upload("slow.jpg", "jpeg:slow")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := p.Invoke(ctx, []byte(`{"Records":[
			{"messageId":"m1","body":`+quote(payload("Created:Put slow.jpg"))+`},{"messageId":"m2","body":`+quote(payload("Created:Put quick.jpg"))+`}]}`))
		if err != nil {
			t.Error(err)
		}
		if left := time.Until(deadlineOf(ctx)); left <= 0 || left > margin {
			t.Errorf("answered %v before the deadline, want within %v", left, margin)
		}
		if got := d.thumbs(); got != `{"thumb-quick.jpg":"thumb of jpeg:quick"}` {
			t.Errorf("destination %s", got)
		}
		if got := d.outcomes(t); got["slow.jpg"] != "failed" || got["quick.jpg"] != "created" {
			t.Errorf("logged outcomes %v", got)
		}
		late, cancelLate := context.WithTimeout(t.Context(), margin+tooLate/2)
		defer cancelLate()
		d.calls = nil
		if _, err := p.Invoke(late, payload("Created:Put quick.jpg")); !errors.Is(err, errTooLate) || len(d.calls) > 0 {
			t.Errorf("with hardly any time left: error %v, requests %v", err, d.calls)
		}
	})
}

// TestDeadlineReachesEveryJob: those that had not even begun are logged and counted, too.
func TestDeadlineReachesEveryJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubles{}
		p := newProcessor(d, func(o *Options) {
			o.Make = func(ctx context.Context, _ io.Reader, _ int64, _ []settings.Variant, _ thumbnail.Limits) (*thumbnail.Result, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
		})
		var records []string
		for i := range 3 * maxJobs {
			d.upload(fmt.Sprint(i), "jpeg:one")
			records = append(records, fmt.Sprint("Created:Put ", i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := p.Invoke(ctx, payload(records...)); !errors.Is(err, errTooLate) {
			t.Errorf("error %v", err)
		}
		failed := 0
		for _, outcome := range d.outcomes(t) {
			if outcome == "failed" {
				failed++
			}
		}
		if failed != len(records) {
			t.Errorf("%d of %d jobs are logged as failed", failed, len(records))
		}
	})
}

// TestAbandonedDecoderEndsTheProcess: whatever else the invocation has done, since nothing else frees what it holds.
func TestAbandonedDecoderEndsTheProcess(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		o.Make = func(context.Context, io.Reader, int64, []settings.Variant, thumbnail.Limits) (*thumbnail.Result, error) {
			return nil, fmt.Errorf("%w: %w", thumbnail.ErrAbandoned, context.DeadlineExceeded)
		}
	})
	d.upload("stuck.avif", "avif:one")
	_, err := p.Invoke(t.Context(), payload("Created:Put stuck.avif", "Created:Put gone.jpg"))
	answer, ok := errors.AsType[messages.InvokeResponse_Error](err)
	if !ok || !answer.ShouldExit || !strings.Contains(answer.Message, "abandoned") {
		t.Errorf("error %#v, want one that ends the process", err)
	}
	if got := d.outcomes(t); got["stuck.avif"] != "failed" || got["gone.jpg"] != "gone" {
		t.Errorf("logged outcomes %v", got)
	}
}

func deadlineOf(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()
	return deadline
}

func quote(b []byte) string {
	out, _ := json.Marshal(string(b))
	return string(out)
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

// TestLog: one line per job, in which CloudWatch finds the metrics.
func TestLog(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	key := "quote\"new\nline.jpg"
	d.upload(key, "jpeg:one")
	mustInvoke(t, p, payload("Created:Put quote%22new%0Aline.jpg", "Created:Put gone.jpg"))
	lines := strings.Split(strings.TrimSpace(d.log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one per job:\n%s", len(lines), d.log.String())
	}
	for _, line := range lines {
		var got struct {
			Msg, Level, RequestID, Bucket, Key, Outcome, FunctionName string
			Thumbnails                                                []output
			ThumbnailsMade, BytesIn, BytesOut                         float64
			AWS                                                       embedded `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got.RequestID != "request-1" || got.Bucket != "source" || got.FunctionName != "fn" || got.Outcome == "" {
			t.Errorf("line %s", line)
		}
		if len(got.AWS.CloudWatchMetrics) != 1 || got.AWS.Timestamp == 0 {
			t.Fatalf("line has no metrics: %s", line)
		}
		m := got.AWS.CloudWatchMetrics[0]
		if m.Namespace != "space" || len(m.Dimensions) != 1 || m.Dimensions[0][0] != "FunctionName" {
			t.Errorf("metrics %+v", m)
		}
		var root map[string]any
		_ = json.Unmarshal([]byte(line), &root)
		for _, metric := range m.Metrics {
			if _, ok := root[metric.Name].(float64); !ok {
				t.Errorf("metric %s has no value in %s", metric.Name, line)
			}
		}
		if got.Key == key && (got.Outcome != "created" || got.ThumbnailsMade != 1 || got.BytesIn != 8 || got.BytesOut != 17 || len(got.Thumbnails) != 1) {
			t.Errorf("line %s", line)
		}
	}
}
