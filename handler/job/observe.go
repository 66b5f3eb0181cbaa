package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"

	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// The metadata that every thumbnail carries (x-amz-meta-...). By it a handler
// knows whose thumbnail it is, and whether it has to be made anew.
const (
	metaSourceKey  = "source-key"  // see ownerOf
	metaSourceETag = "source-etag" // of the content it was made from
	metaSettings   = "settings"    // see fingerprint
)

// pixels is the version of the code that makes pixels. Change it when the same
// source and settings give a visibly different thumbnail, so that replayed
// events make thumbnails anew.
const pixels = 1

// fingerprint identifies everything but the source that a thumbnail depends on.
func fingerprint(v settings.Variant, cacheControl string) string {
	v.Name, v.Key = "", "" // a thumbnail elsewhere is the same
	text, err := json.Marshal(struct {
		Pixels       int
		Variant      settings.Variant
		CacheControl string
	}{pixels, v, cacheControl})
	if err != nil {
		panic("fingerprint of a variant: " + err.Error()) // strings and integers only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// ownerOf is a source's key as metadata, which is limited to US-ASCII and 2 KB:
// percent-encoded, or its hash where that would be too long.
func ownerOf(sourceKey string) string {
	if escaped := url.PathEscape(sourceKey); len(escaped) <= settings.MaxKey {
		return escaped
	}
	sum := sha256.Sum256([]byte(sourceKey))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// target is a thumbnail that a source should have.
type target struct {
	key string
	// variant is what it is made by. Its format is the one that the key demands, settings.Same where the content decides.
	variant     settings.Variant
	fingerprint string // of the variant as it was configured
}

// targetsOf returns the thumbnails that a source should have, one for each variant. The error wraps settings.ErrKey.
func (p *Processor) targetsOf(sourceKey string) ([]target, error) {
	targets := make([]target, 0, len(p.Variants))
	for i, v := range p.Variants {
		key, err := v.ThumbnailKey(sourceKey)
		if err != nil {
			return nil, err
		}
		if f := v.KeyFormat(sourceKey); f != "" {
			v.Format = f
		}
		targets = append(targets, target{key, v, p.fingerprints[i]})
	}
	return targets, nil
}

// existing is the object that was found under a target's key.
type existing struct {
	owned bool // a thumbnail of this source
	store.Info
}

// observe looks at what there is under the targets' keys, at all of them at once.
//
// That must come before the source is read: a write that expects what was found here then fails if another handler has
// written in between, which may have read a newer source.
func (p *Processor) observe(ctx context.Context, sourceKey string, targets []target) ([]existing, error) {
	owner := ownerOf(sourceKey)
	found := make([]existing, len(targets))
	looks, ctx := errgroup.WithContext(ctx)
	for i, t := range targets {
		looks.Go(func() error {
			info, err := p.Objects.Head(ctx, p.Destination, t.key)
			if err == nil {
				found[i] = existing{owned: info.Metadata[metaSourceKey] == owner, Info: info}
			} else if errors.Is(err, store.ErrNotFound) {
				err = nil
			}
			return err
		})
	}
	return found, looks.Wait()
}

// fresh says whether the thumbnail is the one that the target is of a source with that ETag.
func (e existing) fresh(t target, sourceETag string) bool {
	return e.owned && e.Metadata[metaSourceETag] == sourceETag && e.Metadata[metaSettings] == t.fingerprint
}

// sourceOf returns the ETag of the source that all thumbnails were made from with the present settings, or "" if one is
// missing or outdated.
func sourceOf(targets []target, found []existing) string {
	etag := found[0].Metadata[metaSourceETag]
	for i, e := range found {
		if !e.fresh(targets[i], etag) {
			return ""
		}
	}
	return etag
}
