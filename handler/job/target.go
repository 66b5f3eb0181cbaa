package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// The metadata that every thumbnail carries (x-amz-meta-...). By it a handler
// knows whose thumbnail it is, and whether it has to be made anew.
const (
	metaSourceKey  = "source-key"  // see ownerOf
	metaSourceETag = "source-etag" // of the content it was made from
	metaSettings   = "settings"    // see fingerprint
	metaRequestID  = "request-id"  // of the invocation that made it
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

// target is a thumbnail that a source should have, and what was found in its place.
type target struct {
	key string
	// variant is what it is made by. Its format is the one that the key demands, settings.Same where the content decides.
	variant     settings.Variant
	template    string     // of the key
	fingerprint string     // of the variant as it was configured
	owner       string     // see ownerOf
	found       store.Info // the object under the key; no ETag if there is none
}

// targetsOf returns the thumbnails that a source should have, one for each variant whose key S3 takes, and an error that
// wraps settings.ErrKey for those whose it does not.
func (p *Processor) targetsOf(sourceKey string) (targets []*target, err error) {
	for i, v := range p.Variants {
		t := &target{template: v.Key, fingerprint: p.fingerprints[i], owner: ownerOf(sourceKey)}
		key, keyErr := v.ThumbnailKey(sourceKey)
		if keyErr != nil {
			err = errors.Join(err, keyErr)
			continue
		}
		if f := v.KeyFormat(sourceKey); f != "" {
			v.Format = f
		}
		t.key, t.variant = key, v
		targets = append(targets, t)
	}
	return targets, err
}

// exists says whether there is an object under the target's key.
func (t *target) exists() bool { return t.found.ETag != "" }

// owned says whether that object is a thumbnail of the target's source.
func (t *target) owned() bool { return t.exists() && t.found.Metadata[metaSourceKey] == t.owner }

// fresh says whether it is the one that the target is of a source with that ETag.
func (t *target) fresh(sourceETag string) bool {
	return t.owned() && t.found.Metadata[metaSourceETag] == sourceETag && t.found.Metadata[metaSettings] == t.fingerprint
}

// errCollision says that the place of a thumbnail is taken by what is none of this source: it is neither overwritten nor
// deleted.
var errCollision = errors.New("thumbnail's key is taken")

// collision returns an error that wraps errCollision if the target's place is taken.
func (t *target) collision(destination, sourceKey string) error {
	if !t.exists() || t.owned() {
		return nil
	}
	whose := "an object that is no thumbnail of this function"
	if owner := t.found.Metadata[metaSourceKey]; owner != "" {
		if key, err := url.PathUnescape(owner); err == nil {
			owner = key
		}
		whose = fmt.Sprintf("the thumbnail of %q", owner)
	}
	return fmt.Errorf("%w: s3://%s/%s is %s, so that %q cannot have its %q there (key template %q): want a template by which they differ, such as one with {dir} and {name}, or remove that object",
		errCollision, destination, t.key, whose, sourceKey, t.variant.Name, t.template)
}

// sourceOf returns the ETag of the source that all thumbnails were made from with the present settings, or "" if one is
// missing or outdated, or there is none to be.
func sourceOf(targets []*target) string {
	if len(targets) == 0 {
		return ""
	}
	etag := targets[0].found.Metadata[metaSourceETag]
	for _, t := range targets {
		if !t.fresh(etag) {
			return ""
		}
	}
	return etag
}
