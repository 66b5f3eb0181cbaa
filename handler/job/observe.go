package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"sync"

	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
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
func fingerprint(v thumbnail.Variant, cacheControl string) string {
	v.Name, v.Key = "", "" // a thumbnail elsewhere is the same
	text, err := json.Marshal(struct {
		Pixels       int
		Variant      thumbnail.Variant
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
	if escaped := url.PathEscape(sourceKey); len(escaped) <= maxKey {
		return escaped
	}
	sum := sha256.Sum256([]byte(sourceKey))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// seen is what was found under a candidate's key.
type seen struct {
	owned bool // made by us, from this source
	store.Info
}

// sight is what was found under all keys that thumbnails of one source may have.
type sight struct {
	likely   []seen            // by variant: under the key that is right if the source's name is
	variants []map[string]seen // by variant and key; complete after wait
	wait     func() error
}

// observe looks at all candidates at once. It returns when it has seen those
// that are likely to be there; see sight.wait for the others.
//
// That must come before the source is read: a write that expects what was seen
// here then fails if another handler has written in between, which may have
// read a newer source.
func (p *Processor) observe(ctx context.Context, sourceKey string) (*sight, error) {
	s := &sight{likely: make([]seen, len(p.Variants)), variants: make([]map[string]seen, len(p.Variants))}
	owner := ownerOf(sourceKey)
	var mu sync.Mutex
	look := func(group *errgroup.Group, ctx context.Context, variant int, key string) {
		group.Go(func() error {
			found, err := p.look(ctx, key, owner)
			mu.Lock()
			defer mu.Unlock()
			s.variants[variant][key] = found
			return err
		})
	}
	first, firstCtx := errgroup.WithContext(ctx)
	rest, restCtx := errgroup.WithContext(ctx)
	firstKeys := make([]string, len(p.Variants))
	for i, v := range p.Variants {
		s.variants[i] = map[string]seen{}
		for n, key := range candidates(v, sourceKey) {
			if n == 0 {
				firstKeys[i] = key
				look(first, firstCtx, i, key)
			} else {
				look(rest, restCtx, i, key)
			}
		}
	}
	s.wait = rest.Wait
	err := first.Wait()
	mu.Lock()
	defer mu.Unlock()
	for i, key := range firstKeys {
		s.likely[i] = s.variants[i][key]
	}
	return s, err
}

// look looks at one candidate.
func (p *Processor) look(ctx context.Context, key, owner string) (seen, error) {
	info, err := p.Objects.Head(ctx, p.Destination, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return seen{}, nil
	case err != nil:
		return seen{}, err
	}
	return seen{owned: info.Metadata[metaSourceKey] == owner, Info: info}, nil
}

// fresh says whether a thumbnail is the one of v for a source with that ETag.
func (s seen) fresh(sourceETag, settings string) bool {
	return s.owned && s.Metadata[metaSourceETag] == sourceETag && s.Metadata[metaSettings] == settings
}

// probably returns the ETag of the source that all likely thumbnails were made
// from with these settings, or "" if one is missing or outdated.
func (s *sight) probably(settings []string) string {
	etag := s.likely[0].Metadata[metaSourceETag]
	for i, found := range s.likely {
		if !found.fresh(etag, settings[i]) {
			return ""
		}
	}
	return etag
}

// madeFrom returns the ETag of the source that all thumbnails were made from
// with these settings, or "" if one is missing, outdated, or there is one too
// many. It must be called after wait.
func (s *sight) madeFrom(settings []string) string {
	etag := ""
	for i, keys := range s.variants {
		owned := 0
		for _, found := range keys {
			if !found.owned {
				continue
			}
			owned++
			if etag == "" {
				etag = found.Metadata[metaSourceETag]
			}
			if !found.fresh(etag, settings[i]) {
				return ""
			}
		}
		if owned != 1 {
			return ""
		}
	}
	return etag
}
