package hevc

// tcTable and betaTable are the thresholds of the deblocking filter by
// quantizer. ITU-T H.265, table 8-12.
var tcTable = [54]int32{
	18: 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4,
	5, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22, 24,
}

var betaTable = [52]int32{
	16: 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28,
	30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62, 64,
}

// deblockBand filters the edges of the blocks of the band: first those between
// left and right, then those between above and below. Section 8.7.2.
//
// All blocks are intra, so that every edge of a transform block on the grid of
// 8x8 is one of boundary strength 2.
func (f *frame) deblockBand() {
	size := f.seq.log2Tree
	for _, side := range [2]uint8{sideLeft, sideTop} {
		for y := f.bandTop >> size; y<<size < f.bandBottom; y++ {
			for x := range f.blocksX {
				if s := f.block(x, y).slice; s != nil && !s.deblock.disabled {
					f.deblockBlock(&s.deblock, x<<size, y<<size, side)
				}
			}
		}
	}
}

// deblockBlock filters the left or the top edges in a coding tree block.
func (f *frame) deblockBlock(d *deblocking, left, top int, side uint8) {
	right, bottom := min(left+f.size, f.seq.width), min(top+f.size, f.seq.height)
	stepX, stepY, backX, backY := 8, 4, 1, 0
	if side == sideTop {
		stepX, stepY, backX, backY = 4, 8, 0, 1
	}
	for y := top; y < bottom; y += stepY {
		sides := f.sides[(y-f.base)>>2*f.side4:][:f.side4]
		for x := left; x < right; x += stepX {
			if sides[x>>2]&side == 0 {
				continue
			}
			q, p := f.index8(x, y), f.index8(x-backX, y-backY)
			e := edge{
				qp:    (int(f.qps[q]) + int(f.qps[p]) + 1) >> 1,
				keepP: f.unchanged && f.kept[p], keepQ: f.unchanged && f.kept[q],
			}
			f.deblockLuma(d, &e, x, y, side)
			for i := 1; i < f.numPlanes; i++ {
				f.deblockChroma(d, &e, i, x, y, side)
			}
		}
	}
}

// edge is a piece of four luma samples of an edge.
type edge struct {
	qp           int  // average of both sides
	keepP, keepQ bool // a side must not be changed
}

func threshold(table []int32, qp, depth int) int32 {
	return table[min(max(qp, 0), len(table)-1)] << (depth - 8)
}

// deblockLuma filters one piece. Sections 8.7.2.5.3, 8.7.2.5.6 and 8.7.2.5.7.
func (f *frame) deblockLuma(d *deblocking, e *edge, x, y int, side uint8) {
	plane := &f.planes[0]
	beta := threshold(betaTable[:], e.qp+d.beta, plane.depth)
	tc := threshold(tcTable[:], e.qp+2+d.tc, plane.depth)
	across, along := 1, plane.stride
	if side == sideTop {
		across, along = along, across
	}
	at := f.at(plane, x, y)
	// p3 is at the start of each line of eight samples, q0 in its middle.
	first := plane.pix[at-4*across:]
	s := samples{first, across}
	t := samples{first[3*along:], across}
	dp0, dq0, dp3, dq3 := s.bend(3, 2, 1), s.bend(4, 5, 6), t.bend(3, 2, 1), t.bend(4, 5, 6)
	if dp0+dq0+dp3+dq3 >= beta {
		return
	}
	if s.strong(2*(dp0+dq0), beta, tc) && t.strong(2*(dp3+dq3), beta, tc) {
		for i := range 4 {
			samples{first[i*along:], across}.filterStrong(tc, e)
		}
		return
	}
	side2 := (beta + beta>>1) >> 3
	most := int32(1)<<plane.depth - 1
	for i := range 4 {
		samples{first[i*along:], across}.filterWeak(tc, most, dp0+dp3 < side2, dq0+dq3 < side2, e)
	}
}

// samples is a line across an edge: p3 to p0 and q0 to q3 are 0 to 7.
type samples struct {
	pix  []uint16
	step int
}

