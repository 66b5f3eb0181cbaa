package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"path/filepath"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/local/psnr"
	"s3-thumbnail-creator/settings"
)

// What a thumbnail in the bucket is, compared with the one that was made here.
const (
	identical = "identical" // byte for byte
	differs   = "differs"   // it should be the same, and is not: made by another version, perhaps
	isStale   = "stale"     // the function would make it anew
	isMissing = "missing"
	isTaken   = "taken" // it is no thumbnail of this picture
)

// comparison is of a thumbnail that was made here with the one that is in the bucket.
type comparison struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`  // of the one in the bucket
	Width  int    `json:"width,omitempty"`  // likewise
	Height int    `json:"height,omitempty"` // likewise
	// Decibels is the peak signal-to-noise ratio between the two; 0 where they show the same, or differ in size.
	Decibels float64 `json:"decibels,omitempty"`

	picture image.Image // the one in the bucket
}

func (c *comparison) String() string {
	text := c.State
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	if c.Bytes > 0 && c.State != identical {
		text += fmt.Sprintf(", %dx%d, %d bytes there", c.Width, c.Height, c.Bytes)
	}
	if c.Decibels > 0 {
		text += fmt.Sprintf(", %.1f dB", c.Decibels)
	}
	return text
}

// objects is the object store; see package store.
type objects interface {
	Head(ctx context.Context, bucket, key string) (store.Info, error)
	Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error)
}

// comparer compares with what is in the buckets.
type comparer struct {
	objects             objects
	source, destination string
	cacheControl        string
	keyPrefix           string // of a file's name, which makes it the picture's key
}

// compare compares the thumbnails of a file.
func (c *comparer) compare(ctx context.Context, all []made) error {
	picture, err := c.objects.Head(ctx, c.source, c.keyPrefix+filepath.Base(all[0].File))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for i := range all {
		if all[i].Compared, err = c.compareOne(ctx, &all[i], picture); err != nil {
			return err
		}
	}
	return nil
}

// compareOne judges as the function does, by the thumbnail's metadata, and then looks at it.
func (c *comparer) compareOne(ctx context.Context, t *made, picture store.Info) (*comparison, error) {
	there, err := c.objects.Open(ctx, c.destination, t.Key, "")
	if errors.Is(err, store.ErrNotFound) {
		return &comparison{State: isMissing}, nil
	}
	if err != nil {
		return nil, err
	}
	defer there.Close()
	body, err := io.ReadAll(there)
	if err != nil {
		return nil, err
	}
	found := &comparison{State: differs, Bytes: int64(len(body))}
	metadata := there.Info().Metadata
	switch {
	case metadata[origin.SourceKey] != origin.Owner(c.keyPrefix+filepath.Base(t.File)):
		found.State = isTaken
	case metadata[origin.Settings] != origin.Fingerprint(t.variant, c.cacheControl):
		found.State, found.Reason = isStale, "it was made with other settings"
	case metadata[origin.SourceETag] != picture.ETag:
		found.State, found.Reason = isStale, "it was made of other content than s3://"+c.source+" has"
	case bytes.Equal(body, t.body):
		found.State = identical
	}
	if found.picture, err = shown(ctx, body); err != nil {
		return found, nil //nolint:nilerr // no picture at all is one that differs
	}
	size := found.picture.Bounds()
	found.Width, found.Height = size.Dx(), size.Dy()
	ours, err := shown(ctx, t.body)
	if err != nil {
		return nil, fmt.Errorf("read the thumbnail %s again: %w", t.Key, err)
	}
	found.Decibels = decibels(ours, found.picture)
	return found, nil
}

// shown is what a picture of any format shows; of one that moves, the first frame.
func shown(ctx context.Context, file []byte) (image.Image, error) {
	return fitted(ctx, bytes.NewReader(file), int64(len(file)), settings.MaxSide)
}

// fitted is what a picture of any format shows in a box of so many pixels a side. It is never enlarged.
func fitted(ctx context.Context, file io.Reader, size int64, side int) (image.Image, error) {
	v := settings.DefaultVariant()
	v.Width, v.Height, v.Format = side, side, format.PNG
	result, err := thumbnail.Make(ctx, file, size, []settings.Variant{v}, thumbnail.Limits{})
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(result.Thumbnails[0].Body))
}

// decibels is the peak signal-to-noise ratio of two pictures in dB. It is 0 where they show the same, or differ in size.
func decibels(a, b image.Image) float64 {
	x, y := psnr.Pixels(a), psnr.Pixels(b)
	if x.Rect != y.Rect {
		return 0
	}
	if ratio := psnr.Of(x, y); !math.IsInf(ratio, 1) {
		return ratio
	}
	return 0
}
