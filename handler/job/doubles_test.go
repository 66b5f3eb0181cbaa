package job

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// doubles are what a Processor under test works on.
type doubles struct {
	storetest.Memory
	mu       sync.Mutex
	messages []event.Failure
	log      bytes.Buffer
	calls    []string // to the store
	reads    []string // conditions of Open

	before   func(op, key string) error                      // optional: called before each request
	during   func(ctx context.Context, op, key string) error // optional: likewise, with the request's context
	lostPuts int                                             // so many writes are done, and then refused
	sendFail error
	makes    int
}

var (
	_ Objects  = (*doubles)(nil)
	_ Failures = (*doubles)(nil)
)

func (d *doubles) called(op, key string) error {
	d.mu.Lock()
	d.calls = append(d.calls, op+" "+key)
	d.mu.Unlock()
	if d.before != nil {
		return d.before(op, key)
	}
	return nil
}

func (d *doubles) Head(ctx context.Context, bucket, key string) (store.Info, error) {
	if err := d.called("head", bucket+"/"+key); err != nil {
		return store.Info{}, err
	}
	return d.Memory.Head(ctx, bucket, key)
}

func (d *doubles) Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error) {
	if err := d.called("open", bucket+"/"+key); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.reads = append(d.reads, ifNoneMatch)
	d.mu.Unlock()
	return d.Memory.Open(ctx, bucket, key, ifNoneMatch)
}

func (d *doubles) Put(ctx context.Context, bucket, key string, u store.Upload, ifMatch string) error {
	if err := d.called("put", bucket+"/"+key); err != nil {
		return err
	}
	if d.during != nil {
		if err := d.during(ctx, "put", bucket+"/"+key); err != nil {
			return err
		}
	}
	err := d.Memory.Put(ctx, bucket, key, u, ifMatch)
	if err == nil && d.lostPuts > 0 {
		d.lostPuts--
		err = store.ErrConflict
	}
	return err
}

func (d *doubles) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	if err := d.called("delete", bucket+"/"+key); err != nil {
		return err
	}
	return d.Memory.Delete(ctx, bucket, key, ifMatch)
}

func (d *doubles) Send(_ context.Context, body string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sendFail != nil {
		return d.sendFail
	}
	var f event.Failure
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		return err
	}
	d.messages = append(d.messages, f)
	return nil
}

func (d *doubles) Write(p []byte) (int, error) { // the log
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *doubles) make(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, error) {
	d.mu.Lock()
	d.makes++
	d.mu.Unlock()
	return fakeMake(ctx, src, size, variants, limits)
}

func (d *doubles) upload(key, content string) {
	d.Set("source", key, store.Upload{Body: []byte(content)})
}

// thumbs shows the destination in a form that tests can compare.
func (d *doubles) thumbs() string {
	keys := map[string]string{}
	for key, u := range d.Bucket("destination") {
		keys[key] = string(u.Body)
	}
	text, _ := json.Marshal(keys)
	return string(text)
}

// outcomes are those in the log, by key.
func (d *doubles) outcomes(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(d.log.String()) {
		var got struct{ Key, Outcome string }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		all[got.Key] = got.Outcome
	}
	return all
}

func newProcessor(d *doubles, change func(*Options)) *Processor {
	o := Options{
		Objects: d, Failures: d, Make: d.make, Log: slog.New(slog.NewJSONHandler(d, nil)),
		Destination: "destination", Variants: []settings.Variant{settings.DefaultVariant()}, Namespace: "space", Function: "fn",
	}
	if change != nil {
		change(&o)
	}
	return New(o)
}

// payload is an S3 notification of the objects "name key" (key URL-encoded).
func payload(records ...string) []byte {
	var out []string
	for _, r := range records {
		name, key, _ := strings.Cut(r, " ")
		out = append(out, fmt.Sprintf(`{"eventVersion":"2.1","eventName":"Object%s","s3":{"bucket":{"name":"source"},"object":{"key":%q,"eTag":"old","versionId":"v1"}}}`, name, key))
	}
	return []byte(`{"Records":[` + strings.Join(out, ",") + `]}`)
}

func invoke(t *testing.T, p *Processor, payload []byte) (string, error) {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	out, err := p.Invoke(ctx, payload)
	return string(out), err
}

func mustInvoke(t *testing.T, p *Processor, payload []byte) string {
	t.Helper()
	out, err := invoke(t, p, payload)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
