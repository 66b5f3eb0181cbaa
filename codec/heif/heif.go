// Package heif reads the first image of AVIF and HEIC files. Both are ISO base
// media files (ISO/IEC 14496-12, ISO/IEC 23008-12) that hold one compressed
// frame and its properties; this package reads the properties, so that limits
// can be checked, and leaves the frame to libavif and libheif, which run as
// WebAssembly and are compiled when the first such file comes.
package heif

import (
	"bytes"
	"image"
	"image/draw"
	"io"

	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

// Decoder implements raster.Decoder.
type Decoder struct {
	file   []byte
	header header
	info   raster.Info
	decode func(io.Reader) (image.Image, error)
}

// NewAVIF reads a whole AVIF file and its header.
func NewAVIF(r io.Reader, size int64) (*Decoder, error) {
	return newDecoder(r, format.AVIF, avif.Decode)
}

// NewHEIC reads a whole HEIC file and its header.
func NewHEIC(r io.Reader, size int64) (*Decoder, error) {
	return newDecoder(r, format.HEIC, heic.Decode)
}

func newDecoder(r io.Reader, f format.Format, decode func(io.Reader) (image.Image, error)) (*Decoder, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(file)
	if err != nil {
		return nil, err
	}
	d := &Decoder{file: file, header: h, decode: decode}
	d.info = raster.Info{
		Format: f, Width: h.width, Height: h.height, Frames: 1,
		Model: raster.RGBA, Alpha: h.alpha, Orientation: h.orientation(), ICC: h.icc,
	}
	if f == format.HEIC {
		// libheif has turned the picture; see Decode.
		d.info.Orientation = 1
		if h.rotation&1 == 1 {
			d.info.Width, d.info.Height = h.height, h.width
		}
		if d.info.Width < minHEICWidth {
			return nil, raster.Unsupportedf("HEIC of %d pixels width, at least %d are needed", d.info.Width, minHEICWidth)
		}
	}
	return d, nil
}

// minHEICWidth is the width below which gen2brain/heic v0.4.4 garbles the
// picture: libheif pads the rows of a chroma plane to at least 64 bytes, which
// the package does not expect.
const minHEICWidth = 128

// Info implements raster.Decoder.
func (d *Decoder) Info() raster.Info { return d.info }

// fixedMemory and pixelMemory estimate what the WebAssembly libraries take:
// their compiled code, and per pixel the planes of the decoder with their
// borders, the result and our copy of it. Measured with /usr/bin/time on
// pictures of 1 to 12 megapixels.
const (
	fixedMemory = 48 << 20
	pixelMemory = 16
)

// Memory implements raster.Decoder.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	return fixedMemory + 2*int64(len(d.file)) + pixelMemory*int64(d.info.Width)*int64(d.info.Height)
}

// Decode implements raster.Decoder. The decoders have no reduced mode.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	img, err := d.decode(bytes.NewReader(d.file))
	if err != nil {
		return nil, raster.Corruptf("%s: %v", d.info.Format, err)
	}
	b := img.Bounds()
	if b.Dx() != d.info.Width || b.Dy() != d.info.Height {
		return nil, raster.Corruptf("%s: %dx%d pixels where the header says %dx%d",
			d.info.Format, b.Dx(), b.Dy(), d.info.Width, d.info.Height)
	}
	fx, fy := raster.BoxFactor(b.Dx(), targetWidth), raster.BoxFactor(b.Dy(), targetHeight)
	out := raster.NewReducer(raster.RGBA, b.Dx(), b.Dy(), fx, fy)
	row := make([]byte, 4*b.Dx())
	for y := range b.Dy() {
		d.row(row, img, b.Min.Y+y)
		out.AddRGBA(0, y, row)
	}
	return out.Image(), nil
}

// row converts one row to RGBA, not premultiplied.
func (d *Decoder) row(out []byte, img image.Image, y int) {
	switch m := img.(type) {
	case *image.NRGBA:
		copy(out, m.Pix[m.PixOffset(m.Rect.Min.X, y):])
	case *image.YCbCr:
		d.header.convert(out, m, y)
	default:
		b := img.Bounds()
		line := &image.NRGBA{Pix: out, Stride: len(out), Rect: image.Rect(0, 0, b.Dx(), 1)}
		draw.Draw(line, line.Rect, img, image.Pt(b.Min.X, y), draw.Src)
	}
}

// convert converts one row of YCbCr by the matrix and range that the file
// gives. Source: ITU-T H.273, tables 3 and 4, equations 41 to 46.
func (h *header) convert(out []byte, m *image.YCbCr, y int) {
	kr, kb := 0.299, 0.114 // BT.601
	switch h.matrix {
	case 1: // BT.709
		kr, kb = 0.2126, 0.0722
	case 9: // BT.2020
		kr, kb = 0.2627, 0.0593
	}
	offset, luma, chroma := 0.0, 1.0, 1.0
	if h.limitedRange {
		offset, luma, chroma = 16, 255.0/219, 255.0/224
	}
	red, blue := 2*(1-kr)*chroma, 2*(1-kb)*chroma
	greenB, greenR := blue*kb/(1-kr-kb), red*kr/(1-kr-kb)
	for x := range m.Rect.Dx() {
		at, ct := m.YOffset(m.Rect.Min.X+x, y), m.COffset(m.Rect.Min.X+x, y)
		l := (float64(m.Y[at]) - offset) * luma
		cb, cr := float64(m.Cb[ct])-128, float64(m.Cr[ct])-128
		p := out[4*x : 4*x+4 : 4*x+4]
		p[0], p[1], p[2], p[3] = clamp8(l+red*cr), clamp8(l-greenB*cb-greenR*cr), clamp8(l+blue*cb), 255
	}
}

func clamp8(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
