package tiff

import "s3-thumbnail-creator/codec/raster"

// converter turns rows as stored into runs of pixels that a Reducer takes: first
// into 8-bit samples, then into pixels.
type converter struct {
	lay     *layout
	used    int    // samples of a pixel that count
	samples []byte // of a row, 8 bits each, interleaved
	pix     []byte // of a row
	palette *raster.Palette
	ycc     *yccTables
	blocks  *blockReader // of YCbCr with fewer chroma samples
}

func newConverter(l *layout) *converter {
	w := l.segmentWidth
	c := &converter{
		lay: l, used: l.usedSamples(),
		samples: make([]byte, w*l.usedSamples()), pix: make([]byte, 4*w),
	}
	switch l.photometric {
	case palette:
		c.palette = raster.NewPalette(l.colors)
	case yCbCr:
		if l.compression != compressionJPEG || l.planar {
			c.ycc = newYCCTables(l.coefficients, l.referenceBlack)
		}
		if l.chunky() {
			c.blocks = &blockReader{subX: l.subX, subY: l.subY}
		}
	}
	return c
}

// add adds n pixels of each of the given number of rows, which stored holds:
// one plane, or one for each sample. Only blocks of YCbCr hold more than one
// row.
func (c *converter) add(red *raster.Reducer, x, y, n, rows int, stored [][]byte) {
	if c.blocks != nil {
		for i := range rows {
			c.blocks.row(c.samples, stored[0], i)
			red.AddRGB(x, y+i, c.ycc.convert(c.pix[:3*n], c.samples[:3*n]))
		}
		return
	}
	s := c.narrow(stored, n)
	switch c.lay.photometric {
	case whiteIsZero, blackIsZero, mask:
		c.addGray(red, x, y, n, s)
	case palette:
		c.addPalette(red, x, y, n, s)
	case cmyk:
		red.AddCMYK(x, y, c.onPaper(n, s))
	default:
		c.addColor(red, x, y, n, s)
	}
}

func (c *converter) addGray(red *raster.Reducer, x, y, n int, s []byte) {
	if c.lay.photometric == whiteIsZero {
		step := c.used
		out := c.samples[:n*step]
		copy(out, s)
		for i := 0; i < len(out); i += step {
			out[i] = ^out[i]
		}
		s = out
	}
	if c.used == 1 {
		red.AddGray(x, y, s)
		return
	}
	out := c.pix[:4*n]
	for i := range n {
		v, a := s[2*i], s[2*i+1]
		out[4*i], out[4*i+1], out[4*i+2], out[4*i+3] = v, v, v, a
	}
	red.AddRGBA(x, y, c.straight(out))
}

func (c *converter) addPalette(red *raster.Reducer, x, y, n int, s []byte) {
	if c.used == 1 {
		red.AddPalette(x, y, s, c.palette)
		return
	}
	out := c.pix[:4*n]
	for i := range n {
		var color [4]uint8
		if k := int(s[2*i]); k < len(c.lay.colors) {
			color = c.lay.colors[k]
		}
		copy(out[4*i:], color[:3])
		out[4*i+3] = s[2*i+1]
	}
	red.AddRGBA(x, y, c.straight(out))
}

// onPaper returns pixels of ink. Where they have alpha, what is seen of them on
// paper remains: raster.CMYK has none.
func (c *converter) onPaper(n int, s []byte) []byte {
	if c.used == 4 {
		return s
	}
	out := c.pix[:4*n]
	for i := range n {
		p := s[5*i : 5*i+5 : 5*i+5]
		for k, ink := range p[:4] {
			out[4*i+k] = uint8((uint32(ink)*uint32(p[4]) + 127) / 255)
		}
	}
	return out
}

// addColor adds pixels of three samples and perhaps alpha.
func (c *converter) addColor(red *raster.Reducer, x, y, n int, s []byte) {
	switch {
	case c.ycc != nil && c.used == 3:
		s = c.ycc.convert(c.pix[:3*n], s)
	case c.ycc != nil:
		s = c.ycc.convertAlpha(c.pix[:4*n], s)
	case c.lay.photometric == cieLab:
		s = addLabOffset(c.pix[:c.used*n], s, c.used)
	}
	if c.used == 3 {
		red.AddRGB(x, y, s)
		return
	}
	if c.lay.alpha == associatedAlpha {
		copy(c.pix, s)
		s = c.straight(c.pix[:4*n])
	}
	red.AddRGBA(x, y, s)
}

// straight divides colors by their alpha where they were multiplied by it.
func (c *converter) straight(pix []byte) []byte {
	if c.lay.alpha != associatedAlpha {
		return pix
	}
	for i := 0; i+4 <= len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		a := uint32(p[3])
		if a == 0 || a == 255 {
			continue
		}
		for k := range 3 {
			p[k] = uint8(min((uint32(p[k])*255+a/2)/a, 255))
		}
	}
	return pix
}

// narrow returns 8-bit samples, interleaved, without those that do not count.
// The result may be the stored row itself.
func (c *converter) narrow(stored [][]byte, n int) []byte {
	l := c.lay
	if len(stored) == 1 && l.bits == 8 && l.format == formatUint && l.storedSamples() == c.used {
		return stored[0][:n*c.used]
	}
	out := c.samples[:n*c.used]
	if l.planar {
		for k, plane := range stored {
			c.narrowPlane(k, plane, 0, 1, n)
		}
		return out
	}
	if l.samples == 1 {
		c.narrowPlane(0, stored[0], 0, 1, n)
		return out
	}
	for k := range c.used {
		c.narrowPlane(k, stored[0], k, l.samples, n)
	}
	return out
}
