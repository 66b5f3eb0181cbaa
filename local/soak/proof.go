package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/settings"
)

// The headers of a thumbnail that say what it was made of.
const (
	sourceETag = "X-Amz-Meta-Source-Etag"
	sourceKey  = "X-Amz-Meta-Source-Key"
)

// target is the deployment that is soaked.
type target struct {
	cloud                                     *aws.Cloud
	client                                    *s3.Client // with the deployer's rights
	source, destination, function, log, queue string
	variants                                  []settings.Variant
}

var deployer = credentials.NewStaticCredentialsProvider("local", "local", "")

// newClient returns a client that tries long, as faults strike it as well.
func newClient(c *aws.Cloud) *s3.Client {
	endpoint := c.Endpoint()
	return s3.New(s3.Options{
		Region: c.Region(), BaseEndpoint: &endpoint, UsePathStyle: true, Credentials: deployer,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 10, 200*time.Millisecond, ratelimit.None
		}),
	})
}

// thumbnails returns the keys of a picture's thumbnails, in the order of the variants.
func (t *target) thumbnails(key string) []string {
	var keys []string
	for _, v := range t.variants {
		k, err := v.ThumbnailKey(key)
		if err != nil {
			panic(err) // the soak's own keys are short
		}
		keys = append(keys, k)
	}
	return keys
}

// reasons are the words about pictures that get no thumbnail. Log and queue themselves forget.
type reasons struct {
	mu       sync.Mutex
	skipped  map[string]bool    // keys of which the log says why they were skipped
	rejected map[[2]string]bool // keys and ETags of which the failure queue says why they cannot be
}

// listen notes the reasons that the function logs from now on.
func (t *target) listen() *reasons {
	r := &reasons{skipped: map[string]bool{}, rejected: map[[2]string]bool{}}
	t.cloud.Logs.Observe(func(group, line string) {
		if group != t.log || !strings.Contains(line, `"outcome"`) {
			return
		}
		if j, ok := deploy.ParseJob(line); ok && j.Outcome == "skipped" && j.Reason != "" {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.skipped[j.Key] = true
		}
	})
	return r
}

// given says whether there is a reason for the picture's having no thumbnail.
func (r *reasons) given(key string, b *body) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.rejected {
		return r.rejected[[2]string{key, b.etag}]
	}
	return r.skipped[key]
}

// message is what the failure queue may hold: the function's word about a picture that cannot have thumbnails, or Lambda's
// record of an event that failed too often.
type message struct {
	Key, ETag, Reason, Stage string
	RequestContext           struct{ Condition string }
	RequestPayload           struct {
		Records []struct {
			S3 struct {
				Object struct{ Key string }
			}
		}
	}
}

// queued reads the failure queue: it notes the reasons, and returns the keys whose events were given up. problems are messages
// that should not be there.
func (t *target) queued(m *material, r *reasons) (lost map[string]bool, problems []string) {
	lost = map[string]bool{}
	for _, text := range t.cloud.SQS.Messages(t.queue) {
		var f message
		err := json.Unmarshal([]byte(text), &f)
		b := m.byETag[f.ETag]
		switch {
		case err == nil && f.RequestContext.Condition == "RetriesExhausted" && len(f.RequestPayload.Records) == 1:
			key, err := url.QueryUnescape(f.RequestPayload.Records[0].S3.Object.Key)
			if err != nil {
				problems = append(problems, "an event was given up whose key is no key: "+text)
			}
			lost[key] = true
		case err == nil && f.Reason != "" && b != nil && b.rejected:
			r.rejected[[2]string{f.Key, f.ETag}] = true
		default:
			problems = append(problems, fmt.Sprintf("a message in the failure queue is about nothing that was to fail: %.500s", text))
		}
	}
	return lost, problems
}

