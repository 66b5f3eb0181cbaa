package vp8

import "encoding/binary"

// strength is how a macroblock is filtered (RFC 6386 section 15.2 to 15.4).
type strength struct {
	limit    uint8 // of the difference across an edge between subblocks; 0: not filtered
	interior uint8 // of the differences beside the edge
	variance uint8 // beside the edge, from which only two pixels are changed
	inner    bool  // edges between subblocks are filtered too
}

// strengthOf returns the filter strength of the macroblock that was just
// decoded.
func (d *decoder) strengthOf() strength {
	level := d.filter.level
	if d.segments.enabled {
		s := d.segments.filter[d.mb.segment]
		if d.segments.absolute {
			level = s
		} else {
			level += s
		}
	}
	if d.filter.deltas {
		level += d.filter.refDelta
		if d.mb.subblocks {
			level += d.filter.modeDelta
		}
	}
	level = min(max(level, 0), 63)
	if d.filter.level == 0 || level == 0 {
		return strength{}
	}
	interior := level
	if s := d.filter.sharpness; s > 0 {
		interior >>= 1
		if s > 4 {
			interior >>= 1
		}
		interior = min(interior, 9-s)
	}
	interior = max(interior, 1)
	s := strength{
		limit:    uint8(2*level + interior),
		interior: uint8(interior),
		inner:    d.mb.subblocks || !d.mb.skip,
	}
	if level >= 40 {
		s.variance = 2
	} else if level >= 15 {
		s.variance = 1
	}
	return s
}

// filterSimple filters the luma of the macroblock that starts at pix[at].
func filterSimple(pix []byte, at, pitch int, s strength, hasLeft, hasTop bool) {
	limit := int(s.limit)
	if hasLeft {
		edgeSimple(pix, at, 1, pitch, limit+4)
	}
	if s.inner {
		for i := 4; i < 16; i += 4 {
			edgeSimple(pix, at+i, 1, pitch, limit)
		}
	}
	if hasTop {
		edgeSimple(pix, at, pitch, 1, limit+4)
	}
	if s.inner {
		for i := 4; i < 16; i += 4 {
			edgeSimple(pix, at+i*pitch, pitch, 1, limit)
		}
	}
}

// filterNormal filters one plane of a macroblock of size x size samples.
func filterNormal(pix []byte, at, pitch, size int, s strength, hasLeft, hasTop bool) {
	inner := newThresholds(s, 0)
	outer := newThresholds(s, 4)
	if hasLeft {
		outer.vertical(pix, at, pitch, size, true)
	}
	if s.inner {
		for i := 4; i < size; i += 4 {
			inner.vertical(pix, at+i, pitch, size, false)
		}
	}
	if hasTop {
		outer.horizontal(pix, at, pitch, size, true)
	}
	if s.inner {
		for i := 4; i < size; i += 4 {
			inner.horizontal(pix, at+i*pitch, pitch, size, false)
		}
	}
}

func clampS8(v int) int { return min(max(v, -128), 127) }

func abs(v int) int {
	sign := v >> 63
	return (v ^ sign) - sign
}

// edgeSimple filters the 16 pixels along an edge: across is the step from one
// side to the other, along the step from pixel to pixel.
func edgeSimple(pix []byte, at, across, along, limit int) {
	for range 16 {
		p1, p0 := int(pix[at-2*across]), int(pix[at-across])
		q0, q1 := int(pix[at]), int(pix[at+across])
		if 2*abs(p0-q0)+abs(p1-q1)>>1 <= limit {
			pix[at-across], pix[at] = adjust2(p1, p0, q0, q1)
		}
		at += along
	}
}

// adjust2 moves the two pixels at the edge towards each other.
func adjust2(p1, p0, q0, q1 int) (uint8, uint8) {
	a := 3*(q0-p0) + clampS8(p1-q1)
	down := min(max((a+4)>>3, -16), 15)
	up := min(max((a+3)>>3, -16), 15)
	return clip8(int32(p0 + up)), clip8(int32(q0 - down))
}

// thresholds tell which pixels at an edge may be filtered: what differs little
// is an artifact of coding, what differs much is in the picture. They are tested
// without branches, which in a picture with texture could not be foreseen.
type thresholds struct{ limit, interior, variance int }

func newThresholds(s strength, more int) thresholds {
	return thresholds{int(s.limit) + more, int(s.interior), int(s.variance)}
}

