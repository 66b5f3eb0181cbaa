package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"s3-thumbnail-creator/codec/format"
)

func TestVariantDefaults(t *testing.T) {
	var v Variant
	if err := json.Unmarshal([]byte(`{"name":"small","width":64}`), &v); err != nil {
		t.Fatal(err)
	}
	want := Variant{Name: "small", Width: 64, Height: 256, Fit: Inside, Format: Same, Quality: 82, Animated: First, Key: "{dir}{variant}-{name}"}
	if v != want {
		t.Errorf("got %+v, want %+v", v, want)
	}
}

// TestOneFieldIsEnough: `pulumi config set --path 'thumbnails[0].width' 512` on a fresh stack changes the default thumbnail.
func TestOneFieldIsEnough(t *testing.T) {
	variants, err := ParseVariants(`[{"width":512}]`)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultVariant()
	want.Width = 512
	if len(variants) != 1 || variants[0] != want {
		t.Errorf("got %+v, want %+v", variants, want)
	}
	if err := ValidateVariants("thumbnails", variants); err != nil {
		t.Error(err)
	}
}

// Whoever makes a form of the fields shows all of them, in the order of the struct, and offers nothing that is refused.
func TestVariantFieldsAreThoseOfAVariant(t *testing.T) {
	fields := VariantFields()
	of := reflect.TypeFor[Variant]()
	if len(fields) != of.NumField() {
		t.Fatalf("%d fields, want %d", len(fields), of.NumField())
	}
	for i, f := range fields {
		if tag := of.Field(i).Tag.Get("json"); f.Name != tag {
			t.Errorf("field %d is %q, want %q", i, f.Name, tag)
		}
		values := slices.Clone(f.Choices)
		if f.High > 0 {
			values = []string{strconv.Itoa(f.Low), strconv.Itoa(f.High)}
		}
		for _, value := range values {
			if f.Choices != nil {
				value = strconv.Quote(value)
			}
			variants, err := ParseVariants(fmt.Sprintf(`[{%q:%s}]`, f.Name, value))
			if err == nil {
				err = ValidateVariants("thumbnails", variants)
			}
			if err != nil {
				t.Errorf("%s can be %s, says its field, but %v", f.Name, value, err)
			}
		}
	}
}

func TestParseVariantsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                         "want a list",
		`[{"name":"a","heigth":64}]`: `"heigth"`,
		`[{"width":"64"}]`:           "width",
		`[{}] [{}]`:                  "more than one",
	} {
		if _, err := ParseVariants(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want it to say %s", text, err, want)
		}
	}
}

func TestThumbnailKey(t *testing.T) {
	standard := DefaultVariant().Key
	for _, c := range []struct {
		source   string
		format   format.Format
		template string
		want     string
		written  format.Format
	}{
		{"photos/cat.jpg", Same, standard, "photos/thumb-cat.jpg", format.JPEG},
		{"cat.JPG", Same, standard, "thumb-cat.JPG", format.JPEG},
		{"cat.jpe", Same, standard, "thumb-cat.jpe", format.JPEG},
		{"a/b/cat.png", Same, standard, "a/b/thumb-cat.png", format.PNG},
		{"cat.heic", Same, standard, "thumb-cat.heic.jpg", format.JPEG},
		{"cat.tif", Same, standard, "thumb-cat.tif.jpg", format.JPEG},
		{"cat", Same, standard, "thumb-cat", ""},
		{"cat.2024", Same, standard, "thumb-cat.2024", ""},
		{"cat.jpg", Same, "{dir}{stem}.png", "cat.png", format.PNG},
		{"cat", format.WebP, standard, "thumb-cat.webp", format.WebP},
		{"cat.jpg", format.WebP, standard, "thumb-cat.jpg.webp", format.WebP},
		{"cat.jpg", format.WebP, "{dir}{stem}-{width}x{height}.webp", "cat-256x256.webp", format.WebP},
		{"d/.hidden", Same, "{dir}{stem}_{variant}{ext}", "d/.hidden_thumb", ""},
		{"d/a.b.jpg", Same, "{dir}{variant}/{stem}_s{ext}", "d/thumb/a.b_s.jpg", format.JPEG},
		{"{stem}/{name}.jpg", Same, standard, "{stem}/thumb-{name}.jpg", format.JPEG}, // expanded once
		{"../x y+\u00fc\n.jpg", Same, standard, "../thumb-x y+\u00fc\n.jpg", format.JPEG},
		{"/lead.jpg", Same, standard, "/thumb-lead.jpg", format.JPEG},
	} {
		v := DefaultVariant()
		v.Format, v.Key = c.format, c.template
		key, err := v.ThumbnailKey(c.source)
		if err != nil || key != c.want || v.KeyFormat(c.source) != c.written {
			t.Errorf("%q (%s, %s): %q in %q (%v), want %q in %q", c.source, c.format, c.template, key, v.KeyFormat(c.source), err, c.want, c.written)
		}
	}
}

func TestThumbnailKeyTooLong(t *testing.T) {
	v := DefaultVariant()
	fits := strings.Repeat("x", MaxKey-len("thumb-"))
	if key, err := v.ThumbnailKey(fits); err != nil || len(key) != MaxKey {
		t.Errorf("%d bytes: %v", len(key), err)
	}
	_, err := v.ThumbnailKey(fits + "x")
	if err == nil || !strings.Contains(err.Error(), "1025 bytes") || !strings.Contains(err.Error(), `"thumb"`) {
		t.Errorf("error %v, want it to say 1025 bytes and name the variant", err)
	}
}
