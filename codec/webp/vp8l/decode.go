// Package vp8l decodes and encodes lossless WebP pictures ("WebP lossless
// bitstream specification", RFC 9649 section 3).
//
// A picture is a run of pixels in ARGB order, coded as literals, copies of
// earlier pixels and references to a cache of recent colors, with prefix codes
// that may differ by tile. Before that up to four transforms have made the
// pixels easier to code: prediction from neighbors, subtraction of what green
// tells of red and blue, and a palette.
package vp8l

import "s3-thumbnail-creator/codec/raster"

// HeaderSize is the number of bytes that ParseHeader looks at.
const HeaderSize = 5

// Header is the header of a lossless picture.
type Header struct {
	Width, Height int  // pixels, 1 to 16384
	Alpha         bool // a hint that pixels may be transparent
}

// ParseHeader reads the first HeaderSize bytes of a picture. Errors wrap
// raster.ErrCorrupt or raster.ErrUnsupported.
func ParseHeader(data []byte) (Header, error) {
	if len(data) < HeaderSize {
		return Header{}, raster.Corruptf("VP8L picture of %d bytes ends within its header of %d", len(data), HeaderSize)
	}
	if data[0] != 0x2f {
		return Header{}, raster.Corruptf("VP8L picture starts with %#02x, not with 0x2f", data[0])
	}
	r := bitReader{data: data[1:HeaderSize]}
	h := Header{Width: 1 + int(r.bits(14)), Height: 1 + int(r.bits(14)), Alpha: r.bits(1) == 1}
	if v := r.bits(3); v != 0 {
		return Header{}, raster.Unsupportedf("VP8L picture of version %d; only 0 is defined", v)
	}
	return h, nil
}

// Memory estimates the most bytes that decoding a picture allocates: the
// history, and the tables of transforms and groups in the finest tiles.
func Memory(width, height int) int64 {
	size := int64(width) * int64(height)
	history := min(size, maxHistory)
	return 4*history + size/16*(4+4+4+2) + int64(width)*16 + 1<<20
}

// Rows decodes a picture and passes its rows to emit, top to bottom, as pixels
// with alpha in the topmost byte, then red, green and blue, in a buffer that is
// reused. It returns the number of rows that were passed: less than the
// picture's height where the data ends or breaks early. It is an error, which
// wraps raster.ErrCorrupt or raster.ErrUnsupported, if there is none.
func Rows(data []byte, emit func(y int, argb []uint32)) (int, error) {
	h, err := ParseHeader(data)
	if err != nil {
		return 0, err
	}
	return decode(data[HeaderSize:], h.Width, h.Height, emit)
}

// AlphaRows is Rows for the alpha of a lossy picture, which has no header: the
// green of the pixels is their alpha.
func AlphaRows(data []byte, width, height int, emit func(y int, argb []uint32)) (int, error) {
	return decode(data, width, height, emit)
}

func decode(data []byte, width, height int, emit func(y int, argb []uint32)) (int, error) {
	r := &bitReader{data: data}
	transforms, coded, err := readTransforms(r, width, height)
	if err != nil {
		return 0, err
	}
	p, err := newPixels(r, coded, height, true)
	if err != nil {
		return 0, err
	}
	defer p.release()
	row := make([]uint32, width)
	return p.decode(func(y, start int) {
		// A row may wrap around the end of the ring.
		n := copy(row[:coded], p.ring[start&p.mask:])
		copy(row[n:coded], p.ring)
		for i := len(transforms) - 1; i >= 0; i-- {
			transforms[i].invert(y, row)
		}
		emit(y, row)
	})
}

// readTransforms reads the transforms that were applied (specification, section
// 4), in that order, and the width of the coded picture.
func readTransforms(r *bitReader, width, height int) ([]*transform, int, error) {
	var list []*transform
	seen := 0
	for r.bits(1) == 1 {
		t := &transform{kind: int(r.bits(2)), width: width}
		if seen&(1<<t.kind) != 0 {
			return nil, 0, raster.Corruptf("VP8L transform %d occurs twice", t.kind)
		}
		seen |= 1 << t.kind
		var err error
		switch t.kind {
		case kindPredictor, kindCrossColor:
			t.bits = 2 + uint(r.bits(3))
			t.tilesWide = tiles(width, t.bits)
			t.data, err = decodeTable(r, t.tilesWide, tiles(height, t.bits))
			if t.kind == kindPredictor {
				t.above = make([]uint32, width+1)
			}
		case kindPalette:
			t.data, err = readPalette(r)
			t.bits = packing(len(t.data))
			width = tiles(width, t.bits)
		}
		if err != nil {
			return nil, 0, err
		}
		if r.overrun() {
			return nil, 0, raster.Corruptf("VP8L data ends within its transforms")
		}
		list = append(list, t)
	}
	return list, width, nil
}

// readPalette reads the colors of a palette, each coded as the difference from
// the one before.
func readPalette(r *bitReader) ([]uint32, error) {
	n := 1 + int(r.bits(8))
	palette, err := decodeTable(r, n, 1)
	if err != nil {
		return nil, err
	}
	for i := 1; i < n; i++ {
		palette[i] = addPixels(palette[i], palette[i-1])
	}
	return palette, nil
}

// packing returns the logarithm of the number of indices into a palette of n
// colors that a pixel holds.
func packing(n int) uint {
	switch {
	case n <= 2:
		return 3
	case n <= 4:
		return 2
	case n <= 16:
		return 1
	}
	return 0
}