// within is negative unless |v| <= limit.
func within(v, limit int) int { return (limit + v) | (limit - v) }

// vertical filters count pixels down a vertical edge, pix[at] and those below
// being the ones to the right of it; outer tells an edge between macroblocks.
func (t *thresholds) vertical(pix []byte, at, pitch, count int, outer bool) {
	limit, interior, variance := t.limit, t.interior, t.variance
	for range count {
		p := (*[8]byte)(pix[at-4 : at+4])
		at += pitch
		v := binary.LittleEndian.Uint64(p[:])
		p3, p2, p1, p0 := int(v&0xff), int(v>>8&0xff), int(v>>16&0xff), int(v>>24&0xff)
		q0, q1, q2, q3 := int(v>>32&0xff), int(v>>40&0xff), int(v>>48&0xff), int(v>>56)
		if (limit-(2*abs(p0-q0)+abs(p1-q1)>>1))|
			within(p3-p2, interior)|within(p2-p1, interior)|within(p1-p0, interior)|
			within(q1-q0, interior)|within(q2-q1, interior)|within(q3-q2, interior) < 0 {
			continue
		}
		switch {
		case within(p1-p0, variance)|within(q1-q0, variance) < 0:
			p[3], p[4] = adjust2(p1, p0, q0, q1)
		case outer:
			p[1], p[2], p[3], p[4], p[5], p[6] = adjust6(p2, p1, p0, q0, q1, q2)
		default:
			p[2], p[3], p[4], p[5] = adjust4(p1, p0, q0, q1)
		}
	}
}

// horizontal filters count pixels along a horizontal edge, pix[at] and those to
// the right being the ones below it. It differs from vertical in where the eight
// pixels lie; they are too many to be handed to a function of their own.
func (t *thresholds) horizontal(pix []byte, at, pitch, count int, outer bool) {
	r0, r1 := pix[at-4*pitch:][:count], pix[at-3*pitch:][:count]
	r2, r3 := pix[at-2*pitch:][:count], pix[at-pitch:][:count]
	r4, r5 := pix[at:][:count], pix[at+pitch:][:count]
	r6, r7 := pix[at+2*pitch:][:count], pix[at+3*pitch:][:count]
	limit, interior, variance := t.limit, t.interior, t.variance
	for i := range r0 {
		p3, p2, p1, p0 := int(r0[i]), int(r1[i]), int(r2[i]), int(r3[i])
		q0, q1, q2, q3 := int(r4[i]), int(r5[i]), int(r6[i]), int(r7[i])
		if (limit-(2*abs(p0-q0)+abs(p1-q1)>>1))|
			within(p3-p2, interior)|within(p2-p1, interior)|within(p1-p0, interior)|
			within(q1-q0, interior)|within(q2-q1, interior)|within(q3-q2, interior) < 0 {
			continue
		}
		switch {
		case within(p1-p0, variance)|within(q1-q0, variance) < 0:
			r3[i], r4[i] = adjust2(p1, p0, q0, q1)
		case outer:
			r1[i], r2[i], r3[i], r4[i], r5[i], r6[i] = adjust6(p2, p1, p0, q0, q1, q2)
		default:
			r2[i], r3[i], r4[i], r5[i] = adjust4(p1, p0, q0, q1)
		}
	}
}

// adjust4 moves two pixels on each side of an edge between subblocks.
func adjust4(p1, p0, q0, q1 int) (_, _, _, _ uint8) {
	a := 3 * (q0 - p0)
	down := min(max((a+4)>>3, -16), 15)
	up := min(max((a+3)>>3, -16), 15)
	outer := (down + 1) >> 1
	return clip8(int32(p1 + outer)), clip8(int32(p0 + up)), clip8(int32(q0 - down)), clip8(int32(q1 - outer))
}

// adjust6 moves three pixels on each side of an edge between macroblocks.
func adjust6(p2, p1, p0, q0, q1, q2 int) (_, _, _, _, _, _ uint8) {
	a := clampS8(3*(q0-p0) + clampS8(p1-q1))
	a1, a2, a3 := (27*a+63)>>7, (18*a+63)>>7, (9*a+63)>>7
	return clip8(int32(p2 + a3)), clip8(int32(p1 + a2)), clip8(int32(p0 + a1)),
		clip8(int32(q0 - a1)), clip8(int32(q1 - a2)), clip8(int32(q2 - a3))
}
