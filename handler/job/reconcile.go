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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before, err := p.observe(ctx, j.Key)
	defer func() { _ = before.wait() }() // its error, if it matters, has been seen
	if err != nil {
		cancel()
		return false, err
	}
	source, wanted, err := p.produce(ctx, j, before, rec)
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
	touched, err := p.apply(ctx, j, before, source, wanted, rec)
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
		errors.Is(err, ErrKey) || errors.Is(err, errPanic)
}

// wanted is a thumbnail to be written, by variant.
type wanted struct {
	key    string
	upload store.Upload
}

// produce reads the source and makes its thumbnails, unless all there should be
// are there: then the error is store.ErrUnchanged. The ETag of the source is returned also with errors that concern its content.
func (p *Processor) produce(ctx context.Context, j event.Job, before *sight, rec *report) (etag string, out []wanted, err error) {
	if err := checkKeys(p.Variants, j.Key); err != nil {
		return "", nil, err
	}
	result, info, err := p.makeFrom(ctx, j, before, rec)
	if err != nil {
		return info.ETag, nil, err
	}
	for i, t := range result.Thumbnails {
		key := keyFor(t.Variant, j.Key, result.Source.Format, t.Format)
		if err := checkKey(key); err != nil {
			return info.ETag, nil, fmt.Errorf("thumbnail %q: %w", t.Variant.Name, err)
		}
		out = append(out, wanted{key, store.Upload{
			Body: t.Body, ContentType: t.ContentType, CacheControl: p.CacheControl,
			Metadata: map[string]string{
				metaSourceKey: ownerOf(j.Key), metaSourceETag: info.ETag, metaSettings: p.settings[i],
			},
		}})
	}
	rec.made(result)
	return info.ETag, out, nil
}

// apply writes the wanted thumbnails (none if the source is gone or no picture)
// and then removes what else there is of the source. It says whether it changed
// anything.
func (p *Processor) apply(ctx context.Context, j event.Job, before *sight, source string, out []wanted, rec *report) (touched bool, err error) {
	defer rec.timer(&rec.store)()
	writes, wctx := errgroup.WithContext(ctx)
	for i, w := range out {
		old := before.variants[i][w.key]
		if old.fresh(source, p.settings[i]) {
			continue
		}
		touched = true
		writes.Go(func() error {
			if err := p.Objects.Put(wctx, p.Destination, w.key, w.upload, old.ETag); err != nil {
				return err
			}
			rec.wrote(w)
			return nil
		})
	}
	if err := writes.Wait(); err != nil || p.KeepThumbnails {
		return touched, err
	}
	deletes, dctx := errgroup.WithContext(ctx)
	for i, keys := range before.variants {
		for key, found := range keys {
			if !found.owned || i < len(out) && out[i].key == key {
				continue
			}
			touched = true
			deletes.Go(func() error {
				if err := p.Objects.Delete(dctx, p.Destination, key, found.ETag); err != nil {
					return err
				}
				rec.removed()
				return nil
			})
		}
	}
	return touched, deletes.Wait()
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
