package intra

import (
	"math/rand/v2"
	"testing"
)

// spec is the intra prediction process as section 7.11.2 writes it down, one
// sample at a time, on a frame of one plane.
type spec struct {
	frame                [][]int
	x, y, w, h, depth    int
	haveAbove, haveLeft  bool
	haveAboveRt          bool
	haveBelowLft         bool
	maxX, maxY           int
	edgeFilter, smooth   bool
	above, left          map[int]int
	upAbove, upLeft      int
	pAngle               int
	log2W, log2H         int
	mode                 Mode
	smoothX, smoothY     []int
	aboveLimit, leftLast int
}

func (s *spec) clip1(v int) int { return min(max(v, 0), 1<<s.depth-1) }

func (s *spec) load() {
	s.above, s.left = map[int]int{}, map[int]int{}
	f, x, y := s.frame, s.x, s.y
	s.aboveLimit, s.leftLast = min(s.maxX, x+s.w-1), min(s.maxY, y+s.h-1)
	if s.haveAboveRt {
		s.aboveLimit = min(s.maxX, x+2*s.w-1)
	}
	if s.haveBelowLft {
		s.leftLast = min(s.maxY, y+2*s.h-1)
	}
	for i := range s.w + s.h {
		switch {
		case !s.haveAbove && s.haveLeft:
			s.above[i] = f[y][x-1]
		case !s.haveAbove:
			s.above[i] = 1<<(s.depth-1) - 1
		default:
			s.above[i] = f[y-1][min(s.aboveLimit, x+i)]
		}
		switch {
		case !s.haveLeft && s.haveAbove:
			s.left[i] = f[y-1][x]
		case !s.haveLeft:
			s.left[i] = 1<<(s.depth-1) + 1
		default:
			s.left[i] = f[min(s.leftLast, y+i)][x-1]
		}
	}
	switch {
	case s.haveAbove && s.haveLeft:
		s.above[-1] = f[y-1][x-1]
	case s.haveAbove:
		s.above[-1] = f[y-1][x]
	case s.haveLeft:
		s.above[-1] = f[y][x-1]
	default:
		s.above[-1] = 1 << (s.depth - 1)
	}
	s.left[-1] = s.above[-1]
}

func abs(v int) int { return max(v, -v) }

// predict returns what the standard says for row i and column j.
func (s *spec) predict(i, j int) int {
	a, l, w, h := s.above, s.left, s.w, s.h
	switch s.mode {
	case DC:
		sum, n := 0, 0
		for k := range h {
			if s.haveLeft {
				sum += l[k]
				n++
			}
		}
		for k := range w {
			if s.haveAbove {
				sum += a[k]
				n++
			}
		}
		if n == 0 {
			return 1 << (s.depth - 1)
		}
		return (sum + n>>1) / n
	case Smooth:
		return (s.smoothY[i]*a[j] + (256-s.smoothY[i])*l[h-1] + s.smoothX[j]*l[i] + (256-s.smoothX[j])*a[w-1] + 256) >> 9
	case SmoothVertical:
		return (s.smoothY[i]*a[j] + (256-s.smoothY[i])*l[h-1] + 128) >> 8
	case SmoothHorizontal:
		return (s.smoothX[j]*l[i] + (256-s.smoothX[j])*a[w-1] + 128) >> 8
	case Paeth:
		base := a[j] + l[i] - a[-1]
		pLeft, pTop, pTopLeft := abs(base-l[i]), abs(base-a[j]), abs(base-a[-1])
		switch {
		case pLeft <= pTop && pLeft <= pTopLeft:
			return l[i]
		case pTop <= pTopLeft:
			return a[j]
		}
		return a[-1]
	}
	return s.directional(i, j)
}

var specDerivative = map[int]int{
	3: 1023, 6: 547, 9: 372, 14: 273, 17: 215, 20: 178, 23: 151, 26: 132, 29: 116, 32: 102, 36: 90, 39: 80, 42: 71,
	45: 64, 48: 57, 51: 51, 54: 45, 58: 40, 61: 35, 64: 31, 67: 27, 70: 23, 73: 19, 76: 15, 81: 11, 84: 7, 87: 3,
}

