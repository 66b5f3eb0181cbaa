package heif

import (
	"s3-thumbnail-creator/codec/av1"
	"s3-thumbnail-creator/codec/raster"
)

// openAV1 reads the headers of a picture that is coded as AV1.
func (c *container) openAV1(i *item) (codedFrame, error) {
	config := i.property("av1C")
	if len(config) < 4 {
		return nil, raster.Corruptf("item %d has no AV1 configuration", i.id)
	}
	return av1.NewDecoder(config[4:], c.data(i))
}
