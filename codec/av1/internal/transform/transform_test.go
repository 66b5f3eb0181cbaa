package transform

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// spec is the inverse transform process as section 7.13 writes it down, step
// by step, one value at a time.
type spec struct {
	t [64]int
	r int
}

func brev(bits, x int) (t int) {
	for i := range bits {
		t += x >> i & 1 << (bits - 1 - i)
	}
	return t
}

func cos128(angle int) int {
	lookup := [65]int{
		4096, 4095, 4091, 4085, 4076, 4065, 4052, 4036, 4017, 3996, 3973, 3948, 3920,
		3889, 3857, 3822, 3784, 3745, 3703, 3659, 3612, 3564, 3513, 3461, 3406, 3349,
		3290, 3229, 3166, 3102, 3035, 2967, 2896, 2824, 2751, 2675, 2598, 2520, 2440,
		2359, 2276, 2191, 2106, 2019, 1931, 1842, 1751, 1660, 1567, 1474, 1380, 1285,
		1189, 1092, 995, 897, 799, 700, 601, 501, 401, 301, 201, 101, 0,
	}
	switch angle &= 255; {
	case angle <= 64:
		return lookup[angle]
	case angle <= 128:
		return -lookup[128-angle]
	case angle <= 192:
		return -lookup[angle-128]
	}
	return lookup[256-angle]
}

func round2(x, n int) int {
	if n == 0 {
		return x
	}
	return (x + 1<<(n-1)) >> n
}

func (s *spec) b(a, b, angle, flip int) {
	x := s.t[a]*cos128(angle) - s.t[b]*cos128(angle-64)
	y := s.t[a]*cos128(angle-64) + s.t[b]*cos128(angle)
	s.t[a], s.t[b] = round2(x, 12), round2(y, 12)
	if flip == 1 {
		s.t[a], s.t[b] = s.t[b], s.t[a]
	}
}

func (s *spec) h(a, b, flip int) {
	if flip == 1 {
		a, b = b, a
	}
	x, y := s.t[a], s.t[b]
	s.t[a] = min(max(x+y, -1<<(s.r-1)), 1<<(s.r-1)-1)
	s.t[b] = min(max(x-y, -1<<(s.r-1)), 1<<(s.r-1)-1)
}

// each calls f for i below ni and j below nj.
func each(ni, nj int, f func(i, j int)) {
	for i := range ni {
		for j := range nj {
			f(i, j)
		}
	}
}

