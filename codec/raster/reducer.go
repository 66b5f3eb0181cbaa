package raster

import (
	"encoding/binary"
	"math/bits"
)

// MaxFactor is the largest factor a Reducer takes: the sums of a box of
// MaxFactor x MaxFactor pixels, weighted by alpha, still fit in 32 bits.
const MaxFactor = 128

// Reducer averages boxes of factorX x factorY pixels while the rows of a
// picture are decoded. It takes runs of pixels in any order (top to bottom,
// interlaced, tile by tile), each pixel once, and keeps sums only for the
// bands of boxes that are begun and not complete: one band of uint32 for rows
// in order. Boxes of which only a part arrives, at the right and bottom edge
// or in a truncated file, are averaged over what arrived; boxes of which
// nothing arrives are transparent, or white where the model has no alpha.
//
// Colors are weighted by their alpha, so that the color of invisible pixels
// does not bleed.
type Reducer struct {
	img              *Image
	width, height    int
	factorX, factorY int
	bands            []*band
	free             []*band
	missing          int     // pixels not yet added
	lanesFit         bool    // see band
	byPixels         divisor // divides by the pixels of a whole box
	byAlpha          divisor // divides by the alpha of a whole opaque box
}

// band holds the sums of one row of boxes.
type band struct {
	sum   []uint32 // four a box: for RGBA the alpha-weighted colors and alpha; nil until needed
	count []uint32 // pixels added to each box, without those of whole rows
	rows  uint32   // whole rows added
	left  int      // pixels not yet added to the band

	// lanes holds four 16-bit sums a box: red, green and blue of opaque pixels,
	// and how many there are; nil until needed. Boxes of up to 255 pixels fit,
	// and one addition does for four.
	lanes []uint64
}

// sums returns sum, and makes it.
func (b *band) sums() []uint32 {
	if b.sum == nil {
		b.sum = make([]uint32, 4*len(b.count))
	}
	return b.sum
}

// addLanes adds lanes to a box, to sum where they may not fit in lanes.
func (r *Reducer) addLanes(b *band, box int, s uint64) {
	if r.lanesFit {
		b.lanes[box] += s
		return
	}
	addLanes(b.sum[4*box:4*box+4:4*box+4], s)
}

func addLanes(sum []uint32, s uint64) {
	sum[0] += uint32(s&0xffff) * 255
	sum[1] += uint32(s>>16&0xffff) * 255
	sum[2] += uint32(s>>32&0xffff) * 255
	sum[3] += uint32(s>>48) * 255
}

