// Package heif reads the picture of HEIC and AVIF files. Both are ISO base media
// files (ISO/IEC 14496-12, ISO/IEC 23008-12) that hold compressed pictures, how
// they belong together, and their properties.
//
// Of the container are read: coded pictures, grids of them, overlays and
// identities; rotation, mirroring and clean aperture; alpha in an auxiliary
// picture, premultiplied or not; ICC profiles and coded color descriptions of
// the picture or of its first tile. What a file is goes by its coded pictures,
// whatever its brands say.
//
// HEVC, the coding of HEIC, is decoded by our own package hevc: rows of blocks
// go to the reducer as they are decoded, grids tile by tile, so that memory is
// a few rows of blocks or tiles. HEVC is covered by patents in some countries;
// with the build tag nohevc its decoder is left out, and such pictures are
// unsupported. AV1, the coding of AVIF, is decoded by our own package av1 in the
// same way. Of a coded picture that is not whole the upper part is shown; of a
// grid, the tiles that there are.
package heif

import (
	"bytes"
	"io"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

// NewDecoder reads a whole file of size bytes, and the headers in it. The name
// of the format is "heic" or "avif", by what the picture is coded with.
func NewDecoder(r io.Reader, size int64) (raster.Decoder, error) {
	var file bytes.Buffer
	const most = 64 << 20 // of what is made room for before it is there
	file.Grow(int(min(max(size, 0), most)) + bytes.MinRead)
	if _, err := file.ReadFrom(r); err != nil {
		return nil, err
	}
	c, err := parseContainer(file.Bytes())
	if err != nil {
		return nil, err
	}
	primary := c.items[c.primary]
	if primary == nil {
		return nil, raster.Corruptf("no item %d, which is said to be the picture", c.primary)
	}
	switch kind := c.coded(primary); kind {
	case "hvc1":
		return newDecoder(c, primary, format.HEIC)
	case "av01":
		return newDecoder(c, primary, format.AVIF)
	case "":
		return nil, raster.Corruptf("item %d has no coded picture", c.primary)
	default:
		return nil, raster.Unsupportedf("a picture of item type %q, must be hvc1 or av01", kind)
	}
}
