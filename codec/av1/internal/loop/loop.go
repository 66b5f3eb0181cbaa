// Package loop filters a decoded picture of AV1: deblocking, CDEF (constrained
// directional enhancement), superresolution and loop restoration, sections 7.14
// to 7.17 of the AV1 Bitstream & Decoding Process Specification.
//
// None of them feeds the prediction of the same picture. Deblocking works in
// place on the whole picture; what follows goes by stripes of 64 rows, which the
// standard made for that: loop restoration takes no rows from beyond its stripe
// but deblocked ones.
package loop

import "s3-thumbnail-creator/codec/internal/planar"

// Frame is a deblocked picture and how it is filtered further.
type Frame struct {
	// One plane or three, with all samples that are coded, also those beyond
	// the edge of the picture: in luma 4*MiCols by 4*MiRows.
	Planes         []planar.Plane
	Depth          int
	SubX, SubY     int // 1 where chroma has half the columns or rows
	Width, Height  int // in luma, as coded
	UpscaledWidth  int // Width without superresolution
	MiCols, MiRows int // 4x4 blocks of luma
	Cdef           *Cdef
	Restoration    [3]Restoration
}

// layout is the size of a plane of a Frame.
type layout struct {
	subX, subY           int
	coded                int // columns that are coded
	width, upscaledWidth int
	height               int
}

func (f *Frame) layout(plane int) layout {
	l := layout{coded: 4 * f.MiCols, width: f.Width, upscaledWidth: f.UpscaledWidth, height: f.Height}
	if plane > 0 {
		l.subX, l.subY = f.SubX, f.SubY
		l.coded >>= f.SubX
		l.width = (l.width + f.SubX) >> f.SubX
		l.upscaledWidth = (l.upscaledWidth + f.SubX) >> f.SubX
		l.height = (l.height + f.SubY) >> f.SubY
	}
	return l
}

// margin is how many samples beyond a stripe loop restoration reads on each
// side.
const margin = 3

// stripe is some rows of a plane on their way through the filters.
type stripe struct {
	layout
	y, rows  int
	cdef     []uint16 // rows as coded; behind superresolution only
	source   []uint16 // upscaled rows, with a margin all around
	stride   int      // of source
	restored []uint16 // rows of upscaledWidth
}

// Finish applies all filters but deblocking and passes the rows to emit, top to
// bottom, in bands that are valid during the call: y and rows count in luma.
func Finish(f *Frame, emit func(y, rows int, planes []planar.Plane)) {
	stripes := make([]stripe, len(f.Planes))
	for i := range stripes {
		l := f.layout(i)
		s := stripe{layout: l, stride: max(l.upscaledWidth, l.coded) + 2*margin}
		s.source = make([]uint16, s.stride*(64>>l.subY+2*margin))
		if f.UpscaledWidth != f.Width {
			s.cdef = make([]uint16, l.coded*(64>>l.subY))
		}
		if f.Restoration[i].UnitSize > 0 {
			s.restored = make([]uint16, l.upscaledWidth*(64>>l.subY))
		}
		stripes[i] = s
	}
	r := newRestorer(f)
	out := make([]planar.Plane, len(stripes))
	for end := 56; end-64 < f.Height; end += 64 {
		start := max(end-64, 0)
		for i := range stripes {
			s := &stripes[i]
			s.y = start >> s.subY
			s.rows = min(end>>s.subY, s.height) - s.y
		}
		f.enhance(stripes, start, min(end, f.Height))
		for i := range stripes {
			out[i] = r.restore(i, &stripes[i], end-56)
		}
		emit(start, min(end, f.Height)-start, out)
	}
}

// at is the index in source of a sample of the stripe.
func (s *stripe) at(x, y int) int { return (y+margin)*s.stride + margin + x }

// enhanced is where CDEF puts its result.
func (s *stripe) enhanced() planar.Plane {
	if s.cdef != nil {
		return planar.Plane{Pix: s.cdef, Stride: s.coded}
	}
	return planar.Plane{Pix: s.source[s.at(0, 0):], Stride: s.stride}
}

// surround fills in the margin of source for a stripe of a plane: deblocked
// rows of its neighbors, of which two are used, and beyond the picture the
// outermost samples. Section 7.17.6.
func (s *stripe) surround(f *Frame, p planar.Plane) {
	for i := 1; i <= margin; i++ {
		s.beyond(f, p, -i, max(s.y-min(i, 2), 0))
		below := s.rows - 1 + i
		s.beyond(f, p, below, min(s.y+s.rows-1+min(i, 2), s.height-1))
	}
	for y := -margin; y < s.rows+margin; y++ {
		row := s.source[s.at(-margin, y):][:s.upscaledWidth+2*margin]
		for i := range margin {
			row[i] = row[margin]
			row[len(row)-1-i] = row[len(row)-1-margin]
		}
	}
}

// beyond sets a row of source that is not of the stripe to a row of the plane,
// or to the row of the stripe that it stands for where the picture ends.
func (s *stripe) beyond(f *Frame, p planar.Plane, to, y int) {
	row := s.source[s.at(0, to):][:s.upscaledWidth]
	switch {
	case y >= s.y && y < s.y+s.rows:
		copy(row, s.source[s.at(0, y-s.y):])
	case f.UpscaledWidth != f.Width:
		Upscale(row, p.Pix[y*p.Stride:][:s.coded], s.width, f.Depth)
	default:
		copy(row, p.Pix[y*p.Stride:])
	}
}
