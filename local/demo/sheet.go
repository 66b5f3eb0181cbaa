package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The contact sheet shows each picture beside its thumbnail, with their keys and sizes. docs/thumbnails.jpg is one that
// `make demo` made: it is at the top of the README. All measures are in pixels.
const (
	sheetFile    = "contact-sheet.jpg"
	sheetColumns = 3
	sheetQuality = 68
	originalBox  = 208 // longest side of a picture on the sheet
	thumbBox     = thumbnailSide / 2
	gap          = 12
	textSize     = 13
	lineHeight   = 17
	headHeight   = 2*lineHeight + 5 // of the two lines above a picture
	cellWidth    = originalBox + gap + thumbBox + gap
	cellHeight   = headHeight + originalBox*3/4 + 2*lineHeight + 2*gap
)

var (
	ink  = image.NewUniform(color.Gray{Y: 0x20})
	pale = image.NewUniform(color.Gray{Y: 0x70})
	void = image.NewUniform(color.Gray{Y: 0xe8}) // where a picture cannot be shown
)

// sheet is the page that is drawn, and the fonts for it.
type sheet struct {
	*image.RGBA
	regular, bold font.Face
}

// saveSheet writes the contact sheet into the output folder and returns its path.
func (s settings) saveSheet(results []result) (string, error) {
	drawn, err := drawSheet(results)
	if err != nil {
		return "", err
	}
	var encoded bytes.Buffer
	if err := jpeg.Encode(&encoded, drawn, &jpeg.Options{Quality: sheetQuality}); err != nil {
		return "", fmt.Errorf("encode the contact sheet: %w", err)
	}
	path := filepath.Join(s.out, sheetFile)
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return "", fmt.Errorf("save the contact sheet: %w", err)
	}
	if err := os.WriteFile(path, encoded.Bytes(), 0o644); err != nil {
		return "", fmt.Errorf("save the contact sheet: %w", err)
	}
	return path, nil
}

// drawSheet draws a cell for each result, row by row.
func drawSheet(results []result) (*image.RGBA, error) {
	regular, err := face(goregular.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := face(gobold.TTF)
	if err != nil {
		return nil, err
	}
	rows := (len(results) + sheetColumns - 1) / sheetColumns
	canvas := image.NewRGBA(image.Rect(0, 0, gap+sheetColumns*cellWidth, gap+rows*cellHeight))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	page := &sheet{RGBA: canvas, regular: regular, bold: bold}
	for i, r := range results {
		page.cell(image.Pt(gap+i%sheetColumns*cellWidth, gap+i/sheetColumns*cellHeight), r)
	}
	return canvas, nil
}

func face(ttf []byte) (font.Face, error) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("read the contact sheet's font: %w", err)
	}
	return opentype.NewFace(parsed, &opentype.FaceOptions{Size: textSize, DPI: 72, Hinting: font.HintingFull})
}

// cell draws one result with its top left corner at p.
func (s *sheet) cell(p image.Point, r result) {
	s.text(s.bold, ink, p.Add(image.Pt(0, textSize)), r.Key)
	s.text(s.regular, pale, p.Add(image.Pt(0, textSize+lineHeight)), facts(r.Width, r.Height, len(r.Body)))
	below := p.Add(image.Pt(0, headHeight))
	box := image.Rectangle{Min: below, Max: below.Add(image.Pt(originalBox, originalBox*3/4))}
	s.picture(box, r.Body)

	right := image.Rect(box.Max.X+gap, box.Max.Y-thumbBox, box.Max.X+gap+thumbBox, box.Max.Y)
	under := image.Pt(p.X, box.Max.Y+textSize+3)
	if r.thumb == nil {
		s.text(s.regular, pale, under, shorten(s.regular, r.why, cellWidth-gap))
		return
	}
	s.picture(right, r.thumb)
	s.text(s.bold, ink, under, r.Thumbnail)
	s.text(s.regular, pale, under.Add(image.Pt(0, lineHeight)), facts(r.width, r.height, len(r.thumb)))
}

// picture draws what the file shows, as large as fits in the box, at its bottom left; a file that shows nothing is gray.
func (s *sheet) picture(box image.Rectangle, file []byte) {
	decoded, err := imaging.Decode(bytes.NewReader(file), imaging.AutoOrientation(true))
	if err != nil {
		draw.Draw(s, box, void, image.Point{}, draw.Src)
		return
	}
	small := imaging.Fit(decoded, box.Dx(), box.Dy(), imaging.Lanczos)
	at := image.Rect(box.Min.X, box.Max.Y-small.Rect.Dy(), box.Min.X+small.Rect.Dx(), box.Max.Y)
	draw.Draw(s, at, small, image.Point{}, draw.Over)
}

// text writes one line whose baseline starts at a point.
func (s *sheet) text(f font.Face, c image.Image, at image.Point, text string) {
	d := font.Drawer{Dst: s, Src: c, Face: f, Dot: fixed.P(at.X, at.Y)}
	d.DrawString(text)
}

// facts says how many pixels and bytes a picture has; one whose pixels nobody knows has bytes only.
func facts(width, height, bytes int) string {
	if width == 0 {
		return size(bytes)
	}
	return pixels(width, height) + ", " + size(bytes)
}

// shorten cuts a text so that it is at most so many pixels wide.
func shorten(f font.Face, text string, width int) string {
	runes := []rune(text)
	for len(runes) > 0 && font.MeasureString(f, text).Ceil() > width {
		runes = runes[:len(runes)-1]
		text = string(runes) + "…"
	}
	return text
}
