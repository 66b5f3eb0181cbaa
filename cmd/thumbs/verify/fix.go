package verify

import (
	"context"
	"errors"
	"slices"
	"sync"

	"s3-thumbnail-creator/handler/store"
)

// Fixer does something about findings. Its Fix is for Options.Fix.
type Fixer struct {
	Kinds []Kind // what is fixed
	// Enqueue has the function make the thumbnails of a source.
	Enqueue func(ctx context.Context, key, etag string, size int64) error
	// Delete deletes a thumbnail if it still has that ETag; the error wraps store.ErrConflict if not.
	Delete func(ctx context.Context, key, ifMatch string) error
	// Source looks at a source; the error wraps store.ErrNotFound if it is gone.
	Source func(ctx context.Context, key string) (store.Info, error)

	mu     sync.Mutex
	queued map[string]bool
}

// maxQueued bounds the memory of which sources have been enqueued already. A source that is enqueued twice, as it lacks
// two thumbnails far apart, costs two requests.
const maxQueued = 100_000

// What Fix does.
const (
	Enqueued = "enqueued"
	Deleted  = "deleted"
)

// Fix does what the finding's kind asks for, if that is among the Kinds: it has the function make missing and stale
// thumbnails, and deletes orphaned ones, unless they have changed since they were looked at.
func (f *Fixer) Fix(ctx context.Context, found Finding) (string, error) {
	if !slices.Contains(f.Kinds, found.Kind) {
		return "", nil
	}
	if found.Kind != Orphaned {
		return Enqueued, f.enqueue(ctx, Object{Key: found.Source, ETag: found.SourceETag, Size: found.SourceSize})
	}
	switch err := f.Delete(ctx, found.Thumbnail, found.ETag); {
	case errors.Is(err, store.ErrConflict):
		return "", nil // somebody has made another one: it is theirs to see to
	case err != nil:
		return "", err
	}
	if found.Claimant != nil {
		return Deleted, f.enqueue(ctx, *found.Claimant)
	}
	// If the source has come back meanwhile, the function may have found its thumbnail there, and left it at that.
	source, err := f.Source(ctx, found.Source)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Deleted, nil
	case err != nil:
		return "", err
	}
	return Deleted, f.enqueue(ctx, Object{Key: found.Source, ETag: source.ETag, Size: source.Size})
}

// enqueue enqueues a source unless it has been already.
func (f *Fixer) enqueue(ctx context.Context, source Object) error {
	f.mu.Lock()
	if len(f.queued) >= maxQueued || f.queued == nil {
		f.queued = map[string]bool{}
	}
	known := f.queued[source.Key]
	f.queued[source.Key] = true
	f.mu.Unlock()
	if known {
		return nil
	}
	return f.Enqueue(ctx, source.Key, source.ETag, source.Size)
}
