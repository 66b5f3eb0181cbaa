package settings

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"s3-thumbnail-creator/codec/format"
)

func variants(change ...func(*Variant)) []Variant {
	var all []Variant
	for i, c := range change {
		v := DefaultVariant()
		v.Name = fmt.Sprintf("v%d", i)
		c(&v)
		all = append(all, v)
	}
	return all
}

func TestValidateVariants(t *testing.T) {
	key := func(key string, f format.Format) func(*Variant) {
		return func(v *Variant) { v.Key, v.Format = key, f }
	}
	many := make([]func(*Variant), 40)
	for i := range many {
		many[i] = func(*Variant) {}
	}
	for _, test := range []struct {
		name     string
		variants []Variant
		want     string // in the error; "" for none
	}{
		{"default", []Variant{DefaultVariant()}, ""},
		{"none", nil, "thumbnails: \"[]\": want at least one variant"},
		{"name", variants(func(v *Variant) { v.Name = "a/b" }), `thumbnails[0].name: "a/b"`},
		{"width", variants(func(v *Variant) { v.Width = 0 }), "thumbnails[0].width: 0: want an integer from 1 to 8192 pixels"},
		{"height", variants(func(v *Variant) { v.Height = 9000 }), "thumbnails[0].height: 9000"},
		{"fit", variants(func(v *Variant) { v.Fit = "crop" }), `thumbnails[0].fit: "crop": want one of inside, cover, fill`},
		{"format", variants(func(v *Variant) { v.Format = "bmp" }), `thumbnails[0].format: "bmp": want one of same, jpeg, png, gif, webp`},
		{"animated", variants(func(v *Variant) { v.Animated = "yes" }), `thumbnails[0].animated: "yes": want one of first, all`},
		{"quality", variants(func(v *Variant) { v.Quality = 101 }), "thumbnails[0].quality: 101"},
		{"no placeholder", variants(key("{dir}thumb.jpg", Same)), "want {name} or {stem}"},
		{"unknown placeholder", variants(key("{dir}{nam}{stem}", Same)), "{nam} is no placeholder"},
		{"brace", variants(key("{dir}{name}}", Same)), "} is no placeholder"},
		{"leading slash", variants(key("/{name}", Same)), "does not begin with /"},
		{"folder", variants(key("{stem}/", Same)), "does not end in a folder"},
		{"folder by placeholder", variants(key("{name}{dir}", format.WebP)), "does not end in a folder"},
		{"control character", variants(key("{name}\n", Same)), "control characters"},
		{"too long", variants(key("{name}"+strings.Repeat("x", maxTemplate), Same)), "at most 512 bytes"},
		{"same name", variants(func(v *Variant) { v.Name = "a" }, func(v *Variant) { v.Name = "a" }), "has that name already"},
		{"same key", variants(key("{dir}x-{name}", Same), key("{dir}x-{stem}{ext}", Same)), "can write to the same key"},
		{"same key by the appended extension", variants(key("{stem}", format.PNG), key("{stem}.png", format.PNG)), "same key"},
		{"same key of one extension", variants(key("{dir}thumb-{name}", Same), key("{dir}thumb-{stem}.jpeg", format.JPEG)), "same key"},
		{"same key of one extension in capitals", variants(key("{dir}thumb-{name}", Same), key("{dir}thumb-{stem}.GIF", format.GIF)), "same key"},
		{"told apart by the format", variants(key("{dir}{stem}", format.WebP), key("{dir}{stem}", format.PNG)), ""},
		{"told apart by the variant", variants(key("{variant}/{name}", Same), key("{variant}/{name}", Same)), ""},
		{"too much for the environment", variants(many...), `"40 variants": they take`},
	} {
		err := ValidateVariants("thumbnails", test.variants)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	err := ValidateVariants("thumbnails", []Variant{{Name: "A", Width: -1, Height: -2, Fit: "x", Format: "y", Quality: 0, Key: "z"}})
	for _, field := range []string{"name", "width", "height", "fit", "format", "quality", "animated", "key"} {
		if err == nil || !strings.Contains(err.Error(), "thumbnails[0]."+field) {
			t.Errorf("%s is not in: %v", field, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for template, want := range map[string][]string{
		"{dir}thumb-{name}":        nil,
		"{dir}{stem}-{width}{ext}": nil,
		"{dir}{stem}-small.webp":   {"cat.jpg and cat.png"},
		"{name}":                   {"a/cat.jpg and b/cat.jpg"},
		"{stem}":                   {"a/cat.jpg and b/cat.jpg", "cat.jpg and cat.png"},
	} {
		got := Warnings("thumbnails", variants(func(v *Variant) { v.Key = template }))
		if (len(got) > 0) != (want != nil) {
			t.Errorf("%s: warnings %q", template, got)
		}
		for _, text := range want {
			if len(got) != 1 || !strings.Contains(got[0], text) || !strings.Contains(got[0], template) {
				t.Errorf("%s: warnings %q, want one that says %s", template, got, text)
			}
		}
	}
}

// TestValidVariantsNeverShareAKey: whatever passes has, for any source, as many keys as variants.
func TestValidVariantsNeverShareAKey(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	valid := 0
	for range 1500 {
		var all []Variant
		for i := range 2 {
			v := DefaultVariant()
			v.Name = fmt.Sprint("v", i)
			v.Key = ""
			for range 1 + rng.IntN(4) {
				v.Key += pick("{dir}", "{name}", "{stem}", "{ext}", "{variant}", "-", ".jpg", ".png", ".JPEG", "a/", ".")
			}
			v.Format = append(format.Written(), Same)[rng.IntN(5)]
			all = append(all, v)
		}
		if ValidateVariants("thumbnails", all) != nil {
			continue
		}
		valid++
		source := pick("", "d/", "d/e/") + pick("x", "name", "a-b", "..") + pick("", ".jpg", ".JPG", ".png", ".jpeg", ".heic", ".dat", ".webp")
		a, err1 := all[0].ThumbnailKey(source)
		b, err2 := all[1].ThumbnailKey(source)
		if err1 != nil || err2 != nil || a == b {
			t.Fatalf("%q: %q (%v) by %+v and %q (%v) by %+v", source, a, err1, all[0], b, err2, all[1])
		}
	}
	if valid < 150 {
		t.Errorf("only %d sets were valid: the test says little", valid)
	}
}
