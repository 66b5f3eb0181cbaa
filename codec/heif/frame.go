package heif

import (
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// codedFrame is a coded picture whose headers were read.
type codedFrame interface {
	Info() planar.Info
	// Memory estimates what Decode takes, in bytes.
	Memory(filter bool) int64
	// Decode passes bands to emit from above to below, and returns how many rows
	// that were. Where filter is false, the loop filters are left out.
	Decode(filter bool, emit func(*planar.Band)) (rows int, err error)
}

// coded is a coded picture at its place in a scene.
type coded struct {
	item          *item
	x, y          int
	width, height int
}

// codedMargin is how many pixels a frame may exceed its item's ispe by: coders
// round sizes up to whole blocks, of 64 pixels at the most.
const codedMargin = 64

// open reads the headers of a coded picture. inherited is the color description
// of what it is a part of, which overrules its own.
func (c *container) open(i *item, inherited *color) (f codedFrame, k kind, err error) {
	if c.coded(i) == "av01" {
		f, err = c.openAV1(i)
	} else {
		f, err = c.openHEVC(i)
	}
	if err != nil {
		return nil, k, err
	}
	info := f.Info()
	w, h := i.size()
	if w > 0 && h > 0 && (info.Width > w+codedMargin || info.Height > h+codedMargin) {
		return nil, k, raster.Corruptf("item %d: a frame of %dx%d pixels where the header says %dx%d", i.id, info.Width, info.Height, w, h)
	}
	coded := describe(info.Color.Primaries, info.Color.Transfer, info.Color.Matrix, info.Color.FullRange)
	return f, kind{color: i.describe(inherited, coded), chroma: info.Chroma, depth: info.Depth}, nil
}

// sizeWithin returns the size that an item shows of a frame, which coders round
// up.
func (i *item) sizeWithin(info planar.Info) (width, height int) {
	if w, h := i.size(); w > 0 && h > 0 {
		return min(w, info.Width), min(h, info.Height)
	}
	return info.Width, info.Height
}
