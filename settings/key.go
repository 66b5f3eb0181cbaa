package settings

import (
	"errors"
	"fmt"
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

// nextPlaceholder returns what stands in the template before the first thing that looks like a placeholder, or stray
// brace, that itself ("" if there is none), and what follows. The function starts with templates, and a regular
// expression for them would take longer to compile than all else that it reads.
func nextPlaceholder(template string) (before, found, rest string) {
	i := strings.IndexAny(template, "{}")
	if i < 0 {
		return template, "", ""
	}
	end := i + 1
	if j := strings.IndexAny(template[end:], "{}"); template[i] == '{' && j >= 0 && template[end+j] == '}' {
		end += j + 1
	}
	return template[:i], template[i:end], template[end:]
}

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
	var key strings.Builder
	for rest := v.Key; rest != ""; {
		var before, found string
		before, found, rest = nextPlaceholder(rest)
		key.WriteString(before)
		switch found {
		case "{dir}":
			key.WriteString(dir)
		case "{name}":
			key.WriteString(name)
		case "{stem}":
			key.WriteString(stem)
		case "{ext}":
			key.WriteString(ext)
		case "{variant}":
			key.WriteString(v.Name)
		case "{width}":
			key.WriteString(strconv.Itoa(v.Width))
		case "{height}":
			key.WriteString(strconv.Itoa(v.Height))
		default:
			key.WriteString(found) // not in a valid template
		}
	}
	return key.String()
}
