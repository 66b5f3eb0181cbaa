package heif

import "s3-thumbnail-creator/codec/raster"

// codedFrame is a coded picture whose headers were read.
type codedFrame interface {
	size() (width, height int)
	// memory estimates what decode takes, in bytes.
	memory(filter bool) int64
	// decode passes bands to emit from above to below. What was passed before an
	// error stands. Where filter is false, the loop filters are left out.
	decode(filter bool, emit func(*band)) error
}

// band is a run of complete rows of a frame.
type band struct {
	y, rows int      // of luma
	planes  [3]plane // luma and, unless the frame is gray, two of chroma
}

// plane is one component of a band, from the first sample of its first row.
type plane struct {
	pix    []uint16
	stride int // samples from a row to the next
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
		f, k, err = c.openAV1(i)
	} else {
		f, k, err = c.openHEVC(i)
	}
	k.color = i.describe(inherited, k.color)
	if err != nil {
		return nil, k, err
	}
	width, height := f.size()
	w, h := i.size()
	if w > 0 && h > 0 && (width > w+codedMargin || height > h+codedMargin) {
		return nil, k, raster.Corruptf("item %d: a frame of %dx%d pixels where the header says %dx%d", i.id, width, height, w, h)
	}
	return f, k, nil
}

// sizeWithin returns the size that an item shows of a frame, which coders round
// up.
func (i *item) sizeWithin(width, height int) (int, int) {
	if w, h := i.size(); w > 0 && h > 0 {
		return min(w, width), min(h, height)
	}
	return width, height
}
