// Package sheet draws contact sheets: pictures and lines of text on a white page. All measures are in pixels.
package sheet

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

const (
	// TextSize is the height of the letters, and LineHeight the distance of two lines.
	TextSize   = 13
	LineHeight = 17
)

var (
	ink  = image.NewUniform(color.Gray{Y: 0x20})
	pale = image.NewUniform(color.Gray{Y: 0x70})
	void = image.NewUniform(color.Gray{Y: 0xe8}) // where a picture cannot be shown
)

// Page is the page that is drawn.
type Page struct {
	*image.RGBA
	regular, bold font.Face
}

// New returns a white page.
func New(width, height int) (*Page, error) {
	regular, err := face(goregular.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := face(gobold.TTF)
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	return &Page{canvas, regular, bold}, nil
}

func face(ttf []byte) (font.Face, error) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("read the contact sheet's font: %w", err)
	}
	return opentype.NewFace(parsed, &opentype.FaceOptions{Size: TextSize, DPI: 72, Hinting: font.HintingFull})
}

// Title writes a line in bold letters whose baseline starts at a point, cut to the width.
func (p *Page) Title(at image.Point, text string, width int) { p.text(p.bold, ink, at, text, width) }

// Note writes a pale line likewise.
func (p *Page) Note(at image.Point, text string, width int) { p.text(p.regular, pale, at, text, width) }

func (p *Page) text(f font.Face, c image.Image, at image.Point, text string, width int) {
	d := font.Drawer{Dst: p, Src: c, Face: f, Dot: fixed.P(at.X, at.Y)}
	d.DrawString(shorten(f, text, width))
}

// Picture draws a picture as large as fits in the box, at its bottom left; nil, for one that cannot be shown, is gray.
func (p *Page) Picture(box image.Rectangle, picture image.Image) {
	if picture == nil {
		draw.Draw(p, box, void, image.Point{}, draw.Src)
		return
	}
	small := imaging.Fit(picture, box.Dx(), box.Dy(), imaging.Lanczos)
	at := image.Rect(box.Min.X, box.Max.Y-small.Rect.Dy(), box.Min.X+small.Rect.Dx(), box.Max.Y)
	draw.Draw(p, at, small, image.Point{}, draw.Over)
}

// Save writes the page as a JPEG of that quality, and the folders above it that there are not.
func (p *Page) Save(path string, quality int) error {
	var encoded bytes.Buffer
	if err := jpeg.Encode(&encoded, p, &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("encode the contact sheet: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("save the contact sheet: %w", err)
	}
	if err := os.WriteFile(path, encoded.Bytes(), 0o644); err != nil {
		return fmt.Errorf("save the contact sheet: %w", err)
	}
	return nil
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
