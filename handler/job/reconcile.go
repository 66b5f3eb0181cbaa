package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/origin"
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
// round looks at the thumbnails and reads the source, writes on the condition
// that the thumbnails are still those it saw, and at last looks whether the
// source is still the one it read. That gives two guarantees.
//
// A thumbnail is not overwritten or deleted by one who has read an older source: where there is one already, the source
// is looked at between the look at the thumbnail and the change of it, so that whoever changes it knows the source as it
// was after the previous change. A thumbnail that is written where there was none needs no such look.
//
// And once the source rests, the thumbnails are right: the last write to them was followed by a look at the
// source that found it unchanged (a handler that dies between the two has its
// event delivered again), and a change after that look has an event of its own,
// whose handler sees that write. That look cannot begin before the write has been answered: a handler of a removal that
// comes between the two would find nothing to delete, and the write would leave an orphan. The second guarantee needs no
// conditional requests, and holds where ETags recur, or a server ignores If-Match.
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
	targets, keyErr := p.targetsOf(j.Key)
	source, err := p.look(ctx, j, targets, rec)
	switch {
	case errors.Is(err, store.ErrUnchanged):
		rec.unchanged(targets)
		if keyErr != nil {
			rec.reject(keyErr) // once more: nobody may have heard of it the first time
		}
		return true, nil
	case errors.Is(err, store.ErrNotFound):
		rec.finish(Gone, "")
		return p.remove(ctx, j, "", targets, rec)
	case errors.Is(err, store.ErrUnreadable):
		rec.reject(err) // its content was not looked at, thumbnails of it may be right
		return true, nil
	case err != nil:
		return false, err
	}
	return p.follow(ctx, j, source, targets, keyErr, rec)
}

// follow makes the thumbnails what the content of the open source implies, and closes it. Thumbnails that cannot be,
// because their key is impossible (keyErr) or taken, are reported after the others are made.
func (p *Processor) follow(ctx context.Context, j event.Job, source store.Object, targets []*target, keyErr error, rec *report) (settled bool, err error) {
	etag := source.Info().ETag
	problems := keyErr
	targets = slices.DeleteFunc(targets, func(t *target) bool {
		err := t.collision(p.Destination, j.Key)
		problems = errors.Join(problems, err)
		return err != nil
	})
	current := p.confirm(ctx, j, etag, targets)
	result, err := p.makeFrom(ctx, j, source, targets, rec)
	if ok, lookErr := current(); lookErr != nil {
		return false, errors.Join(err, lookErr)
	} else if !ok {
		return false, nil
	}
	switch {
	case errors.Is(err, store.ErrChanged):
		return false, nil
	case errors.Is(err, thumbnail.ErrNotImage):
		rec.finish(Skipped, err.Error())
		return p.remove(ctx, j, etag, targets, rec)
	case errors.Is(err, thumbnail.ErrRejected):
		rec.reject(err)
		return p.remove(ctx, j, etag, targets, rec)
	case err != nil:
		return false, err
	}
	rec.finish(Created, "")
	if problems != nil {
		rec.reject(problems)
	}
	return p.write(ctx, j, etag, targets, result, rec)
}

// confirm looks at the source once more where a thumbnail is there that may have to be changed, and it was looked at
// after, or while, the source was read. It does so while the thumbnails are made; the function that it returns waits for
// the answer: whether the source still has that ETag ("": is absent).
func (p *Processor) confirm(ctx context.Context, j event.Job, etag string, targets []*target) (current func() (bool, error)) {
	if j.Listed || !slices.ContainsFunc(targets, func(t *target) bool { return t.owned() && !t.fresh(etag) }) {
		return func() (bool, error) { return true, nil }
	}
	var ok bool
	var err error
	var looking sync.WaitGroup
	looking.Go(func() { ok, err = p.sourceIs(ctx, j, etag) })
	return func() (bool, error) { looking.Wait(); return ok, err }
}

// write writes the thumbnails that are not there already.
func (p *Processor) write(ctx context.Context, j event.Job, etag string, targets []*target, result *thumbnail.Result, rec *report) (settled bool, err error) {
	var changes changes
	for i, t := range targets {
		if t.fresh(etag) {
			continue
		}
		made := result.Thumbnails[i]
		upload := store.Upload{
			Body: made.Body, ContentType: made.Format.MediaType(), CacheControl: p.CacheControl,
			Metadata: map[string]string{
				origin.SourceKey: t.owner, origin.SourceETag: etag, origin.Settings: t.fingerprint, origin.RequestID: rec.requestID,
			},
		}
		changes.begin(func() error {
			if err := p.Objects.Put(ctx, p.Destination, t.key, upload, t.found.ETag); err != nil {
				return err
			}
			rec.wrote(made, t.key)
			return nil
		})
	}
	return p.settle(ctx, j, etag, &changes, rec)
}

// remove deletes the thumbnails that there should not be: the source is gone, or no picture.
func (p *Processor) remove(ctx context.Context, j event.Job, etag string, targets []*target, rec *report) (settled bool, err error) {
	if p.KeepThumbnails {
		return true, nil
	}
	if etag == "" { // of a source that is there, confirm has seen to it
		if ok, err := p.confirm(ctx, j, "", targets)(); err != nil || !ok {
			return false, err
		}
	}
	var changes changes
	for _, t := range targets {
		if !t.owned() {
			continue
		}
		changes.begin(func() error {
			if err := p.Objects.Delete(ctx, p.Destination, t.key, t.found.ETag); err != nil {
				return err
			}
			rec.removed()
			return nil
		})
	}
	return p.settle(ctx, j, etag, &changes, rec)
}

// settle waits for the changes and then looks at the source for the last time, if there were any.
func (p *Processor) settle(ctx context.Context, j event.Job, etag string, changes *changes, rec *report) (settled bool, err error) {
	began := rec.timer(&rec.store)
	err = changes.wait()
	began()
	switch {
	case errors.Is(err, store.ErrConflict):
		return false, nil
	case err != nil || changes.count == 0:
		return err == nil, err
	}
	return p.sourceIs(ctx, j, etag)
}

// changes are requests that change thumbnails of one source, all under way at once. None is cancelled when another
// fails: a request that was given up may still be served, when nobody counts with it any more.
type changes struct {
	count   int
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

func (c *changes) begin(do func() error) {
	c.count++
	c.running.Go(func() {
		err := do()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.errs = append(c.errs, err)
	})
}

// wait returns store.ErrConflict if that is all that went wrong, else the other errors.
func (c *changes) wait() error {
	c.running.Wait()
	conflict := errors.Is(errors.Join(c.errs...), store.ErrConflict)
	c.errs = slices.DeleteFunc(c.errs, func(err error) bool { return errors.Is(err, store.ErrConflict) })
	if err := errors.Join(c.errs...); err != nil || !conflict {
		return err
	}
	return store.ErrConflict
}
