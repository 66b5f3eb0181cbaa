package main

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/samples"
)

var (
	red  = color.RGBA{R: 255, A: 255}
	blue = color.RGBA{B: 255, A: 255}
)

func filled(t *testing.T, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 600, 400))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestSheetShowsEachPictureBesideItsThumbnail, and which have none.
func TestSheetShowsEachPictureBesideItsThumbnail(t *testing.T) {
	good := result{Sample: samples.Sample{Key: "a.png", Body: filled(t, red), Thumbnail: "thumb-a.png"}, thumb: filled(t, blue)}
	bad := result{Sample: samples.Sample{Key: "b.png", Body: []byte("oops")}, why: strings.Repeat("too bad ", 99)}
	drawn, err := drawSheet([]result{good, bad, good, good, bad})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []result{good, bad, good, good, bad} {
		corner := image.Pt(gap+i%sheetColumns*cellWidth, gap+i/sheetColumns*cellHeight)
		bottom := corner.Add(image.Pt(0, headHeight+originalBox*3/4-2))
		at := func(x int) color.Color { return drawn.At(bottom.X+x, bottom.Y) }
		original, thumb := at(2), at(originalBox+gap+2)
		if want.thumb != nil && (original != red || thumb != blue) || want.thumb == nil && (original != color.RGBA{0xe8, 0xe8, 0xe8, 255} || thumb != color.RGBA{255, 255, 255, 255}) {
			t.Errorf("cell %d of %s has %v and %v", i, want.Key, original, thumb)
		}
	}
}
