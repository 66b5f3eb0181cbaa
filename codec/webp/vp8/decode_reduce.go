package vp8

import (
	"encoding/binary"
	"slices"

	"s3-thumbnail-creator/codec/raster"
)

// Reduce decodes a frame and averages boxes of factorX x factorY pixels (1 to
// raster.MaxFactor) on the way. The planes are averaged as they are coded, so
// that colors are computed for the boxes alone. The loop filter is left out
// where that is not seen; see filtered.
//
// Where the data ends early the rest of the picture is transparent and
// Truncated is set. Errors wrap raster.ErrCorrupt or raster.ErrUnsupported.
func Reduce(data []byte, factorX, factorY int) (*raster.Image, error) {
	d, err := newDecoder(data)
	if err != nil {
		return nil, err
	}
	r := newReducer(d, factorX, factorY)
	rows := 0
	if d.filtered(min(factorX, factorY)) {
		s := newRowSink(d, r, 1)
		rows, err = d.decode(s)
		s.pass(min(16*rows, d.Height))
	} else {
		rows, err = d.decode(r)
	}
	if err != nil {
		return nil, err
	}
	if rows < d.mbh {
		r.img.Truncated = true
		r.emit(16 * rows)
	}
	return r.img, nil
}

// filtered tells whether the loop filter is worth its time when boxes of factor
// pixels will be averaged. What it moves from one side of an edge to the other
// is within a box, or nothing beside what is in it: measured against the picture
// before coding, boxes of five and more are closer to it without the filter.
// Boxes of four, which end where subblocks do, and smaller ones gain from a
// strong filter (over 0.3 dB), and little from the weak one of a high quality.
func (d *decoder) filtered(factor int) bool {
	limit := 0
	switch {
	case factor >= 5:
		return false
	case factor >= 3:
		limit = 12
	case factor == 2:
		limit = 4
	}
	level := d.filter.level
	if s := &d.segments; d.filter.level > 0 && s.enabled {
		level = slices.Max(s.filter[:])
		if !s.absolute {
			level += d.filter.level
		}
	}
	return level > limit
}

// reducer is the sink that averages.
type reducer struct {
	img              *raster.Image
	width, height    int
	factorX, factorY int
	next             int // the first band (row of boxes) that is not written
	planes           [3]plane
}

// plane sums up the columns of the bands that are begun.
type plane struct {
	half  bool // chroma: a sample covers two pixels each way
	bands [][]uint64
	sums  []uint16 // of one band, unpacked
	boxes []uint16 // averages of a band, in sixteenths
}

func newReducer(d *decoder, factorX, factorY int) *reducer {
	width := (d.Width + factorX - 1) / factorX
	height := (d.Height + factorY - 1) / factorY
	r := &reducer{
		img:   raster.NewImage(raster.RGBA, width, height),
		width: d.Width, height: d.Height, factorX: factorX, factorY: factorY,
	}
	r.img.CoverX = float64(d.Width) / float64(factorX)
	r.img.CoverY = float64(d.Height) / float64(factorY)
	// A row of macroblocks touches at most this many bands.
	open := min(16/factorY+2, height)
	for i := range r.planes {
		p := &r.planes[i]
		columns := 16 * d.mbw
		if i > 0 {
			p.half = true
			columns /= 2
		}
		p.sums = make([]uint16, columns)
		p.boxes = make([]uint16, width)
		p.bands = make([][]uint64, open)
		for j := range p.bands {
			p.bands[j] = make([]uint64, columns/4)
		}
	}
	return r
}

// reducerMemory estimates what newReducer allocates, its picture included.
func reducerMemory(width, height, factorX, factorY int) int64 {
	w, h := int64((width+factorX-1)/factorX), int64((height+factorY-1)/factorY)
	open := min(int64(16/factorY+2), h)
	return 4*w*h + 6*w + int64(width+16)*(4*open+4)
}

