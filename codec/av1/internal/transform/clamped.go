package transform

import "math/bits"

// graph is a line within a transform as the standard writes it down, for
// values that may reach the clamps, which are least and most.
type graph struct {
	t           [64]int
	least, most int
}

// transformClamped is transform for lines of large values, which are width bits
// wide. A cosine transform takes them in bit-reversed order.
func transformClamped(k kind, log2 int, t *line, width int) {
	g := graph{least: -1 << (width - 1), most: 1<<(width-1) - 1}
	for i, v := range t[:1<<log2] {
		g.t[i] = int(v)
	}
	switch {
	case k == dct:
		g.cosine(log2)
	case log2 == 2:
		g.sine4()
	default:
		g.sine(log2)
	}
	for i := range t[:1<<log2] {
		t[i] = int32(g.t[i])
	}
}

// rotate is the function B of the standard. Section 7.13.2.1.
func (g *graph) rotate(a, b, angle int, exchanged bool) {
	c, s := cosine128(angle), cosine128(angle-64)
	x, y := g.t[a]*c-g.t[b]*s, g.t[a]*s+g.t[b]*c
	if exchanged {
		x, y = y, x
	}
	g.t[a], g.t[b] = (x+1<<11)>>12, (y+1<<11)>>12
}

// cosine128 is 4096 times the cosine of 128ths of half a turn.
func cosine128(angle int) int {
	switch angle &= 255; {
	case angle <= 64:
		return int(cosine[angle])
	case angle <= 128:
		return -int(cosine[128-angle])
	case angle <= 192:
		return -int(cosine[angle-128])
	default:
		return int(cosine[256-angle])
	}
}

// add is the function H of the standard.
func (g *graph) add(a, b int) {
	x, y := g.t[a], g.t[b]
	g.t[a] = min(max(x+y, g.least), g.most)
	g.t[b] = min(max(x-y, g.least), g.most)
}

// cosine transforms 1<<log2 values: first the even half, then the odd half,
// from which both results follow. The steps of section 7.13.2.3 for a length
// are those of the shorter ones and of one odd half.
func (g *graph) cosine(log2 int) {
	if log2 == 1 {
		g.rotate(0, 1, 32, true)
		return
	}
	g.cosine(log2 - 1)
	half := 1 << (log2 - 1)
	for i := range half / 2 {
		g.rotate(half+i, 2*half-1-i, firstAngle(log2, i), false)
	}
	for log2Group := 1; log2Group < log2-1; log2Group++ {
		group := 1 << log2Group
		for i := 0; i < half; i += 2 * group {
			first, second := half+i, half+i+group
			for j := range group / 2 {
				g.add(first+j, first+group-1-j)
				g.add(second+group-1-j, second+j)
			}
		}
		g.rotateInner(half, group, log2-log2Group)
	}
	for i := range half {
		g.add(i, 2*half-1-i)
	}
}

// firstAngle is the angle of the rotation i that an odd half starts with.
func firstAngle(log2, i int) int {
	index := 1 + 2*int(bits.Reverse8(uint8(i))>>(9-log2))
	return 64 - index*64>>log2
}

// rotateInner follows sums and differences within groups: of each pair of
// groups the inner values are rotated, with those at the other end of the odd
// half, by an angle of that pair.
func (g *graph) rotateInner(half, group, log2 int) {
	if 2*group == half {
		for i := half + group/2; i < half+group; i++ {
			g.rotate(3*half-1-i, i, 32, true)
		}
		return
	}
	for pair := range half / (4 * group) {
		angle := firstAngle(log2-1, pair)
		for j := range group {
			at := half + 2*group*pair + group/2 + j
			if j == group/2 {
				angle += 64
			}
			g.rotate(3*half-1-at, at, angle, true)
		}
	}
}

// sine4 is adst4.
func (g *graph) sine4() {
	a, b, c, d := g.t[0], g.t[1], g.t[2], g.t[3]
	s0 := sin1*a + sin4*c + sin2*d
	s1 := sin2*a - sin1*c - sin4*d
	s2 := sin3 * (a - c + d)
	s3 := sin3 * b
	for i, v := range [4]int{s0 + s3, s1 + s3, s2, s0 + s1 - s3} {
		g.t[i] = (v + 1<<11) >> 12
	}
}

// sine is the asymmetric sine transform of 8 or 16 values. Sections 7.13.2.7
// and 7.13.2.8, of which the second has four more rotations and sums.
func (g *graph) sine(log2 int) {
	n := 1 << log2
	in := g.t
	for i := 0; i < n; i += 2 {
		g.t[i], g.t[i+1] = in[n-1-i], in[i]
		g.rotate(i, i+1, 64-(32>>log2)*(1+2*i), true)
	}
	for i := range n / 2 {
		g.add(i, n/2+i)
	}
	if n == 16 {
		g.rotate(8, 9, 56, true)
		g.rotate(10, 11, 24, true)
		g.rotate(13, 12, 8, true)
		g.rotate(15, 14, 40, true)
		for i := range 4 {
			g.add(i, 4+i)
			g.add(8+i, 12+i)
		}
	}
	for i := 4; i < n; i += 8 {
		g.rotate(i, i+1, 48, true)
		g.rotate(i+3, i+2, 16, true)
	}
	for i := 0; i < n; i += 4 {
		g.add(i, i+2)
		g.add(i+1, i+3)
		g.rotate(i+2, i+3, 32, true)
	}
	out := g.t
	for i := 0; i < n; i += 2 {
		g.t[i], g.t[i+1] = out[order16[i]>>(4-log2)], -out[order16[i+1]>>(4-log2)]
	}
}
