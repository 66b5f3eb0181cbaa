package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/local/sheet"
)

// The contact sheet has a row for each file: the picture, its thumbnails, and beside each the one in the bucket, where
// they are compared. All measures are in pixels.
const (
	tileBox      = 256 // what is larger is shown smaller
	tileGap      = 16
	tileHead     = 2*sheet.LineHeight + 6
	tileWidth    = tileBox + tileGap
	tileHeight   = tileHead + tileBox + tileGap
	sheetQuality = 85
)

// tile is a picture on the sheet.
type tile struct {
	title, note string
	picture     image.Image
}

// contactSheet gathers rows of tiles.
type contactSheet struct{ rows [][]tile }

// add adds the row of a file.
func (c *contactSheet) add(ctx context.Context, all []made) error {
	first := all[0]
	file, err := os.Open(first.File)
	if err != nil {
		return err
	}
	defer file.Close()
	picture, err := fitted(ctx, file, first.Source.Bytes, tileBox)
	if err != nil {
		return err
	}
	row := []tile{{filepath.Base(first.File), facts(first.Source), picture}}
	for _, t := range all {
		small, err := fitted(ctx, bytes.NewReader(t.body), int64(len(t.body)), tileBox)
		if err != nil {
			return err
		}
		row = append(row, tile{t.Variant, facts(t.Thumbnail), small})
		if t.Compared != nil {
			row = append(row, tile{"in the bucket", t.Compared.String(), t.Compared.picture})
		}
	}
	c.rows = append(c.rows, row)
	return nil
}

// addFailed adds the row of a file that has no thumbnails.
func (c *contactSheet) addFailed(path string, why error) {
	c.rows = append(c.rows, []tile{{title: filepath.Base(path), note: why.Error()}})
}

func facts(s sizes) string {
	return fmt.Sprintf("%v, %s", s, console.Bytes(s.Bytes))
}

// draw draws the rows one below the other.
func (c *contactSheet) draw() (*sheet.Page, error) {
	columns := 0
	for _, row := range c.rows {
		columns = max(columns, len(row))
	}
	page, err := sheet.New(tileGap+columns*tileWidth, tileGap+len(c.rows)*tileHeight)
	if err != nil {
		return nil, err
	}
	for y, row := range c.rows {
		for x, t := range row {
			at := image.Pt(tileGap+x*tileWidth, tileGap+y*tileHeight)
			page.Title(at.Add(image.Pt(0, sheet.TextSize)), t.title, tileBox)
			page.Note(at.Add(image.Pt(0, sheet.TextSize+sheet.LineHeight)), t.note, tileBox)
			box := image.Rect(at.X, at.Y+tileHead, at.X+tileBox, at.Y+tileHead+tileBox)
			if t.picture != nil { // at the top, below its text
				size := t.picture.Bounds().Size()
				box.Max.Y = box.Min.Y + min(tileBox, size.Y*tileBox/max(size.X, size.Y, tileBox))
			}
			page.Picture(box, t.picture)
		}
	}
	return page, nil
}
