package thumbnail

import (
	"math"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/raster"
)

// Samples are resampled as fixed-point numbers: 8 bits and sampleBits of
// fraction, times weights of weightBits of fraction. Two samples share one
// int64, 32 bits each, so that one multiplication serves both: the sum of
// products is linear, and a negative lower half borrows from the upper one
// exactly what pair and split give back.
//
// The rows of opaque pictures, which most are, get by with less: three samples
// of 8 bits share one int64, 21 bits each, times weights of tripleBits.
const (
	sampleBits = 6
	weightBits = 15
	tripleBits = 11
)

// kernel is the resampling filter. Lanczos with three lobes is what Pillow,
// libvips and sharp use for thumbnails.
var kernel = imaging.Lanczos

// taps are the weights by which one pixel of the result takes part of a row
// (or column) of the source: source[first+i] times weight[i].
type taps struct {
	first  int
	weight []int64
}

// tapsFor computes the taps for resampling length pixels (a fraction is
// allowed) that start at start, in a row of size pixels, to count pixels. The
// weights of a pixel have a fraction of the given number of bits.
// Source: the usual convolution form, as in Pillow's Resample.c: the kernel is
// stretched by the scale when shrinking, and its weights are normalized.
func tapsFor(start, length float64, size, count, bits int) []taps {
	scale := length / float64(count)
	stretch := max(scale, 1)
	support := kernel.Support * stretch
	result := make([]taps, count)
	for i := range result {
		center := start + (float64(i)+0.5)*scale
		first := max(int(math.Floor(center-support+0.5)), 0)
		last := min(int(math.Floor(center+support+0.5)), size)
		if first >= last { // start or length is off the row by rounding
			first = min(max(int(center), 0), size-1)
			last = first + 1
		}
		weights := make([]float64, last-first)
		var sum float64
		for j := range weights {
			weights[j] = kernel.Kernel((float64(first+j) + 0.5 - center) / stretch)
			sum += weights[j]
		}
		fixed := make([]int64, len(weights))
		left, largest := int64(1)<<bits, 0
		for j, w := range weights {
			fixed[j] = int64(math.Round(w / sum * float64(int64(1)<<bits)))
			left -= fixed[j]
			if fixed[j] > fixed[largest] {
				largest = j
			}
		}
		fixed[largest] += left // so that a flat area stays exactly flat
		result[i] = taps{first, fixed}
	}
	return result
}

// pixel holds red and green, blue and alpha, two to an int64: see sampleBits.
// Colors are premultiplied by alpha. A gray pixel is in the lower half of the
// first.
type pixel [2]int64

func pair(lo, hi int64) int64 { return hi<<32 + lo }

func split(p int64) (lo, hi int64) {
	lo = int64(int32(p))
	return lo, (p - lo) >> 32
}

// resample returns the part of src in from, resampled to width x height
// pixels. from is in pixels of src; src is Gray or RGBA. Where the part is the
// whole and nothing is to be scaled, src itself is returned.
func resample(src *raster.Image, from window, width, height int) *raster.Image {
	if from == (window{0, 0, float64(width), float64(height)}) && width == src.Width && height == src.Height {
		return src
	}
	rows := tapsFor(from.y, from.height, src.Height, height, weightBits)
	dst := raster.NewImage(src.Model, width, height)
	s := newScaler(src, from, width)
	sum := make([]pixel, width)
	for y, t := range rows {
		clear(sum)
		s.drop(t.first)
		i := 0
		for ; i+4 <= len(t.weight); i += 4 {
			at := t.first + i
			add4(sum, s.row(at), s.row(at+1), s.row(at+2), s.row(at+3), t.weight[i:i+4])
		}
		for ; i < len(t.weight); i++ {
			add(sum, s.row(t.first+i), t.weight[i])
		}
		store(dst, y, sum)
	}
	return dst
}

func add(sum, row []pixel, weight int64) {
	row = row[:len(sum)]
	for i := range sum {
		sum[i][0] += weight * row[i][0]
		sum[i][1] += weight * row[i][1]
	}
}

func add4(sum, a, b, c, d []pixel, weight []int64) {
	n := len(sum)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	wa, wb, wc, wd := weight[0], weight[1], weight[2], weight[3]
	for i := range sum {
		sum[i][0] += wa*a[i][0] + wb*b[i][0] + wc*c[i][0] + wd*d[i][0]
		sum[i][1] += wa*a[i][1] + wb*b[i][1] + wc*c[i][1] + wd*d[i][1]
	}
}

// scaler resamples single rows of src to the columns of the result when they
// are first needed, and keeps them until they are dropped.
type scaler struct {
	src     *raster.Image
	columns []taps
	triples []int64         // one row of src, if it is opaque
	pixels  []pixel         // one row of src, if it is not
	kept    map[int][]pixel // resampled rows by their y
	oldest  int             // no row above is kept
	free    [][]pixel
}

