package job

import (
	"context"
	"errors"
	"fmt"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// makeFrom makes the thumbnails of an open source, and closes it.
//
// Jobs that run side by side share the memory. A picture that its share is too
// small for waits until it can have all of it; its header was all that had
// been read by then.
func (p *Processor) makeFrom(ctx context.Context, j event.Job, source store.Object, targets []*target, rec *report) (*thumbnail.Result, error) {
	variants := make([]settings.Variant, len(targets))
	for i, t := range targets {
		variants[i] = t.variant
	}
	shares := p.memory.shares(rec.alone)
	result, err := p.withMemory(ctx, source, variants, shares, rec)
	if !errors.Is(err, thumbnail.ErrTooLarge) || shares == p.memory.total {
		return result, err
	}
	again, err := p.Objects.Open(ctx, j.Bucket, j.Key, "")
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, store.ErrChanged
	case err != nil:
		return nil, err
	case again.Info().ETag != source.Info().ETag:
		_ = again.Close()
		return nil, store.ErrChanged
	}
	return p.withMemory(ctx, again, variants, p.memory.total, rec)
}

// withMemory makes the thumbnails of an open source once so many shares of the
// memory are free, and closes it.
func (p *Processor) withMemory(ctx context.Context, source store.Object, variants []settings.Variant, shares int64, rec *report) (*thumbnail.Result, error) {
	defer func() {
		_ = source.Close()
		rec.read(source)
	}()
	if err := p.memory.Acquire(ctx, shares); err != nil {
		return nil, fmt.Errorf("wait for memory: %w", err)
	}
	defer p.memory.Release(shares)
	rec.stage = "decode"
	size := source.Info().Size
	if size == 0 {
		return nil, fmt.Errorf("%w: it is empty", thumbnail.ErrNotImage)
	}
	limits := p.Limits
	limits.Memory = limits.Memory * shares / p.memory.total
	limits.MoreMemory = shares < p.memory.total // see makeFrom
	result, err := p.Make(ctx, source, size, variants, limits)
	if failed, ok := errors.AsType[*thumbnail.PanicError](err); ok {
		rec.stack = failed.Stack
	}
	if err == nil {
		rec.made(result)
	}
	return result, err
}