func (s *spec) directional(i, j int) int {
	along := func(side map[int]int, base, shift int) int {
		if _, ok := side[base+1]; !ok && shift > 0 {
			panic("the standard reads beyond its array")
		}
		return s.clip1((side[base]*(32-shift) + side[base+1]*shift + 16) >> 5)
	}
	var dx, dy int
	switch {
	case s.pAngle < 90:
		dx = specDerivative[s.pAngle]
	case s.pAngle > 90 && s.pAngle < 180:
		dx, dy = specDerivative[180-s.pAngle], specDerivative[s.pAngle-90]
	case s.pAngle > 180:
		dy = specDerivative[270-s.pAngle]
	}
	ua, ul := s.upAbove, s.upLeft
	switch {
	case s.pAngle < 90:
		idx := (i + 1) * dx
		base := idx>>(6-ua) + j<<ua
		maxBaseX := (s.w + s.h - 1) << ua
		if base < maxBaseX {
			return along(s.above, base, idx<<ua>>1&31)
		}
		return s.above[maxBaseX]
	case s.pAngle > 90 && s.pAngle < 180:
		idx := j<<6 - (i+1)*dx
		if base := idx >> (6 - ua); base >= -(1 << ua) {
			return along(s.above, base, idx<<ua>>1&31)
		}
		idx = i<<6 - (j+1)*dy
		return along(s.left, idx>>(6-ul), idx<<ul>>1&31)
	case s.pAngle > 180:
		idx := (j + 1) * dy
		return along(s.left, idx>>(6-ul)+i<<ul, idx<<ul>>1&31)
	case s.pAngle == 90:
		return s.above[j]
	}
	return s.left[i]
}

// prepare is step 4 of section 7.11.2.4.
func (s *spec) prepare() {
	if !s.edgeFilter || s.pAngle == 90 || s.pAngle == 180 {
		return
	}
	if s.pAngle > 90 && s.pAngle < 180 && s.w+s.h >= 24 {
		v := (s.left[0]*5 + s.above[-1]*6 + s.above[0]*5 + 8) >> 4
		s.above[-1], s.left[-1] = v, v
	}
	pick := func(cond bool, n int) int {
		if cond {
			return n
		}
		return 0
	}
	if s.haveAbove {
		filterEdge(s.above, min(s.w, s.maxX-s.x+1)+pick(s.pAngle < 90, s.h)+1, s.strength(s.pAngle-90))
	}
	if s.haveLeft {
		filterEdge(s.left, min(s.h, s.maxY-s.y+1)+pick(s.pAngle > 180, s.w)+1, s.strength(s.pAngle-180))
	}
	if s.upsample(s.pAngle - 90) {
		s.upAbove = 1
		s.double(s.above, s.w+pick(s.pAngle < 90, s.h))
	}
	if s.upsample(s.pAngle - 180) {
		s.upLeft = 1
		s.double(s.left, s.h+pick(s.pAngle > 180, s.w))
	}
}

func (s *spec) strength(delta int) (strength int) {
	d, blkWh := abs(delta), s.w+s.h
	at := func(least, to int) {
		if d >= least {
			strength = to
		}
	}
	if !s.smooth {
		switch {
		case blkWh <= 8:
			at(56, 1)
		case blkWh <= 16:
			at(40, 1)
		case blkWh <= 24:
			at(8, 1)
			at(16, 2)
			at(32, 3)
		case blkWh <= 32:
			at(0, 1)
			at(4, 2)
			at(32, 3)
		default:
			at(0, 3)
		}
		return strength
	}
	switch {
	case blkWh <= 8:
		at(40, 1)
		at(64, 2)
	case blkWh <= 16:
		at(20, 1)
		at(48, 2)
	case blkWh <= 24:
		at(4, 3)
	default:
		at(0, 3)
	}
	return strength
}

func (s *spec) upsample(delta int) bool {
	d := abs(delta)
	if d <= 0 || d >= 40 {
		return false
	}
	if s.smooth {
		return s.w+s.h <= 8
	}
	return s.w+s.h <= 16
}

func filterEdge(side map[int]int, sz, strength int) {
	if strength == 0 {
		return
	}
	kernel := [3][5]int{{0, 4, 8, 4, 0}, {0, 5, 6, 5, 0}, {2, 4, 4, 4, 2}}[strength-1]
	var edge []int
	for i := range sz {
		edge = append(edge, side[i-1])
	}
	for i := 1; i < sz; i++ {
		sum := 0
		for j, tap := range kernel {
			sum += tap * edge[min(max(i-2+j, 0), sz-1)]
		}
		side[i-1] = (sum + 8) >> 4
	}
}

func (s *spec) double(side map[int]int, numPx int) {
	dup := []int{side[-1]}
	for i := -1; i < numPx; i++ {
		dup = append(dup, side[i])
	}
	dup = append(dup, side[numPx-1])
	clear(side)
	side[-2] = dup[0]
	for i := range numPx {
		side[2*i-1] = s.clip1((-dup[i] + 9*dup[i+1] + 9*dup[i+2] - dup[i+3] + 8) >> 4)
		side[2*i] = dup[i+2]
	}
}