// macroblock takes a macroblock that is not filtered.
func (r *reducer) macroblock(d *decoder, x, y int) {
	w := &d.work
	end := min(16*y+16, r.height)
	for from := 16 * y; from < end; {
		band := from / r.factorY
		to := min((band+1)*r.factorY, end)
		slot := band % len(r.planes[0].bands)
		luma := r.planes[0].bands[slot][4*x : 4*x+4]
		sumRows((*[2]uint64)(luma), w[yAt+(from&15)*stride:], stride, to-from)
		sumRows((*[2]uint64)(luma[2:]), w[yAt+8+(from&15)*stride:], stride, to-from)
		u := (*[2]uint64)(r.planes[1].bands[slot][2*x:])
		v := (*[2]uint64)(r.planes[2].bands[slot][2*x:])
		a, b := halves(from, to, r.factorY)
		for _, s := range [2]span{a, b} {
			if s.to > s.from {
				sumRows(u, w[uAt+(s.from&7)*stride:], stride, s.to-s.from)
				sumRows(v, w[vAt+(s.from&7)*stride:], stride, s.to-s.from)
			}
		}
		from = to
	}
}

// take takes rows that were filtered.
func (r *reducer) take(s *rowSink, from, end int) {
	for from < end {
		band := from / r.factorY
		to := min((band+1)*r.factorY, end)
		slot := band % len(r.planes[0].bands)
		sumPlane(r.planes[0].bands[slot], s.y, s.pitch, from-s.base, to-s.base)
		a, b := halves(from, to, r.factorY)
		for _, part := range [2]span{a, b} {
			if part.to > part.from {
				first, last := part.from-s.base/2, part.to-s.base/2
				sumPlane(r.planes[1].bands[slot], s.u, s.pitch/2, first, last)
				sumPlane(r.planes[2].bands[slot], s.v, s.pitch/2, first, last)
			}
		}
		from = to
		r.finish(from)
	}
}

// sumPlane is sumRows for the whole width of the rows from..to-1.
func sumPlane(sums []uint64, plane []byte, pitch, from, to int) {
	rows := plane[from*pitch:]
	for x := 0; x < pitch; x += 8 {
		sumRows((*[2]uint64)(sums[x/4:]), rows[x:], pitch, to-from)
	}
}

// sumRows adds rows of eight samples, pitch bytes apart, to the sums of their
// columns, the even columns in sum[0] and the odd ones in sum[1], 16 bits each.
func sumRows(sum *[2]uint64, src []byte, pitch, rows int) {
	const lanes = 0x00ff00ff00ff00ff
	even, odd := sum[0], sum[1]
	for at := 0; rows > 0; rows-- {
		v := binary.LittleEndian.Uint64(src[at : at+8])
		even += v & lanes
		odd += v >> 8 & lanes
		at += pitch
	}
	sum[0], sum[1] = even, odd
}

// span is a range of samples, to excluded.
type span struct{ from, to int }

// halves returns the chroma samples of the luma samples from..to-1. Where the
// factor is odd a sample may belong to two boxes with half its weight: then
// there are two spans, of the even luma samples and of the odd ones.
func halves(from, to, factor int) (a, b span) {
	if factor&1 == 0 {
		return span{from / 2, (to + 1) / 2}, span{}
	}
	return span{(from + 1) / 2, (to + 1) / 2}, span{from / 2, to / 2}
}

func (r *reducer) row(_ *decoder, y int) { r.finish(min(16*y+16, r.height)) }

// finish writes the bands that are complete when the rows before have are there.
func (r *reducer) finish(have int) {
	for (r.next+1)*r.factorY <= have || have == r.height && r.next < r.img.Height {
		r.emit(have)
	}
}

// emit writes the next band, of which the rows of pixels before have are
// there.
func (r *reducer) emit(have int) {
	from := r.next * r.factorY
	to := min(from+r.factorY, have)
	if to <= from {
		return
	}
	for i := range r.planes {
		r.planes[i].average(r.next, from, to, r.width, r.factorX, r.factorY)
	}
	out := r.img.Pix[4*r.next*r.img.Width:]
	y, u, v := r.planes[0].boxes, r.planes[1].boxes, r.planes[2].boxes
	for i := range r.img.Width {
		putRGB16((*[4]byte)(out[4*i:]), int32(y[i]), int32(u[i]), int32(v[i]))
	}
	r.next++
}

