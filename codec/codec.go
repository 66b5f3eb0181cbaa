// Package codec reads and writes pictures: it finds out what format a file is
// of, decodes it at no more than the size that is needed, and encodes.
//
// Its parts can be used by themselves. format is the table of what there is to
// know of the formats without reading one; raster is what all decoders return;
// each format has a package (heif has two of them), which decodes row by row.
// This package binds each row of the table to its decoder and its encoder: a
// new format is a row there, a line in bindings and a package.
//
// What is ours and not the standard library's is so because it reduces while it
// decodes, is faster by what its package says, or reads what nothing else does;
// the figures are in docs/decisions.md.
package codec

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdgif "image/gif"
	stdjpeg "image/jpeg"
	stdpng "image/png"
	"io"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/bmp"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/gif"
	"s3-thumbnail-creator/codec/heif"
	"s3-thumbnail-creator/codec/jpeg"
	"s3-thumbnail-creator/codec/png"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/tiff"
	"s3-thumbnail-creator/codec/webp"
)

// ErrUnknown says that data is of no format that we know.
var ErrUnknown = errors.New("unknown format")

// codec is what a format is read and written with.
type codec struct {
	open    func(r io.Reader, size int64) (raster.Decoder, error)
	encode  func(w io.Writer, img image.Image, quality int) error // nil where we do not write it
	animate func(quality int) raster.Animator                     // nil where it does not move
}

// bindings has a line for each row of format's table, and no other.
var bindings = map[format.Format]codec{
	format.JPEG: {opener(jpeg.NewDecoder), encodeJPEG, nil},
	format.PNG:  {opener(png.NewDecoder), encodePNG, nil},
	format.GIF:  {opener(gif.NewDecoder), encodeGIF, func(int) raster.Animator { return new(gif.Animator) }},
	format.WebP: {opener(webp.NewDecoder), encodeWebP, func(quality int) raster.Animator { return webp.NewAnimator(quality) }},
	format.BMP:  {opener(bmp.NewDecoder), nil, nil},
	format.TIFF: {opener(tiff.NewDecoder), nil, nil},
	format.AVIF: {opener(heif.NewDecoder), nil, nil},
	format.HEIC: {opener(heif.NewDecoder), nil, nil},
}

// opener widens what a package's constructor returns to the interface.
func opener[D raster.Decoder](open func(io.Reader, int64) (D, error)) func(io.Reader, int64) (raster.Decoder, error) {
	return func(r io.Reader, size int64) (raster.Decoder, error) {
		d, err := open(r, size)
		if err != nil {
			return nil, err // and not a nil D, which would be an interface that is not nil
		}
		return d, nil
	}
}

// Detect reads the first bytes of r and says what format they are of. The reader
// that it returns gives all of r, those bytes included. The error wraps
// ErrUnknown or is that of r.
func Detect(r io.Reader) (format.Format, io.Reader, error) {
	head := make([]byte, format.SniffLength)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", nil, err
	}
	f := format.Sniff(head)
	if f == "" {
		return "", nil, fmt.Errorf("%w: begins with %.16q", ErrUnknown, head)
	}
	return f, io.MultiReader(bytes.NewReader(head), r), nil
}

// NewDecoder reads the header of a picture of the format f, whose file has size
// bytes (0: unknown). The error wraps raster.ErrCorrupt or
// raster.ErrUnsupported, or is that of r.
func NewDecoder(f format.Format, r io.Reader, size int64) (raster.Decoder, error) {
	c, ok := bindings[f]
	if !ok {
		return nil, raster.Unsupportedf("format %q; must be one of %v", f, format.All())
	}
	return c.open(r, size)
}

// Encode writes a picture without any metadata. quality is 1 to 100 and means
// something to JPEG and WebP. JPEG drops alpha; GIF writes an *image.Paletted
// as it is and anything else in the palette that suits it best.
func Encode(w io.Writer, img image.Image, f format.Format, quality int) error {
	c := bindings[f]
	if c.encode == nil {
		return fmt.Errorf("cannot write format %q; must be one of %v", f, format.Written())
	}
	return c.encode(w, img, quality)
}

// NewAnimator returns what writes animations of a format; nil where it does not
// move. quality is that of Encode.
func NewAnimator(f format.Format, quality int) raster.Animator {
	animate := bindings[f].animate
	if animate == nil {
		return nil
	}
	return animate(quality)
}

func encodeJPEG(w io.Writer, img image.Image, quality int) error {
	return stdjpeg.Encode(w, img, &stdjpeg.Options{Quality: quality})
}

func encodePNG(w io.Writer, img image.Image, _ int) error { return stdpng.Encode(w, img) }

func encodeGIF(w io.Writer, img image.Image, _ int) error {
	if _, ok := img.(*image.Paletted); !ok {
		img = gif.Quantize(imaging.Clone(img))
	}
	return stdgif.Encode(w, img, nil)
}

func encodeWebP(w io.Writer, img image.Image, quality int) error {
	m, ok := img.(*image.NRGBA)
	if !ok {
		m = imaging.Clone(img)
	}
	return webp.Encode(w, m, quality)
}
