//go:build !nohevc

package heif

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/hevc"
	"s3-thumbnail-creator/codec/raster"
)

// openHEVC reads the headers of a picture that is coded as HEVC.
func (c *container) openHEVC(i *item) (codedFrame, error) {
	config := i.property("hvcC")
	if len(config) < 23 {
		return nil, raster.Corruptf("item %d has no HEVC configuration", i.id)
	}
	return hevc.NewDecoder(parameterSets(config[22:]), c.data(i), int(config[21]&3)+1)
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