func newScaler(src *raster.Image, from window, width int) *scaler {
	s := &scaler{src: src, kept: map[int][]pixel{}}
	bits := weightBits
	if src.Model == raster.Gray || opaque(src.Standard()) {
		bits, s.triples = tripleBits, make([]int64, src.Width)
	} else {
		s.pixels = make([]pixel, src.Width)
	}
	s.columns = tapsFor(from.x, from.width, src.Width, width, bits)
	return s
}

// drop forgets the rows above y.
func (s *scaler) drop(y int) {
	for ; s.oldest < y; s.oldest++ {
		if row, ok := s.kept[s.oldest]; ok {
			s.free = append(s.free, row)
			delete(s.kept, s.oldest)
		}
	}
}

// row returns row y of src, resampled.
func (s *scaler) row(y int) []pixel {
	if row, ok := s.kept[y]; ok {
		return row
	}
	var row []pixel
	if n := len(s.free); n > 0 {
		row, s.free = s.free[n-1], s.free[:n-1]
	} else {
		row = make([]pixel, len(s.columns))
	}
	if s.triples != nil {
		s.resampleOpaque(row, y)
	} else {
		s.resampleAlpha(row, y)
	}
	s.kept[y] = row
	return row
}

func (s *scaler) resampleOpaque(row []pixel, y int) {
	if s.src.Model == raster.Gray {
		for x, v := range s.src.Pix[y*s.src.Width:][:len(s.triples)] {
			s.triples[x] = int64(v)
		}
	} else {
		pix := s.src.Pix[4*y*s.src.Width:][:4*len(s.triples)]
		for x := range s.triples {
			p := pix[4*x : 4*x+4 : 4*x+4]
			s.triples[x] = int64(p[0]) | int64(p[1])<<21 | int64(p[2])<<42
		}
	}
	const shift = tripleBits - sampleBits
	const half = 1 << (shift - 1)
	for x, t := range s.columns {
		in := s.triples[t.first:][:len(t.weight)]
		sum := int64(half | half<<21 | half<<42)
		for i, w := range t.weight {
			sum += w * in[i]
		}
		r := sum << 43 >> 43 // the lowest 21 bits with their sign
		sum = (sum - r) >> 21
		g := sum << 43 >> 43
		b := (sum - g) >> 21
		row[x] = pixel{pair(r>>shift, g>>shift), pair(b>>shift, 255<<sampleBits)}
	}
}

func (s *scaler) resampleAlpha(row []pixel, y int) {
	pix := s.src.Pix[4*y*s.src.Width:][:4*len(s.pixels)]
	for x := range s.pixels {
		p := pix[4*x : 4*x+4 : 4*x+4]
		a := int64(p[3])
		s.pixels[x] = pixel{
			pair(premultiply(int64(p[0]), a), premultiply(int64(p[1]), a)),
			pair(premultiply(int64(p[2]), a), a<<sampleBits),
		}
	}
	const half = 1 << (weightBits - 1)
	for x, t := range s.columns {
		in := s.pixels[t.first:][:len(t.weight)]
		rg, ba := pair(half, half), pair(half, half)
		for i, w := range t.weight {
			rg += w * in[i][0]
			ba += w * in[i][1]
		}
		r, g := split(rg)
		b, a := split(ba)
		row[x] = pixel{pair(r>>weightBits, g>>weightBits), pair(b>>weightBits, a>>weightBits)}
	}
}

func premultiply(c, a int64) int64 { return (c*a<<sampleBits + 127) / 255 }

// store writes a row of weighted sums to row y of dst.
func store(dst *raster.Image, y int, sum []pixel) {
	const shift, half = weightBits + sampleBits, 1 << (weightBits + sampleBits - 1)
	if dst.Model == raster.Gray {
		for x, v := range sum {
			gray, _ := split(v[0])
			dst.Pix[y*dst.Width+x] = clamp8((gray + half) >> shift)
		}
		return
	}
	for x, v := range sum {
		r, g := split(v[0])
		b, a := split(v[1])
		out := dst.Pix[4*(y*dst.Width+x):]
		out = out[:4:4]
		out[3] = clamp8((a + half) >> shift)
		switch {
		case out[3] == 255:
			out[0], out[1], out[2] = clamp8((r+half)>>shift), clamp8((g+half)>>shift), clamp8((b+half)>>shift)
		case out[3] > 0:
			out[0], out[1], out[2] = clamp8((r*255+a/2)/a), clamp8((g*255+a/2)/a), clamp8((b*255+a/2)/a)
		}
	}
}

func clamp8(v int64) uint8 { return uint8(min(max(v, 0), 255)) }
