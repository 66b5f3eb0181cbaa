// Package tiff decodes TIFF pictures to a reduced size.
//
// A TIFF file is a directory (IFD) of tagged values, which may lie anywhere,
// and says where in the file the pixels lie: in strips of rows or in tiles,
// each compressed on its own. The decoder reads the file into memory only as
// far as it needs, opens one strip or tile after the other, and averages its
// rows into the reduced picture.
//
// Sources: TIFF Revision 6.0, Adobe 1992; Adobe Photoshop TIFF Technical Notes
// (2002) for Deflate and JPEG; TIFF Technical Note 2 for JPEG; the BigTIFF
// design of AWare Systems for files with 64-bit offsets.
//
// Compressions: none, CCITT (modified Huffman, Group 3 and 4), LZW, Deflate,
// JPEG (the one of TIFF 6.0, too), PackBits, Zstandard. Pixels: gray, RGB, palette, CMYK, YCbCr, L*a*b*,
// of 1 to 16 bits, 32-bit integers, floats of 16, 32 and 64 bits, interleaved or in planes, with
// alpha. The first directory that holds a picture in full resolution is shown.
//
// Of these x/image/tiff (v0.47.0) reads neither JPEG, Zstandard and modified
// Huffman, nor L*a*b*, floats, planes and BigTIFF. Where both read, this takes
// 0.45 times as long for Deflate, reduction included (BenchmarkDecode,
// 2026-11-24).
package tiff

import (
	"errors"
	"io"
	"slices"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/icc"
	"s3-thumbnail-creator/codec/internal/inflate"
	"s3-thumbnail-creator/codec/internal/lzw"
	"s3-thumbnail-creator/codec/raster"
)

// Decoder decodes one picture of a TIFF file.
type Decoder struct {
	src  *source
	size int64 // of the file, 0 where unknown
	lay  *layout
	info raster.Info
}

var _ raster.Decoder = (*Decoder)(nil)

// NewDecoder reads the file up to the directory of the picture. The size of the
// file is a hint for Memory.
func NewDecoder(r io.Reader, size int64) (*Decoder, error) {
	src := &source{r: r, hint: max(size, 0)}
	lay, err := findPicture(src)
	if err != nil {
		return nil, err
	}
	d := &Decoder{src: src, size: max(size, 0), lay: lay}
	d.info = raster.Info{
		Format: format.TIFF, Width: lay.width, Height: lay.height, Frames: 1, Model: lay.model(),
		Gray: lay.isGray(), Alpha: lay.alpha != noAlpha && lay.photometric != cmyk, Orientation: lay.orientation, ICC: lay.icc,
	}
	return d, nil
}

// Info implements raster.Decoder.
func (d *Decoder) Info() raster.Info { return d.info }

// Memory implements raster.Decoder. The file itself counts where all of it has
// to be in memory.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	l := d.lay
	fx := raster.BoxFactor(l.width, targetWidth)
	fy := raster.BoxFactor(l.height, targetHeight)
	n := raster.ReducerMemory(l.model(), l.width, l.height, fx, fy, false)
	if bands := int64(min(l.segmentHeight, l.height)/fy + 1); l.segmentWidth < l.width {
		n += bands * 28 * int64(l.width/fx+1) // tiles leave a row of bands open
	}
	row := int64(l.rowBytes())
	segment := int64(min(float64(row)*float64(min(l.segmentHeight, l.height)), 1<<50))
	planes := int64(l.planes())
	switch l.compression {
	case compressionDeflate, compressionDeflateOld:
		n += planes * inflate.Memory(int(row))
	case compressionLZW:
		n += planes * lzw.Memory(int(row), segment)
	case compressionJPEG:
		n += planes * 5 * segment
	case compressionZstd:
		n += planes * (zstdMemory + l.zstdWindow() + row)
	}
	file := int64(cap(d.src.buf)) + row
	if !l.sequential {
		file = max(d.size, file)
	}
	if l.compression == compressionJPEG { // mergeJPEG copies a strip or tile, or all where its length is not known
		longest := d.size
		if len(l.counts) > 0 && slices.Min(l.counts) > 0 {
			longest = int64(min(slices.Max(l.counts), 1<<40))
		}
		file += longest
	}
	return n + file + 4*row*planes + 8*int64(l.segmentWidth) + 16*int64(len(l.offsets))
}

// Decode implements raster.Decoder. It can be called once.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	l := d.lay
	fx := raster.BoxFactor(l.width, targetWidth)
	fy := raster.BoxFactor(l.height, targetHeight)
	p := &picture{
		src: d.src, lay: l, conv: newConverter(l),
		red: raster.NewReducer(l.model(), l.width, l.height, fx, fy),
	}
	defer p.close()
	defer d.src.release()
	if err := p.decode(); err != nil {
		return nil, err
	}
	if p.rows == 0 {
		if errors.Is(p.damage, raster.ErrUnsupported) {
			return nil, p.damage
		}
		return nil, raster.Corruptf("tiff: no row can be decoded: %v", p.damage)
	}
	m := p.red.Image()
	if l.isLab() {
		icc.Lab(m.Pix)
	}
	return m, nil
}
