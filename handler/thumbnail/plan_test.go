package thumbnail

import (
	"testing"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

func TestPlanGeometry(t *testing.T) {
	box := func(fit settings.Fit, w, h int) settings.Variant {
		return settings.Variant{Width: w, Height: h, Fit: fit}
	}
	tests := []struct {
		name          string
		v             settings.Variant
		width, height int
		wantW, wantH  int
		from          window
	}{
		{"landscape", box(settings.Inside, 256, 256), 4000, 3000, 256, 192, window{0, 0, 4000, 3000}},
		{"portrait", box(settings.Inside, 256, 256), 3000, 4000, 192, 256, window{0, 0, 3000, 4000}},
		{"never enlarged", box(settings.Inside, 256, 256), 100, 50, 100, 50, window{0, 0, 100, 50}},
		{"one pixel", box(settings.Inside, 256, 256), 1, 1, 1, 1, window{0, 0, 1, 1}},
		{"very tall", box(settings.Inside, 256, 256), 1, 20000, 1, 256, window{0, 0, 1, 20000}},
		{"very wide", box(settings.Inside, 256, 256), 20000, 1, 256, 1, window{0, 0, 20000, 1}},
		{"rounds to nearest", box(settings.Inside, 256, 256), 1000, 667, 256, 171, window{0, 0, 1000, 667}},
		{"cover crops the sides", box(settings.Cover, 100, 100), 400, 200, 100, 100, window{100, 0, 200, 200}},
		{"cover crops top and bottom", box(settings.Cover, 100, 50), 200, 200, 100, 50, window{0, 50, 200, 100}},
		{"cover enlarges", box(settings.Cover, 100, 100), 50, 25, 100, 100, window{12.5, 0, 25, 25}},
		{"fill stretches", box(settings.Fill, 30, 90), 300, 100, 30, 90, window{0, 0, 300, 100}},
	}
	for _, tt := range tests {
		p := planFor(tt.v, tt.width, tt.height)
		if p.width != tt.wantW || p.height != tt.wantH || p.from != tt.from {
			t.Errorf("%s: got %dx%d of %v, want %dx%d of %v", tt.name, p.width, p.height, p.from, tt.wantW, tt.wantH, tt.from)
		}
	}
}

func TestDecoderTargetCoversTheCrop(t *testing.T) {
	p := planFor(settings.Variant{Width: 100, Height: 100, Fit: settings.Cover}, 400, 200)
	if w, h := p.wholeSize(400, 200); w != 200 || h != 100 {
		t.Errorf("a 200x200 crop of 400x200 shown at 100x100 needs the whole at 200x100, got %dx%d", w, h)
	}
	p = planFor(settings.Variant{Width: 1000, Height: 1000, Fit: settings.Fill}, 400, 200)
	if w, h := p.wholeSize(400, 200); w != 400 || h != 200 {
		t.Errorf("an enlargement needs the whole picture as it is, 400x200, got %dx%d", w, h)
	}
}

func TestOutputFormat(t *testing.T) {
	tests := []struct {
		want   format.Format
		source format.Format
		alpha  bool
		result format.Format
	}{
		{settings.Same, "jpeg", false, format.JPEG},
		{settings.Same, "png", false, format.PNG},
		{settings.Same, "gif", true, format.GIF},
		{settings.Same, "webp", true, format.WebP},
		{settings.Same, "heic", false, format.JPEG},
		{settings.Same, "avif", true, format.PNG},
		{settings.Same, "bmp", false, format.JPEG},
		{settings.Same, "tiff", true, format.PNG},
		{format.JPEG, "png", true, format.JPEG},
		{format.WebP, "tiff", false, format.WebP},
	}
	for _, tt := range tests {
		if got := outputFormat(tt.want, tt.source, tt.alpha); got != tt.result {
			t.Errorf("%s of %s (alpha %v): got %s, want %s", tt.want, tt.source, tt.alpha, got, tt.result)
		}
	}
}
