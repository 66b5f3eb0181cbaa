package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"s3-thumbnail-creator/codec/format"
)

const (
	// maxTemplate is the longest key template, in bytes. Half of S3's limit leaves room for what is put in.
	maxTemplate = MaxKey / 2
	// maxVariantsJSON is what the list of variants may take of the 4 KB that Lambda has for all environment variables
	// of a function (Lambda developer guide, "Lambda quotas"), in bytes of JSON.
	maxVariantsJSON = 3072
)

// isVariantName says whether s is 1 to 32 of a-z, 0-9 and -, not beginning with -.
func isVariantName(s string) bool {
	strange := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return s != "" && len(s) <= 32 && s[0] != '-' && !strings.ContainsFunc(s, strange)
}

// ValidateVariants returns every problem of a list of variants, joined, or nil: those of each variant, and variants
// that cannot be told apart. Each problem names its place as path[index].field.
func ValidateVariants(path string, variants []Variant) error {
	p := Problems{}
	p.Check(path, "[]", len(variants) > 0, "want at least one variant")
	named, keyed := map[string]int{}, map[string]int{}
	for i, v := range variants {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.validate(&p, at)
		if first, taken := named[v.Name]; taken {
			p.Add(at+".name", v.Name, fmt.Sprintf("%s[%d] has that name already: want another", path, first))
		}
		named[v.Name] = i
		if first, taken := firstCollision(v, i, keyed); taken {
			p.Add(at+".key", v.Key, fmt.Sprintf("%s[%d] can write to the same key: want another, with {variant} for instance", path, first))
		}
	}
	if size := len(MarshalVariants(variants)); size > maxVariantsJSON {
		p.Add(path, fmt.Sprintf("%d variants", len(variants)), fmt.Sprintf(
			"they take %d bytes as JSON: want at most %d, as a Lambda function's environment is limited", size, maxVariantsJSON))
	}
	return p.Err()
}

func (v Variant) validate(p *Problems, at string) {
	p.Check(at+".name", v.Name, isVariantName(v.Name), "want 1 to 32 of a-z, 0-9 and -, not beginning with -")
	numbers := map[string]int{"width": v.Width, "height": v.Height, "quality": v.Quality}
	texts := map[string]string{"fit": string(v.Fit), "format": string(v.Format), "animated": string(v.Animated)}
	for _, f := range VariantFields() {
		where := at + "." + f.Name
		switch {
		case f.High > 0:
			p.Number(where, numbers[f.Name], f.Low, f.High, f.Unit)
		case f.Choices != nil:
			OneOf(p, where, texts[f.Name], f.Choices...)
		}
	}
	v.validateKey(p, at+".key")
}

func (v Variant) validateKey(p *Problems, at string) {
	for rest := v.Key; rest != ""; {
		var found string
		_, found, rest = nextPlaceholder(rest)
		p.Check(at, v.Key, found == "" || slices.Contains(Placeholders, found), fmt.Sprintf("%s is no placeholder: want some of %s", found, strings.Join(Placeholders, " ")))
	}
	p.Check(at, v.Key, strings.Contains(v.Key, "{name}") || strings.Contains(v.Key, "{stem}"),
		"want {name} or {stem} in it, or all pictures of a folder share one thumbnail")
	p.Check(at, v.Key, !strings.HasPrefix(v.Key, "/"), "want a key that does not begin with /")
	p.Check(at, v.Key, !slices.ContainsFunc(sampleSources(), func(source string) bool {
		key := v.expand(source)
		return key == "" || strings.HasSuffix(key, "/")
	}), "want a key that does not end in a folder, for it names an object")
	p.Check(at, v.Key, utf8.ValidString(v.Key) && !strings.ContainsFunc(v.Key, isControl), "want UTF-8 without control characters")
	p.Check(at, v.Key, len(v.Key) <= maxTemplate, fmt.Sprintf("want at most %d bytes", maxTemplate))
}

func isControl(r rune) bool { return r < ' ' || r == 0x7F }

// firstCollision says whether a variant before the i-th, v, has the same thumbnail of one of the sample sources, and
// records v's keys. Two variants differ for every source if they differ for these: a template sees of a source's key
// only its folder, its stem and its extension, and of the extension only what it names.
func firstCollision(v Variant, i int, keyed map[string]int) (first int, found bool) {
	for _, source := range sampleSources() {
		key, err := v.ThumbnailKey(source)
		if err != nil {
			continue
		}
		sample := source + " -> " + key
		if by, taken := keyed[sample]; taken && by != i {
			first, found = by, true
		}
		keyed[sample] = i
	}
	return first, found
}

// sampleSources are keys with each extension that names a format, and with others.
var sampleSources = sync.OnceValue(func() []string {
	samples := []string{"dir/name", "dir/name.txt", "name"}
	for _, f := range format.All() {
		for _, extension := range f.Extensions() {
			samples = append(samples, "dir/name"+extension, "dir/name"+strings.ToUpper(extension), "name"+extension)
		}
	}
	return samples
})

// Warnings returns what is valid but seldom meant: templates by which two sources can have one thumbnail. Of those the
// first to come keeps it and the others fail.
func Warnings(path string, variants []Variant) []string {
	var warnings []string
	for i, v := range variants {
		var missing []string
		if !strings.Contains(v.Key, "{dir}") {
			missing = append(missing, "{dir} (a/cat.jpg and b/cat.jpg have the same thumbnail)")
		}
		if !strings.Contains(v.Key, "{name}") && !strings.Contains(v.Key, "{ext}") {
			missing = append(missing, "{name} or {ext} (cat.jpg and cat.png have the same thumbnail)")
		}
		if missing != nil {
			warnings = append(warnings, fmt.Sprintf(
				"%s[%d].key: %q: is without %s: where two sources have one thumbnail, the first keeps it and the others fail",
				path, i, v.Key, strings.Join(missing, " and without ")))
		}
	}
	return warnings
}

// Problems gathers what is wrong with a configuration, so that all of it is reported at once. Each problem says where,
// what is there, and what would be right.
type Problems []error

// Add adds a problem: key has that value, and what would be right.
func (p *Problems) Add(key string, value any, want string) {
	if s, ok := value.(string); ok {
		value = fmt.Sprintf("%q", s)
	}
	*p = append(*p, fmt.Errorf("%s: %v: %s", key, value, want))
}

// Check adds a problem unless valid.
func (p *Problems) Check(key string, value any, valid bool, want string) {
	if !valid {
		p.Add(key, value, want)
	}
}

// Number adds a problem unless value is from low to high.
func (p *Problems) Number(key string, value, low, high int, unit string) {
	p.Check(key, value, low <= value && value <= high, fmt.Sprintf("want an integer from %d to %d %s", low, high, unit))
}

// Err returns the problems joined, or nil if there are none.
func (p Problems) Err() error { return errors.Join(p...) }

// OneOf adds a problem unless value is one of the valid ones.
func OneOf[S cmp.Ordered](p *Problems, key string, value S, valid ...S) {
	names := make([]string, len(valid))
	for i, v := range valid {
		names[i] = fmt.Sprint(v)
	}
	p.Check(key, fmt.Sprint(value), slices.Contains(valid, value), "want one of "+strings.Join(names, ", "))
}
