package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/deploy"
)

// load uploads, overwrites and deletes, all at once.
type load struct {
	*target
	material *material
	keys     []string
	seed     uint64

	uploads, deletes atomic.Int64
	watching         sync.WaitGroup
	mu               sync.Mutex
	latencies        []time.Duration
	never            int // uploads that were looked at and had no thumbnail after patience
}

// patience is how long an upload is looked at until its thumbnail is there.
const patience = 30 * time.Second

// watched is the share of uploads that are looked at.
const watched = 0.25

func newLoad(t *target, m *material, keys int, seed uint64) *load {
	l := &load{target: t, material: m, seed: seed}
	extensions := []string{".jpg", ".png", ".gif", ".webp", ".tiff", ".bmp", ".JPEG", ""}
	for i := range keys {
		// Every kind of key that needs care; the number keeps thumbnails apart.
		l.keys = append(l.keys, fmt.Sprintf([]string{"photo-%d%s", "album/%d%s", "Gr\u00fc\u00dfe 2026/a+b %d%s", "100%%/\u65e5\u672c~(%d)%s"}[i%4], i, extensions[i%len(extensions)]))
	}
	return l
}

// run lets workers change objects until ctx ends. It returns when the last request is answered.
func (l *load) run(ctx context.Context, workers int, pause time.Duration) {
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(l.seed, uint64(w)))
			for ctx.Err() == nil {
				l.change(ctx, r)
				select {
				case <-time.After(time.Duration(r.Float64() * 2 * float64(pause))):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
}

// change does one thing to one key. It is repeated until it has succeeded, also when ctx has ended: what became of a
// request without an answer would not be known.
func (l *load) change(ctx context.Context, r *rand.Rand) {
	key := l.keys[r.IntN(len(l.keys))]
	if r.Float64() < 0.15 {
		for {
			_, err := l.client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &l.source, Key: &key})
			if err == nil {
				break
			}
		}
		l.deletes.Add(1)
		return
	}
	b := l.material.pick(r)
	for {
		_, err := l.client.PutObject(context.WithoutCancel(ctx), &s3.PutObjectInput{
			Bucket: &l.source, Key: &key, Body: bytes.NewReader(b.bytes), ContentType: aws.String(b.contentType),
		})
		if err == nil {
			break
		}
	}
	l.uploads.Add(1)
	if b.good() && r.Float64() < watched {
		began := time.Now()
		l.watching.Go(func() { l.watch(key, b.etag, began) })
	}
}

// watch measures how long it takes until the picture has its thumbnail, unless something else comes in its place.
func (l *load) watch(key, etag string, began time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	overtaken := false
	thumb := l.thumbnails(key)[0]
	err := deploy.Await(ctx, "the thumbnail of "+key, func() (bool, error) {
		if now, err := l.cloud.S3.GetObject(l.source, key, ""); err != nil || now.ETag != etag {
			overtaken = true
			return true, nil
		}
		o, err := l.cloud.S3.GetObject(l.destination, thumb, "")
		return err == nil && o.Headers[sourceETag] == etag, nil
	})
	took := time.Since(began)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case overtaken:
	case err != nil:
		l.never++
	default:
		l.latencies = append(l.latencies, took)
	}
}

// window is how many latencies a sample looks at: those of one moment are too few for a percentile.
const window = 100

// latest returns the last latencies.
func (l *load) latest() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.latencies[max(0, len(l.latencies)-window):])
}

// percentile returns the value below which the share p of all is, in milliseconds; 0 of none.
func percentile(all []time.Duration, p float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[min(int(p*float64(len(sorted))), len(sorted)-1)].Microseconds()) / 1000
}
