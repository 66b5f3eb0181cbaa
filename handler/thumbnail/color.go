package thumbnail

import (
	"math"

	"s3-thumbnail-creator/codec/icc"
	"s3-thumbnail-creator/codec/raster"
)

// toSRGB converts the picture's colors to sRGB in place: by its ICC profile
// where it has a usable one for its model, else by what else it says of its colors;
// CMYK without a profile by the usual formula. The result is Gray or RGBA.
func toSRGB(m *raster.Image, info raster.Info) *raster.Image {
	return convert(m, transformFor(info))
}

// convert is toSRGB with the transform that is known, nil where there is none.
func convert(m *raster.Image, transform *icc.Transform) *raster.Image {
	switch {
	case m.Model == raster.CMYK && transform != nil:
		transform.CMYK(m.Pix)
	case m.Model == raster.CMYK:
		inkToLight(m.Pix)
	case transform == nil:
	case m.Model == raster.Gray:
		transform.Gray(m.Pix)
	default:
		transform.RGBA(m.Pix)
	}
	if m.Model == raster.CMYK {
		m.Model = raster.RGBA
	}
	return m
}

// transformFor returns nil where the values are to be taken as they are. A
// damaged profile, or one for another kind of picture, is ignored, as browsers
// do: one for gray says nothing about colors.
func transformFor(info raster.Info) *icc.Transform {
	gray := info.Gray || info.Model == raster.Gray
	if t, err := icc.New(info.ICC); err == nil {
		switch {
		case info.Model == raster.CMYK && t.Space() == "CMYK",
			info.Model == raster.RGBA && !gray && t.Space() == "RGB ",
			info.Model != raster.CMYK && gray && t.Space() == "GRAY":
			return t
		}
	}
	if info.Model == raster.CMYK {
		return nil
	}
	c := info.Colors
	primaries := icc.Chromaticities(c.Primaries)
	if primaries == (icc.Chromaticities{}) || gray {
		primaries = icc.SRGB
	}
	// sRGB's own curve is close to a gamma of 1/2.2, which is what writers mean
	// who give 0.45455.
	const near = 0.02
	if math.Abs(c.Gamma-1/2.2) <= near {
		c.Gamma = 0
	}
	const sRGB = 13 // H.273
	switch {
	case c.Transfer == sRGB && primaries == icc.SRGB:
	case icc.CodedTransfer(c.Transfer) != nil:
		return icc.NewCoded(primaries, c.Transfer)
	case c.Gamma > 0 || primaries != icc.SRGB:
		return icc.NewGamma(primaries, c.Gamma)
	}
	return nil
}

// inkToLight converts CMYK to opaque RGBA: each ink and black multiply what
// light they let through.
func inkToLight(pix []byte) {
	for p := pix; len(p) >= 4; p = p[4:] {
		paper := 255 - uint32(p[3])
		for c := range 3 {
			p[c] = uint8(((255-uint32(p[c]))*paper + 127) / 255)
		}
		p[3] = 255
	}
}
