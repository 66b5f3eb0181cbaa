package job

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"s3-thumbnail-creator/handler/thumbnail"
)

// maxKey is S3's limit for a key, in bytes.
const maxKey = 1024

// ErrKey says that a thumbnail's key cannot be made of a source's key.
var ErrKey = errors.New("no key for the thumbnail")

// placeholder matches what looks like a placeholder, and stray braces.
var placeholder = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// placeholders are those that a key template may have.
var placeholders = []string{"{dir}", "{name}", "{stem}", "{ext}", "{variant}", "{width}", "{height}"}

// ValidateTemplate reports what is wrong with a key template.
func ValidateTemplate(template string) error {
	var errs []error
	for _, p := range placeholder.FindAllString(template, -1) {
		if !slices.Contains(placeholders, p) {
			errs = append(errs, fmt.Errorf("key %q: %s is no placeholder, valid are %s", template, p, strings.Join(placeholders, " ")))
		}
	}
	if !strings.Contains(template, "{name}") && !strings.Contains(template, "{stem}") {
		errs = append(errs, fmt.Errorf("key %q: without {name} or {stem} all thumbnails would have one key", template))
	}
	return errors.Join(errs...)
}

// expand replaces the placeholders of v's template by the parts of a source's
// key: {dir} with its slash at the end or empty, {name} the rest, {stem} the
// name without {ext}, {ext} with its dot or empty.
func expand(v thumbnail.Variant, sourceKey string) string {
	cut := strings.LastIndexByte(sourceKey, '/') + 1
	dir, name := sourceKey[:cut], sourceKey[cut:]
	stem, ext := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 { // a leading dot begins no extension
		stem, ext = name[:dot], name[dot:]
	}
	return placeholder.ReplaceAllStringFunc(v.Key, func(p string) string {
		switch p {
		case "{dir}":
			return dir
		case "{name}":
			return name
		case "{stem}":
			return stem
		case "{ext}":
			return ext
		case "{variant}":
			return v.Name
		case "{width}":
			return strconv.Itoa(v.Width)
		case "{height}":
			return strconv.Itoa(v.Height)
		}
		return p // not in a valid template
	})
}

// extensions are those that name a picture's format, in lower case.
var extensions = map[string]string{
	".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".png": "png", ".apng": "png", ".gif": "gif", ".webp": "webp",
	".bmp": "bmp", ".dib": "bmp", ".tif": "tiff", ".tiff": "tiff", ".avif": "avif", ".heic": "heic", ".heif": "heic", ".hif": "heic",
}

// suffix is the extension that a thumbnail of each format gets where its key has another.
var suffix = map[thumbnail.Format]string{
	thumbnail.FormatJPEG: ".jpg", thumbnail.FormatPNG: ".png", thumbnail.FormatGIF: ".gif", thumbnail.FormatWebP: ".webp",
}

// keyFor returns the key of a thumbnail: v's template expanded, and the
// extension of its format added if the key has not got one of that format. A
// thumbnail in its source's own format, as `format: same` asks for, keeps a key
// without a picture's extension as it is.
func keyFor(v thumbnail.Variant, sourceKey, sourceFormat string, output thumbnail.Format) string {
	return named(expand(v, sourceKey), v, sourceFormat, output)
}

// named is keyFor of a template that is already expanded to key.
func named(key string, v thumbnail.Variant, sourceFormat string, output thumbnail.Format) string {
	has := ""
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		has = extensions[strings.ToLower(key[dot:])]
	}
	if has == string(output) || has == "" && v.Format == thumbnail.FormatSame && sourceFormat == string(output) {
		return key
	}
	return key + suffix[output]
}

// sourceFormats are all that Make reads.
var sourceFormats = []string{"jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic"}

// candidates returns all keys that a thumbnail v of a source may have, depending
// on what the source holds; first the one it has if the source's name is right. Keys that S3 does not take are
// left out.
func candidates(v thumbnail.Variant, sourceKey string) []string {
	plain := expand(v, sourceKey)
	promised := extensions[strings.ToLower(path.Ext(sourceKey))]
	if promised == "" {
		promised = "jpeg"
	}
	var keys []string
	for _, format := range append([]string{promised}, sourceFormats...) {
		for _, alpha := range []bool{false, true} {
			key := named(plain, v, format, thumbnail.OutputFormat(v.Format, format, alpha))
			if !slices.Contains(keys, key) && checkKey(key) == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// checkKey reports why a key cannot be that of an object.
func checkKey(key string) error {
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("%w: it would have %d bytes, S3's limit is %d", ErrKey, len(key), maxKey)
	case key == "" || strings.HasSuffix(key, "/"):
		return fmt.Errorf("%w: %q is no name of an object", ErrKey, key)
	}
	return nil
}

// checkKeys reports that a variant's thumbnail of a source cannot have any key,
// whatever the source holds.
func checkKeys(variants []thumbnail.Variant, sourceKey string) error {
	for _, v := range variants {
		if len(candidates(v, sourceKey)) == 0 {
			return fmt.Errorf("thumbnail %q: %w", v.Name, checkKey(keyFor(v, sourceKey, "jpeg", thumbnail.OutputFormat(v.Format, "jpeg", false))))
		}
	}
	return nil
}

// Validate reports all that is wrong with a set of variants: each one's own
// problems, its key template, and variants that would overwrite each other.
func Validate(variants []thumbnail.Variant) error {
	var errs []error
	if len(variants) == 0 {
		errs = append(errs, errors.New("no thumbnails: want at least one variant"))
	}
	taken := map[string]string{} // key of a sample's thumbnail -> variant
	names := map[string]bool{}
	for _, v := range variants {
		errs = append(errs, v.Validate())
		if err := ValidateTemplate(v.Key); err != nil {
			errs = append(errs, fmt.Errorf("thumbnail %q: %w", v.Name, err))
		}
		if names[v.Name] {
			errs = append(errs, fmt.Errorf("thumbnail %q: two variants have this name", v.Name))
		}
		names[v.Name] = true
		if other, ok := collision(v, taken); ok {
			errs = append(errs, fmt.Errorf("thumbnail %q: its key %q is also that of %q: use {variant} to tell them apart", v.Name, v.Key, other))
		}
	}
	return errors.Join(errs...)
}

// collision says whether v and a variant before it would write the same key for
// one of a few sample sources, and records v's keys.
func collision(v thumbnail.Variant, taken map[string]string) (other string, found bool) {
	for _, sample := range []string{"dir/name.jpg", "dir/name.png", "dir/name"} {
		for _, key := range candidates(v, sample) {
			if by, ok := taken[sample+"\x00"+key]; ok && by != v.Name {
				other, found = by, true
			}
			taken[sample+"\x00"+key] = v.Name
		}
	}
	return other, found
}