func (s samples) at(i int) int32     { return int32(s.pix[i*s.step]) }
func (s samples) set(i int, v int32) { s.pix[i*s.step] = uint16(v) }

// bend is the absolute second difference of three samples.
func (s samples) bend(a, b, c int) int32 { return abs(s.at(a) - 2*s.at(b) + s.at(c)) }

func abs(v int32) int32 { return max(v, -v) }

func clip(v, least, most int32) int32 { return min(max(v, least), most) }

// strong decides on the strong filter. Section 8.7.2.5.6.
func (s samples) strong(bend2, beta, tc int32) bool {
	return bend2 < beta>>2 && abs(s.at(0)-s.at(3))+abs(s.at(4)-s.at(7)) < beta>>3 &&
		abs(s.at(3)-s.at(4)) < (5*tc+1)>>1
}

func (s samples) filterStrong(tc int32, e *edge) {
	p3, p2, p1, p0 := s.at(0), s.at(1), s.at(2), s.at(3)
	q0, q1, q2, q3 := s.at(4), s.at(5), s.at(6), s.at(7)
	if tc *= 2; !e.keepP {
		s.set(3, clip((p2+2*p1+2*p0+2*q0+q1+4)>>3, p0-tc, p0+tc))
		s.set(2, clip((p2+p1+p0+q0+2)>>2, p1-tc, p1+tc))
		s.set(1, clip((2*p3+3*p2+p1+p0+q0+4)>>3, p2-tc, p2+tc))
	}
	if !e.keepQ {
		s.set(4, clip((p1+2*p0+2*q0+2*q1+q2+4)>>3, q0-tc, q0+tc))
		s.set(5, clip((p0+q0+q1+q2+2)>>2, q1-tc, q1+tc))
		s.set(6, clip((p0+q0+q1+3*q2+2*q3+4)>>3, q2-tc, q2+tc))
	}
}

func (s samples) filterWeak(tc, most int32, secondP, secondQ bool, e *edge) {
	p2, p1, p0 := s.at(1), s.at(2), s.at(3)
	q0, q1, q2 := s.at(4), s.at(5), s.at(6)
	delta := (9*(q0-p0) - 3*(q1-p1) + 8) >> 4
	if abs(delta) >= 10*tc {
		return
	}
	delta = clip(delta, -tc, tc)
	if !e.keepP {
		s.set(3, clip(p0+delta, 0, most))
		if secondP {
			s.set(2, clip(p1+clip(((p2+p0+1)>>1-p1+delta)>>1, -(tc>>1), tc>>1), 0, most))
		}
	}
	if !e.keepQ {
		s.set(4, clip(q0-delta, 0, most))
		if secondQ {
			s.set(5, clip(q1+clip(((q2+q0+1)>>1-q1-delta)>>1, -(tc>>1), tc>>1), 0, most))
		}
	}
}

// deblockChroma filters the samples of a chroma plane beside one piece, where
// they are on the plane's own grid of 8x8. Sections 8.7.2.5.5 and 8.7.2.5.8.
func (f *frame) deblockChroma(d *deblocking, e *edge, component, x, y int, side uint8) {
	plane := &f.planes[component]
	across, along, count := 1, plane.stride, 4>>plane.y
	on := x >> plane.x
	if side == sideTop {
		across, along, count = along, across, 4>>plane.x
		on = y >> plane.y
	}
	if on&7 != 0 {
		return
	}
	qp := chromaQP(f.seq.chroma, e.qp+f.pic.chromaOffset[component])
	tc := threshold(tcTable[:], qp+2+d.tc, plane.depth)
	most := int32(1)<<plane.depth - 1
	first := plane.pix[f.at(plane, x, y)-2*across:]
	for i := range count {
		s := samples{first[i*along:], across}
		p1, p0, q0, q1 := s.at(0), s.at(1), s.at(2), s.at(3)
		delta := clip((4*(q0-p0)+p1-q1+4)>>3, -tc, tc)
		if !e.keepP {
			s.set(1, clip(p0+delta, 0, most))
		}
		if !e.keepQ {
			s.set(2, clip(q0-delta, 0, most))
		}
	}
}
