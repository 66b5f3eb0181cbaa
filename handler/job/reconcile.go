package job

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
)

// maxRounds bounds how often one job starts again because the source or a
// thumbnail changed under it. Each round but the last means that someone else
// made progress.
const maxRounds = 10

// errBusy says that the rounds were used up. The event should come again.
var errBusy = errors.New("source or thumbnails keep changing")

// reconcile makes the thumbnails of a source what its present content implies.
//
// It does not matter which event asked for it, how late or how often. Each
// round looks at the thumbnails, then reads the source, then writes on the
// condition that the thumbnails are still those it saw, and at last looks
// whether the source is still the one it read. That gives two guarantees. A
// thumbnail is not overwritten by one from an older read: whoever writes has
// read the source after the previous write. And once the source rests, the
// thumbnails are right: the last write to them was followed by a look at the
// source that found it unchanged (a handler that dies between the two has its
// event delivered again), and a change after that look has an event of its own,
// whose handler sees that write. The second needs no conditional requests, and
// holds where ETags recur, or a server ignores If-Match.
func (p *Processor) reconcile(ctx context.Context, j event.Job, rec *report) error {
	for range maxRounds {
		rec.rounds++
		settled, err := p.round(ctx, j, rec)
		if settled || err != nil {
			return err
		}
	}
	return fmt.Errorf("s3://%s/%s: %w", j.Bucket, j.Key, errBusy)
}

// round is one attempt. It returns false if something changed on the way.
func (p *Processor) round(ctx context.Context, j event.Job, rec *report) (settled bool, err error) {
	targets, err := p.targetsOf(j.Key)
	if err != nil {
		rec.reject(err)
		return true, nil
	}
	found, err := p.observe(ctx, j.Key, targets)
	if err != nil {
		return false, err
	}
	source, uploads, err := p.produce(ctx, j, targets, found, rec)
	switch {
	case errors.Is(err, store.ErrUnchanged):
		rec.finish(Unchanged, "")
		return true, nil
	case errors.Is(err, store.ErrChanged):
		return false, nil
	case errors.Is(err, store.ErrNotFound):
		rec.finish(Gone, "")
		if p.KeepThumbnails {
			return true, nil
		}
	case errors.Is(err, thumbnail.ErrNotImage):
		rec.finish(Skipped, err.Error())
	case permanent(err):
		rec.reject(err)
		if source == "" {
			return true, nil // its content was not looked at, thumbnails of it may be right
		}
	case err != nil:
		return false, err
	default:
		rec.finish(Created, "")
	}
	touched, err := p.apply(ctx, targets, found, source, uploads, rec)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	if err != nil || !touched {
		return err == nil, err
	}
	return p.stillIs(ctx, j, source)
}

// permanent says whether an error comes again however often one tries.
func permanent(err error) bool {
	return errors.Is(err, thumbnail.ErrRejected) || errors.Is(err, store.ErrUnreadable) ||
		errors.Is(err, errPanic)
}

// produce reads the source and makes its thumbnails, in the order of the targets, unless all there should be are there:
// then the error is store.ErrUnchanged. The ETag of the source is returned also with errors that concern its content.
func (p *Processor) produce(ctx context.Context, j event.Job, targets []target, found []existing, rec *report) (etag string, uploads []store.Upload, err error) {
	result, info, err := p.makeFrom(ctx, j, targets, found, rec)
	if err != nil {
		return info.ETag, nil, err
	}
	for i, t := range result.Thumbnails {
		uploads = append(uploads, store.Upload{
			Body: t.Body, ContentType: t.Format.MediaType(), CacheControl: p.CacheControl,
			Metadata: map[string]string{
				metaSourceKey: ownerOf(j.Key), metaSourceETag: info.ETag, metaSettings: targets[i].fingerprint,
			},
		})
	}
	rec.made(result, targets)
	return info.ETag, uploads, nil
}

// apply writes the thumbnails, or removes those there are if there should be none: the source is gone or no picture. It
// says whether it changed anything.
func (p *Processor) apply(ctx context.Context, targets []target, found []existing, source string, uploads []store.Upload, rec *report) (touched bool, err error) {
	defer rec.timer(&rec.store)()
	changes, ctx := errgroup.WithContext(ctx)
	for i, t := range targets {
		old := found[i]
		switch {
		case uploads != nil && !old.fresh(t, source):
			touched = true
			changes.Go(func() error {
				if err := p.Objects.Put(ctx, p.Destination, t.key, uploads[i], old.ETag); err != nil {
					return err
				}
				rec.wrote(uploads[i])
				return nil
			})
		case uploads == nil && old.owned && !p.KeepThumbnails:
			touched = true
			changes.Go(func() error {
				if err := p.Objects.Delete(ctx, p.Destination, t.key, old.ETag); err != nil {
					return err
				}
				rec.removed()
				return nil
			})
		}
	}
	return touched, changes.Wait()
}

// stillIs says whether the source has that ETag ("": is absent) after the
// thumbnails were changed.
func (p *Processor) stillIs(ctx context.Context, j event.Job, etag string) (bool, error) {
	info, err := p.Objects.Head(ctx, j.Bucket, j.Key)
	if errors.Is(err, store.ErrNotFound) {
		return etag == "", nil
	}
	return err == nil && info.ETag == etag, err
}
