package thumbnail

import (
	"encoding/binary"
	"testing"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/settings"
)

// linear is a curve without samples, which is the identity.
const linear = "curv\x00\x00\x00\x00\x00\x00\x00\x00"

// profile is an ICC profile of the given elements: pairs of signature and data.
func profile(space string, elements ...string) []byte {
	b := make([]byte, 132)
	copy(b[16:], space)
	copy(b[20:], "XYZ ")
	copy(b[36:], "acsp")
	b[131] = byte(len(elements) / 2)
	data, at := "", len(b)+6*len(elements)
	for i := 0; i < len(elements); i += 2 {
		b = append(b, elements[i]...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(elements[i+1])))
		data += elements[i+1]
	}
	return append(b, data...)
}

func linearGrayProfile() []byte { return profile("GRAY", "kTRC", linear) }

// linearRGBProfile has the primaries of sRGB.
func linearRGBProfile() []byte {
	xyz := func(v ...int32) string { // in 1/65536
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(x))
		}
		return string(b)
	}
	return profile("RGB ", "rXYZ", xyz(28578, 14581, 912), "gXYZ", xyz(25241, 46981, 6362), "bXYZ", xyz(9376, 3972, 46799),
		"rTRC", linear, "gTRC", linear, "bTRC", linear)
}

// TestProfileBehindThePixels has a bitmap of version 5 of one gray pixel, 55.
func TestProfileBehindThePixels(t *testing.T) {
	icc := linearRGBProfile()
	file := append(bmpHeader(1, 1, 24, 0)[:54], make([]byte, 84)...)
	file[10], file[14] = 138, 124
	copy(file[14+56:], "DEBM")
	binary.LittleEndian.PutUint32(file[14+112:], 128)
	binary.LittleEndian.PutUint32(file[14+116:], uint32(len(icc)))
	file = append(append(file, 55, 55, 55, 0), icc...)
	_, m := makeOne(t, file, settings.Variant{Width: 10, Height: 10, Format: format.PNG})
	if r, _, _, _ := m.At(0, 0).RGBA(); r>>8 != 128 {
		t.Errorf("%d, want 128", r>>8)
	}
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
		{"code point of sRGB", raster.Info{Model: raster.RGBA, Colors: raster.Colors{Gamma: 1, Transfer: 13}}, 55},
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
