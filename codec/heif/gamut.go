package heif

import (
	"sync"

	"s3-thumbnail-creator/codec/icc"
)

// Primaries of pictures with more colors than sRGB has. ITU-T H.273, table 2.
const (
	bt2020    = 9
	displayP3 = 12
)

// gamut is the matrix from linear colors of other primaries, with the same white
// (D65), to those of sRGB. It follows from the chromaticities in H.273.
type gamut [3][3]float64

var (
	fromDisplayP3 = gamut{
		{1.224940, -0.224940, 0},
		{-0.042057, 1.042057, 0},
		{-0.019638, -0.078636, 1.098274},
	}
	fromBT2020 = gamut{
		{1.660491, -0.587641, -0.072850},
		{-0.124550, 1.132900, -0.008349},
		{-0.018151, -0.100579, 1.118730},
	}
)

// gamutOf returns the gamut of primaries, nil for those of sRGB.
func gamutOf(primaries int) *gamut {
	switch primaries {
	case displayP3:
		return &fromDisplayP3
	case bt2020:
		return &fromBT2020
	}
	return nil
}

// curves are sRGB's, IEC 61966-2-1. The transfers of BT.709 and BT.2020 are taken for it, as displays do.
type curves struct {
	linear  [256]float64 // linear values of its bytes
	encoded [4096]byte   // bytes of linear values in 1/4095
}

// srgb is computed for the first picture that needs it, and not at every start of a function.
var srgb = sync.OnceValue(func() *curves {
	const sRGB = 13 // H.273, table 3
	var c curves
	linear := icc.CodedTransfer(sRGB)
	for i := range c.linear {
		c.linear[i] = linear(float64(i) / 255)
	}
	for i := range c.encoded {
		c.encoded[i] = byte(icc.Encode(float64(i)/4095)*255 + 0.5)
	}
	return &c
})

// put writes a linear color as sRGB; what that does not have is cut. A nil gamut
// is that of sRGB.
func (g *gamut) put(out *[4]byte, rgb [3]float64) {
	encoded := &srgb().encoded
	for i, v := range rgb {
		if g != nil {
			v = g[i][0]*rgb[0] + g[i][1]*rgb[1] + g[i][2]*rgb[2]
		}
		out[i] = encoded[int(min(max(v, 0), 1)*4095+0.5)]
	}
}
