package loop

import "s3-thumbnail-creator/codec/internal/planar"

// Edges is where the transform blocks of a plane meet, and how much is filtered
// there: a value for each 4x4 samples, in rows of Units.
type Edges struct {
	// Sizes of the transform blocks that cover the samples: the logarithm of
	// the width less 2, and that of the height from bit 4 on.
	Sizes []uint8
	// Levels for edges of that direction, 0 to 63: lvl of section 7.14.4.
	Vertical, Horizontal []uint8
	Units                int
	Columns, Rows        int // of 4x4 samples that begin within the picture
	Sharpness, Depth     int
	Chroma               bool
}

// bounds is how different samples may be that are filtered at a level, and from
// where on a difference is an edge of what is shown. Section 7.14.4.
type bounds struct{ inner, across, high int32 }

func (e *Edges) bounds() (b [64]bounds) {
	shift := 0
	if e.Sharpness > 4 {
		shift = 2
	} else if e.Sharpness > 0 {
		shift = 1
	}
	for level := range b {
		inner := level >> shift
		if e.Sharpness > 0 {
			inner = min(inner, 9-e.Sharpness)
		}
		inner = max(inner, 1)
		up := e.Depth - 8
		b[level] = bounds{
			int32(inner << up), int32((2*(level+2) + inner) << up), int32(level >> 4 << up),
		}
	}
	return b
}

// Deblock filters the edges of transform blocks in a plane, which holds them
// whole, also those over its edge: vertical ones first, then horizontal ones.
// Section 7.14.
func Deblock(p planar.Plane, e *Edges) {
	levels := e.bounds()
	f := edgeFilter{pix: p.Pix, chroma: e.Chroma, depth: e.Depth}
	for row := range e.Rows {
		first := row * e.Units
		for column := 1; column < e.Columns; column++ {
			i := first + column
			size := e.Sizes[i] & 15
			if column&(1<<size-1) != 0 {
				continue
			}
			level := e.Vertical[i]
			if level == 0 {
				level = e.Vertical[i-1]
			}
			if level != 0 {
				f.bounds = levels[level&63]
				f.filter(4*(row*p.Stride+column), 1, p.Stride, min(size, e.Sizes[i-1]&15))
			}
		}
	}
	for row := 1; row < e.Rows; row++ {
		for column := range e.Columns {
			i := row*e.Units + column
			size := e.Sizes[i] >> 4
			if row&(1<<size-1) != 0 {
				continue
			}
			level := e.Horizontal[i]
			if level == 0 {
				level = e.Horizontal[i-e.Units]
			}
			if level != 0 {
				f.bounds = levels[level&63]
				f.filter(4*(row*p.Stride+column), p.Stride, 1, min(size, e.Sizes[i-e.Units]>>4))
			}
		}
	}
}

// edgeFilter filters across edges.
type edgeFilter struct {
	pix    []uint16
	bounds bounds
	depth  int
	chroma bool
}

// profile is the samples of a line across an edge, which is before edge.
type profile [14]int32

const edge = 7

// filter filters four lines across an edge; at is the first sample behind it,
// step leads across, next along it. size is the logarithm of the lesser side of
// the blocks, less 2. Section 7.14.6.
func (f *edgeFilter) filter(at, step, next int, size uint8) {
	reach := [4]int{2, 4, 7, 7}[min(size, 3)]
	if f.chroma {
		reach = min(reach, 3)
	}
	var s profile
	for range 4 {
		from := at - reach*step
		for i := edge - reach; i < edge+reach; i++ {
			s[i] = int32(f.pix[from])
			from += step
		}
		f.filterLine(&s, reach, at, step)
		at += next
	}
}

func apart(a, b int32) int32 { return max(a-b, b-a) }

// filterLine filters a line of which reach samples are known on each side.
// Section 7.14.6.2.
func (f *edgeFilter) filterLine(s *profile, reach, at, step int) {
	p0, q0 := s[edge-1], s[edge]
	inner := max(apart(s[edge-2], p0), apart(s[edge+1], q0))
	if 2*apart(p0, q0)+apart(s[edge-2], s[edge+1])/2 > f.bounds.across || inner > f.bounds.inner {
		return
	}
	even := int32(1) << (f.depth - 8)
	flat := reach > 2 && inner <= even
	for i := 2; i < min(reach, 4); i++ {
		if apart(s[edge-1-i], s[edge-i]) > f.bounds.inner || apart(s[edge+i], s[edge+i-1]) > f.bounds.inner {
			return
		}
		flat = flat && apart(s[edge-1-i], p0) <= even && apart(s[edge+i], q0) <= even
	}
	if !flat {
		f.narrow(s, at, step, inner > f.bounds.high)
		return
	}
	if reach == 7 {
		for i := 4; i < 7; i++ {
			if apart(s[edge-1-i], p0) > even || apart(s[edge+i], q0) > even {
				reach = 4
			}
		}
	}
	f.wide(s, reach-1, at, step)
}

// narrow changes one sample on each side of an edge of what is shown, else two.
// Section 7.14.6.3.
func (f *edgeFilter) narrow(s *profile, at, step int, high bool) {
	least := int32(-1) << (f.depth - 1)
	most := -least - 1
	clamp := func(v int32) int32 { return min(max(v, least), most) }
	p1, p0, q0, q1 := s[edge-2]+least, s[edge-1]+least, s[edge]+least, s[edge+1]+least
	v := int32(0)
	if high {
		v = clamp(p1 - q1)
	}
	v = clamp(v + 3*(q0-p0))
	v1, v2 := clamp(v+4)>>3, clamp(v+3)>>3
	f.pix[at] = uint16(clamp(q0-v1) - least)
	f.pix[at-step] = uint16(clamp(p0+v2) - least)
	if !high {
		v = (v1 + 1) >> 1
		f.pix[at+step] = uint16(clamp(q1-v) - least)
		f.pix[at-2*step] = uint16(clamp(p1+v) - least)
	}
}

// wide replaces n samples on each side by weighted means of 2*n+1; the weights
// of the middle one, or three, are twice those of the others. Section 7.14.6.4.
func (f *edgeFilter) wide(s *profile, n, at, step int) {
	first, last := edge-1-n, edge+n
	shift, middle := 3, 1
	switch n {
	case 3:
		middle = 0
	case 6:
		shift = 4
	}
	sum := int32(1) << shift >> 1
	for j := -n; j <= n; j++ {
		sum += s[max(edge-n+j, first)]
	}
	at -= n * step
	for i := edge - n; i < edge+n; i++ {
		v := sum + s[i]
		if middle > 0 {
			v += s[i-1] + s[i+1]
		}
		f.pix[at] = uint16(v >> shift)
		at += step
		sum += s[min(i+1+n, last)] - s[max(i-n, first)]
	}
}
