// Package job does what an event asks for: it looks at each object that the
// event names, makes the thumbnails it should have, and removes those it should
// not. See reconcile for how many handlers can do so at once.
package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// Objects is the object store; see package store for the meaning of its errors.
type Objects interface {
	Head(ctx context.Context, bucket, key string) (store.Info, error)
	Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error)
	Put(ctx context.Context, bucket, key string, u store.Upload, ifMatch string) error
	Delete(ctx context.Context, bucket, key, ifMatch string) error
}

// Failures takes the messages about what can never succeed.
type Failures interface {
	Send(ctx context.Context, body string) error
}

// Maker makes thumbnails, as thumbnail.Make does: it returns soon after ctx ends, whatever the picture does.
type Maker func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, error)

// Options are what a Processor needs. All fields without "optional" must be set.
type Options struct {
	Objects     Objects
	Failures    Failures
	Make        Maker
	Log         *slog.Logger
	Destination string // bucket
	Variants    []settings.Variant
	Limits      thumbnail.Limits // Memory: of all jobs together

	Source string // optional: bucket that objects have to be in; "" takes those of any
	// Wants says of which keys thumbnails are wanted; optional: nil wants all.
	Wants          func(key string) bool
	KeepThumbnails bool   // optional: thumbnails outlive their sources, and former content; nothing is deleted
	CacheControl   string // optional: header of thumbnails
	Namespace      string // of the metrics
	Function       string // name, dimension of the metrics
}

// Processor handles events. It is safe for concurrent use.
type Processor struct {
	Options
	fingerprints []string // by variant
	memory       *shared
}

// New returns a Processor. The variants must be valid (see settings.ValidateVariants).
func New(o Options) *Processor {
	p := &Processor{Options: o, memory: newShared()}
	for _, v := range o.Variants {
		p.fingerprints = append(p.fingerprints, origin.Fingerprint(v, o.CacheControl))
	}
	return p
}

const (
	// maxJobs is how many jobs of one event are under way at once. Most of their
	// time they wait for S3.
	maxJobs = 16
	// shareCount is how many pictures are decoded at once at most.
	shareCount = 4
	// margin is what is left of the invocation's time when all jobs must have
	// ended, so that the answer still gets out.
	margin = 500 * time.Millisecond
	// tooLate is the least time worth beginning a job for.
	tooLate = time.Second
)

// errTooLate says that a job was not begun, or not ended, in the time that the
// invocation has.
var errTooLate = errors.New("not enough of the invocation's time is left")

// shared is the memory that decoders share.
type shared struct {
	*semaphore.Weighted
	total int64 // shares there are
}

func newShared() *shared {
	total := int64(min(shareCount, max(2, runtime.GOMAXPROCS(0)*2)))
	return &shared{semaphore.NewWeighted(total), total}
}

// shares is how many a job begins with: all if there is no other job.
func (s *shared) shares(alone bool) int64 {
	if alone {
		return s.total
	}
	return 1
}

// Invoke handles one invocation. It implements lambda.Handler.
func (p *Processor) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	requestID := ""
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		requestID = lc.AwsRequestID
	}
	parsed, err := event.Parse(payload)
	if err != nil {
		p.Log.ErrorContext(ctx, "event not understood", "requestId", requestID, "error", err.Error())
		return nil, err
	}
	for _, err := range parsed.Unparsed() {
		p.Log.ErrorContext(ctx, "message not understood", "requestId", requestID, "error", err.Error())
	}
	outcomes := p.run(ctx, requestID, parsed.Jobs)
	for _, o := range outcomes {
		if errors.Is(o.Err, thumbnail.ErrAbandoned) {
			return nil, endOfProcess(o.Err)
		}
	}
	return parsed.Response(outcomes)
}

// endOfProcess is the answer after which Lambda starts a new process. What is left running in this one would take memory
// and processor from the next invocation, and nothing else can stop it.
func endOfProcess(err error) error {
	return messages.InvokeResponse_Error{Message: err.Error(), Type: "DecoderAbandoned", ShouldExit: true}
}

// run does the jobs and returns an outcome for each by the time that ctx allows. Those that are not done by then are
// logged and counted as failed.
func (p *Processor) run(ctx context.Context, requestID string, jobs []event.Job) []event.Outcome {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-margin), errTooLate)
		defer cancel()
	}
	outcomes := make([]event.Outcome, len(jobs))
	var group errgroup.Group
	group.SetLimit(maxJobs)
	for _, indexes := range byObject(jobs) {
		group.Go(func() error {
			for _, i := range indexes {
				outcomes[i] = p.do(ctx, requestID, jobs[i], len(jobs) == 1)
			}
			return nil
		})
	}
	_ = group.Wait() // soon after ctx ends, as every job then does
	return outcomes
}

// byObject groups the indexes of jobs by object, in the order of their first
// job: jobs of one object would only get in each other's way.
func byObject(jobs []event.Job) [][]int {
	var groups [][]int
	at := map[[2]string]int{}
	for i, j := range jobs {
		id := [2]string{j.Bucket, j.Key}
		g, ok := at[id]
		if !ok || j.Err != nil {
			g = len(groups)
			at[id] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// do does one job, reports it to the log and, if it can never succeed, to the
// failure queue.
func (p *Processor) do(ctx context.Context, requestID string, j event.Job, alone bool) event.Outcome {
	rec := p.newReport(requestID, j, alone)
	err := p.attempt(ctx, j, rec)
	if err == nil && rec.outcome == Rejected {
		err = p.sendFailure(ctx, j, rec)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	rec.log(ctx, err)
	return event.Outcome{Err: err, Permanent: rec.outcome == Rejected, Text: rec.text()}
}

// attempt decides what a job needs and does it.
func (p *Processor) attempt(ctx context.Context, j event.Job, rec *report) error {
	switch {
	case j.Err != nil:
		rec.stage = "parse"
		rec.reject(j.Err)
		return nil
	case j.Kind == event.Ignored:
		rec.finish(Skipped, j.Note)
		return nil
	case p.Source != "" && j.Bucket != p.Source && j.Bucket != p.Destination:
		rec.stage = "parse"
		rec.reject(fmt.Errorf("the object is in the bucket %q, which this function has no right to read: want one of %q", j.Bucket, p.Source))
		return nil
	case p.Wants != nil && !p.Wants(j.Key):
		rec.finish(Skipped, "the key is not among those that thumbnails are wanted of (SOURCE_PREFIX, INCLUDE, EXCLUDE)")
		return nil
	case j.Kind == event.Removed && p.KeepThumbnails:
		rec.finish(Skipped, "thumbnails outlive their sources (DELETE_THUMBNAILS is false)")
		return nil
	case j.Bucket == p.Destination:
		// Thumbnails of thumbnails without end.
		rec.finish(Skipped, "the object is in the bucket of the thumbnails")
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < tooLate {
		return errTooLate
	}
	return p.reconcile(ctx, j, rec)
}

// sendFailure puts what can never succeed where someone will look for it.
func (p *Processor) sendFailure(ctx context.Context, j event.Job, rec *report) error {
	body, err := event.Failure{
		Bucket: j.Bucket, Key: j.Key, VersionID: j.VersionID, ETag: cmp.Or(rec.info.ETag, j.ETag), Kind: j.Kind,
		Reason: rec.reason, Stage: rec.stage, Replay: j.Replay, RequestID: rec.requestID, Time: time.Now().UTC(), Record: j.Record,
	}.Message()
	if err != nil {
		return err
	}
	return p.Failures.Send(ctx, body)
}
