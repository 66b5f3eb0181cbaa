package thumbnail

import (
	"math"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

// outputFormat returns the format that a thumbnail is written in: the variant's, or where the content decides the
// source's own, or where that is not written JPEG, and PNG if the thumbnail has transparent pixels.
func outputFormat(want, source format.Format, alpha bool) format.Format {
	switch {
	case want != settings.Same:
		return want
	case source.Written():
		return source
	case alpha:
		return format.PNG
	}
	return format.JPEG
}

// window is a part of a picture in pixels, fractions allowed.
type window struct{ x, y, width, height float64 }

// plan is how one variant is cut out of a picture: the part of it that is
// shown and the size that part is resampled to.
type plan struct {
	from          window
	width, height int // pixels of the thumbnail
}

// planFor computes the plan of v for a picture of width x height pixels.
func planFor(v settings.Variant, width, height int) plan {
	w, h := float64(width), float64(height)
	bw, bh := float64(v.Width), float64(v.Height)
	p := plan{from: window{0, 0, w, h}, width: v.Width, height: v.Height}
	switch v.Fit {
	case settings.Inside:
		scale := min(bw/w, bh/h, 1)
		p.width = min(max(int(math.Round(w*scale)), 1), v.Width)
		p.height = min(max(int(math.Round(h*scale)), 1), v.Height)
	case settings.Cover:
		scale := max(bw/w, bh/h)
		cw, ch := min(bw/scale, w), min(bh/scale, h)
		p.from = window{(w - cw) / 2, (h - ch) / 2, cw, ch}
	}
	return p
}

// wholeSize is the size in pixels that the whole picture (width x height) has
// at the scale of the plan: what a decoder must not go below.
func (p plan) wholeSize(width, height int) (w, h int) {
	w = int(math.Ceil(float64(p.width) * float64(width) / p.from.width))
	h = int(math.Ceil(float64(p.height) * float64(height) / p.from.height))
	return min(w, width), min(h, height)
}

// transposed says whether an EXIF orientation exchanges width and height.
func transposed(orientation int) bool { return orientation >= 5 && orientation <= 8 }

// stored returns the plan for the picture as it is stored, from the plan for
// the picture as it is shown, whose size is width x height. For the inverse of
// each orientation see orient.
func (p plan) stored(orientation, width, height int) plan {
	f, w, h := p.from, float64(width), float64(height)
	mirroredX := window{w - f.x - f.width, f.y, f.width, f.height}
	switch orientation {
	case 2:
		p.from = mirroredX
	case 3:
		p.from = window{mirroredX.x, h - f.y - f.height, f.width, f.height}
	case 4:
		p.from = window{f.x, h - f.y - f.height, f.width, f.height}
	case 5:
		p.from = window{f.y, f.x, f.height, f.width}
	case 6:
		p.from = window{f.y, mirroredX.x, f.height, f.width}
	case 7:
		p.from = window{h - f.y - f.height, mirroredX.x, f.height, f.width}
	case 8:
		p.from = window{h - f.y - f.height, f.x, f.height, f.width}
	}
	if transposed(orientation) {
		p.width, p.height = p.height, p.width
	}
	return p
}
