package png

import (
	"s3-thumbnail-creator/codec/raster"
)

// converter turns rows as stored into runs of pixels that a Reducer takes.
type converter struct {
	kind    kind
	depth   int
	palette *raster.Palette // of kind indexed
	key     []uint16        // the transparent color of kinds that have one
	buf     []byte          // one row, converted
}

type kind uint8

const (
	plainGray kind = iota // 1 to 8 bits
	plainRGB              // 8 bits
	plainRGBA             // 8 bits
	indexed               // 1 to 8 bits
	deepGray              // 16 bits
	deepRGB               // 16 bits
	deepRGBA              // 16 bits
	grayAlpha             // 8 or 16 bits
	keyedRGB              // 8 or 16 bits, one color of them transparent
	keyedGray             // 16 bits, one of them transparent
)

func (d *Decoder) converter() converter {
	c := converter{depth: d.depth, key: d.key}
	deep := d.depth == 16
	switch {
	case d.colorType == typePalette:
		c.kind, c.palette = indexed, raster.NewPalette(d.palette)
	case d.colorType == typeGray && d.key != nil && !deep:
		// With so few grays a palette is the simplest way to make one clear.
		c.kind, c.palette = indexed, grayPalette(d.depth, d.key[0])
	case d.colorType == typeGray && d.key != nil:
		c.kind = keyedGray
	case d.colorType == typeGray && deep:
		c.kind = deepGray
	case d.colorType == typeGray:
		c.kind = plainGray
	case d.colorType == typeGrayAlpha:
		c.kind = grayAlpha
	case d.colorType == typeRGB && d.key != nil:
		c.kind = keyedRGB
	case d.colorType == typeRGB && deep:
		c.kind = deepRGB
	case d.colorType == typeRGB:
		c.kind = plainRGB
	case deep:
		c.kind = deepRGBA
	default:
		c.kind = plainRGBA
	}
	if direct := d.depth == 8 && c.kind <= indexed; !direct {
		c.buf = make([]byte, 4*d.info.Width)
	}
	return c
}

func grayPalette(depth int, key uint16) *raster.Palette {
	colors := make([][4]uint8, 1<<depth)
	for i := range colors {
		v := uint8(i * 255 / (1<<depth - 1))
		colors[i] = [4]uint8{v, v, v, 255}
	}
	colors[key][3] = 0
	return raster.NewPalette(colors)
}

// add adds n pixels of a row to the Reducer, from x on with the given step.
func (c *converter) add(red *raster.Reducer, x, y, step int, row []byte, n int) {
	var pix []byte
	var size int
	switch c.kind {
	case plainGray, deepGray:
		pix, size = c.gray(row, n), 1
	case plainRGB:
		pix, size = row, 3
	case deepRGB:
		pix, size = c.narrow(row), 3
	case indexed:
		pix, size = row, 1
		if c.depth < 8 {
			pix = unpack(c.buf[:n], row, c.depth, 1)
		}
	default:
		pix, size = c.rgba(row, n), 4
	}
	if step == 1 {
		c.addRun(red, x, y, pix)
		return
	}
	// The pixels are no neighbors.
	for ; len(pix) >= size; x, pix = x+step, pix[size:] {
		c.addRun(red, x, y, pix[:size])
	}
}

func (c *converter) addRun(red *raster.Reducer, x, y int, pix []byte) {
	switch c.kind {
	case plainGray, deepGray:
		red.AddGray(x, y, pix)
	case plainRGB, deepRGB:
		red.AddRGB(x, y, pix)
	case indexed:
		red.AddPalette(x, y, pix, c.palette)
	default:
		red.AddRGBA(x, y, pix)
	}
}

func (c *converter) gray(row []byte, n int) []byte {
	switch c.depth {
	case 8:
		return row
	case 16:
		return c.narrow(row)
	}
	return unpack(c.buf[:n], row, c.depth, uint8(255/(1<<c.depth-1)))
}

// unpack splits bytes into samples of depth 1, 2 or 4 bits, the first one
// highest, and multiplies them by scale.
func unpack(dst, src []byte, depth int, scale uint8) []byte {
	mask := uint8(1<<depth - 1)
	i := 0
	for _, v := range src {
		for shift := 8 - depth; shift >= 0 && i < len(dst); shift -= depth {
			dst[i] = (v >> shift & mask) * scale
			i++
		}
	}
	return dst
}

// narrow brings 16-bit samples to 8 bits, rounded.
func (c *converter) narrow(row []byte) []byte {
	out := c.buf[:len(row)/2]
	for i := range out {
		out[i] = round8(row[2*i], row[2*i+1])
	}
	return out
}

// round8 is the nearest integer to v*255/65535.
func round8(high, low uint8) uint8 {
	return uint8((uint32(high)<<8 + uint32(low) + 128) / 257)
}

func (c *converter) rgba(row []byte, n int) []byte {
	switch c.kind {
	case plainRGBA:
		return row
	case deepRGBA:
		return c.narrow(row)
	case grayAlpha:
		if c.depth == 16 {
			row = c.narrow(row)
		}
		return expandGrayAlpha(c.buf[:4*n], row)
	case keyedGray:
		out := c.buf[:4*n]
		for i := range n {
			high, low := row[2*i], row[2*i+1]
			v := round8(high, low)
			a := uint8(255)
			if uint16(high)<<8|uint16(low) == c.key[0] {
				a = 0
			}
			out[4*i], out[4*i+1], out[4*i+2], out[4*i+3] = v, v, v, a
		}
		return out
	}
	return c.keyed(row, n)
}

// expandGrayAlpha works from the right end, so that src may be the start of
// dst.
func expandGrayAlpha(dst, src []byte) []byte {
	for i := len(dst)/4 - 1; i >= 0; i-- {
		v, a := src[2*i], src[2*i+1]
		dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = v, v, v, a
	}
	return dst
}

func (c *converter) keyed(row []byte, n int) []byte {
	out := c.buf[:4*n]
	if c.depth == 8 {
		k0, k1, k2 := uint8(c.key[0]), uint8(c.key[1]), uint8(c.key[2])
		for i := range n {
			s, d := row[3*i:3*i+3:3*i+3], out[4*i:4*i+4:4*i+4]
			a := uint8(255)
			if s[0] == k0 && s[1] == k1 && s[2] == k2 {
				a = 0
			}
			d[0], d[1], d[2], d[3] = s[0], s[1], s[2], a
		}
		return out
	}
	for i := range n {
		s, d := row[6*i:6*i+6:6*i+6], out[4*i:4*i+4:4*i+4]
		d[3] = 0
		for j := range 3 {
			d[j] = round8(s[2*j], s[2*j+1])
			if uint16(s[2*j])<<8|uint16(s[2*j+1]) != c.key[j] {
				d[3] = 255
			}
		}
	}
	return out
}