func (s *spec) dct(n int) {
	in := s.t
	for i := range 1 << n {
		s.t[i] = in[brev(n, i)]
	}
	step := func(least, ni, nj int, f func(i, j int)) {
		if n >= least {
			each(ni, nj, f)
		}
	}
	step(6, 16, 1, func(i, _ int) { s.b(32+i, 63-i, 63-4*brev(4, i), 0) })
	step(5, 8, 1, func(i, _ int) { s.b(16+i, 31-i, 6+brev(3, 7-i)<<3, 0) })
	step(6, 16, 1, func(i, _ int) { s.h(32+i*2, 33+i*2, i&1) })
	step(4, 4, 1, func(i, _ int) { s.b(8+i, 15-i, 12+brev(2, 3-i)<<4, 0) })
	step(5, 8, 1, func(i, _ int) { s.h(16+2*i, 17+2*i, i&1) })
	step(6, 4, 2, func(i, j int) { s.b(62-i*4-j, 33+i*4+j, 60-16*brev(2, i)+64*j, 1) })
	step(3, 2, 1, func(i, _ int) { s.b(4+i, 7-i, 56-32*i, 0) })
	step(4, 4, 1, func(i, _ int) { s.h(8+2*i, 9+2*i, i&1) })
	step(5, 2, 2, func(i, j int) { s.b(30-4*i-j, 17+4*i+j, 24+j<<6+(1-i)<<5, 1) })
	step(6, 8, 2, func(i, j int) { s.h(32+i*4+j, 35+i*4-j, i&1) })
	step(2, 2, 1, func(i, _ int) { s.b(2*i, 2*i+1, 32+16*i, 1-i) })
	step(3, 2, 1, func(i, _ int) { s.h(4+2*i, 5+2*i, i) })
	step(4, 2, 1, func(i, _ int) { s.b(14-i, 9+i, 48+64*i, 1) })
	step(5, 4, 2, func(i, j int) { s.h(16+4*i+j, 19+4*i-j, i&1) })
	step(6, 2, 4, func(i, j int) { s.b(61-i*8-j, 34+i*8+j, 56-i*32+j>>1*64, 1) })
	step(2, 2, 1, func(i, _ int) { s.h(i, 3-i, 0) })
	step(3, 1, 1, func(i, _ int) { s.b(6, 5, 32, 1) })
	step(4, 2, 2, func(i, j int) { s.h(8+4*i+j, 11+4*i-j, i) })
	step(5, 4, 1, func(i, _ int) { s.b(29-i, 18+i, 48+i>>1*64, 1) })
	step(6, 4, 4, func(i, j int) { s.h(32+8*i+j, 39+8*i-j, i&1) })
	step(3, 4, 1, func(i, _ int) { s.h(i, 7-i, 0) })
	step(4, 2, 1, func(i, _ int) { s.b(13-i, 10+i, 32, 1) })
	step(5, 2, 4, func(i, j int) { s.h(16+i*8+j, 23+i*8-j, i) })
	step(6, 8, 1, func(i, _ int) { s.b(59-i, 36+i, 48+i>>2*64, 1) })
	step(4, 8, 1, func(i, _ int) { s.h(i, 15-i, 0) })
	step(5, 4, 1, func(i, _ int) { s.b(27-i, 20+i, 32, 1) })
	step(6, 8, 1, func(i, _ int) { s.h(32+i, 47-i, 0); s.h(48+i, 63-i, 1) })
	step(5, 16, 1, func(i, _ int) { s.h(i, 31-i, 0) })
	step(6, 8, 1, func(i, _ int) { s.b(55-i, 40+i, 32, 1) })
	step(6, 32, 1, func(i, _ int) { s.h(i, 63-i, 0) })
}

func (s *spec) adst(n int) {
	switch n {
	case 2:
		s.adst4()
	case 3:
		s.adstInput(3)
		each(4, 1, func(i, _ int) { s.b(2*i, 2*i+1, 60-16*i, 1) })
		each(4, 1, func(i, _ int) { s.h(i, 4+i, 0) })
		each(2, 1, func(i, _ int) { s.b(4+3*i, 5+i, 48-32*i, 1) })
		each(2, 2, func(i, j int) { s.h(4*j+i, 2+4*j+i, 0) })
		each(2, 1, func(i, _ int) { s.b(2+4*i, 3+4*i, 32, 1) })
		s.adstOutput(3)
	case 4:
		s.adstInput(4)
		each(8, 1, func(i, _ int) { s.b(2*i, 2*i+1, 62-8*i, 1) })
		each(8, 1, func(i, _ int) { s.h(i, 8+i, 0) })
		each(2, 1, func(i, _ int) { s.b(8+2*i, 9+2*i, 56-32*i, 1); s.b(13+2*i, 12+2*i, 8+32*i, 1) })
		each(4, 2, func(i, j int) { s.h(8*j+i, 4+8*j+i, 0) })
		each(2, 2, func(i, j int) { s.b(4+8*j+3*i, 5+8*j+i, 48-32*i, 1) })
		each(2, 4, func(i, j int) { s.h(4*j+i, 2+4*j+i, 0) })
		each(4, 1, func(i, _ int) { s.b(2+4*i, 3+4*i, 32, 1) })
		s.adstOutput(4)
	}
}

func (s *spec) adstInput(n int) {
	in, n0 := s.t, 1<<n
	for i := range n0 {
		if i&1 == 1 {
			s.t[i] = in[i-1]
		} else {
			s.t[i] = in[n0-i-1]
		}
	}
}

