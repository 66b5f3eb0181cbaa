package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"net/http"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	_ "golang.org/x/image/webp"
	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/local/psnr"
)

// How many of the last pictures are made again after a change, at most; and the largest thumbnail that is kept to be compared, in bytes.
const (
	remadePictures = 12
	maxCompared    = 2 << 20
)

// Change is a thumbnail as it was before the last deployment that could change it, and as it is now.
type Change struct {
	Variant string `json:"variant"`
	Width   int    `json:"width,omitempty"` // before, pixels
	Height  int    `json:"height,omitempty"`
	Bytes   int    `json:"bytes,omitempty"`
	// Difference says in words what the difference is: a peak signal-to-noise ratio in dB, or why there is none.
	Difference string `json:"difference"`
}

// earlier holds the thumbnails of before, by key of the picture and variant.
type earlier struct {
	mu   sync.Mutex
	kept map[[2]string][]byte
}

func (e *earlier) get(key, variant string) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.kept[[2]string{key, variant}]
}

func (e *earlier) put(key, variant string, body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept[[2]string{key, variant}] = body
}

func (e *earlier) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept = map[[2]string][]byte{}
}

// remake makes the last pictures again and compares their thumbnails with those of before.
func (p *Page) remake(ctx context.Context) {
	p.earlier.clear()
	var group errgroup.Group
	group.SetLimit(maxUploads)
	for _, picture := range p.model.latest(remadePictures) {
		group.Go(func() error {
			changes, err := p.again(ctx, picture)
			if err != nil && ctx.Err() == nil {
				p.logf("make %s again: %v", picture.Key, err)
			}
			for _, c := range changes {
				p.logf("  %s, %s: %s", picture.Key, c.Variant, c.Difference)
			}
			p.model.change(func(rev uint64) {
				if now := p.model.pictures[picture.Key]; now != nil {
					now.Changes, now.rev = changes, rev
				}
			})
			return nil
		})
	}
	_ = group.Wait() // what went wrong is told above
}

// again makes one picture again. Its thumbnails have to go first: the function would find that they are there already, for it sees
// changed settings, but not that it has changed itself.
func (p *Page) again(ctx context.Context, picture Picture) ([]Change, error) {
	st, d := p.model.buckets(), p.o.Deployment
	for _, t := range picture.Thumbnails {
		old, err := d.Get(ctx, st.Destination, t.Key)
		if errors.Is(err, deploy.ErrNoObject) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(old.Body) <= maxCompared {
			p.earlier.put(picture.Key, t.Variant, old.Body)
		}
		if err := d.Delete(ctx, st.Destination, t.Key); err != nil {
			return nil, err
		}
	}
	if err := p.uploadAgain(ctx, picture.Key); err != nil {
		return nil, err
	}
	var now Picture
	if !p.model.await(ctx.Done(), picture.Key, func(is Picture) bool {
		now = is
		return is.State != Waiting && is.State != Retrying
	}) {
		return nil, ctx.Err()
	}
	var changes []Change
	for _, t := range now.Thumbnails {
		old := p.earlier.get(picture.Key, t.Variant)
		if old == nil {
			continue
		}
		fresh, err := d.Get(ctx, st.Destination, t.Key)
		if err != nil {
			return changes, err
		}
		c := Change{Variant: t.Variant, Bytes: len(old), Difference: difference(old, fresh.Body)}
		if config, _, err := image.DecodeConfig(bytes.NewReader(old)); err == nil {
			c.Width, c.Height = config.Width, config.Height
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// uploadAgain uploads a picture as it is.
func (p *Page) uploadAgain(ctx context.Context, key string) error {
	bucket := p.model.buckets().Source
	source, err := p.o.Deployment.Open(ctx, bucket, key)
	if err != nil {
		return err
	}
	defer source.Body.Close()
	return p.o.Deployment.Upload(ctx, bucket, key, sdk.ToString(source.ContentType), source.Body, sdk.ToInt64(source.ContentLength))
}

// showBefore serves a thumbnail as it was before.
func (p *Page) showBefore(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	key, variant := query.Get("key"), query.Get("variant")
	body := p.earlier.get(key, variant)
	if body == nil {
		http.Error(w, fmt.Sprintf("no earlier thumbnail %q of %q is kept", variant, key), http.StatusNotFound)
		return
	}
	if err := serveObject(w, bytes.NewReader(body), "before-"+key); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// difference says how far a thumbnail is from another: the peak signal-to-noise ratio in dB. Of one that moves it is that of the first
// frames.
func difference(before, after []byte) string {
	if bytes.Equal(before, after) {
		return "the same file"
	}
	a, err := decode(before)
	if err != nil {
		return "what was before is no picture: " + err.Error()
	}
	b, err := decode(after)
	if err != nil {
		return "what is now is no picture: " + err.Error()
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Sprintf("%dx%d is now %dx%d", a.Rect.Dx(), a.Rect.Dy(), b.Rect.Dx(), b.Rect.Dy())
	}
	ratio := psnr.Of(a, b)
	if math.IsInf(ratio, 1) {
		return "the same pixels in another file"
	}
	return fmt.Sprintf("%.1f dB", ratio)
}

func decode(file []byte) (*image.RGBA, error) {
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return psnr.Pixels(img), nil
}
