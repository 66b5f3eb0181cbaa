package thumbnail

import (
	"encoding/binary"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// linearGrayProfile is an ICC profile of gray values that are linear light.
func linearGrayProfile() []byte {
	b := make([]byte, 144, 156)
	copy(b[16:], "GRAY")
	copy(b[20:], "XYZ ")
	copy(b[36:], "acsp")
	b[131] = 1 // element: a curve without samples, which is the identity
	copy(b[132:], "kTRC")
	binary.BigEndian.PutUint32(b[136:], 144)
	binary.BigEndian.PutUint32(b[140:], 12)
	return append(b, "curv\x00\x00\x00\x00\x00\x00\x00\x00"...)
}

// TestColorsThatApply has pictures of one pixel of 55, which in linear light is
// sRGB's 128.
func TestColorsThatApply(t *testing.T) {
	p3 := [4][2]float64{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, {0.3127, 0.3290}}
	for _, c := range []struct {
		name string
		info raster.Info
		want byte
	}{
		{"nothing said", raster.Info{Model: raster.RGBA}, 55},
		{"gray profile, gray", raster.Info{Model: raster.Gray, ICC: linearGrayProfile()}, 128},
		{"gray profile, gray with alpha", raster.Info{Model: raster.RGBA, Gray: true, ICC: linearGrayProfile()}, 128},
		{"gray profile, colors", raster.Info{Model: raster.RGBA, ICC: linearGrayProfile()}, 55},
		{"gray profile, colors with a gamma", raster.Info{Model: raster.RGBA, ICC: linearGrayProfile(), Colors: raster.Colors{Gamma: 1}}, 128},
		{"gamma, gray", raster.Info{Model: raster.Gray, Colors: raster.Colors{Gamma: 1, Primaries: p3}}, 128},
		{"usual gamma", raster.Info{Model: raster.RGBA, Colors: raster.Colors{Gamma: 0.45455}}, 55},
		{"usual gamma, wide primaries", raster.Info{Model: raster.RGBA, Colors: raster.Colors{Gamma: 0.45455, Primaries: p3}}, 55},
		{"code point", raster.Info{Model: raster.RGBA, Colors: raster.Colors{Gamma: 0.3, Transfer: 8}}, 128},
		{"unknown code point", raster.Info{Model: raster.RGBA, Colors: raster.Colors{Gamma: 1, Transfer: 99}}, 128},
	} {
		m := raster.NewImage(c.info.Model, 1, 1)
		for i := range m.Pix {
			m.Pix[i] = 55
		}
		toSRGB(m, c.info)
		if m.Pix[0] != c.want {
			t.Errorf("%s: %d, want %d", c.name, m.Pix[0], c.want)
		}
	}
}