func (s *spec) adstOutput(n int) {
	in := s.t
	for i := range 1 << n {
		a := i >> 3 & 1
		b := i>>2&1 ^ i>>3&1
		c := i>>1&1 ^ i>>2&1
		d := i&1 ^ i>>1&1
		s.t[i] = in[(d<<3|c<<2|b<<1|a)>>(4-n)]
		if i&1 == 1 {
			s.t[i] = -s.t[i]
		}
	}
}

func (s *spec) adst4() {
	t := &s.t
	s0, s1, s2, s3 := 1321*t[0], 2482*t[0], 3344*t[1], 3803*t[2]
	s4, s5, s6 := 1321*t[2], 2482*t[3], 3803*t[3]
	b7 := t[0] - t[2] + t[3]
	s0, s1, s3, s2 = s0+s3, s1-s4, s2, 3344*b7
	s0, s1 = s0+s5, s1-s6
	t[0], t[1], t[2] = round2(s0+s3, 12), round2(s1+s3, 12), round2(s2, 12)
	t[3] = round2(s0+s1-s3, 12)
}

func (s *spec) wht(shift int) {
	t := &s.t
	a, c, d, b := t[0]>>shift, t[1]>>shift, t[2]>>shift, t[3]>>shift
	a += c
	d -= b
	e := (a - d) >> 1
	b = e - b
	c = e - c
	a -= b
	d += c
	t[0], t[1], t[2], t[3] = a, b, c, d
}

func (s *spec) identity(n int) {
	for i := range 1 << n {
		switch n {
		case 2:
			s.t[i] = round2(s.t[i]*5793, 12)
		case 3:
			s.t[i] *= 2
		case 4:
			s.t[i] = round2(s.t[i]*11586, 12)
		case 5:
			s.t[i] *= 4
		}
	}
}

// oneD tells what the rows and the columns of a type go through, by the lists
// of section 7.13.3.
func oneD(t Type) (row, column kind) {
	row, column = identity, identity
	switch t {
	case DCTDCT, ADSTDCT, FlipADSTDCT, IdentityDCT:
		row = dct
	case DCTADST, ADSTADST, DCTFlipADST, FlipADSTFlipADST, ADSTFlipADST, FlipADSTADST,
		IdentityADST, IdentityFlipADST:
		row = adst
	}
	switch t {
	case DCTDCT, DCTADST, DCTFlipADST, DCTIdentity:
		column = dct
	case ADSTDCT, ADSTADST, FlipADSTDCT, FlipADSTFlipADST, ADSTFlipADST, FlipADSTADST,
		ADSTIdentity, FlipADSTIdentity:
		column = adst
	}
	return row, column
}

func (s *spec) run(k kind, n int) {
	switch k {
	case dct:
		s.dct(n)
	case adst:
		s.adst(n)
	default:
		s.identity(n)
	}
}

// rowShifts is Transform_Row_Shift, by the logarithms of width and height.
var rowShifts = map[[2]int]int{
	{2, 2}: 0, {3, 3}: 1, {4, 4}: 2, {5, 5}: 2, {6, 6}: 2, {2, 3}: 0, {3, 2}: 0, {3, 4}: 1, {4, 3}: 1,
	{4, 5}: 1, {5, 4}: 1, {5, 6}: 1, {6, 5}: 1, {2, 4}: 1, {4, 2}: 1, {3, 5}: 2, {5, 3}: 2, {4, 6}: 2, {6, 4}: 2,
}

