// Package raster holds what all decoders share: the facts of a header, the
// reduced picture that comes out of a decoder, and the Reducer that averages
// rows into it while they are decoded.
//
// A decoder never returns a picture larger than it needs to: it is told the
// size that the largest thumbnail will be resampled to, and reduces by a whole
// factor on the way (see BoxFactor), so that no resampling filter ever sees
// all the pixels of a photograph.
package raster

import (
	"errors"
	"fmt"
	"image"
	"io"

	"s3-thumbnail-creator/codec/format"
)

// ErrCorrupt says that the data breaks its format's rules so early that
// nothing can be shown.
var ErrCorrupt = errors.New("corrupt picture")

// ErrUnsupported says that the data is well formed, of a kind that the decoder
// does not read.
var ErrUnsupported = errors.New("unsupported picture")

// Corruptf returns an error that wraps ErrCorrupt and names what was wrong.
func Corruptf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Unsupportedf returns an error that wraps ErrUnsupported and names what is
// not supported.
func Unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// EndOfHeader makes of an error that the data has ended, before any pixel has
// come, one that wraps ErrCorrupt and says so in the given words. Any other
// error stays what it is.
func EndOfHeader(err error, words string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Corruptf("%s", words)
	}
	return err
}

// Model says what the bytes of a pixel mean. Samples have 8 bits.
type Model uint8

const (
	Gray Model = iota // 1 byte: 0 black, 255 white
	RGBA              // 4 bytes: red, green, blue, alpha; not premultiplied
	CMYK              // 4 bytes: cyan, magenta, yellow, black; 0 is no ink
)

// Bytes is the number of bytes of a pixel.
func (m Model) Bytes() int {
	if m == Gray {
		return 1
	}
	return 4
}

// Info is what the header of a picture says, before any pixel is decoded.
type Info struct {
	Format        format.Format
	Width, Height int    // pixels as stored, before Orientation is applied
	Frames        int    // frames in the file where the header tells, at least 1; only the first is shown
	Model         Model  // model of the Image that Decode returns
	Gray          bool   // pixels have no color, though Model may be RGBA for their alpha
	Alpha         bool   // pixels may be transparent
	Orientation   int    // EXIF orientation 1-8; 1 where none is given
	ICC           []byte // embedded ICC profile; nil where none
	Colors        Colors // where there is no ICC profile
	Progressive   bool   // interlaced or progressive
}

// Colors says what the values of a picture stand for. What is zero is as in sRGB.
type Colors struct {
	Primaries [4][2]float64 // CIE 1931 x and y of red, green, blue and white
	Gamma     float64       // the values are light to this power; 1/2.2 is usual
	Transfer  int           // code point of ITU-T H.273, table 3; goes before Gamma
}

// Image is a decoded picture, reduced or not, rows top to bottom without gaps.
type Image struct {
	Model         Model
	Width, Height int    // pixels
	Pix           []byte // Width*Height*Model.Bytes() bytes
	Truncated     bool   // the data ended or broke before the last row; what was there is shown

	// CoverX and CoverY are the lengths, in pixels of this Image, that the
	// picture covers: 4001 pixels averaged by eight make 501 columns, of which
	// 500.125 are covered. Resampling from the covered part alone keeps the
	// thumbnail from being shifted and stretched by a fraction of a pixel.
	CoverX, CoverY float64
}

// Decoder reads one picture. A constructor (NewDecoder in each format's
// package) has read the header; nothing of the size of the picture has been
// allocated yet.
type Decoder interface {
	// Info returns what the header says. An ICC profile that lies behind the
	// pixels (BMP) is in it after Decode.
	Info() Info

	// Memory estimates the bytes that Decode will have allocated at its peak,
	// the returned Image included, from what the header says.
	Memory(targetWidth, targetHeight int) int64

	// Decode returns the picture, reduced by whole factors as far as a
	// resampling to targetWidth x targetHeight (pixels, in stored orientation)
	// bears without visible loss; never below the target, unless the picture
	// itself is. Errors wrap ErrCorrupt or ErrUnsupported, or are those of
	// the reader. Data that ends early is no error once a row was decoded.
	Decode(targetWidth, targetHeight int) (*Image, error)
}

// BoxFactor returns the whole number by which a length of size pixels may be
// box-averaged before it is resampled to target pixels: what is left is at
// least twice the target, so that the resampling filter decides the sharpness
// and the box is not seen. It is at least 1 and at most MaxFactor.
func BoxFactor(size, target int) int {
	if target < 1 {
		target = 1
	}
	return min(max(size/(2*target), 1), MaxFactor)
}

// NewImage allocates a picture of zero bytes that is covered whole.
func NewImage(m Model, width, height int) *Image {
	return &Image{
		Model: m, Width: width, Height: height,
		Pix:    make([]byte, width*height*m.Bytes()),
		CoverX: float64(width), CoverY: float64(height),
	}
}

// Standard returns the picture as the standard library's type, sharing Pix.
// A CMYK picture must have been converted before.
func (m *Image) Standard() image.Image {
	r := image.Rect(0, 0, m.Width, m.Height)
	if m.Model == Gray {
		return &image.Gray{Pix: m.Pix, Stride: m.Width, Rect: r}
	}
	return &image.NRGBA{Pix: m.Pix, Stride: 4 * m.Width, Rect: r}
}
