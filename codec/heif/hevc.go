//go:build !nohevc

package heif

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/hevc"
	"s3-thumbnail-creator/codec/raster"
)

// hevcFrame is a picture that is coded as HEVC.
type hevcFrame struct{ *hevc.Decoder }

// openHEVC reads the headers of a picture.
func (c *container) openHEVC(i *item) (codedFrame, kind, error) {
	config := i.property("hvcC")
	if len(config) < 23 {
		return nil, kind{}, raster.Corruptf("item %d has no HEVC configuration", i.id)
	}
	d, err := hevc.NewDecoder(parameterSets(config[22:]), c.data(i), int(config[21]&3)+1)
	if err != nil {
		return nil, kind{}, err
	}
	info := d.Info()
	return hevcFrame{d}, kind{
		chroma: info.Chroma, depth: info.Depth,
		color: describe(info.Color.Primaries, info.Color.Transfer, info.Color.Matrix, info.Color.FullRange),
	}, nil
}

func (f hevcFrame) size() (width, height int) { return f.Info().Width, f.Info().Height }
func (f hevcFrame) memory(bool) int64         { return f.Memory() }

func (f hevcFrame) decode(filter bool, emit func(*band)) error {
	_, err := f.Decode(filter, func(from *hevc.Band) {
		b := band{y: from.Y, rows: from.Rows}
		for i, p := range from.Planes {
			b.planes[i] = plane{p.Pix, p.Stride}
		}
		emit(&b)
	})
	return err
}

// parameterSets returns the units in the arrays of a decoder configuration
// record. ISO/IEC 14496-15, section 8.3.3.1.
func parameterSets(arrays []byte) (sets [][]byte) {
	rest := arrays[1:]
	for n := arrays[0]; n > 0 && len(rest) >= 3; n-- {
		count := int(binary.BigEndian.Uint16(rest[1:]))
		rest = rest[3:]
		for ; count > 0 && len(rest) >= 2; count-- {
			size := min(int(binary.BigEndian.Uint16(rest)), len(rest)-2)
			sets = append(sets, rest[2:2+size])
			rest = rest[2+size:]
		}
	}
	return sets
}
