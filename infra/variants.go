package infra

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	variantName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	placeholder = regexp.MustCompile(`\{[^{}]*\}`)
)

// keyPlaceholders are what a key template may contain.
var keyPlaceholders = []string{"{dir}", "{name}", "{stem}", "{ext}", "{variant}", "{width}", "{height}"}

const (
	// maxSide is the longest side of a thumbnail, in pixels.
	maxSide = 8192
	// maxVariantsJSON is what the list of variants may take of the 4 KB that Lambda has for all environment variables
	// of a function, in bytes of JSON.
	maxVariantsJSON = 3072
)

// validateThumbnails returns what is wrong with the list of variants. Whatever passes here, the function accepts: it
// reads the list when it starts, and would fail every event if it did not.
func (c *Config) validateThumbnails() []error {
	var p problems
	p.check("thumbnails", "[]", len(c.Thumbnails) > 0, "want at least one variant")
	names, keys := map[string]int{}, map[string]int{}
	for i, t := range c.Thumbnails {
		at := func(field string) string { return fmt.Sprintf("thumbnails[%d].%s", i, field) }
		p.check(at("name"), t.Name, variantName.MatchString(t.Name), "want 1 to 32 of a-z, 0-9 and -, not beginning with -")
		p.number(at("width"), t.Width, 1, maxSide, "pixels")
		p.number(at("height"), t.Height, 1, maxSide, "pixels")
		p.oneOf(at("fit"), t.Fit, "inside", "cover", "fill")
		p.oneOf(at("format"), t.Format, "same", "jpeg", "png", "gif", "webp")
		p.number(at("quality"), t.Quality, 1, 100, "percent")
		p.add(validateKey(at("key"), t.Key)...)

		if first, taken := names[t.Name]; taken {
			p.add(problem(at("name"), t.Name, fmt.Sprintf("thumbnails[%d] has that name already: want another", first)))
		}
		names[t.Name] = i
		collides := -1
		for _, key := range t.sampleKeys() {
			if first, taken := keys[key]; taken && first != i {
				collides = first
			}
			keys[key] = i
		}
		if collides >= 0 {
			p.add(problem(at("key"), t.Key,
				fmt.Sprintf("thumbnails[%d] can write to the same key: want another, with {variant} for instance", collides)))
		}
	}
	if text, err := json.Marshal(c.Thumbnails); err == nil {
		p.check("thumbnails", fmt.Sprintf("%d variants", len(c.Thumbnails)), len(text) <= maxVariantsJSON, fmt.Sprintf(
			"they take %d bytes as JSON: want at most %d, as a Lambda function's environment is limited", len(text), maxVariantsJSON))
	}
	return p
}

func validateKey(name, key string) []error {
	var p problems
	for _, found := range placeholder.FindAllString(key, -1) {
		p.check(name, key, slices.Contains(keyPlaceholders, found),
			fmt.Sprintf("%s is no placeholder: want some of %s", found, strings.Join(keyPlaceholders, " ")))
	}
	rest := placeholder.ReplaceAllString(key, "")
	p.check(name, key, !strings.ContainsAny(rest, "{}"), "a brace is not closed or not opened")
	p.check(name, key, strings.Contains(key, "{name}") || strings.Contains(key, "{stem}"),
		"want {name} or {stem} in it, or all pictures of a folder share one thumbnail")
	p.check(name, key, !strings.HasPrefix(key, "/"), "want a key that does not begin with /")
	p.check(name, key, len(key) <= 512, "want at most 512 bytes")
	return p
}

// formatExtensions are the extensions by which a key says that it is of a format, the first of which is appended to a
// key that does not say so.
var formatExtensions = map[string][]string{
	"jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"}, "png": {".png", ".apng"}, "gif": {".gif"}, "webp": {".webp"},
}

// sampleKeys returns the keys that the variant can write to for a few sources. Two variants that have one in common
// could overwrite each other.
func (t Thumbnail) sampleKeys() []string {
	var keys []string
	for _, sample := range []struct{ stem, ext string }{{"name", ".jpg"}, {"name", ".png"}, {"name", ""}} {
		key := strings.NewReplacer(
			"{dir}", "dir/", "{name}", sample.stem+sample.ext, "{stem}", sample.stem, "{ext}", sample.ext,
			"{variant}", t.Name, "{width}", fmt.Sprint(t.Width), "{height}", fmt.Sprint(t.Height),
		).Replace(t.Key)
		// What belongs to one source is compared with what belongs to the same one.
		prefix := sample.stem + sample.ext + " "
		if t.Format == "same" {
			keys = append(keys, prefix+key) // a name without an extension stays without
		}
		for format, extensions := range formatExtensions {
			switch {
			case t.Format != format && t.Format != "same":
			case slices.Contains(extensions, strings.ToLower(path.Ext(key))):
				keys = append(keys, prefix+key)
			default:
				keys = append(keys, prefix+key+extensions[0])
			}
		}
	}
	return keys
}
