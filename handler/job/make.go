package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// errPanic says that making a thumbnail panicked.
var errPanic = errors.New("decoder failed")

// makeFrom opens the source and makes its thumbnails, unless those that were found are of its present content: then the
// error is store.ErrUnchanged.
//
// Jobs that run side by side share the memory. A picture that its share is too
// small for waits until it can have all of it; its header was all that had
// been read by then.
func (p *Processor) makeFrom(ctx context.Context, j event.Job, targets []target, found []existing, rec *report) (*thumbnail.Result, store.Info, error) {
	source, err := p.open(ctx, j, store.Condition{IfNoneMatch: sourceOf(targets, found), ReadAhead: wantsAll}, rec)
	if err != nil {
		return nil, store.Info{}, err
	}
	variants := make([]settings.Variant, len(targets))
	for i, t := range targets {
		variants[i] = t.variant
	}
	shares := p.memory.shares(rec.alone)
	result, err := p.withMemory(ctx, source, variants, shares, rec)
	if errors.Is(err, thumbnail.ErrTooLarge) && shares < p.memory.total {
		etag := source.Info().ETag
		source, err = p.open(ctx, j, store.Condition{ReadAhead: wantsAll}, rec)
		if err != nil {
			return nil, store.Info{}, err
		}
		if source.Info().ETag != etag {
			_ = source.Close()
			return nil, store.Info{}, store.ErrChanged
		}
		result, err = p.withMemory(ctx, source, variants, p.memory.total, rec)
	}
	return result, source.Info(), err
}

// open opens the source.
func (p *Processor) open(ctx context.Context, j event.Job, cond store.Condition, rec *report) (store.Object, error) {
	defer rec.timer(&rec.fetch)()
	source, err := p.Objects.Open(ctx, j.Bucket, j.Key, cond)
	if errors.Is(err, store.ErrUnreadable) {
		rec.stage = "read"
	}
	return source, err
}

// withMemory makes the thumbnails of an open source once so many shares of the
// memory are free, and closes it.
func (p *Processor) withMemory(ctx context.Context, source store.Object, variants []settings.Variant, shares int64, rec *report) (*thumbnail.Result, error) {
	defer func() {
		_ = source.Close()
		rec.read(source.Received(), source.Info())
	}()
	if err := p.memory.Acquire(ctx, shares); err != nil {
		return nil, fmt.Errorf("wait for memory: %w", err)
	}
	defer p.memory.Release(shares)
	rec.stage = "decode"
	limits := p.Limits
	limits.Memory = limits.Memory * shares / p.memory.total
	return p.safely(ctx, source, variants, limits, rec)
}

// safely calls Make so that a panic of a decoder is the picture's fault, and
// its alone.
func (p *Processor) safely(ctx context.Context, source store.Object, variants []settings.Variant, limits thumbnail.Limits, rec *report) (result *thumbnail.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			rec.stack = string(debug.Stack())
			result, err = nil, fmt.Errorf("%w: panic: %v", errPanic, r)
		}
	}()
	size := source.Info().Size
	if size == 0 {
		return nil, fmt.Errorf("%w: it is empty", thumbnail.ErrNotImage)
	}
	return p.Make(ctx, source, size, variants, limits)
}
