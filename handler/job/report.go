package job

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
)

// Result says what became of a job that needs no second attempt.
type Result string

const (
	Created   Result = "created"   // thumbnails were made
	Unchanged Result = "unchanged" // they were there already: a duplicate or outdated event
	Gone      Result = "gone"      // there is no source any more
	Skipped   Result = "skipped"   // nothing that a thumbnail could be made of
	Rejected  Result = "rejected"  // a picture of which none can ever be made
)

// report gathers what is logged of one job. Its numbers add up over rounds.
type report struct {
	p         *Processor
	requestID string
	job       event.Job
	alone     bool // no other job in this event
	began     time.Time

	outcome Result
	reason  string
	stage   string // where a rejection happened: parse, read, decode, write
	stack   string // of a panic
	rounds  int
	source  *thumbnail.Source
	info    store.Info

	fetch, store time.Duration // time until sources were open; time of writes and deletes
	stages       thumbnail.Stages
	bytesIn      int64

	mu       sync.Mutex
	outputs  []output // that were written
	bytesOut int64
	deleted  int
}

// output is a thumbnail in the log.
type output struct {
	Variant string `json:"variant"`
	Key     string `json:"key"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Frames  int    `json:"frames,omitempty"` // of one that moves
	Bytes   int    `json:"bytes"`
}

func (p *Processor) newReport(requestID string, j event.Job, alone bool) *report {
	return &report{p: p, requestID: requestID, job: j, alone: alone, began: time.Now(), stage: "read"}
}

// finish sets the outcome. A later round may set another.
func (r *report) finish(outcome Result, reason string) { r.outcome, r.reason = outcome, reason }

// reject sets the outcome Rejected.
func (r *report) reject(err error) { r.finish(Rejected, err.Error()) }

// timer adds the time until the function it returns is called.
func (r *report) timer(to *time.Duration) func() {
	began := time.Now()
	return func() { *to += time.Since(began) }
}

// read counts the transfer of a source that is closed.
func (r *report) read(source store.Object) {
	r.info = source.Info()
	r.bytesIn += source.Received()
}

// unchanged sets the outcome where all thumbnails are there: Created if this job wrote them, though the answer to that
// was lost and the second attempt met a conflict with the first.
func (r *report) unchanged(targets []*target) {
	r.finish(Unchanged, "")
	for _, t := range targets {
		if r.rounds > 1 && r.requestID != "" && t.found.Metadata[origin.RequestID] == r.requestID {
			r.finish(Created, "")
			r.outputs = append(r.outputs, output{Variant: t.variant.Name, Key: t.key, Bytes: int(t.found.Size)})
		}
	}
}

// made keeps what Make says of a picture.
func (r *report) made(result *thumbnail.Result) {
	r.source = &result.Source
	r.stages.Decode += result.Stages.Decode
	r.stages.Resize += result.Stages.Resize
	r.stages.Encode += result.Stages.Encode
	r.stage = "write"
}

// wrote counts a thumbnail that was written.
func (r *report) wrote(t thumbnail.Thumbnail, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytesOut += int64(len(t.Body))
	o := output{Variant: t.Variant.Name, Key: key, Width: t.Width, Height: t.Height, Bytes: len(t.Body)}
	if t.Frames > 1 {
		o.Frames = t.Frames
	}
	r.outputs = append(r.outputs, o)
}

func (r *report) removed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deleted++
}

// text is the outcome in one line.
func (r *report) text() string {
	if r.reason == "" {
		return string(r.outcome)
	}
	return string(r.outcome) + ": " + r.reason
}

// log writes the job's line, which carries its metrics.
func (r *report) log(ctx context.Context, err error) {
	total := time.Since(r.began)
	level, outcome := slog.LevelInfo, string(r.outcome)
	switch {
	case err != nil:
		level, outcome = slog.LevelError, "failed"
	case r.outcome == Rejected:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("requestId", r.requestID), slog.String("bucket", r.job.Bucket), slog.String("key", r.job.Key),
		slog.String("event", string(r.job.Kind)), slog.String("outcome", outcome),
	}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("versionId", r.job.VersionID)
	if err != nil {
		add("error", err.Error())
	} else {
		add("reason", r.reason)
	}
	add("stack", r.stack)
	if r.info.ETag != "" {
		attrs = append(attrs, slog.Int64("size", r.info.Size))
	}
	if r.source != nil {
		attrs = append(attrs, slog.Any("source", describe(r.source)))
	}
	if len(r.outputs) > 0 {
		attrs = append(attrs, slog.Any("thumbnails", r.outputs))
	}
	if r.rounds > 1 {
		attrs = append(attrs, slog.Int("rounds", r.rounds))
	}
	attrs = append(attrs, r.metrics(outcome, total)...)
	r.p.Log.LogAttrs(ctx, level, "thumbnail job", attrs...)
}

// picture is a source in the log. What is as usual is left out: the log is paid for by the byte.
type picture struct {
	Format       format.Format `json:"format"`
	Width        int           `json:"width"`
	Height       int           `json:"height"`
	Orientation  int           `json:"orientation,omitempty"`  // unless 1
	Frames       int           `json:"frames,omitempty"`       // unless 1
	StillBecause string        `json:"stillBecause,omitempty"` // which limit a picture that was to move exceeds
	Truncated    bool          `json:"truncated,omitempty"`
}

func describe(s *thumbnail.Source) picture {
	p := picture{Format: s.Format, Width: s.Width, Height: s.Height, Truncated: s.Truncated, StillBecause: s.StillBecause}
	if s.Orientation != 1 {
		p.Orientation = s.Orientation
	}
	if s.Frames != 1 {
		p.Frames = s.Frames
	}
	return p
}
