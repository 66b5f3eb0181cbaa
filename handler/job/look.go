package job

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
)

// look looks at the thumbnails and opens the source. It fills in what it finds in the targets' places; the error is
// store.ErrUnchanged if all thumbnails are of the source's present content, in which case the source is not open.
//
// An ordinary event is of a new picture, so both start at once: nothing is awaited before the source's first byte is
// asked for. A listed object most likely has its thumbnails, so that they are looked at first, and the source is read on
// condition that it is another than theirs.
func (p *Processor) look(ctx context.Context, j event.Job, targets []*target, rec *report) (store.Object, error) {
	defer rec.timer(&rec.fetch)()
	if j.Listed {
		if err := p.observe(ctx, targets); err != nil {
			return nil, err
		}
		return p.Objects.Open(ctx, j.Bucket, j.Key, sourceOf(targets))
	}
	var source store.Object
	var sourceErr error
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		source, sourceErr = p.Objects.Open(ctx, j.Bucket, j.Key, "")
	}()
	err := p.observe(ctx, targets)
	<-opened
	if err == nil {
		err = sourceErr
	}
	if err == nil && source.Info().ETag == sourceOf(targets) {
		err = store.ErrUnchanged
	}
	if err != nil && source != nil {
		_ = source.Close()
		source = nil
	}
	return source, err
}

// observe looks at what there is in the targets' places, at all of them at once.
func (p *Processor) observe(ctx context.Context, targets []*target) error {
	var looks errgroup.Group
	for _, t := range targets {
		looks.Go(func() error {
			found, err := p.Objects.Head(ctx, p.Destination, t.key)
			if errors.Is(err, store.ErrNotFound) {
				found, err = store.Info{}, nil
			}
			t.found = found
			return err
		})
	}
	return looks.Wait()
}

// sourceIs says whether the source has that ETag ("": is absent) now.
func (p *Processor) sourceIs(ctx context.Context, j event.Job, etag string) (bool, error) {
	info, err := p.Objects.Head(ctx, j.Bucket, j.Key)
	if errors.Is(err, store.ErrNotFound) {
		return etag == "", nil
	}
	return err == nil && info.ETag == etag, err
}