// average computes the boxes of a band from its sums and clears them; the band
// has the luma rows from..to-1.
func (p *plane) average(band, from, to, width, factorX, factorY int) {
	rows := to - from
	if p.half {
		a, b := halves(from, to, factorY)
		rows = a.to - a.from + b.to - b.from
	}
	packed := p.bands[band%len(p.bands)]
	size := factorX // of a box in samples, where it is a whole number
	if p.half {
		size /= 2
		width = (width + 1) / 2
		if factorX&1 != 0 {
			unpack(p.sums, packed)
			p.averageHalves(rows, width, factorX)
			return
		}
	}
	sums := p.sums
	if size&1 == 0 && width&1 == 0 {
		sums = sums[:len(sums)/2]
		unpackPairs(sums, packed)
		p.averageBoxes(sums[:width/2], size/2, uint64(rows*size))
		return
	}
	unpack(sums, packed)
	p.averageBoxes(sums[:width], size, uint64(rows*size))
}

// averageBoxes averages boxes of size sums; a whole box has n samples.
func (p *plane) averageBoxes(sums []uint16, size int, n uint64) {
	const unit = 1 << 28 // sixteenths, with 24 more bits
	scale := (unit + n/2) / n
	boxes := p.boxes
	for len(sums) >= size && len(boxes) > 0 {
		var sum uint64
		for _, v := range sums[:size] {
			sum += uint64(v)
		}
		boxes[0] = uint16((sum*scale + 1<<23) >> 24)
		boxes, sums = boxes[1:], sums[size:]
	}
	if len(sums) > 0 && len(boxes) > 0 {
		var sum uint64
		for _, v := range sums {
			sum += uint64(v)
		}
		n = n * uint64(len(sums)) / uint64(size)
		boxes[0] = uint16((16*sum + n/2) / n)
	}
}

// averageHalves averages the boxes of chroma for an odd factor.
func (p *plane) averageHalves(rows, width, factorX int) {
	for i := range p.boxes {
		x := i * factorX
		a, b := halves(x, min(x+factorX, 2*width), factorX)
		var sum uint32
		for _, v := range p.sums[a.from:a.to] {
			sum += uint32(v)
		}
		for _, v := range p.sums[b.from:b.to] {
			sum += uint32(v)
		}
		n := uint32(rows * (a.to - a.from + b.to - b.from))
		p.boxes[i] = uint16((16*sum + n/2) / n)
	}
}

// unpack spreads the sums of sumRows and clears them.
func unpack(dst []uint16, packed []uint64) {
	for i := 0; i+1 < len(packed); i += 2 {
		even, odd := packed[i], packed[i+1]
		packed[i], packed[i+1] = 0, 0
		d := dst[4*i : 4*i+8 : 4*i+8]
		d[0], d[1] = uint16(even), uint16(odd)
		d[2], d[3] = uint16(even>>16), uint16(odd>>16)
		d[4], d[5] = uint16(even>>32), uint16(odd>>32)
		d[6], d[7] = uint16(even>>48), uint16(odd>>48)
	}
}

// unpackPairs is unpack for sums of two columns, which fit 16 bits: 2 columns
// of raster.MaxFactor rows of up to 255.
func unpackPairs(dst []uint16, packed []uint64) {
	for i := 0; i+1 < len(packed); i += 2 {
		sum := packed[i] + packed[i+1]
		packed[i], packed[i+1] = 0, 0
		d := dst[2*i : 2*i+4 : 2*i+4]
		d[0], d[1], d[2], d[3] = uint16(sum), uint16(sum>>16), uint16(sum>>32), uint16(sum>>48)
	}
}
