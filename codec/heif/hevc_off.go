//go:build nohevc

package heif

import "s3-thumbnail-creator/codec/raster"

func (c *container) openHEVC(*item) (codedFrame, error) {
	return nil, raster.Unsupportedf("HEIC: this program was built without the HEVC decoder (tag nohevc)")
}
