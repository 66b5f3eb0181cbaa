package backfill

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/cmd/thumbs/verify"
)

const (
	// DefaultConcurrency is how many invocations are under way at once, well within what a new account may have.
	DefaultConcurrency = 8
	// tries is how often an object is tried for which the function says that it may work later.
	tries = 3
)

// Lister lists a bucket, as verify.S3 does.
type Lister interface {
	List(ctx context.Context, bucket, prefix, after string) iter.Seq2[verify.Object, error]
}

// Direct invokes the function for each object of a bucket, with the events of S3 Batch Operations: they ask of every
// object what it has before they read it, and are answered for each.
type Direct struct {
	Objects     Lister
	Lambda      stack.Invoker
	Name        string // of the function
	Bucket      string
	Filter      Filter
	Wants       func(key string) bool // which keys the function deals with
	After       string                // keys that come after this one
	Concurrency int                   // 0 means DefaultConcurrency

	Failed func(Failure) error             // called for each object that has failed, by one goroutine at a time
	Done   func(objects int64, size int64) // called when so many have been dealt with
}

// Counts say what became of the objects.
type Counts struct {
	Objects   int64            `json:"objects"`
	Succeeded int64            `json:"succeeded"`
	Failed    int64            `json:"failed"`
	Outcomes  map[string]int64 `json:"outcomes"` // of those that succeeded: created, unchanged, skipped, gone
}

// Count lists what Run would deal with.
func (d *Direct) Count(ctx context.Context, seen func(objects, size int64)) (objects, size int64, err error) {
	for o, err := range d.meant(ctx) {
		if err != nil {
			return objects, size, err
		}
		objects++
		size += o.Size
		seen(1, o.Size)
	}
	return objects, size, nil
}

// meant yields the objects that are to be dealt with, in the order of their keys.
func (d *Direct) meant(ctx context.Context) iter.Seq2[verify.Object, error] {
	return func(yield func(verify.Object, error) bool) {
		for o, err := range d.Objects.List(ctx, d.Bucket, d.Filter.Prefix, d.After) {
			folder := strings.HasSuffix(o.Key, "/")
			if err == nil && (folder || !d.Filter.Passes(o) || !d.Wants(o.Key)) {
				continue
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// Run deals with all objects. When ctx ends it begins no more, finishes those that it has begun, and returns ctx's cause.
// last is a key: all objects up to it have been dealt with, so that After continues from there.
func (d *Direct) Run(ctx context.Context) (counts Counts, last string, err error) {
	run := &directRun{Direct: d, counts: Counts{Outcomes: map[string]int64{}}, last: d.After}
	running, going := errgroup.WithContext(ctx) // going ends with ctx, or with the first error
	running.SetLimit(cmp.Or(d.Concurrency, DefaultConcurrency))
	for o, listErr := range d.meant(ctx) {
		if err = cmp.Or(listErr, context.Cause(going)); err != nil {
			break
		}
		begun := run.begin(o)
		running.Go(func() error {
			if err := context.Cause(going); err != nil { // it ended while there was no room
				return err
			}
			return run.end(begun, d.invoke(ctx, o.Key))
		})
	}
	err = cmp.Or(running.Wait(), err)
	return run.counts, run.last, err
}

// directRun is the state of a run.
type directRun struct {
	*Direct
	mu     sync.Mutex
	counts Counts
	open   []*begun // in the order of their keys, from the first that has not ended on
	last   string   // key of the one before
}

// begun is an object that the function has been given, or is about to be.
type begun struct {
	verify.Object
	ended bool
}

func (r *directRun) begin(o verify.Object) *begun {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &begun{Object: o}
	r.open = append(r.open, b)
	return b
}

// end counts an object, and moves the last key on as far as all before it have ended. The error of one that was not dealt
// with, or whose failure could not be reported, ends the run.
func (r *directRun) end(b *begun, a answer) (err error) {
	if a.err != nil {
		return a.err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Objects++
	if a.ok {
		r.counts.Succeeded++
		kind, _, _ := strings.Cut(a.text, ":")
		r.counts.Outcomes[kind]++
	} else {
		r.counts.Failed++
		err = r.Failed(Failure{b.Key, a.text})
	}
	b.ended = true
	for len(r.open) > 0 && r.open[0].ended {
		r.last = r.open[0].Key
		r.open = r.open[1:]
	}
	r.Done(1, b.Size)
	return err
}

// answer is what the function says of an object.
type answer struct {
	text  string
	ok    bool
	again bool  // it may succeed later
	err   error // the object was not dealt with, and the next would not be
}

// invoke has the function deal with one object, again if it says that this may help. What has been begun is finished,
// though ctx may end; nothing is tried again then.
func (d *Direct) invoke(ctx context.Context, key string) answer {
	payload, err := json.Marshal(map[string]any{
		"invocationSchemaVersion": "2.0", "invocationId": "thumbs-backfill", "job": map[string]string{"id": "thumbs-backfill"},
		"tasks": []any{map[string]string{"taskId": "1", "s3Key": url.QueryEscape(key), "s3Bucket": d.Bucket}},
	})
	if err != nil {
		return answer{err: fmt.Errorf("event for s3://%s/%s: %w", d.Bucket, key, err)}
	}
	for try, delay := 1, stack.FirstDelay; ; try, delay = try+1, min(2*delay, stack.LongestDelay) {
		a := d.once(ctx, payload)
		if a.err != nil || !a.again || try == tries {
			return a
		}
		select {
		case <-ctx.Done():
			return answer{err: context.Cause(ctx)}
		case <-time.After(delay):
		}
	}
}

// once invokes the function.
func (d *Direct) once(ctx context.Context, payload []byte) answer {
	out, err := stack.Invoke(ctx, d.Lambda, d.Name, payload)
	if err != nil {
		return answer{err: err}
	}
	if failed := aws.ToString(out.FunctionError); failed != "" {
		return answer{text: fmt.Sprintf("the function failed (%s): %s", failed, out.Payload), again: true}
	}
	var results struct {
		Results []struct{ ResultCode, ResultString string }
	}
	if err := json.Unmarshal(out.Payload, &results); err != nil || len(results.Results) != 1 {
		return answer{err: fmt.Errorf("the function %s answered %.200q, want one result: is it this project's?", d.Name, out.Payload)}
	}
	r := results.Results[0]
	return answer{text: r.ResultString, ok: r.ResultCode == "Succeeded", again: r.ResultCode == "TemporaryFailure"}
}
