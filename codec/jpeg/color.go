package jpeg

import (
	"encoding/binary"
	"math"

	"s3-thumbnail-creator/codec/raster"
)

// colorModel is what the components mean.
type colorModel uint8

const (
	colorGray  colorModel = iota // one component, or two of which the first is shown
	colorYCbCr                   // JFIF: full range, BT.601
	colorRGB
	colorCMYK // inverted: 255 is no ink
	colorYCCK // inverted, C, M and Y as YCbCr
)

// model is the model of the pixels that come out.
func (c colorModel) model() raster.Model {
	switch c {
	case colorGray:
		return raster.Gray
	case colorYCbCr, colorRGB:
		return raster.RGBA
	}
	return raster.CMYK
}

// colorModel guesses the model as libjpeg does: by the JFIF and Adobe segments,
// else by the names of the components. Adobe's programs invert CMYK, and what
// reads JPEG takes all CMYK for theirs, with their segment or without.
func (h *header) colorModel() colorModel {
	components := h.frame.components
	switch len(components) {
	case 1, 2:
		return colorGray
	case 3:
		named := components[0].id == 'R' && components[1].id == 'G' && components[2].id == 'B'
		if !h.jfif && (h.adobe && h.transform == 0 || !h.adobe && named) {
			return colorRGB
		}
		return colorYCbCr
	}
	if h.adobe && h.transform == 2 {
		return colorYCCK
	}
	return colorCMYK
}

// convert writes row y of the picture to dst.
func (o *output) convert(dst []byte, y int) {
	var rows [4][]byte
	for i := range o.lines {
		rows[i] = o.lines[i].row(y, o.width)
	}
	switch o.colors {
	case colorGray:
		copy(dst, rows[0])
	case colorYCbCr:
		fromYCbCr(dst, rows[0], rows[1], rows[2])
	case colorRGB:
		interleaveRGB(dst, rows[0], rows[1], rows[2])
	case colorCMYK:
		interleaveCMYK(dst, &rows)
	default:
		// In an Adobe file the inverted C, M and Y are R, G and B inverted
		// twice.
		fromYCbCr(dst, rows[0], rows[1], rows[2])
		for x, k := range rows[3] {
			dst[4*x+3] = 255 - k
		}
	}
}

// chroma holds what a chroma sample adds to red, green and blue, side by side
// in lanes of laneBits of which laneFraction are behind the point. The red
// table also brings each lane to 256 and half a unit, so that no lane is ever
// negative and the bits above eight tell whether it is in range.
var chroma = func() (t struct{ blue, red [256]uint64 }) {
	lanes := func(r, g, b float64) uint64 {
		const unit = 1 << laneFraction
		lane := func(v float64) uint64 { return uint64(int64(math.Round(v * unit))) }
		return lane(r) + lane(g)<<laneBits + lane(b)<<(2*laneBits)
	}
	for i := range 256 {
		v := float64(i - 128)
		t.blue[i] = lanes(0, -0.344136286*v, 1.772*v)
		t.red[i] = lanes(1.402*v+256.5, -0.714136286*v+256.5, 256.5)
	}
	return t
}()

const (
	laneBits     = 21
	laneFraction = 11
	allLanes     = 1 | 1<<laneBits | 1<<(2*laneBits)
)

// fromYCbCr converts to red, green, blue and 255 (JFIF 1.02, page 3).
func fromYCbCr(dst, luma, blue, red []byte) {
	blue, red = blue[:len(luma)], red[:len(luma)]
	dst = dst[:4*len(luma)]
	const inRange, above = allLanes << (laneFraction + 8), allLanes * (3 << (laneFraction + 8))
	for x, y := range luma {
		v := uint64(y)*(allLanes<<laneFraction) + chroma.blue[blue[x]] + chroma.red[red[x]]
		if v&above != inRange {
			v = saturate(v)
		}
		p := uint32(v>>laneFraction)&0xFF | uint32(v>>(laneBits+laneFraction-8))&0xFF00 |
			uint32(v>>(2*laneBits+laneFraction-16))&0xFF0000 | 0xFF000000
		binary.LittleEndian.PutUint32(dst[4*x:], p)
	}
}

// saturate clamps each lane to the range of a sample.
func saturate(v uint64) (out uint64) {
	for shift := 0; shift <= 2*laneBits; shift += laneBits {
		lane := int64(v>>shift) & (1<<laneBits - 1) >> laneFraction
		out |= uint64(min(max(lane-256, 0), 255)) << (shift + laneFraction)
	}
	return out
}

func interleaveRGB(dst, r, g, b []byte) {
	g, b = g[:len(r)], b[:len(r)]
	for x := range r {
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = r[x], g[x], b[x], 255
	}
}

// interleaveCMYK writes four planes, inverted.
func interleaveCMYK(dst []byte, rows *[4][]byte) {
	for x := range rows[0] {
		d := dst[4*x : 4*x+4 : 4*x+4]
		for i := range d {
			d[i] = 255 - rows[i][x]
		}
	}
}
