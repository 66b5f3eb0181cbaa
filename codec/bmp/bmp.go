// Package bmp decodes Windows and OS/2 bitmaps to a reduced size.
//
// A bitmap is a file header, an information header that grew over the years
// (and is told apart by its length), a palette, and the rows, usually bottom
// row first. Rows of 4 and 8 bits may be run-length coded.
//
// x/image/bmp (v0.47.0) takes half as long for the whole picture, which is a copy
// of the file (BenchmarkDecode, 2026-11-24). It reads neither run-length coding,
// nor 16 bits, nor OS/2's headers, and allocates what a header of 54
// bytes asks for (golang/go#80169).
//
// Sources: Microsoft, "Bitmap Storage" and the headers BITMAPCOREHEADER to
// BITMAPV5HEADER; IBM, OS/2 "BITMAPINFOHEADER2".
//
// An embedded ICC profile lies behind the pixels; it is in Info after Decode.
//
// Where files leave pixels undefined, or break the rules:
//   - Pixels that run-length coded data skips have the first color of the
//     palette.
//   - The fourth byte of plain 32-bit pixels is no alpha. Where a mask says
//     that there is alpha and all of it is 0, the picture is opaque.
//   - Palettes may be too short or too long, and the offset of the pixels
//     wrong when the palette ends later.
package bmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

const bufferSize = 64 << 10

// Values of the compression field.
const (
	plain          = 0
	rle8           = 1
	rle4           = 2
	bitFields      = 3
	embeddedJPEG   = 4
	embeddedPNG    = 5
	alphaBitFields = 6
	os2Huffman     = 3 // with an OS/2 header
	os2RLE24       = 4
)

// Decoder decodes one bitmap.
type Decoder struct {
	in      *counted
	r       *bufio.Reader
	profile profile
	info    raster.Info
	topDown bool
	depth   int // bits of a pixel
	rle     bool
	palette [][4]uint8
	masks   [4]uint32 // red, green, blue, alpha: of 16 and 32 bits
}

var _ raster.Decoder = (*Decoder)(nil)

// NewDecoder reads the headers and the palette. The size of the file is not
// needed.
func NewDecoder(r io.Reader, _ int64) (*Decoder, error) {
	in := &counted{r: r}
	d := &Decoder{in: in, r: bufio.NewReaderSize(in, bufferSize)}
	if err := d.readHeader(); err != nil {
		return nil, raster.EndOfHeader(err, "bmp: the file ends before its pixels")
	}
	return d, nil
}

// Info implements raster.Decoder.
func (d *Decoder) Info() raster.Info { return d.info }

// Memory implements raster.Decoder.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	fx := raster.BoxFactor(d.info.Width, targetWidth)
	fy := raster.BoxFactor(d.info.Height, targetHeight)
	n := raster.ReducerMemory(raster.RGBA, d.info.Width, d.info.Height, fx, fy, false)
	if d.info.Alpha {
		n *= 2 // see alphaRows
	}
	return n + d.stride() + 4*int64(d.info.Width) + bufferSize + 2*d.profile.size
}

// stride is the number of bytes of a row that is not run-length coded.
func (d *Decoder) stride() int64 {
	return (int64(d.info.Width)*int64(d.depth) + 31) / 32 * 4
}

func (d *Decoder) readHeader() error {
	var file [18]byte
	if _, err := io.ReadFull(d.r, file[:]); err != nil {
		return err
	}
	if file[0] != 'B' || file[1] != 'M' {
		return raster.Corruptf("bmp: the file does not start with BM")
	}
	offset := int64(binary.LittleEndian.Uint32(file[10:]))
	size := int64(binary.LittleEndian.Uint32(file[14:]))
	if size != 12 && (size < 16 || size > 1024) {
		return raster.Unsupportedf("bmp: information header of %d bytes", size)
	}
	// Fields past the end of a short header are zero.
	b := make([]byte, max(size, 124))
	if _, err := io.ReadFull(d.r, b[4:size]); err != nil {
		return err
	}
	pos := 14 + size
	d.info = raster.Info{Format: format.BMP, Frames: 1, Orientation: 1, Model: raster.RGBA}
	h := header{b: b, size: size}
	if err := d.readSize(&h); err != nil {
		return err
	}
	d.readColors(&h)
	n, err := d.readCompression(&h)
	if err != nil {
		return err
	}
	pos += n
	if n, err = d.readPalette(&h, offset-pos); err != nil {
		return err
	}
	pos += n
	if offset > pos {
		_, err = d.r.Discard(int(offset - pos))
	}
	return err
}

// header is an information header of any version.
type header struct {
	b    []byte
	size int64
}