// recursive is section 7.11.2.3.
func (s *spec) recursive(filter int) [][]int {
	pred := make([][]int, s.h)
	for i := range pred {
		pred[i] = make([]int, s.w)
	}
	for i2 := range s.h / 2 {
		for j4 := range s.w / 4 {
			var p [7]int
			for i := range p {
				switch {
				case i < 5 && i2 == 0:
					p[i] = s.above[j4<<2+i-1]
				case i < 5 && j4 == 0 && i == 0:
					p[i] = s.left[i2<<1-1]
				case i < 5:
					p[i] = pred[i2<<1-1][j4<<2+i-1]
				case j4 == 0:
					p[i] = s.left[i2<<1+i-5]
				default:
					p[i] = pred[i2<<1+i-5][j4<<2-1]
				}
			}
			for k := range 8 {
				pr := 0
				for i, v := range p {
					pr += int(taps[filter][k][i]) * v
				}
				v := (abs(pr) + 8) >> 4
				if pr < 0 {
					v = -v
				}
				pred[i2<<1+k>>2][j4<<2+k&3] = s.clip1(v)
			}
		}
	}
	return pred
}

// random sets up a block somewhere in a frame of noise or of a slope.
func random(rng *rand.Rand, log2W, log2H, depth int) *spec {
	s := &spec{
		log2W: log2W, log2H: log2H, w: 1 << log2W, h: 1 << log2H, depth: depth,
		haveAbove: rng.IntN(4) > 0, haveLeft: rng.IntN(4) > 0,
		edgeFilter: rng.IntN(4) > 0, smooth: rng.IntN(2) > 0,
	}
	s.x, s.y = 4+rng.IntN(8), 4+rng.IntN(8)
	s.haveAboveRt = s.haveAbove && rng.IntN(2) > 0
	s.haveBelowLft = s.haveLeft && rng.IntN(2) > 0
	s.maxX, s.maxY = s.x+1+rng.IntN(3*s.w), s.y+1+rng.IntN(3*s.h)
	s.frame = make([][]int, s.y+2*s.h+1)
	slope := rng.IntN(3)
	for y := range s.frame {
		s.frame[y] = make([]int, s.x+2*s.w+1)
		for x := range s.frame[y] {
			s.frame[y][x] = rng.IntN(1 << depth)
			if slope > 0 {
				s.frame[y][x] = s.clip1((x*slope + y*3 + rng.IntN(3)) << (depth - 8))
			}
		}
	}
	for _, v := range weightsOf(log2W) {
		s.smoothX = append(s.smoothX, int(v))
	}
	for _, v := range weightsOf(log2H) {
		s.smoothY = append(s.smoothY, int(v))
	}
	s.load()
	return s
}

// block returns the block in a plane of its own, with samples that must not be
// read where the standard does not.
func (s *spec) block() *Block {
	stride := len(s.frame[0]) + 3
	b := &Block{
		Pix: make([]uint16, stride*len(s.frame)), At: s.y*stride + s.x, Stride: stride,
		Log2W: s.log2W, Log2H: s.log2H, HaveAbove: s.haveAbove, HaveLeft: s.haveLeft,
		Above: s.aboveLimit + 1 - s.x, Left: s.leftLast + 1 - s.y,
	}
	for y, row := range s.frame {
		for x, v := range row {
			b.Pix[y*stride+x] = uint16(v)
		}
	}
	return b
}

// check compares the block with want and everything around it with what was
// there.
func (s *spec) check(t *testing.T, b *Block, want func(i, j int) int) {
	t.Helper()
	for y, row := range s.frame {
		for x, v := range row {
			i, j := y-s.y, x-s.x
			if i >= 0 && i < s.h && j >= 0 && j < s.w {
				v = want(i, j)
			}
			if got := int(b.Pix[y*b.Stride+x]); got != v {
				t.Fatalf("%dx%d, %d bits, mode %d, angle %d, smooth %v, filtered %v, above %v, left %v: at %d, %d: %d, want %d",
					s.w, s.h, s.depth, s.mode, s.pAngle, s.smooth, s.edgeFilter, s.haveAbove, s.haveLeft, j, i, got, v)
			}
		}
	}
}

// sizes calls f for every size of transform blocks and every depth.
func sizes(f func(log2W, log2H, depth int)) {
	for log2W := 2; log2W <= 6; log2W++ {
		for log2H := max(2, log2W-2); log2H <= min(6, log2W+2); log2H++ {
			for _, depth := range []int{8, 10, 12} {
				f(log2W, log2H, depth)
			}
		}
	}
}

// TestPredict compares every mode, angle and size with the standard's text.
func TestPredict(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var p Predictor
	sizes(func(log2W, log2H, depth int) {
		for m := DC; m <= Paeth; m++ {
			for delta := -3; delta <= 3; delta++ {
				directional := m >= Vertical && m <= D67
				if !directional && delta != 0 {
					continue
				}
				for range 3 {
					s := random(rng, log2W, log2H, depth)
					s.mode, s.pAngle = m, angles[m]+3*delta
					b := s.block()
					if directional {
						s.prepare()
					}
					p.Depth, p.EdgeFilter = depth, s.edgeFilter
					p.Predict(b, m, delta, s.smooth)
					s.check(t, b, s.predict)
				}
			}
		}
	})
}

