package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"s3-thumbnail-creator/codec/format"
)

// MaxKey is S3's limit for the key of an object, in bytes (S3 user guide, "Naming Amazon S3 objects").
const MaxKey = 1024

// ErrKey says that a thumbnail's key cannot be made of a source's key.
var ErrKey = errors.New("no key for the thumbnail")

// Placeholders are what a key template may contain. Of the source's key, {dir} is all up to the last slash, that
// included, or nothing; {name} is the rest; {ext} is what follows the name's last dot, that included, unless the dot is
// the first character; {stem} is the name without it. {variant}, {width} and {height} are those of the variant.
var Placeholders = []string{"{dir}", "{name}", "{stem}", "{ext}", "{variant}", "{width}", "{height}"}

// placeholder matches what looks like a placeholder, and stray braces.
var placeholder = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// ThumbnailKey returns the key of the variant's thumbnail of the source: the template with its placeholders replaced,
// and the extension of the variant's format (.jpg where Same names one that is not written) appended where that names
// another. It depends on the source's key alone, so that whoever knows it knows the thumbnail's, whatever the source
// holds. The error wraps ErrKey if S3 takes no such key.
func (v Variant) ThumbnailKey(sourceKey string) (string, error) {
	key := v.expand(sourceKey)
	if f := v.formatOf(key); f != "" && format.ByName(key) != f {
		key += f.Extension()
	}
	switch {
	case len(key) > MaxKey:
		return "", fmt.Errorf("%w: variant %q makes one of %d bytes of %.60q..., S3's limit is %d", ErrKey, v.Name, len(key), sourceKey, MaxKey)
	case key == "" || strings.HasSuffix(key, "/"):
		return "", fmt.Errorf("%w: variant %q makes %q of %q, which names no object", ErrKey, v.Name, key, sourceKey)
	}
	return key, nil
}

// KeyFormat returns the format in which the variant's thumbnail of the source is written: the variant's own, or for Same
// the one that the thumbnail's key names, or JPEG where that is one which is not written. It is "" for Same where the
// key names none: then the content decides.
func (v Variant) KeyFormat(sourceKey string) format.Format { return v.formatOf(v.expand(sourceKey)) }

// formatOf is KeyFormat for an expanded template.
func (v Variant) formatOf(key string) format.Format {
	if v.Format != Same {
		return v.Format
	}
	named := format.ByName(key)
	if named != "" && !named.Written() {
		return format.JPEG
	}
	return named
}

// expand replaces the placeholders of the template.
func (v Variant) expand(sourceKey string) string {
	cut := strings.LastIndexByte(sourceKey, '/') + 1
	dir, name := sourceKey[:cut], sourceKey[cut:]
	stem, ext := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		stem, ext = name[:dot], name[dot:]
	}
	return strings.NewReplacer(
		"{dir}", dir, "{name}", name, "{stem}", stem, "{ext}", ext,
		"{variant}", v.Name, "{width}", strconv.Itoa(v.Width), "{height}", strconv.Itoa(v.Height),
	).Replace(v.Key)
}