// reconstruct is sections 7.13.3 and 7.12.3, step 3, on rows of pixels.
func reconstruct(pix [][]uint16, log2W, log2H int, t Type, coeffs []int32, depth int) {
	w, h := 1<<log2W, 1<<log2H
	rowShift, colShift := rowShifts[[2]int{log2W, log2H}], 4
	if t == WHT {
		rowShift, colShift = 0, 0
	}
	rowKind, columnKind := oneD(t)
	residual := make([][]int, h)
	for i := range h {
		s := spec{r: depth + 8}
		for j := range w {
			if i < 32 && j < 32 {
				s.t[j] = int(coeffs[i*min(w, 32)+j])
			}
			if log2W-log2H == 1 || log2H-log2W == 1 {
				s.t[j] = round2(s.t[j]*2896, 12)
			}
		}
		if t == WHT {
			s.wht(2)
		} else {
			s.run(rowKind, log2W)
		}
		residual[i] = make([]int, w)
		c := max(depth+6, 16)
		for j := range w {
			residual[i][j] = min(max(round2(s.t[j], rowShift), -1<<(c-1)), 1<<(c-1)-1)
		}
	}
	for j := range w {
		s := spec{r: max(depth+6, 16)}
		for i := range h {
			s.t[i] = residual[i][j]
		}
		if t == WHT {
			s.wht(0)
		} else {
			s.run(columnKind, log2H)
		}
		for i := range h {
			residual[i][j] = round2(s.t[i], colShift)
		}
	}
	for i := range h {
		for j := range w {
			xx, yy := j, i
			switch t {
			case DCTFlipADST, ADSTFlipADST, IdentityFlipADST, FlipADSTFlipADST:
				xx = w - j - 1
			}
			switch t {
			case FlipADSTDCT, FlipADSTADST, FlipADSTIdentity, FlipADSTFlipADST:
				yy = h - i - 1
			}
			pix[yy][xx] = uint16(min(max(int(pix[yy][xx])+residual[i][j], 0), 1<<depth-1))
		}
	}
}

// scanned returns the positions of a type's coefficients in scan order.
// Section 5.11.41; which of a diagonal's ends comes first makes no difference.
func scanned(t Type, w, h int) (order []int) {
	switch t {
	case DCTIdentity, ADSTIdentity, FlipADSTIdentity:
		for i := range w * h {
			order = append(order, i)
		}
	case IdentityDCT, IdentityADST, IdentityFlipADST:
		for i := range w * h {
			order = append(order, i%h*w+i/h)
		}
	default:
		for d := range w + h - 1 {
			for i := range h {
				if j := d - i; j >= 0 && j < w {
					order = append(order, i*w+j)
				}
			}
		}
	}
	return order
}

// possible tells whether a type exists for a size: none but the cosine for 64,
// no sine for 32, the lossless one for 4x4 only.
func possible(t Type, log2W, log2H int) bool {
	largest := max(log2W, log2H)
	return largest <= 4 && t != WHT || t == DCTDCT || t == Identity && largest == 5 || t == WHT && log2W+log2H == 4
}

// TestAdd compares each type and size with the standard's steps, for blocks of
// few and of many coefficients, small ones and such that reach the clamps.
func TestAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var a Adder
	each(5, 5, func(i, j int) {
		log2W, log2H := 2+i, 2+j
		if log2W-log2H > 2 || log2H-log2W > 2 {
			return
		}
		for kind := DCTDCT; kind <= WHT; kind++ {
			if !possible(kind, log2W, log2H) {
				continue
			}
			for _, depth := range []int{8, 10, 12} {
				for round := range 24 {
					compare(t, rng, &a, log2W, log2H, kind, depth, round)
				}
			}
		}
	})
}