func TestRecursive(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var p Predictor
	sizes(func(log2W, log2H, depth int) {
		for filter := range taps {
			s := random(rng, log2W, log2H, depth)
			b := s.block()
			p.Depth = depth
			p.Recursive(b, filter)
			want := s.recursive(filter)
			s.check(t, b, func(i, j int) int { return want[i][j] })
		}
	})
}

// TestLuma compares chroma from luma with section 7.11.5, with luma that ends
// within the block.
func TestLuma(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var p Predictor
	sizes(func(log2W, log2H, depth int) {
		if log2W > 5 || log2H > 5 {
			return
		}
		for _, sub := range [][2]int{{0, 0}, {1, 0}, {1, 1}} {
			subX, subY := sub[0], sub[1]
			s := random(rng, log2W, log2H, depth)
			b := s.block()
			p.Depth = depth
			p.Predict(b, DC, 0, false)
			dc := int(b.Pix[b.At])
			stride := s.w<<subX + 4
			luma := make([]uint16, stride*(s.h<<subY+1))
			for i := range luma {
				luma[i] = uint16(rng.IntN(1 << depth))
			}
			width, height := 4*(1+rng.IntN(s.w<<subX/4)), 4*(1+rng.IntN(s.h<<subY/4))
			lumaAt := func(i, j int) (v int) {
				y, x := min(i<<subY, height-1<<subY), min(j<<subX, width-1<<subX)
				for dy := range subY + 1 {
					for dx := range subX + 1 {
						v += int(luma[2+(y+dy)*stride+x+dx])
					}
				}
				return v << (3 - subX - subY)
			}
			mean := 0
			for i := range s.h {
				for j := range s.w {
					mean += lumaAt(i, j)
				}
			}
			mean = (mean + s.w*s.h/2) >> (log2W + log2H)
			alpha := rng.IntN(33) - 16
			p.LoadLuma(luma, 2, stride, width, height, subX, subY, log2W, log2H)
			p.AddLuma(b, alpha)
			s.check(t, b, func(i, j int) int {
				v := alpha * (lumaAt(i, j) - mean)
				if v < 0 {
					return s.clip1(dc - (-v+32)>>6)
				}
				return s.clip1(dc + (v+32)>>6)
			})
		}
	})
}

// TestCopy compares intra block copy with the two passes of the standard's
// bilinear filter, at an edge of what there is.
func TestCopy(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for round := range 200 {
		w, h := 4<<rng.IntN(4), 4<<rng.IntN(4)
		halfX, halfY := round&1 > 0, round&2 > 0
		stride := 2*w + 4
		pix := make([]uint16, stride*(2*h+2))
		for i := range pix {
			pix[i] = uint16(rng.IntN(1 << 12))
		}
		columns, rows := w+rng.IntN(2), h+rng.IntN(2)
		at, from := (h+1)*stride+w+3, 2
		before := append([]uint16(nil), pix...)
		Copy(pix, at, from, stride, w, h, columns, rows, halfX, halfY)
		ref := func(r, c int) int { return int(before[from+min(r, rows-1)*stride+min(c, columns-1)]) }
		across := func(r, c int) int {
			if halfX {
				return (64*ref(r, c) + 64*ref(r, c+1) + 16) >> 5
			}
			return (128*ref(r, c) + 16) >> 5
		}
		for r := range h {
			for c := range w {
				want := (128*across(r, c) + 256) >> 9
				if halfY {
					want = (64*across(r, c) + 64*across(r+1, c) + 256) >> 9
				}
				if got := int(pix[at+r*stride+c]); got != want {
					t.Fatalf("%dx%d, %v, %v: at %d, %d: %d, want %d", w, h, halfX, halfY, c, r, got, want)
				}
			}
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	modes := []struct {
		name  string
		mode  Mode
		delta int
	}{
		{"dc", DC, 0}, {"vertical", Vertical, 0}, {"d67", D67, 1}, {"d135", D135, 1}, {"d203", D203, 1},
		{"smooth", Smooth, 0}, {"paeth", Paeth, 0},
	}
	for _, m := range modes {
		for log2 := 2; log2 <= 5; log2++ {
			b.Run(m.name+"/"+string(rune('0'+log2)), func(b *testing.B) {
				s := random(rand.New(rand.NewPCG(1, 2)), log2, log2, 8)
				block := s.block()
				block.HaveAbove, block.HaveLeft, block.Above, block.Left = true, true, 1<<log2, 1<<log2
				p := Predictor{Depth: 8, EdgeFilter: true}
				for b.Loop() {
					p.Predict(block, m.mode, m.delta, false)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N<<(2*log2)), "ns/sample")
			})
		}
	}
}
