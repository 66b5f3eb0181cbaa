package thumbnail

import (
	"io"

	"s3-thumbnail-creator/codec/bmp"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/gif"
	"s3-thumbnail-creator/codec/heif"
	"s3-thumbnail-creator/codec/jpeg"
	"s3-thumbnail-creator/codec/png"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/tiff"
	"s3-thumbnail-creator/codec/webp"
)

// decoders are by format.
var decoders = map[format.Format]func(r io.Reader, size int64) (raster.Decoder, error){
	format.JPEG: constructor(jpeg.NewDecoder),
	format.PNG:  constructor(png.NewDecoder),
	format.GIF:  constructor(gif.NewDecoder),
	format.WebP: constructor(webp.NewDecoder),
	format.BMP:  constructor(bmp.NewDecoder),
	format.TIFF: constructor(tiff.NewDecoder),
	format.AVIF: constructor(heif.NewAVIF),
	format.HEIC: constructor(heif.NewHEIC),
}

// constructor widens what a package's constructor returns to the interface.
func constructor[D raster.Decoder](open func(io.Reader, int64) (D, error)) func(io.Reader, int64) (raster.Decoder, error) {
	return func(r io.Reader, size int64) (raster.Decoder, error) { return open(r, size) }
}
