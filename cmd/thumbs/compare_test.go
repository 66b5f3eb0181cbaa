package main

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
	"s3-thumbnail-creator/settings"
)

func filled(c color.Color, width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return picture
}

func encoded(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPSNR: by hand, a difference of 5 in one of three channels has a mean square of 25/3.
func TestPSNR(t *testing.T) {
	gray, redder := filled(color.RGBA{100, 100, 100, 255}, 4, 4), filled(color.RGBA{105, 100, 100, 255}, 4, 4)
	if got, want := decibels(gray, redder), 20*math.Log10(255/(5/math.Sqrt(3))); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v dB, want %v", got, want)
	}
	if got := decibels(gray, gray); got != 0 {
		t.Errorf("%v dB between the same", got)
	}
	if got := decibels(gray, filled(color.Gray{}, 4, 5)); got != 0 {
		t.Errorf("%v dB between pictures of two sizes", got)
	}
}

// TestCompare: each state that a thumbnail in the bucket can have.
func TestCompare(t *testing.T) {
	ours, other := encoded(t, filled(color.Gray{100}, 8, 6)), encoded(t, filled(color.Gray{110}, 8, 6))
	v := settings.DefaultVariant()
	mine := map[string]string{
		origin.SourceKey: origin.Owner("photos/a.png"), origin.SourceETag: storetest.ETag([]byte("picture")), origin.Settings: origin.Fingerprint(v, "max-age=1"),
	}
	with := func(name, value string) map[string]string {
		changed := map[string]string{name: value}
		for name, value := range mine {
			if changed[name] == "" {
				changed[name] = value
			}
		}
		return changed
	}
	for name, tt := range map[string]struct {
		there *store.Upload
		want  string
	}{
		"nothing":        {nil, "missing"},
		"the same":       {&store.Upload{Body: ours, Metadata: mine}, "identical"},
		"other pixels":   {&store.Upload{Body: other, Metadata: mine}, "differs, 8x6, "},
		"other settings": {&store.Upload{Body: other, Metadata: with(origin.Settings, "x")}, "stale: it was made with other settings, 8x6, "},
		"other content":  {&store.Upload{Body: ours, Metadata: with(origin.SourceETag, "x")}, "stale: it was made of other content than s3://source has"},
		"another's":      {&store.Upload{Body: ours, Metadata: with(origin.SourceKey, "b.png")}, "taken, 8x6"},
		"no picture":     {&store.Upload{Body: []byte("text"), Metadata: mine}, "differs, 0x0, 4 bytes there"},
	} {
		var memory storetest.Memory
		memory.Set("source", "photos/a.png", store.Upload{Body: []byte("picture")})
		if tt.there != nil {
			memory.Set("destination", "photos/thumb-a.png", *tt.there)
		}
		c := &comparer{objects: &memory, source: "source", destination: "destination", cacheControl: "max-age=1", keyPrefix: "photos/"}
		all := []made{{File: "local/a.png", Key: "photos/thumb-a.png", variant: v, body: ours}}
		if err := c.compare(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		got := all[0].Compared
		if !strings.HasPrefix(got.String(), tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if name == "other pixels" && math.Abs(got.Decibels-20*math.Log10(25.5)) > 1e-9 {
			t.Errorf("%v dB for a difference of 10 in all channels", got.Decibels)
		}
	}
}

// TestSheet: a row for each file, with the picture, its thumbnails, or why there are none.
func TestSheet(t *testing.T) {
	dir := t.TempDir()
	picture, text, page := filepath.Join(dir, "a.png"), filepath.Join(dir, "a.txt"), filepath.Join(dir, "new", "sheet.jpg")
	for path, body := range map[string][]byte{picture: encoded(t, filled(color.RGBA{R: 255, A: 255}, 600, 300)), text: []byte("hello")} {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	args := []string{"make", "--sheet", page, "--variants", `[{"name":"a","width":100},{"name":"b","width":200}]`, picture, text}
	if status := run(t.Context(), args, &console.Console{Out: &out, Err: &errs}); status != exitFound {
		t.Fatalf("status %d, %s%s", status, &out, &errs)
	}
	file, err := os.Open(page)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	drawn, err := jpeg.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Pt(tileGap+3*tileWidth, tileGap+2*tileHeight); drawn.Bounds().Size() != want {
		t.Errorf("the sheet has %v pixels, want %v", drawn.Bounds().Size(), want)
	}
	isRed := func(column, row, x, y int) bool {
		r, g, _, _ := drawn.At(tileGap+column*tileWidth+x, tileGap+row*tileHeight+tileHead+y).RGBA()
		return r > 0xC000 && g < 0x4000
	}
	for _, tt := range []struct {
		column, row, x, y int
		want              bool
	}{
		{0, 0, 250, 120, true}, {0, 0, 250, 136, false}, // 256x128
		{1, 0, 95, 45, true}, {1, 0, 110, 45, false}, // 100x50
		{2, 0, 195, 95, true}, {2, 0, 210, 95, false}, // 200x100
		{0, 1, 50, 50, false},
	} {
		if isRed(tt.column, tt.row, tt.x, tt.y) != tt.want {
			t.Errorf("row %d, column %d: red at %d,%d is not %v", tt.row, tt.column, tt.x, tt.y, tt.want)
		}
	}
}
