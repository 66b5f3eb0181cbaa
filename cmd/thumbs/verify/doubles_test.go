package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/job"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// world is two buckets and the function between them: its own code, but for the making of pixels.
type world struct {
	storetest.Memory
	settings.Function
	modified map[string]time.Time // of sources; the zero time where there is none
	mu       sync.Mutex
	invoked  []string
}

var (
	_ Buckets      = (*world)(nil)
	_ job.Objects  = (*world)(nil)
	_ job.Failures = (*world)(nil)
)

func newWorld(change func(*settings.Function)) *world {
	w := &world{Function: settings.DefaultFunction(), modified: map[string]time.Time{}}
	if change != nil {
		change(&w.Function)
	}
	return w
}

func (w *world) Send(context.Context, string) error { return nil }

// List implements Buckets.
func (w *world) List(_ context.Context, bucket, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		objects := w.Bucket(bucket)
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			body := objects[key].Body
			if !yield(Object{Key: key, ETag: storetest.ETag(body), Size: int64(len(body)), Modified: w.modified[key]}, nil) {
				return
			}
		}
	}
}

// upload puts sources into the bucket and has the function deal with them.
func (w *world) upload(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		body := "picture " + key
		w.Set("source", key, store.Upload{Body: []byte(body)})
		if err := w.invoke(t.Context(), key, storetest.ETag([]byte(body)), int64(len(body))); err != nil {
			t.Fatal(err)
		}
	}
}

// invoke runs the function with the event of the source's upload.
func (w *world) invoke(ctx context.Context, key, etag string, size int64) error {
	w.mu.Lock()
	w.invoked = append(w.invoked, key)
	w.mu.Unlock()
	processor := job.New(job.Options{
		Objects: w, Failures: w, Log: slog.New(slog.DiscardHandler), Destination: "destination",
		Variants: w.Variants, Wants: w.Wants, KeepThumbnails: !w.DeleteThumbnails, CacheControl: w.CacheControl,
		Make: func(_ context.Context, src io.Reader, _ int64, variants []settings.Variant, _ thumbnail.Limits) (*thumbnail.Result, error) {
			body, err := io.ReadAll(src)
			result := &thumbnail.Result{}
			for _, v := range variants {
				result.Thumbnails = append(result.Thumbnails, thumbnail.Thumbnail{Variant: v, Format: format.JPEG, Body: body})
			}
			return result, err
		},
	})
	payload, err := json.Marshal(stack.CreatedEvent("eu-central-1", "source", key, etag, size))
	if err != nil {
		return err
	}
	_, err = processor.Invoke(ctx, payload)
	return err
}

// options are those of a Run over the world.
func (w *world) options() Options {
	return Options{
		Buckets: w, Source: "source", Destination: "destination", Function: w.Function,
		Now: func() time.Time { return time.Unix(1_000_000, 0) },
	}
}

// fixer fixes everything through the function.
func (w *world) fixer() *Fixer {
	return &Fixer{
		Kinds: Kinds, Enqueue: w.invoke,
		Delete: func(ctx context.Context, key, ifMatch string) error {
			return w.Delete(ctx, "destination", key, ifMatch)
		},
		Source: func(ctx context.Context, key string) (store.Info, error) { return w.Head(ctx, "source", key) },
	}
}

// run runs and returns the findings as text, one a line.
func (o Options) run(t *testing.T) (string, *Summary) {
	t.Helper()
	var all strings.Builder
	summary, err := Run(t.Context(), o, func(f Finding) error {
		fmt.Fprintf(&all, "%s %s (%s) %s\n", f.Kind, f.Thumbnail, f.Source, f.Done)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(all.String(), " \n", "\n"), summary
}
