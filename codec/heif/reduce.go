package heif

import (
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// reducer averages boxes of factorX x factorY pixels as they are coded, so that
// colors are computed for the boxes alone. It takes runs of samples in any
// order, each once, and keeps the sums of the rows of boxes that are begun. What
// is outside of the picture is left out.
type reducer struct {
	img              *raster.Image
	width, height    int
	factorX, factorY int
	convert          *converter
	chroma           bool
	shiftX, shiftY   uint // by how much chroma is smaller
	bands            []*boxes
	free             []*boxes
	row              []uint32 // sums of a row of samples
	missing          int      // pixels that have not come
}

// boxes are the sums of a row of boxes.
type boxes struct {
	sums  [3][]uint32
	count []uint32 // pixels of luma in each box
	left  int      // pixels that have not come
}

func newReducer(width, height, factorX, factorY int, k kind) *reducer {
	w, h := (width+factorX-1)/factorX, (height+factorY-1)/factorY
	r := &reducer{
		img:   raster.NewImage(raster.RGBA, w, h),
		width: width, height: height, factorX: factorX, factorY: factorY,
		convert: newConverter(k.color, k.depth, k.chroma == 0),
		chroma:  k.chroma != 0, bands: make([]*boxes, h), row: make([]uint32, w), missing: width * height,
	}
	r.shiftX, r.shiftY = planar.Subsampling(k.chroma)
	r.img.CoverX, r.img.CoverY = float64(width)/float64(factorX), float64(height)/float64(factorY)
	return r
}

// reducerMemory estimates what a reducer takes, in bytes, with rows of tiles of
// the given height, which are begun together.
func reducerMemory(width, height, factorX, factorY, tile int) int64 {
	w, h := int64((width+factorX-1)/factorX), int64((height+factorY-1)/factorY)
	return 4*w*h + 8*h + 4*w + 16*w*min(h, int64(tile/factorY+2))
}

// add takes rows of a plane, whose first sample has the luma position x, y in
// the picture.
func (r *reducer) add(component, x, y, width, rows int, pix []uint16, stride int) {
	var shiftX, shiftY uint
	if component > 0 {
		shiftX, shiftY = r.shiftX, r.shiftY
	}
	for i := range rows {
		top := y + i<<shiftY
		first, end := max(top, 0), min(top+1<<shiftY, r.height)
		if first >= end {
			continue
		}
		from, to := r.sum(x, shiftX, pix[i*stride:][:width])
		for ; first < end; first++ {
			r.addSums(component, first/r.factorY, from, to)
			if component == 0 {
				r.addCount(x, first, width)
			}
		}
	}
}

// sum adds a run of samples to the boxes of r.row from from to to-1, as often as
// they cover pixels of them.
func (r *reducer) sum(x int, shift uint, pix []uint16) (from, to int) {
	if x < 0 {
		skip := min(-x>>shift, len(pix))
		pix, x = pix[skip:], x+skip<<shift
	}
	from = max(x, 0) / r.factorX
	to = min((min(x+len(pix)<<shift, r.width)+r.factorX-1)/r.factorX, len(r.row))
	if to <= from {
		return 0, 0
	}
	clear(r.row[from:to])
	if shift == 0 {
		r.sumSingles(x, pix)
	} else {
		r.sumPairs(x, pix)
	}
	return from, to
}

func (r *reducer) sumSingles(x int, pix []uint16) {
	pix = pix[:max(min(len(pix), r.width-x), 0)]
	room := r.factorX - x%r.factorX
	for box := x / r.factorX; len(pix) > 0; box++ {
		n := min(room, len(pix))
		var s uint32
		for _, v := range pix[:n] {
			s += uint32(v)
		}
		r.row[box] += s
		pix, room = pix[n:], r.factorX
	}
}

// sumPairs is sumSingles for samples that cover two pixels, which may belong to
// two boxes.
func (r *reducer) sumPairs(x int, pix []uint16) {
	if x < 0 && len(pix) > 0 { // half of the first sample is outside
		r.row[0] += uint32(pix[0])
		pix, x = pix[1:], x+2
	}
	for len(pix) > 0 && x < r.width {
		box := x / r.factorX
		end := min((box+1)*r.factorX, r.width)
		n := min((end-x)/2, len(pix))
		var s uint32
		for _, v := range pix[:n] {
			s += uint32(v)
		}
		s *= 2
		pix, x = pix[n:], x+2*n
		if x+1 == end && len(pix) > 0 {
			v := uint32(pix[0])
			s += v
			if end < r.width {
				r.row[box+1] += v
			}
			pix, x = pix[1:], x+2
		}
		r.row[box] += s
	}
}

// addSums adds r.row to a row of boxes.
func (r *reducer) addSums(component, band, from, to int) {
	b := r.open(band)
	sums := b.sums[component][from:to]
	for i, s := range r.row[from:to] {
		sums[i] += s
	}
}

// addCount counts the pixels of a run of luma.
func (r *reducer) addCount(x, y, width int) {
	first, end := max(x, 0), min(x+width, r.width)
	if first >= end {
		return
	}
	b := r.open(y / r.factorY)
	b.left -= end - first
	r.missing -= end - first
	for box := first / r.factorX; first < end; box++ {
		next := min((box+1)*r.factorX, end)
		b.count[box] += uint32(next - first)
		first = next
	}
}

func (r *reducer) open(band int) *boxes {
	if b := r.bands[band]; b != nil {
		return b
	}
	var b *boxes
	if n := len(r.free); n > 0 {
		b, r.free = r.free[n-1], r.free[:n-1]
		clear(b.count)
		for _, s := range b.sums {
			clear(s)
		}
	} else {
		b = &boxes{count: make([]uint32, r.img.Width)}
		for i := range b.sums {
			b.sums[i] = make([]uint32, r.img.Width)
		}
	}
	b.left = r.width * min(r.factorY, r.height-band*r.factorY)
	r.bands[band] = b
	return b
}

// finishTo writes the rows of boxes that are complete among those of the rows
// of pixels from..to-1; the samples of these rows must have come in all planes.
func (r *reducer) finishTo(from, to int) {
	for band := max(from, 0) / r.factorY; band < len(r.bands) && band*r.factorY < to; band++ {
		if b := r.bands[band]; b != nil && b.left == 0 {
			r.emit(band)
			r.free = append(r.free, b)
			r.bands[band] = nil
		}
	}
}

// emit writes the colors of a row of boxes.
func (r *reducer) emit(band int) {
	b := r.bands[band]
	out := r.img.Pix[4*band*r.img.Width:]
	for i, n := range b.count {
		if n == 0 {
			continue
		}
		share := 1 / float64(n)
		r.convert.put((*[4]byte)(out[4*i:]), float64(b.sums[0][i])*share, float64(b.sums[1][i])*share, float64(b.sums[2][i])*share)
	}
}

// image ends the reduction.
func (r *reducer) image() *raster.Image {
	for band, b := range r.bands {
		if b != nil {
			r.emit(band)
		}
	}
	r.img.Truncated = r.missing > 0
	return r.img
}
