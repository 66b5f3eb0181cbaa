package thumbnail

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPlanGeometry(t *testing.T) {
	box := func(fit Fit, w, h int) Variant { return Variant{Width: w, Height: h, Fit: fit} }
	tests := []struct {
		name          string
		v             Variant
		width, height int
		wantW, wantH  int
		from          window
	}{
		{"landscape", box(FitInside, 256, 256), 4000, 3000, 256, 192, window{0, 0, 4000, 3000}},
		{"portrait", box(FitInside, 256, 256), 3000, 4000, 192, 256, window{0, 0, 3000, 4000}},
		{"never enlarged", box(FitInside, 256, 256), 100, 50, 100, 50, window{0, 0, 100, 50}},
		{"one pixel", box(FitInside, 256, 256), 1, 1, 1, 1, window{0, 0, 1, 1}},
		{"very tall", box(FitInside, 256, 256), 1, 20000, 1, 256, window{0, 0, 1, 20000}},
		{"very wide", box(FitInside, 256, 256), 20000, 1, 256, 1, window{0, 0, 20000, 1}},
		{"rounds to nearest", box(FitInside, 256, 256), 1000, 667, 256, 171, window{0, 0, 1000, 667}},
		{"cover crops the sides", box(FitCover, 100, 100), 400, 200, 100, 100, window{100, 0, 200, 200}},
		{"cover crops top and bottom", box(FitCover, 100, 50), 200, 200, 100, 50, window{0, 50, 200, 100}},
		{"cover enlarges", box(FitCover, 100, 100), 50, 25, 100, 100, window{12.5, 0, 25, 25}},
		{"fill stretches", box(FitFill, 30, 90), 300, 100, 30, 90, window{0, 0, 300, 100}},
	}
	for _, tt := range tests {
		p := planFor(tt.v, tt.width, tt.height)
		if p.width != tt.wantW || p.height != tt.wantH || p.from != tt.from {
			t.Errorf("%s: got %dx%d of %v, want %dx%d of %v", tt.name, p.width, p.height, p.from, tt.wantW, tt.wantH, tt.from)
		}
	}
}

func TestDecoderTargetCoversTheCrop(t *testing.T) {
	p := planFor(Variant{Width: 100, Height: 100, Fit: FitCover}, 400, 200)
	if w, h := p.wholeSize(400, 200); w != 200 || h != 100 {
		t.Errorf("a 200x200 crop of 400x200 shown at 100x100 needs the whole at 200x100, got %dx%d", w, h)
	}
	p = planFor(Variant{Width: 1000, Height: 1000, Fit: FitFill}, 400, 200)
	if w, h := p.wholeSize(400, 200); w != 400 || h != 200 {
		t.Errorf("an enlargement needs the whole picture as it is, 400x200, got %dx%d", w, h)
	}
}

func TestVariantJSONDefaults(t *testing.T) {
	var v Variant
	if err := json.Unmarshal([]byte(`{"name":"small","width":64}`), &v); err != nil {
		t.Fatal(err)
	}
	want := DefaultVariant
	want.Name, want.Width = "small", 64
	if v != want {
		t.Errorf("got %+v, want %+v", v, want)
	}
}

func TestVariantValidateNamesEveryProblem(t *testing.T) {
	if err := DefaultVariant.Validate(); err != nil {
		t.Errorf("the default variant: %v", err)
	}
	err := Variant{Name: "a/b", Width: 0, Height: 9000, Fit: "crop", Format: "bmp", Quality: 101}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"a/b", "width is 0", "height is 9000", `"crop"`, "inside, cover or fill", `"bmp"`, "jpeg, png", "101"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestOutputFormat(t *testing.T) {
	tests := []struct {
		want   Format
		source string
		alpha  bool
		result Format
	}{
		{FormatSame, "jpeg", false, FormatJPEG},
		{FormatSame, "png", false, FormatPNG},
		{FormatSame, "gif", true, FormatGIF},
		{FormatSame, "webp", true, FormatWebP},
		{FormatSame, "heic", false, FormatJPEG},
		{FormatSame, "avif", true, FormatPNG},
		{FormatSame, "bmp", false, FormatJPEG},
		{FormatSame, "tiff", true, FormatPNG},
		{FormatJPEG, "png", true, FormatJPEG},
		{FormatWebP, "tiff", false, FormatWebP},
	}
	for _, tt := range tests {
		if got := OutputFormat(tt.want, tt.source, tt.alpha); got != tt.result {
			t.Errorf("%s of %s (alpha %v): got %s, want %s", tt.want, tt.source, tt.alpha, got, tt.result)
		}
	}
}
