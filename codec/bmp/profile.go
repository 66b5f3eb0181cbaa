package bmp

import (
	"bytes"
	"io"

	"s3-thumbnail-creator/codec/icc"
	"s3-thumbnail-creator/codec/raster"
)

// Values of the bV4CSType field. Linked profiles are paths on the computer of
// the writer.
const (
	calibratedRGB   = 0
	embeddedProfile = 0x4d424544 // MBED
)

const maxProfile = 4 << 20 // bytes of a color profile that are read

// profile is the place of an embedded ICC profile, which follows the pixels.
type profile struct{ offset, size int64 } // bytes; the offset is that in the file

// readColors reads what headers of version 4 and 5 say of the colors.
func (d *Decoder) readColors(h *header) {
	if h.size < 108 {
		return
	}
	switch kind := h.u32(56); {
	case kind == calibratedRGB:
		d.info.Colors = calibrated(h)
	case kind == embeddedProfile && h.size >= 124:
		d.profile = profile{14 + int64(h.u32(112)), int64(min(h.u32(116), maxProfile+1))}
	}
}

// calibrated reads the primaries, in XYZ of which the sum is the white, and the
// exponents, of which that of green stands for all. What is not filled in or
// makes no sense is as in sRGB.
func calibrated(h *header) (c raster.Colors) {
	if gamma := float64(h.u32(100)) / 65536; gamma >= 0.1 && gamma <= 10 {
		c.Gamma = 1 / gamma
	}
	var p icc.Chromaticities
	var white [3]float64
	xy := func(v [3]float64) [2]float64 {
		sum := v[0] + v[1] + v[2]
		if sum <= 0 {
			return [2]float64{}
		}
		return [2]float64{v[0] / sum, v[1] / sum}
	}
	for i := range 3 {
		var v [3]float64
		for k := range v {
			v[k] = float64(int32(h.u32(60+12*i+4*k))) / (1 << 30)
			white[k] += v[k]
		}
		p[i] = xy(v)
	}
	p[3] = xy(white)
	if p.Usable() && !p.Near(icc.SRGB) {
		c.Primaries = p
	}
	return c
}

// readProfile reads an embedded profile after the pixels. Where it is not there,
// the picture has none.
func (d *Decoder) readProfile() error {
	skip := d.profile.offset - (d.in.n - int64(d.r.Buffered()))
	if d.profile.size == 0 || d.profile.size > maxProfile || skip < 0 {
		return nil
	}
	var b bytes.Buffer
	_, err := io.CopyN(io.Discard, d.r, skip)
	if err == nil {
		_, err = io.CopyN(&b, d.r, d.profile.size)
	}
	if err == nil {
		d.info.ICC = b.Bytes()
	}
	if broken(err) {
		return nil
	}
	return err
}

// counted counts the bytes that were read.
type counted struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
