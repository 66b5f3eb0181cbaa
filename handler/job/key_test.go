package job

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"s3-thumbnail-creator/handler/thumbnail"
)

// variant is the default one with some fields changed.
func variant(format thumbnail.Format, key string) thumbnail.Variant {
	v := thumbnail.DefaultVariant
	v.Format, v.Key = format, key
	return v
}

func TestKey(t *testing.T) {
	const same = thumbnail.FormatSame
	standard := thumbnail.DefaultVariant.Key
	for _, c := range []struct {
		key      string
		content  string // format of the source
		format   thumbnail.Format
		template string
		want     string
	}{
		{"photos/cat.jpg", "jpeg", same, standard, "photos/thumb-cat.jpg"},
		{"cat.JPG", "jpeg", same, standard, "thumb-cat.JPG"},
		{"cat.jpe", "jpeg", same, standard, "thumb-cat.jpe"},
		{"a/b/cat.jpeg", "jpeg", same, standard, "a/b/thumb-cat.jpeg"},
		{"cat.png", "png", same, standard, "thumb-cat.png"},
		{"cat.jpg", "png", same, standard, "thumb-cat.jpg.png"},
		{"cat.heic", "heic", same, standard, "thumb-cat.heic.jpg"},
		{"cat.tif", "tiff", same, standard, "thumb-cat.tif.jpg"},
		{"cat", "jpeg", same, standard, "thumb-cat"},
		{"cat", "heic", same, standard, "thumb-cat.jpg"},
		{"cat.2024", "png", same, standard, "thumb-cat.2024"},
		{"cat", "jpeg", thumbnail.FormatWebP, standard, "thumb-cat.webp"},
		{"cat.jpg", "jpeg", thumbnail.FormatWebP, standard, "thumb-cat.jpg.webp"},
		{"cat.jpg", "jpeg", thumbnail.FormatWebP, "{dir}{stem}-{width}x{height}.webp", "cat-256x256.webp"},
		{"d/.hidden", "jpeg", same, "{dir}{stem}_{variant}{ext}", "d/.hidden_thumb"},
		{"d/a.b.jpg", "jpeg", same, "{dir}{variant}/{stem}_s{ext}", "d/thumb/a.b_s.jpg"},
		{"{stem}/{name}.jpg", "jpeg", same, standard, "{stem}/thumb-{name}.jpg"}, // expanded once
		{"../x y+\u00fc\n.jpg", "jpeg", same, standard, "../thumb-x y+\u00fc\n.jpg"},
		{"/lead.jpg", "jpeg", same, standard, "/thumb-lead.jpg"},
	} {
		v := variant(c.format, c.template)
		got := keyFor(v, c.key, c.content, thumbnail.OutputFormat(v.Format, c.content, false))
		if got != c.want {
			t.Errorf("%q (%s, %s, %s): %q, want %q", c.key, c.content, c.format, c.template, got, c.want)
		}
		if !slices.Contains(candidates(v, c.key), got) {
			t.Errorf("%q: %q is not among the candidates %q", c.key, got, candidates(v, c.key))
		}
	}
}

// TestCandidates: the likeliest key comes first, and a variant of a fixed
// format has one only.
func TestCandidates(t *testing.T) {
	for _, c := range []struct {
		key    string
		format thumbnail.Format
		want   string
	}{
		{"a.jpg", thumbnail.FormatSame, "thumb-a.jpg thumb-a.jpg.png thumb-a.jpg.gif thumb-a.jpg.webp"},
		{"a.heic", thumbnail.FormatSame, "thumb-a.heic.jpg thumb-a.heic.png thumb-a.heic.gif thumb-a.heic.webp"},
		{"a.webp", thumbnail.FormatSame, "thumb-a.webp thumb-a.webp.jpg thumb-a.webp.png thumb-a.webp.gif"},
		{"a", thumbnail.FormatSame, "thumb-a thumb-a.jpg thumb-a.png"},
		{"a.jpg", thumbnail.FormatPNG, "thumb-a.jpg.png"},
	} {
		if got := strings.Join(candidates(variant(c.format, "{dir}thumb-{name}"), c.key), " "); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.key, c.format, got, c.want)
		}
	}
}

func TestKeyTooLong(t *testing.T) {
	variants := []thumbnail.Variant{thumbnail.DefaultVariant}
	long := strings.Repeat("x", maxKey-len("thumb-.jpg")) + ".jpg"
	if err := checkKeys(variants, long); err != nil {
		t.Errorf("a thumbnail's key of %d bytes: %v", maxKey, err)
	}
	if err := checkKeys(variants, "x"+long); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), "1025 bytes") {
		t.Errorf("one byte more: %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := thumbnail.DefaultVariant
	other := variant(thumbnail.FormatWebP, "{dir}{variant}-{name}")
	other.Name = "other"
	if err := Validate([]thumbnail.Variant{good, other}); err != nil {
		t.Errorf("good variants: %v", err)
	}
	clash := good
	clash.Name = "clash"
	hidden := variant(thumbnail.FormatPNG, "{dir}thumb-{name}.png") // what good writes for a PNG called .jpg
	hidden.Name = "hidden"
	unnamed := variant(thumbnail.FormatSame, "{dir}thumb{ext}")
	unknown := variant(thumbnail.FormatSame, "{dir}{nme}-{name}}")
	small := good
	small.Width = 0
	for _, c := range []struct {
		variants []thumbnail.Variant
		want     []string
	}{
		{nil, []string{"at least one"}},
		{[]thumbnail.Variant{good, clash}, []string{`"clash"`, `"thumb"`}},
		{[]thumbnail.Variant{good, hidden}, []string{`"hidden"`}},
		{[]thumbnail.Variant{good, good}, []string{"two variants"}},
		{[]thumbnail.Variant{unnamed}, []string{"{name} or {stem}"}},
		{[]thumbnail.Variant{unknown}, []string{"{nme} is no placeholder", "} is no placeholder"}},
		{[]thumbnail.Variant{small, unnamed}, []string{"width is 0", "{name} or {stem}"}}, // all at once
	} {
		err := Validate(c.variants)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v does not say %s", c.variants, err, want)
			}
		}
	}
}

// FuzzKey: a valid template makes of any key one that S3 takes or none, and
// the key that a source's content leads to is always among the candidates.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"photos/cat.jpg", "a", "../x", "\u00fc {name}", "d/.h", strings.Repeat("x", 1024)} {
		f.Add("{dir}thumb-{name}", key)
		f.Add("{variant}/{stem}-{width}{ext}", key)
	}
	f.Fuzz(func(t *testing.T, template, key string) {
		v := variant(thumbnail.FormatSame, template)
		if ValidateTemplate(template) != nil || !utf8.ValidString(template+key) || key == "" {
			return
		}
		keys := candidates(v, key)
		if (len(keys) == 0) != (checkKeys([]thumbnail.Variant{v}, key) != nil) {
			t.Errorf("no candidates %v, error %v", len(keys) == 0, checkKeys([]thumbnail.Variant{v}, key))
		}
		for _, k := range keys {
			if k == "" || len(k) > maxKey || !utf8.ValidString(k) {
				t.Errorf("candidate %q", k)
			}
		}
		for _, format := range sourceFormats {
			k := keyFor(v, key, format, thumbnail.OutputFormat(v.Format, format, true))
			if checkKey(k) == nil && !slices.Contains(keys, k) {
				t.Errorf("%q for %s is not among %q", k, format, keys)
			}
		}
		if owner := ownerOf(key); len(owner) > 1100 || strings.ContainsFunc(owner, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("owner %q is no metadata", owner)
		}
	})
}
