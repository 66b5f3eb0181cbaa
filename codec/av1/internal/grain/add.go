package grain

import "s3-thumbnail-creator/codec/internal/planar"

// Add adds grain to rows of luma from y on, which is even, and to what belongs
// to them in chroma. Section 7.18.3.5.
func (s *Synthesizer) Add(y, rows int, planes []planar.Plane) {
	for plane := len(planes) - 1; plane >= 0; plane-- { // chroma looks at luma without grain
		if s.scaling[plane] == nil {
			continue
		}
		subX, subY := s.sub(plane)
		width := (s.f.Width + subX) >> subX
		p := planes[plane]
		for i := range (rows + subY) >> subY {
			row := p.Pix[i*p.Stride:][:width]
			noise := s.noiseRow(plane, y>>subY+i)[:width]
			if plane == 0 {
				s.addLuma(row, noise)
			} else {
				s.addChroma(plane, row, noise, planes[0].Pix[i<<subY*planes[0].Stride:][:s.f.Width])
			}
		}
	}
}

// limits are the values that a plane may have.
func (s *Synthesizer) limits(plane int) (least, most int32) {
	up := s.f.Depth - 8
	switch {
	case !s.p.Restricted:
		return 0, 1<<s.f.Depth - 1
	case plane == 0 || s.f.Identity:
		return 16 << up, 235 << up
	default:
		return 16 << up, 240 << up
	}
}

func (s *Synthesizer) addLuma(row []uint16, noise []int32) {
	least, most := s.limits(0)
	scaling, mask := s.scaling[0], uint16(len(s.scaling[0])-1)
	for x, v := range row {
		grain := round2(int32(scaling[v&mask])*noise[x], s.p.Scaling)
		row[x] = uint16(min(max(int32(v)+grain, least), most))
	}
}

func (s *Synthesizer) addChroma(plane int, row []uint16, noise []int32, luma []uint16) {
	least, most := s.limits(plane)
	mix, scaling := s.p.CbMix, s.scaling[plane]
	if plane == 2 {
		mix = s.p.CrMix
	}
	offset := mix.Offset << (s.f.Depth - 8)
	for x, v := range row {
		at := x << s.f.SubX
		value := int(luma[at])
		if s.f.SubX == 1 {
			value = (value + int(luma[min(at+1, len(luma)-1)]) + 1) >> 1
		}
		if !s.p.ChromaFromLuma {
			value = min(max((value*mix.Luma+int(v)*mix.Chroma)>>6+offset, 0), len(scaling)-1)
		}
		grain := round2(int32(scaling[value])*noise[x], s.p.Scaling)
		row[x] = uint16(min(max(int32(v)+grain, least), most))
	}
}

// noiseRow returns the grain of a row of a plane, which is valid until the next
// call. Where a stripe begins, it goes over from that of the stripe above.
func (s *Synthesizer) noiseRow(plane, y int) []int32 {
	_, subY := s.sub(plane)
	stripe := y >> (5 - subY)
	i := y - stripe<<(5-subY)
	if stripe != s.stripe {
		s.stripe = stripe
		s.place(s.before, stripe-1)
		s.place(s.offsets, stripe)
	}
	s.pieces(s.noise, plane, i, s.offsets)
	if s.p.Overlap && stripe > 0 && i < 2>>subY {
		s.pieces(s.over, plane, i+32>>subY, s.before)
		for x, v := range s.over {
			s.noise[x] = s.blend(v, s.noise[x], i, subY)
		}
	}
	return s.noise
}

// place finds where the pieces of a stripe come from.
func (s *Synthesizer) place(offsets []uint8, stripe int) {
	s.random = uint32(s.p.Seed) ^ uint32(stripe*37+178)&255<<8 ^ uint32(stripe*173+105)&255
	for i := range offsets {
		offsets[i] = uint8(s.next(8))
	}
}

// pieces sets out to the row i of a stripe. Each piece is two samples longer
// than the 32 to the next (in chroma, half of it), and goes over into that.
func (s *Synthesizer) pieces(out []int32, plane, i int, offsets []uint8) {
	subX, subY := s.sub(plane)
	size := 32 >> subX
	var tail []int32
	for n, offset := range offsets {
		left, top := 9+int(offset>>4)*2, 9+int(offset&15)*2
		if subX == 1 {
			left = 6 + int(offset>>4)
		}
		if subY == 1 {
			top = 6 + int(offset&15)
		}
		from := s.blocks[plane][top+i][left:][:34>>subX]
		to := out[min(n*size, len(out)):]
		copied := copy(to, from[:size])
		if s.p.Overlap && n > 0 {
			for j, v := range tail[:min(len(tail), copied)] {
				to[j] = s.blend(v, to[j], j, subX)
			}
		}
		tail = from[size:]
	}
}

// blend goes over from one piece to another: i is 0 or 1, how far from where the
// other begins; chroma that is subsampled has but one step.
func (s *Synthesizer) blend(from, to int32, i, sub int) int32 {
	switch {
	case sub == 1:
		return s.clip(round2(from*23+to*22, 5))
	case i == 0:
		return s.clip(round2(from*27+to*17, 5))
	default:
		return s.clip(round2(from*17+to*27, 5))
	}
}
