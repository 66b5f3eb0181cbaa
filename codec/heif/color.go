package heif

import "encoding/binary"

// color is how the samples of a picture stand for colors: code points of ITU-T
// H.273.
type color struct {
	matrix    int // 2: not said, taken for BT.601
	fullRange bool
	primaries int // of the colors; other than P3 and BT.2020 are taken for those of sRGB
	transfer  int // other than PQ and HLG are taken for that of sRGB
}

// Matrices that are no weights of luma. H.273, table 4.
const (
	identity = 0
	yCgCo    = 8
)

// describe returns the color of code points.
func describe(primaries, transfer, matrix int, fullRange bool) color {
	const unknown = 2
	if primaries != displayP3 && primaries != bt2020 {
		primaries = unknown
	}
	if transfer != pq && transfer != hlg {
		transfer = unknown
	}
	return color{matrix, fullRange, primaries, transfer}
}

// profile returns the ICC profile of an item, nil where it has none.
func (i *item) profile() []byte {
	for _, p := range i.properties {
		if p.kind == "colr" && len(p.body) > 4 && (string(p.body[:4]) == "prof" || string(p.body[:4]) == "rICC") {
			return p.body[4:]
		}
	}
	return nil
}

// nclx returns the coded color description of an item.
func (i *item) nclx() (c color, ok bool) {
	for _, p := range i.properties {
		if p.kind == "colr" && len(p.body) >= 11 && string(p.body[:4]) == "nclx" {
			point := func(at int) int { return int(binary.BigEndian.Uint16(p.body[at:])) }
			return describe(point(4), point(6), point(8), p.body[10]&0x80 != 0), true
		}
	}
	return describe(2, 2, 2, false), false
}

// describe returns the color of an item's samples: what it is inherited from
// overrules its own description, and that the one in the coded picture.
func (i *item) describe(inherited *color, coded color) color {
	if inherited != nil {
		return *inherited
	}
	if own, ok := i.nclx(); ok {
		return own
	}
	return coded
}

// weights are the shares of red and blue in luma, by matrix. H.273, table 4.
func (c color) weights() (red, blue float64) {
	switch c.matrix {
	case 1:
		return 0.2126, 0.0722
	case 4:
		return 0.30, 0.11
	case 7:
		return 0.212, 0.087
	case 9, 10:
		return 0.2627, 0.0593
	}
	return 0.299, 0.114
}

// converter turns samples into sRGB bytes: each color is a sum of the three
// samples, weighted, and a constant.
type converter struct {
	weights [3][3]float64 // by color and sample
	offsets [3]float64
	gamut   *gamut // nil where the primaries are those of sRGB
	hdr     *hdr   // nil where the transfer is
}

// newConverter returns the converter for samples of the given depths. A picture
// without chroma is gray. Source: H.273, section 8.3, equations 20 to 60.
func newConverter(c color, depth [3]int, gray bool) *converter {
	// Samples are brought to 0..255 and -127.5..127.5 first.
	var scale, zero [3]float64
	for i := range scale {
		unit := float64(int(1) << (depth[i] - 8))
		isLuma := i == 0 || c.matrix == identity
		switch {
		case isLuma && c.fullRange:
			scale[i] = 255 / (256*unit - 1)
		case isLuma:
			scale[i], zero[i] = 255/(219*unit), 16*unit
		case c.fullRange:
			scale[i], zero[i] = 255/(256*unit-1), 128*unit
		default:
			scale[i], zero[i] = 255/(224*unit), 128*unit
		}
	}
	kr, kb := c.weights()
	m := [3][3]float64{
		{1, 0, 2 * (1 - kr)},
		{1, -2 * (1 - kb) * kb / (1 - kr - kb), -2 * (1 - kr) * kr / (1 - kr - kb)},
		{1, 2 * (1 - kb), 0},
	}
	switch {
	case gray:
		m = [3][3]float64{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}}
	case c.matrix == identity:
		m = [3][3]float64{{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}
	case c.matrix == yCgCo:
		m = [3][3]float64{{1, -1, 1}, {1, 1, 0}, {1, -1, -1}}
	}
	t := &converter{gamut: gamutOf(c.primaries), hdr: hdrOf(c.transfer)}
	for i, row := range m {
		t.offsets[i] = 0.5 // for rounding
		for j, v := range row {
			t.weights[i][j] = v * scale[j]
			t.offsets[i] -= v * scale[j] * zero[j]
		}
	}
	return t
}

// put converts one color.
func (t *converter) put(out *[4]byte, y, cb, cr float64) {
	var rgb [3]float64 // and 0.5
	for i := range t.weights {
		w := &t.weights[i]
		rgb[i] = t.offsets[i] + w[0]*y + w[1]*cb + w[2]*cr
	}
	out[3] = 255
	if t.hdr != nil {
		for i := range rgb {
			rgb[i] -= 0.5
		}
		t.gamut.put(out, t.hdr.light(rgb))
		return
	}
	for i, v := range rgb {
		out[i] = uint8(min(max(v, 0), 255))
	}
	if t.gamut != nil {
		linear := &srgb().linear
		t.gamut.put(out, [3]float64{linear[out[0]], linear[out[1]], linear[out[2]]})
	}
}
