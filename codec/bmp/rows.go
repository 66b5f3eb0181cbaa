package bmp

import (
	"encoding/binary"
	"io"
	"math/bits"

	"s3-thumbnail-creator/codec/raster"
)

// Decode implements raster.Decoder.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	fx := raster.BoxFactor(d.info.Width, targetWidth)
	fy := raster.BoxFactor(d.info.Height, targetHeight)
	newReducer := func() *raster.Reducer {
		return raster.NewReducer(raster.RGBA, d.info.Width, d.info.Height, fx, fy)
	}
	p := &picture{d: d, red: newReducer(), palette: raster.NewPalette(d.palette)}
	if d.info.Alpha {
		p.opaque = newReducer()
	}
	var err error
	if d.rle {
		err = p.decodeRLE()
	} else {
		err = p.decodeRows()
	}
	if err != nil && !broken(err) {
		return nil, err
	}
	if p.rows == 0 {
		return nil, raster.Corruptf("bmp: no row can be decoded: %v", err)
	}
	if err == nil {
		if err := d.readProfile(); err != nil {
			return nil, err
		}
	}
	if p.opaque != nil {
		p.red = p.opaque
	}
	img := p.red.Image()
	if d.depth == 24 {
		swapRedBlue(img.Pix)
	}
	return img, nil
}

// picture is the state of decoding the rows.
type picture struct {
	d       *Decoder
	red     *raster.Reducer
	opaque  *raster.Reducer // the picture without its alpha, while all of that is 0
	palette *raster.Palette
	buf     []byte // one row, converted
	rows    int    // rows decoded
}

// add adds the next row: indices into the palette, 24-bit pixels as stored,
// or RGB.
func (p *picture) add(pix []byte) {
	y := p.next()
	if p.d.depth <= 8 {
		p.red.AddPalette(0, y, pix, p.palette)
	} else {
		p.red.AddRGB(0, y, pix)
	}
}

// next is the place of the next row.
func (p *picture) next() int {
	y := p.rows
	if !p.d.topDown {
		y = p.d.info.Height - 1 - y
	}
	p.rows++
	return y
}

func (p *picture) decodeRows() error {
	w := p.d.info.Width
	row := make([]byte, p.d.stride())
	p.buf = make([]byte, 4*w)
	fields := newFields(p.d.masks)
	for p.rows < p.d.info.Height {
		if _, err := io.ReadFull(p.d.r, row); err != nil {
			return err
		}
		switch p.d.depth {
		case 8:
			p.add(row[:w])
		case 24:
			p.add(row[:3*w])
		case 16:
			for i := range w {
				fields.split(p.buf[4*i:4*i+4], uint32(binary.LittleEndian.Uint16(row[2*i:])))
			}
			p.addRGBA(p.buf)
		case 32:
			if fields.usual {
				for i := range w {
					s, d := row[4*i:4*i+4:4*i+4], p.buf[3*i:3*i+3:3*i+3]
					d[0], d[1], d[2] = s[2], s[1], s[0]
				}
				p.add(p.buf[:3*w])
				continue
			}
			for i := range w {
				fields.split(p.buf[4*i:4*i+4], binary.LittleEndian.Uint32(row[4*i:]))
			}
			p.addRGBA(p.buf)
		default:
			p.add(unpack(p.buf[:w], row, p.d.depth))
		}
	}
	return nil
}

// addRGBA adds the next row. As long as no pixel has alpha other than 0, it
// goes to both reducers.
func (p *picture) addRGBA(pix []byte) {
	y := p.next()
	p.red.AddRGBA(0, y, pix)
	if p.opaque == nil {
		return
	}
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 0 {
			p.opaque = nil
			return
		}
	}
	for i := 3; i < len(pix); i += 4 {
		pix[i] = 255
	}
	p.opaque.AddRGBA(0, y, pix)
}

// unpack splits bytes into indices of depth 1, 2 or 4 bits, the first one
// highest.
func unpack(dst, src []byte, depth int) []byte {
	mask := uint8(1<<depth - 1)
	i := 0
	for _, v := range src {
		for shift := 8 - depth; shift >= 0 && i < len(dst); shift -= depth {
			dst[i] = v >> shift & mask
			i++
		}
	}
	return dst
}

func swapRedBlue(pix []byte) {
	for ; len(pix) >= 4; pix = pix[4:] {
		pix[0], pix[2] = pix[2], pix[0]
	}
}

// fields split a pixel into its channels.
type fields struct {
	mask  [4]uint32
	shift [4]uint
	scale [4][256]uint8 // from the value of a channel to 8 bits
	usual bool          // bytes blue, green, red, nothing
}

func newFields(masks [4]uint32) *fields {
	f := &fields{mask: masks, usual: masks == [4]uint32{0xff0000, 0xff00, 0xff, 0}}
	for c, m := range masks {
		if m == 0 {
			if c == 3 {
				f.scale[c][0] = 255
			}
			continue
		}
		f.shift[c] = uint(bits.TrailingZeros32(m))
		if width := uint(bits.Len32(m)) - f.shift[c]; width > 8 {
			f.shift[c] += width - 8
		}
		highest := m >> f.shift[c]
		for v := range highest + 1 {
			f.scale[c][v] = uint8((v*255 + highest/2) / highest)
		}
	}
	return f
}

func (f *fields) split(out []byte, v uint32) {
	for c := range 4 {
		out[c] = f.scale[c][v&f.mask[c]>>(f.shift[c]&31)&0xff]
	}
}