func compare(t *testing.T, rng *rand.Rand, a *Adder, log2W, log2H int, kind Type, depth, round int) {
	t.Helper()
	w, h := 1<<log2W, 1<<log2H
	tw, th := min(w, 32), min(h, 32)
	order := scanned(kind, tw, th)
	eob := 1 + rng.IntN(len(order))
	if round&1 == 0 {
		eob = 1 + rng.IntN(min(8, len(order)))
	}
	size := 1 << (4 + round*(depth+3)/23)
	coeffs := make([]int32, tw*th)
	for i := range eob {
		if i == 0 || rng.IntN(4) > 0 {
			coeffs[order[i]] = int32(rng.IntN(2*size) - size)
			if round == 23 {
				coeffs[order[i]] = int32(size * (1 - 2*rng.IntN(2)))
			}
		}
	}
	stride := w + 5
	pix := make([]uint16, 3+stride*h+w)
	for i := range pix {
		pix[i] = uint16(rng.IntN(1 << depth))
	}
	want := make([][]uint16, h)
	for y := range want {
		want[y] = append(want[y], pix[3+y*stride:][:w]...)
	}
	before := append([]uint16(nil), pix...)
	reconstruct(want, log2W, log2H, kind, coeffs, depth)
	a.Add(pix, 3, stride, log2W, log2H, kind, coeffs, eob, depth)
	name := fmt.Sprintf("%dx%d, type %d, %d bits, %d coefficients below %d", w, h, kind, depth, eob, size)
	for i, v := range pix {
		x, y := (i-3+stride)%stride, (i-3+stride)/stride-1
		switch {
		case i >= 3 && x < w && y < h:
			if v != want[y][x] {
				t.Fatalf("%s: at %d, %d: %d, want %d", name, x, y, v, want[y][x])
			}
		case v != before[i]:
			t.Fatalf("%s: changed outside of the block, at %d", name, i)
		}
	}
	for i, v := range coeffs {
		if v != 0 {
			t.Fatalf("%s: coefficient %d is left", name, i)
		}
	}
}

// TestGain holds what limit relies on: no value in a graph is larger than the
// sum of the magnitudes that go in, or those that are added are not.
func TestGain(t *testing.T) {
	const in = 1 << 16
	for n := 2; n <= 6; n++ {
		for i := range 1 << n {
			for _, k := range []kind{dct, adst} {
				if k == adst && (n < 3 || n > 4) {
					continue
				}
				// A clamp at 17/16 of what goes in must not change anything.
				wide, narrow := spec{r: 40}, spec{r: 40}
				wide.t[i], narrow.t[i] = in, in
				wide.run(k, n)
				narrow.runClampedAt(k, n, in*17/16)
				if wide.t != narrow.t {
					t.Errorf("kind %d of %d values: more than the input in the graph of value %d", k, 1<<n, i)
				}
			}
		}
	}
}

// runClampedAt is run with a clamp that is no power of two: a graph.
func (s *spec) runClampedAt(k kind, n, most int) {
	g := graph{least: -most, most: most}
	for i, v := range s.t[:1<<n] {
		if k == dct {
			i = brev(n, i)
		}
		g.t[i] = v
	}
	if k == dct {
		g.cosine(n)
	} else {
		g.sine(n)
	}
	s.t = g.t
}

func BenchmarkAdd(b *testing.B) {
	for _, c := range []struct {
		log2W, log2H, eob int
		kind              Type
	}{
		{2, 2, 1, DCTDCT}, {2, 2, 6, DCTDCT}, {2, 2, 6, ADSTADST}, {3, 3, 1, DCTDCT}, {3, 3, 10, DCTDCT}, {3, 3, 40, ADSTADST},
		{4, 4, 20, DCTDCT}, {4, 4, 20, ADSTADST}, {5, 5, 20, DCTDCT}, {5, 5, 200, DCTDCT}, {6, 6, 1, DCTDCT}, {6, 6, 20, DCTDCT},
	} {
		b.Run(fmt.Sprintf("%dx%d/type=%d/eob=%d", 1<<c.log2W, 1<<c.log2H, c.kind, c.eob), func(b *testing.B) {
			var a Adder
			w, h := 1<<c.log2W, 1<<c.log2H
			order := scanned(c.kind, min(w, 32), min(h, 32))
			coeffs := make([]int32, 1024)
			pix := make([]uint16, w*h)
			for b.Loop() {
				for i := range c.eob {
					coeffs[order[i]] = int32(i&63 - 20)
				}
				a.Add(pix, 0, w, c.log2W, c.log2H, c.kind, coeffs, c.eob, 8)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(w*h), "ns/sample")
		})
	}
}
