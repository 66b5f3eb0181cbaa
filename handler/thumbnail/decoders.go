package thumbnail

import (
	"io"

	"s3-thumbnail-creator/codec/bmp"
	"s3-thumbnail-creator/codec/gif"
	"s3-thumbnail-creator/codec/heif"
	"s3-thumbnail-creator/codec/jpeg"
	"s3-thumbnail-creator/codec/png"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/tiff"
	"s3-thumbnail-creator/codec/webp"
)

// decoders are by the name that Sniff gives.
var decoders = map[string]func(r io.Reader, size int64) (raster.Decoder, error){
	"jpeg": constructor(jpeg.NewDecoder),
	"png":  constructor(png.NewDecoder),
	"gif":  constructor(gif.NewDecoder),
	"webp": constructor(webp.NewDecoder),
	"bmp":  constructor(bmp.NewDecoder),
	"tiff": constructor(tiff.NewDecoder),
	"avif": constructor(heif.NewAVIF),
	"heic": constructor(heif.NewHEIC),
}

// constructor widens what a package's constructor returns to the interface.
func constructor[D raster.Decoder](open func(io.Reader, int64) (D, error)) func(io.Reader, int64) (raster.Decoder, error) {
	return func(r io.Reader, size int64) (raster.Decoder, error) { return open(r, size) }
}
