// Package origin says of a thumbnail what it was made from. Every thumbnail carries that as metadata (x-amz-meta-...), so
// that whoever looks at one knows whose it is, and whether it has to be made anew, without any database.
package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"s3-thumbnail-creator/settings"
)

// The names of the metadata.
const (
	SourceKey  = "source-key"  // see Owner
	SourceETag = "source-etag" // of the content that it was made from
	Settings   = "settings"    // see Fingerprint
	RequestID  = "request-id"  // of the invocation that made it
)

// pixels is the version of the code that makes pixels. Change it when the same source and settings give a visibly
// different thumbnail, so that replayed events make thumbnails anew.
const pixels = 1

// Fingerprint identifies everything but the source that a thumbnail of the variant depends on.
func Fingerprint(v settings.Variant, cacheControl string) string {
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

// hashed begins an owner that is a hash.
const hashed = "sha256:"

// Owner is a source's key as metadata, which is limited to US-ASCII and 2 KB: percent-encoded, or its hash where that
// would be too long.
func Owner(sourceKey string) string {
	if escaped := url.PathEscape(sourceKey); len(escaped) <= settings.MaxKey {
		return escaped
	}
	sum := sha256.Sum256([]byte(sourceKey))
	return hashed + hex.EncodeToString(sum[:])
}

// KeyOf returns the source's key that Owner made an owner of, or false if it is a hash, or nothing that Owner returns.
func KeyOf(owner string) (sourceKey string, ok bool) {
	if owner == "" || strings.HasPrefix(owner, hashed) && len(owner) == len(hashed)+2*sha256.Size {
		return "", false
	}
	key, err := url.PathUnescape(owner)
	return key, err == nil
}
