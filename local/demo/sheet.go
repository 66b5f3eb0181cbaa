package main

import (
	"bytes"
	"image"
	"path/filepath"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/local/sheet"
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
	headHeight   = 2*sheet.LineHeight + 5 // of the two lines above a picture
	cellWidth    = originalBox + gap + thumbBox + gap
	cellHeight   = headHeight + originalBox*3/4 + 2*sheet.LineHeight + 2*gap
	textWidth    = cellWidth - gap
)

// saveSheet writes the contact sheet into the output folder and returns its path.
func (s settings) saveSheet(results []result) (string, error) {
	drawn, err := drawSheet(results)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.out, sheetFile)
	return path, drawn.Save(path, sheetQuality)
}

// drawSheet draws a cell for each result, row by row.
func drawSheet(results []result) (*sheet.Page, error) {
	rows := (len(results) + sheetColumns - 1) / sheetColumns
	page, err := sheet.New(gap+sheetColumns*cellWidth, gap+rows*cellHeight)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		drawCell(page, image.Pt(gap+i%sheetColumns*cellWidth, gap+i/sheetColumns*cellHeight), r)
	}
	return page, nil
}

// drawCell draws one result with its top left corner at p.
func drawCell(page *sheet.Page, p image.Point, r result) {
	page.Title(p.Add(image.Pt(0, sheet.TextSize)), r.Key, textWidth)
	page.Note(p.Add(image.Pt(0, sheet.TextSize+sheet.LineHeight)), facts(r.Width, r.Height, len(r.Body)), textWidth)
	below := p.Add(image.Pt(0, headHeight))
	box := image.Rectangle{Min: below, Max: below.Add(image.Pt(originalBox, originalBox*3/4))}
	page.Picture(box, shown(r.Body))

	right := image.Rect(box.Max.X+gap, box.Max.Y-thumbBox, box.Max.X+gap+thumbBox, box.Max.Y)
	under := image.Pt(p.X, box.Max.Y+sheet.TextSize+3)
	if r.thumb == nil {
		page.Note(under, r.why, textWidth)
		return
	}
	page.Picture(right, shown(r.thumb))
	page.Title(under, r.Thumbnail, textWidth)
	page.Note(under.Add(image.Pt(0, sheet.LineHeight)), facts(r.width, r.height, len(r.thumb)), textWidth)
}

// shown is what a file shows, or nil if that is nothing.
func shown(file []byte) image.Image {
	decoded, err := imaging.Decode(bytes.NewReader(file), imaging.AutoOrientation(true))
	if err != nil {
		return nil
	}
	return decoded
}

// facts says how many pixels and bytes a picture has; one whose pixels nobody knows has bytes only.
func facts(width, height, bytes int) string {
	if width == 0 {
		return size(bytes)
	}
	return pixels(width, height) + ", " + size(bytes)
}