func (h *header) u16(at int) uint16 { return binary.LittleEndian.Uint16(h.b[at:]) }
func (h *header) u32(at int) uint32 { return binary.LittleEndian.Uint32(h.b[at:]) }

// core tells BITMAPCOREHEADER, whose numbers have 16 bits and whose palette
// entries three bytes.
func (h *header) core() bool { return h.size == 12 }

// os2 tells the second version of OS/2, which may be cut short anywhere.
func (h *header) os2() bool { return h.size == 64 || h.size > 12 && h.size < 40 }

func (d *Decoder) readSize(h *header) error {
	var w, height int64
	if h.core() {
		w, height = int64(h.u16(4)), int64(h.u16(6))
		d.depth = int(h.u16(10))
	} else {
		w, height = int64(int32(h.u32(4))), int64(int32(h.u32(8)))
		d.depth = int(h.u16(14))
	}
	if height < 0 {
		d.topDown, height = true, -height
	}
	if w <= 0 || height == 0 {
		return raster.Corruptf("bmp: %d x %d pixels", w, height)
	}
	d.info.Width, d.info.Height = int(w), int(height)
	switch d.depth {
	case 1, 2, 4, 8, 16, 24, 32:
		return nil
	}
	return raster.Unsupportedf("bmp: %d bits a pixel, must be 1, 2, 4, 8, 16, 24 or 32", d.depth)
}

// readCompression settles how pixels are coded and returns the number of bytes
// read after the header.
func (d *Decoder) readCompression(h *header) (int64, error) {
	compression := uint32(plain)
	if !h.core() {
		compression = h.u32(16)
	}
	switch d.depth {
	case 16:
		d.masks = [4]uint32{0x7c00, 0x03e0, 0x001f, 0}
	case 32:
		d.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
	}
	switch {
	case compression == plain:
		return 0, nil
	case compression == rle8 && d.depth == 8, compression == rle4 && d.depth == 4,
		compression == os2RLE24 && h.os2() && d.depth == 24:
		d.rle = true
		return 0, nil
	case h.os2() && compression == os2Huffman:
		return 0, raster.Unsupportedf("bmp: OS/2 Huffman compression")
	case (compression == bitFields || compression == alphaBitFields) && (d.depth == 16 || d.depth == 32):
		return d.readMasks(h, compression)
	case compression == embeddedJPEG, compression == embeddedPNG:
		return 0, raster.Unsupportedf("bmp: a JPEG or PNG file in a bitmap (compression %d)", compression)
	}
	return 0, raster.Unsupportedf("bmp: compression %d with %d bits a pixel", compression, d.depth)
}

// readMasks reads the masks of the channels, which newer headers contain and
// which follow an older one.
func (d *Decoder) readMasks(h *header, compression uint32) (int64, error) {
	count, inHeader := 3, 0
	if compression == alphaBitFields {
		count = 4
	}
	if h.size >= 52 {
		inHeader = 3
	}
	if h.size >= 56 {
		count, inHeader = 4, 4
	}
	extra := make([]byte, 4*max(count-inHeader, 0))
	if _, err := io.ReadFull(d.r, extra); err != nil {
		return 0, err
	}
	d.masks = [4]uint32{}
	for i := range count {
		if i < inHeader {
			d.masks[i] = h.u32(40 + 4*i)
		} else {
			d.masks[i] = binary.LittleEndian.Uint32(extra[4*(i-inHeader):])
		}
	}
	if d.masks[0]|d.masks[1]|d.masks[2] == 0 {
		return 0, raster.Corruptf("bmp: no bit of a pixel belongs to a color")
	}
	d.info.Alpha = d.masks[3] != 0
	return int64(len(extra)), nil
}

// readPalette reads the colors of a picture of up to 8 bits, of which there is
// room for the given number of bytes before the pixels. It returns the number
// of bytes read.
func (d *Decoder) readPalette(h *header, room int64) (int64, error) {
	if d.depth > 8 {
		return 0, nil
	}
	entry, count := int64(4), int64(1)<<d.depth
	if h.core() {
		entry = 3
	} else if used := int64(h.u32(32)); used > 0 && used < count {
		count = used
	}
	if room >= entry && room < entry*count {
		count = room / entry
	}
	b := make([]byte, entry*count)
	if _, err := io.ReadFull(d.r, b); err != nil {
		return 0, err
	}
	for ; len(b) > 0; b = b[entry:] {
		d.palette = append(d.palette, [4]uint8{b[2], b[1], b[0], 255})
	}
	return entry * count, nil
}

// broken tells data that ends from an error of the source.
func broken(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)
}