// prove returns everything that is not as it should be, given that all is at rest. Pictures whose events were given up, and lie
// in the queue for somebody to replay, are excused from having what they should.
func (t *target) prove(ctx context.Context, m *material, r *reasons) (problems []string, excused int) {
	lost, problems := t.queued(m, r)
	wanted := map[string]bool{} // keys of thumbnails
	excuse := map[string]bool{}
	keys, err := t.list(ctx, t.source)
	if err != nil {
		return []string{err.Error()}, 0
	}
	for _, key := range keys {
		source, err := t.cloud.S3.GetObject(t.source, key, "")
		b := m.byETag[source.ETag]
		var wrong []string
		switch {
		case err != nil || b == nil:
			wrong = []string{fmt.Sprintf("the source %q is none that was uploaded: %v", key, err)}
		case b.good():
			for i, thumb := range t.thumbnails(key) {
				wanted[thumb] = true
				if err := t.check(b, t.variants[i], key, thumb); err != nil {
					wrong = append(wrong, fmt.Sprintf("%s of %q (%s): %v", thumb, key, b.about, err))
				}
			}
		case !r.given(key, b):
			wrong = []string{fmt.Sprintf("%q (%s) has no thumbnail, and nobody says why", key, b.about)}
		}
		if len(wrong) > 0 && lost[key] {
			excused++
			continue
		}
		problems = append(problems, wrong...)
	}
	for key := range lost { // their old thumbnails may be there still
		for _, thumb := range t.thumbnails(key) {
			excuse[thumb] = true
		}
	}
	there, err := t.list(ctx, t.destination)
	if err != nil {
		return []string{err.Error()}, 0
	}
	for _, thumb := range there {
		switch {
		case wanted[thumb]:
		case excuse[thumb]:
			excused++
		default:
			problems = append(problems, fmt.Sprintf("%s is there, and should not be", thumb))
		}
	}
	slices.Sort(problems)
	return problems, excused
}

// list returns the keys of a bucket in order.
func (t *target) list(ctx context.Context, bucket string) ([]string, error) {
	return deploy.List(ctx, t.client, bucket)
}

// check says what is wrong with a thumbnail.
func (t *target) check(b *body, v settings.Variant, key, thumb string) error {
	o, err := t.cloud.S3.GetObject(t.destination, thumb, "")
	if err != nil {
		return err
	}
	if etag := o.Headers[sourceETag]; etag != b.etag {
		return fmt.Errorf("it was made of another content, with the ETag %s", etag)
	}
	if owner, err := url.PathUnescape(o.Headers[sourceKey]); err != nil || owner != key {
		return fmt.Errorf("it says that it is of %q", o.Headers[sourceKey])
	}
	img, format, err := image.Decode(bytes.NewReader(o.Body))
	if err != nil {
		return fmt.Errorf("it is no picture: %w", err)
	}
	scale := min(1, float64(v.Width)/float64(max(b.width, b.height)))
	w, h := scale*float64(b.width), scale*float64(b.height)
	if size := img.Bounds().Size(); math.Abs(float64(size.X)-w) > 1.01 || math.Abs(float64(size.Y)-h) > 1.01 {
		return fmt.Errorf("it has %v pixels, want about %.0fx%.0f", size, w, h)
	}
	if have := mean(img); !sameMean(have, b.mean) && !(b.alpha && format == "gif") { // GIF has no half transparency
		return fmt.Errorf("its mean color is %.0f, want %.0f", have, b.mean)
	}
	return nil
}

// sameMean says whether two pictures may be one in two sizes: formats and palettes move a mean by a few of 255 levels, and
// the tints are more than 60 apart in a channel.
func sameMean(a, b [3]float64) bool {
	for c := range a {
		if math.Abs(a[c]-b[c]) > 20 {
			return false
		}
	}
	return true
}

// replay feeds the events that were given up to the function again, as an operator would, and empties the queue of them.
func (t *target) replay(ctx context.Context) (n int, err error) {
	var events []string
	for _, text := range t.cloud.SQS.Messages(t.queue) {
		var f message
		if json.Unmarshal([]byte(text), &f) == nil && f.RequestContext.Condition != "" {
			events = append(events, text)
		}
	}
	endpoint := t.cloud.Endpoint()
	queues := sqs.New(sqs.Options{Region: t.cloud.Region(), BaseEndpoint: &endpoint, Credentials: deployer})
	if _, err := queues.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &t.queue}); err != nil {
		return 0, fmt.Errorf("empty the failure queue: %w", err)
	}
	for _, e := range events {
		if err := t.cloud.Lambda.Enqueue(t.function, []byte(e)); err != nil {
			return 0, fmt.Errorf("replay an event: %w", err)
		}
	}
	return len(events), nil
}
