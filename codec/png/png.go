// Package png decodes PNG pictures to a reduced size.
//
// A PNG file is a signature and a row of chunks. IHDR says what the pixels
// are, a few others how to read them (PLTE, tRNS, cICP, iCCP, sRGB, gAMA, cHRM, eXIf), and
// the IDAT chunks together hold one zlib stream of rows, each preceded by the
// number of the filter that predicts its bytes from the row above and the
// pixel to the left. The rows are averaged into the reduced picture as they
// are decoded: two rows and the window of the decompressor are all that is in
// memory besides.
//
// Reduction included, it takes 0.5 times as long as image/png on RGB and 0.8
// times on palettes and interlaced pictures (BenchmarkDecode, 2026-11-24).
//
// Source: Portable Network Graphics (PNG) Specification, third edition, W3C.
// Section numbers in this package are those of the third edition.
//
// Checksums are not compared: what is damaged shows up as broken data anyway,
// and what is not is worth showing. An animated PNG's default image is decoded.
package png

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/internal/inflate"
	"s3-thumbnail-creator/codec/raster"
)

const (
	signature  = "\x89PNG\r\n\x1a\n"
	bufferSize = 64 << 10
)

// Color types: section 11.2.1.
const (
	typeGray      = 0
	typeRGB       = 2
	typePalette   = 3
	typeGrayAlpha = 4
	typeRGBA      = 6
)

// Decoder decodes one PNG picture.
type Decoder struct {
	chunks    chunkReader
	info      raster.Info
	colorType uint8
	depth     int // bits of a sample
	palette   [][4]uint8
	key       []uint16 // the color that is transparent, at full depth; nil where none
}

var _ raster.Decoder = (*Decoder)(nil)

// NewDecoder reads the chunks before the first IDAT chunk. The size of the file
// is not needed.
func NewDecoder(r io.Reader, _ int64) (*Decoder, error) {
	d := &Decoder{chunks: chunkReader{r: bufio.NewReaderSize(r, bufferSize)}}
	if err := d.readHeader(); err != nil {
		return nil, raster.EndOfHeader(err, "png: the file ends before its first IDAT chunk")
	}
	return d, nil
}

// Info implements raster.Decoder.
func (d *Decoder) Info() raster.Info { return d.info }

// Memory implements raster.Decoder.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	fx := raster.BoxFactor(d.info.Width, targetWidth)
	fy := raster.BoxFactor(d.info.Height, targetHeight)
	row := int64(d.rowBytes(d.info.Width))
	return raster.ReducerMemory(d.info.Model, d.info.Width, d.info.Height, fx, fy, d.info.Progressive) +
		inflate.Memory(0) + 3*row + 4*int64(d.info.Width) + bufferSize
}

// Decode implements raster.Decoder.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	fx := raster.BoxFactor(d.info.Width, targetWidth)
	fy := raster.BoxFactor(d.info.Height, targetHeight)
	red := raster.NewReducer(d.info.Model, d.info.Width, d.info.Height, fx, fy)
	z := inflate.NewReader(&d.chunks)
	defer z.Close()
	p := &picture{
		d: d, red: red, z: z,
		cur:  make([]byte, d.rowBytes(d.info.Width)),
		prev: make([]byte, d.rowBytes(d.info.Width)),
		conv: d.converter(),
	}
	err := p.decode()
	if err != nil && !broken(err) {
		return nil, err
	}
	if p.rows == 0 {
		return nil, raster.Corruptf("png: no row can be decoded: %v", err)
	}
	img := red.Image()
	if img.Truncated && d.info.Progressive {
		p.fillGaps(img, fx, fy)
	}
	return img, nil
}

// broken tells data that ends or breaks from an error of the source.
func broken(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, inflate.ErrCorrupt) ||
		errors.Is(err, raster.ErrCorrupt)
}

// samples is the number of samples of a pixel.
func (d *Decoder) samples() int {
	switch d.colorType {
	case typeRGB:
		return 3
	case typeGrayAlpha:
		return 2
	case typeRGBA:
		return 4
	}
	return 1
}

// rowBytes is the number of bytes of a row of n pixels, without its filter.
func (d *Decoder) rowBytes(n int) int { return (n*d.samples()*d.depth + 7) / 8 }

// picture is the state of decoding the rows.
type picture struct {
	d         *Decoder
	red       *raster.Reducer
	z         *inflate.Reader
	cur, prev []byte
	conv      converter
	rows      int // rows decoded, of all passes
	pass      int // the pass of the last row decoded, and
	passRow   int // its number in the pass
}

func (p *picture) decode() error {
	if p.d.info.Progressive {
		return p.decodePasses()
	}
	n := len(p.cur)
	for y := range p.d.info.Height {
		row, err := p.row(n)
		if err != nil {
			return err
		}
		p.conv.add(p.red, 0, y, 1, row, p.d.info.Width)
	}
	return nil
}

// row decodes the next row, of n bytes. It is valid until the next call.
func (p *picture) row(n int) ([]byte, error) {
	raw, err := p.z.Next(1 + n)
	if err != nil {
		return nil, err
	}
	p.cur, p.prev = p.prev, p.cur
	bpp := max(p.d.samples()*p.d.depth/8, 1)
	if !unfilter(raw[0], p.cur[:n], raw[1:], p.prev[:n], bpp) {
		return nil, raster.Corruptf("png: filter %d, must be from 0 to 4", raw[0])
	}
	p.rows++
	return p.cur[:n], nil
}

// checkDepth holds the depths that each color type allows: section 11.2.1,
// table 12.
func checkDepth(colorType uint8, depth int) bool {
	switch colorType {
	case typeGray:
		return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16
	case typePalette:
		return depth == 1 || depth == 2 || depth == 4 || depth == 8
	case typeRGB, typeGrayAlpha, typeRGBA:
		return depth == 8 || depth == 16
	}
	return false
}

func (d *Decoder) readIHDR(b []byte) error {
	if len(b) < 13 {
		return raster.Corruptf("png: IHDR chunk of %d bytes, must have 13", len(b))
	}
	w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || h == 0 || w > 1<<31-1 || h > 1<<31-1 {
		return raster.Corruptf("png: %d x %d pixels, must be from 1 to 2^31-1 a side", w, h)
	}
	d.depth, d.colorType = int(b[8]), b[9]
	if !checkDepth(d.colorType, d.depth) {
		return raster.Corruptf("png: color type %d with %d bits", d.colorType, d.depth)
	}
	if b[10] != 0 || b[11] != 0 {
		return raster.Unsupportedf("png: compression method %d and filter method %d, must both be 0", b[10], b[11])
	}
	if b[12] > 1 {
		return raster.Unsupportedf("png: interlace method %d, must be 0 or 1", b[12])
	}
	d.info = raster.Info{
		Format: format.PNG, Width: int(w), Height: int(h), Frames: 1, Orientation: 1,
		Model: raster.RGBA, Alpha: d.colorType == typeGrayAlpha || d.colorType == typeRGBA,
		Progressive: b[12] == 1,
	}
	return nil
}