// NewReducer returns a Reducer for a picture of width x height pixels. The
// factors are from 1 to MaxFactor.
func NewReducer(m Model, width, height, factorX, factorY int) *Reducer {
	img := NewImage(m, ceilDiv(width, factorX), ceilDiv(height, factorY))
	img.CoverX = float64(width) / float64(factorX)
	img.CoverY = float64(height) / float64(factorY)
	if m == Gray {
		for i := range img.Pix {
			img.Pix[i] = 255
		}
	}
	return &Reducer{
		img: img, width: width, height: height, factorX: factorX, factorY: factorY,
		bands: make([]*band, img.Height), missing: width * height,
		lanesFit: factorX*factorY*256 <= 0xffff, // with a half for rounding
		byPixels: newDivisor(uint32(factorX * factorY)), byAlpha: newDivisor(uint32(255 * factorX * factorY)),
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// ReducerMemory estimates the bytes that a Reducer allocates for rows that
// arrive in order; anyOrder where bands stay open until the end (interlaced).
func ReducerMemory(m Model, width, height, factorX, factorY int, anyOrder bool) int64 {
	w, h := int64(ceilDiv(width, factorX)), int64(ceilDiv(height, factorY))
	sums := w * 28
	if anyOrder {
		sums *= h
	}
	return w*h*int64(m.Bytes()) + sums
}

// Image ends the reduction and returns the picture; Truncated is set where
// pixels are missing.
func (r *Reducer) Image() *Image {
	if r.missing > 0 {
		r.img.Truncated = true
		for y, b := range r.bands {
			if b != nil {
				r.emit(b, y)
			}
		}
	}
	return r.img
}

// open returns the band of row y, the box of column x in it, and the room that
// box has to the right of x, and counts the n pixels that are about to be added.
func (r *Reducer) open(x, y, n int) (b *band, box, room int) {
	i := y / r.factorY
	b = r.bands[i]
	if b == nil {
		b = r.newBand()
		b.left = r.width * min(r.factorY, r.height-i*r.factorY)
		r.bands[i] = b
	}
	if n == r.width {
		b.rows++
		return b, 0, r.factorX
	}
	box, room = x/r.factorX, r.factorX-x%r.factorX
	for i, k := box, min(room, n); n > 0; i, k = i+1, min(r.factorX, n) {
		b.count[i] += uint32(k)
		n -= k
	}
	return b, box, room
}

// openLanes is open for pixels that are added with addLanes.
func (r *Reducer) openLanes(x, y, n int) (b *band, box, room int) {
	b, box, room = r.open(x, y, n)
	if !r.lanesFit {
		b.sums()
	} else if b.lanes == nil {
		b.lanes = make([]uint64, len(b.count))
	}
	return b, box, room
}

func (r *Reducer) newBand() *band {
	if n := len(r.free); n > 0 {
		b := r.free[n-1]
		r.free = r.free[:n-1]
		clear(b.sum)
		clear(b.count)
		clear(b.lanes)
		b.rows = 0
		return b
	}
	return &band{count: make([]uint32, r.img.Width)}
}

// close counts the pixels added to the band of row y and writes the band out
// when it is complete.
func (r *Reducer) close(b *band, y, added int) {
	r.missing -= added
	b.left -= added
	if b.left > 0 {
		return
	}
	i := y / r.factorY
	r.emit(b, i)
	r.bands[i] = nil
	r.free = append(r.free, b)
}

// emit writes the averages of a band to row i of the picture.
func (r *Reducer) emit(b *band, i int) {
	size := r.img.Model.Bytes()
	out := r.img.Pix[size*i*r.img.Width:][:size*r.img.Width]
	if b.sum == nil && r.img.Model == RGBA && r.emitLanes(b, out) {
		return
	}
	r.finish(b)
	switch r.img.Model {
	case Gray:
		for box, n := range b.count {
			switch sum := b.sum[4*box]; n {
			case 0: // stays white
			case r.byPixels.d:
				out[box] = uint8(r.byPixels.round(sum))
			default:
				out[box] = uint8((sum + n/2) / n)
			}
		}
	case CMYK:
		for box, n := range b.count {
			d, sum := out[4*box:4*box+4:4*box+4], b.sum[4*box:4*box+4:4*box+4]
			if n == r.byPixels.d {
				r.byPixels.round4(d, sum)
			} else if n > 0 {
				for c := range 4 {
					d[c] = uint8((sum[c] + n/2) / n)
				}
			}
		}
	default:
		for box, n := range b.count {
			d, sum := out[4*box:4*box+4:4*box+4], b.sum[4*box:4*box+4:4*box+4]
			if a := sum[3]; a == r.byAlpha.d {
				r.byAlpha.round4(d, sum)
				d[3] = 255
			} else if a > 0 {
				d[0] = uint8((sum[0] + a/2) / a)
				d[1] = uint8((sum[1] + a/2) / a)
				d[2] = uint8((sum[2] + a/2) / a)
				d[3] = uint8((a + n/2) / n)
			}
		}
	}
}

// emitLanes writes the averages of a band of whole boxes of opaque pixels, of
// which only the last may be narrower. It reports whether the band is of that
// kind.
func (r *Reducer) emitLanes(b *band, out []byte) bool {
	last := len(b.lanes) - 1
	if last < 0 || b.rows != uint32(r.factorY) {
		return false
	}
	full, q := uint64(r.byPixels.d), r.byPixels
	half := uint64(full/2) * 0x000100010001
	shift, even := uint(bits.TrailingZeros64(full)), full&(full-1) == 0
	for box, s := range b.lanes {
		if s>>48 != full {
			if box < last || s>>48 != uint64(b.rows)*uint64(r.width-box*r.factorX) {
				return false
			}
			q, even = newDivisor(uint32(s>>48)), false
			half = uint64(q.d/2) * 0x000100010001
		}
		s = s&0xffffffffffff + half
		var v uint32
		if even {
			s >>= shift
			v = uint32(s&0xff | s>>8&0xff00 | s>>16&0xff0000)
		} else {
			v = uint32(s&0xffff*q.mul>>(q.shift&63) | s>>16&0xffff*q.mul>>(q.shift&63)<<8 | s>>32&0xffff*q.mul>>(q.shift&63)<<16)
		}
		binary.LittleEndian.PutUint32(out[4*box:], v|0xff<<24)
	}
	return true
}

// finish brings all that was added to a band into sum and count.
func (r *Reducer) finish(b *band) {
	b.sums()
	if b.rows > 0 {
		last := len(b.count) - 1
		for i := range b.count[:last] {
			b.count[i] += b.rows * uint32(r.factorX)
		}
		b.count[last] += b.rows * uint32(r.width-last*r.factorX)
	}
	for box, s := range b.lanes {
		addLanes(b.sum[4*box:4*box+4:4*box+4], s)
	}
}

// divisor divides by a number that is known long before, with a multiplication.
type divisor struct {
	d     uint32
	mul   uint64
	shift uint
}

func newDivisor(d uint32) divisor {
	// With 32 + log2(d) bits of the reciprocal, rounded up, the quotient of
	// any 32-bit number is exact; sums are smaller than 2^31, so that the
	// product fits in 64 bits.
	shift := 32 + uint(bits.Len32(d-1))
	return divisor{d: d, mul: 1<<shift/uint64(d) + 1, shift: shift}
}

// round returns v/d rounded to the nearest integer, for v below 2^31.
func (q *divisor) round(v uint32) uint32 {
	return uint32(uint64(v+q.d/2) * q.mul >> (q.shift & 63))
}

func (q *divisor) round4(out []byte, sum []uint32) {
	out[0] = uint8(q.round(sum[0]))
	out[1] = uint8(q.round(sum[1]))
	out[2] = uint8(q.round(sum[2]))
	out[3] = uint8(q.round(sum[3]))
}
