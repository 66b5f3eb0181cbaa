package loop

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"s3-thumbnail-creator/codec/internal/planar"
)

// spec is sections 7.15 to 7.17 as the standard writes them down, on whole
// frames.
type spec struct {
	f                          *Frame
	curr, cdef                 []picture // CurrFrame, CdefFrame
	upscaledCurr, upscaledCdef []picture
	restored                   []picture
	stripeStartY, stripeEndY   int
	planeEndX, planeEndY       int
	plane, coefShift           int
}

func clone(p picture) picture {
	out := make(picture, len(p))
	for i := range p {
		out[i] = append([]int(nil), p[i]...)
	}
	return out
}

func (s *spec) run() {
	for _, p := range s.curr {
		s.cdef = append(s.cdef, clone(p))
	}
	s.coefShift = s.f.Depth - 8
	if s.f.Cdef != nil {
		for r := 0; r < s.f.MiRows; r += 2 {
			for c := 0; c < s.f.MiCols; c += 2 {
				idx := int(s.f.Cdef.Index[r/16*((s.f.MiCols+15)/16)+c/16])
				if idx != -1 && !s.f.Cdef.Skip[r/2*(s.f.MiCols/2)+c/2] {
					s.cdefBlock(r, c, idx)
				}
			}
		}
	}
	for plane := range s.curr {
		s.upscaledCurr = append(s.upscaledCurr, s.upscale(plane, s.curr[plane]))
		s.upscaledCdef = append(s.upscaledCdef, s.upscale(plane, s.cdef[plane]))
		s.restored = append(s.restored, clone(s.upscaledCdef[plane]))
		if s.f.Restoration[plane].UnitSize == 0 {
			continue
		}
		for y := 0; y < s.f.Height; y += 4 {
			for x := 0; x < s.f.UpscaledWidth; x += 4 {
				s.restoreBlock(plane, y>>2, x>>2)
			}
		}
	}
}

func (s *spec) sub(plane int) (int, int) {
	if plane == 0 {
		return 0, 0
	}
	return s.f.SubX, s.f.SubY
}

func (s *spec) cdefBlock(r, c, idx int) {
	yDir, variance := s.direction(r, c)
	for plane := range s.curr {
		strength, damping, dir := s.f.Cdef.Luma[idx], s.f.Cdef.Damping+s.coefShift, yDir
		if plane > 0 {
			strength, damping = s.f.Cdef.Chroma[idx], damping-1
			dir = [2][2][8]int{
				{{0, 1, 2, 3, 4, 5, 6, 7}, {1, 2, 2, 2, 3, 4, 6, 0}},
				{{7, 0, 2, 4, 5, 6, 6, 6}, {0, 1, 2, 3, 4, 5, 6, 7}},
			}[s.f.SubX][s.f.SubY][yDir]
		}
		priStr, secStr := strength.Primary<<s.coefShift, strength.Secondary<<s.coefShift
		if priStr == 0 {
			dir = 0
		}
		if plane == 0 {
			varStr := 0
			if variance>>6 > 0 {
				varStr = min(floorLog2(variance>>6), 12)
			}
			if variance == 0 {
				priStr = 0
			} else {
				priStr = (priStr*(4+varStr) + 8) >> 4
			}
		}
		s.cdefFilter(plane, r, c, priStr, secStr, damping, dir)
	}
}

func floorLog2(v int) int { return bits.Len(uint(v)) - 1 }

func (s *spec) direction(r, c int) (yDir, variance int) {
	var cost [8]int
	var partial [8][15]int
	div := [9]int{0, 840, 420, 280, 210, 168, 140, 120, 105}
	for i := range 8 {
		for j := range 8 {
			x := s.curr[0][r*4+i][c*4+j]>>s.coefShift - 128
			partial[0][i+j] += x
			partial[1][i+j/2] += x
			partial[2][i] += x
			partial[3][3+i-j/2] += x
			partial[4][7+i-j] += x
			partial[5][3-i/2+j] += x
			partial[6][j] += x
			partial[7][i/2+j] += x
		}
	}
	square := func(i, j int) int { return partial[i][j] * partial[i][j] }
	for i := range 8 {
		cost[2] += square(2, i) * div[8]
		cost[6] += square(6, i) * div[8]
	}
	for i := range 7 {
		cost[0] += (square(0, i) + square(0, 14-i)) * div[i+1]
		cost[4] += (square(4, i) + square(4, 14-i)) * div[i+1]
	}
	cost[0] += square(0, 7) * div[8]
	cost[4] += square(4, 7) * div[8]
	for i := 1; i < 8; i += 2 {
		for j := range 5 {
			cost[i] += square(i, 3+j) * div[8]
		}
		for j := range 3 {
			cost[i] += (square(i, j) + square(i, 10-j)) * div[2*j+2]
		}
	}
	best := 0
	for i := range 8 {
		if cost[i] > best {
			best, yDir = cost[i], i
		}
	}
	return yDir, (best - cost[(yDir+4)&7]) >> 10
}

func constrain(diff, threshold, damping int) int {
	if threshold == 0 {
		return 0
	}
	v := min(max(threshold-abs(diff)>>max(0, damping-floorLog2(threshold)), 0), abs(diff))
	if diff < 0 {
		return -v
	}
	return v
}

func (s *spec) cdefFilter(plane, r, c, priStr, secStr, damping, dir int) {
	subX, subY := s.sub(plane)
	x0, y0 := c*4>>subX, r*4>>subY
	directions := [8][2][2]int{
		{{-1, 1}, {-2, 2}}, {{0, 1}, {-1, 2}}, {{0, 1}, {0, 2}}, {{0, 1}, {1, 2}},
		{{1, 1}, {2, 2}}, {{1, 0}, {2, 1}}, {{1, 0}, {2, 0}}, {{1, 0}, {2, -1}},
	}
	priTaps := [2][2]int{{4, 2}, {3, 3}}[priStr>>s.coefShift&1]
	secTaps := [2]int{2, 1}
	for i := range 8 >> subY {
		for j := range 8 >> subX {
			x := s.curr[plane][y0+i][x0+j]
			sum, most, least := 0, x, x
			for k := range 2 {
				for sign := -1; sign <= 1; sign += 2 {
					tap := func(dir, weight, strength int) {
						y := y0 + i + sign*directions[dir&7][k][0]
						xx := x0 + j + sign*directions[dir&7][k][1]
						if y < 0 || xx < 0 || y<<subY>>2 >= s.f.MiRows || xx<<subX>>2 >= s.f.MiCols {
							return
						}
						p := s.curr[plane][y][xx]
						sum += weight * constrain(p-x, strength, damping)
						most, least = max(most, p), min(least, p)
					}
					tap(dir, priTaps[k], priStr)
					tap(dir-2, secTaps[k], secStr)
					tap(dir+2, secTaps[k], secStr)
				}
			}
			negative := 0
			if sum < 0 {
				negative = 1
			}
			s.cdef[plane][y0+i][x0+j] = min(max(x+(8+sum-negative)>>4, least), most)
		}
	}
}

func (s *spec) upscale(plane int, in picture) picture {
	subX, subY := s.sub(plane)
	width, n := (s.f.Width+subX)>>subX, (s.f.UpscaledWidth+subX)>>subX
	in = in[:(s.f.Height+subY)>>subY]
	out := make(picture, len(in))
	stepX := (width<<14 + n/2) / n
	err := n*stepX - width<<14
	initial := (-((n-width)<<13)+n/2)/n + 128 - err/2
	initial &= 1<<14 - 1
	maxX := s.f.MiCols>>subX*4 - 1
	for y, row := range in {
		if s.f.UpscaledWidth == s.f.Width {
			out[y] = append([]int(nil), row[:width]...)
			continue
		}
		out[y] = make([]int, n)
		for x := range n {
			srcX := -(1 << 14) + initial + x*stepX
			sum := 0
			for k := range 8 {
				sum += row[min(max(srcX>>14+k-3, 0), maxX)] * int(upscaleTaps[srcX&(1<<14-1)>>8][k])
			}
			out[y][x] = s.clip1((sum + 64) >> 7)
		}
	}
	return out
}

func (s *spec) clip1(v int) int { return min(max(v, 0), 1<<s.f.Depth-1) }

func (s *spec) restoreBlock(plane, row, col int) {
	s.plane = plane
	subX, subY := s.sub(plane)
	stripeNum := (row*4 + 8) / 64
	s.stripeStartY = (-8 + stripeNum*64) >> subY
	s.stripeEndY = s.stripeStartY + 64>>subY - 1
	how := s.f.Restoration[plane]
	count := func(size int) int { return max((size+how.UnitSize>>1)/how.UnitSize, 1) }
	s.planeEndX = (s.f.UpscaledWidth+subX)>>subX - 1
	s.planeEndY = (s.f.Height+subY)>>subY - 1
	unitRows, unitCols := count(s.planeEndY+1), count(s.planeEndX+1)
	unitRow := min(unitRows-1, (row*4+8)>>subY/how.UnitSize)
	unitCol := min(unitCols-1, col*4>>subX/how.UnitSize)
	x, y := col*4>>subX, row*4>>subY
	w, h := min(4>>subX, s.planeEndX-x+1), min(4>>subY, s.planeEndY-y+1)
	u := &how.Units[unitRow*unitCols+unitCol]
	switch u.Type {
	case Wiener:
		s.wiener(u, x, y, w, h)
	case SelfGuided:
		s.selfGuided(u, x, y, w, h)
	}
}

func (s *spec) sample(x, y int) int {
	x = max(0, min(s.planeEndX, x))
	y = max(0, min(s.planeEndY, y))
	switch {
	case y < s.stripeStartY:
		return s.upscaledCurr[s.plane][max(s.stripeStartY-2, y)][x]
	case y > s.stripeEndY:
		return s.upscaledCurr[s.plane][min(s.stripeEndY+2, y)][x]
	}
	return s.upscaledCdef[s.plane][y][x]
}

func (s *spec) wiener(u *Unit, x, y, w, h int) {
	taps := func(coeff [3]int8) (filter [7]int) {
		filter[3] = 128
		for i, c := range coeff {
			filter[i], filter[6-i] = int(c), int(c)
			filter[3] -= 2 * int(c)
		}
		return filter
	}
	vfilter, hfilter := taps(u.Vertical), taps(u.Horizontal)
	round0, round1 := 3, 11
	if s.f.Depth == 12 {
		round0, round1 = 5, 9
	}
	offset := 1 << (s.f.Depth + 7 - round0 - 1)
	limit := 1<<(s.f.Depth+1+7-round0) - 1
	intermediate := map[[2]int]int{}
	for r := range h + 7 {
		for c := range w {
			sum := 0
			for t, tap := range hfilter {
				sum += tap * s.sample(x+c+t-3, y+r-3)
			}
			intermediate[[2]int{r, c}] = min(max((sum+1<<(round0-1))>>round0, -offset), limit-offset)
		}
	}
	for r := range h {
		for c := range w {
			sum := 0
			for t, tap := range vfilter {
				sum += tap * intermediate[[2]int{r + t, c}]
			}
			s.restored[s.plane][y+r][x+c] = s.clip1((sum + 1<<(round1-1)) >> round1)
		}
	}
}

func (s *spec) selfGuided(u *Unit, x, y, w, h int) {
	w0, w1 := int(u.Weights[0]), int(u.Weights[1])
	w2 := 128 - w0 - w1
	params := guides[u.Set]
	flt0, flt1 := s.box(0, x, y, w, h, params[0].radius, params[0].strength), s.box(1, x, y, w, h, params[1].radius, params[1].strength)
	for i := range h {
		for j := range w {
			value := s.upscaledCdef[s.plane][y+i][x+j] << 4
			v := w1 * value
			if params[0].radius > 0 {
				v += w0 * flt0[[2]int{i, j}]
			} else {
				v += w0 * value
			}
			if params[1].radius > 0 {
				v += w2 * flt1[[2]int{i, j}]
			} else {
				v += w2 * value
			}
			s.restored[s.plane][y+i][x+j] = s.clip1((v + 1<<10) >> 11)
		}
	}
}

func (s *spec) box(pass, x, y, w, h, r, eps int) map[[2]int]int {
	if r == 0 {
		return nil
	}
	aa, bb, f := map[[2]int]int{}, map[[2]int]int{}, map[[2]int]int{}
	n := (2*r + 1) * (2*r + 1)
	n2e := n * n * eps
	scale := (1<<20 + n2e/2) / n2e
	round2 := func(v, shift int) int { return (v + 1<<shift>>1) >> shift }
	for i := -1; i < h+1; i++ {
		for j := -1; j < w+1; j++ {
			a, b := 0, 0
			for dy := -r; dy <= r; dy++ {
				for dx := -r; dx <= r; dx++ {
					c := s.sample(x+j+dx, y+i+dy)
					a += c * c
					b += c
				}
			}
			a = round2(a, 2*s.coefShift)
			d := round2(b, s.coefShift)
			z := round2(max(0, a*n-d*d)*scale, 20)
			a2 := 256
			if z == 0 {
				a2 = 1
			} else if z < 255 {
				a2 = (z<<8 + z/2) / (z + 1)
			}
			aa[[2]int{i, j}] = a2
			bb[[2]int{i, j}] = round2((256-a2)*b*((1<<12+n/2)/n), 12)
		}
	}
	for i := range h {
		shift := 5
		if pass == 0 && i&1 == 1 {
			shift = 4
		}
		for j := range w {
			a, b := 0, 0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					weight := 3
					switch {
					case pass == 0 && (i+dy)&1 == 0:
						weight = 0
					case pass == 0 && dx == 0:
						weight = 6
					case pass == 0:
						weight = 5
					case dx == 0 || dy == 0:
						weight = 4
					}
					a += weight * aa[[2]int{i + dy, j + dx}]
					b += weight * bb[[2]int{i + dy, j + dx}]
				}
			}
			f[[2]int{i, j}] = round2(a*s.upscaledCdef[s.plane][y+i][x+j]+b, 8+shift-4)
		}
	}
	return f
}

// random makes a picture and turns some filters on.
func random(rng *rand.Rand, round int) (*Frame, []picture) {
	f := &Frame{Depth: 8 + round%3*2, Width: 9 + rng.IntN(180), Height: 9 + rng.IntN(180)}
	f.SubX = rng.IntN(2)
	f.SubY = f.SubX * rng.IntN(2)
	f.UpscaledWidth = f.Width
	if rng.IntN(2) > 0 {
		f.UpscaledWidth = f.Width * (9 + rng.IntN(8)) / 8
	}
	f.MiCols, f.MiRows = 2*((f.Width+7)>>3), 2*((f.Height+7)>>3)
	var pictures []picture
	for plane := range 1 + 2*rng.IntN(2) {
		l := f.layout(plane)
		p, q := noise(rng, l.coded, 4*f.MiRows>>l.subY, f.Depth)
		pictures, f.Planes = append(pictures, p), append(f.Planes, q)
		if rng.IntN(4) == 0 {
			continue
		}
		how := Restoration{UnitSize: 64 << rng.IntN(3)}
		if plane > 0 && l.subX+l.subY == 2 {
			how.UnitSize >>= rng.IntN(2)
		}
		for range how.Count(l.upscaledWidth) * how.Count(l.height) {
			how.Units = append(how.Units, Unit{
				Type:     UnitType(rng.IntN(3)),
				Vertical: [3]int8{int8(rng.IntN(16) - 5), int8(rng.IntN(32) - 23), int8(rng.IntN(64) - 17)},
				Horizontal: [3]int8{
					int8(rng.IntN(16) - 5), int8(rng.IntN(32) - 23), int8(rng.IntN(64) - 17),
				},
				Set:     uint8(rng.IntN(16)),
				Weights: [2]int16{int16(rng.IntN(128) - 96), int16(rng.IntN(128) - 32)},
			})
		}
		f.Restoration[plane] = how
	}
	if rng.IntN(4) > 0 {
		c := &Cdef{Damping: 3 + rng.IntN(4)}
		for i := range c.Luma {
			c.Luma[i] = Strength{rng.IntN(16), []int{0, 1, 2, 4}[rng.IntN(4)]}
			c.Chroma[i] = Strength{rng.IntN(16) * rng.IntN(2), []int{0, 1, 2, 4}[rng.IntN(4)]}
		}
		for range (f.MiCols + 15) / 16 * ((f.MiRows + 15) / 16) {
			c.Index = append(c.Index, int8(rng.IntN(9)-1))
		}
		for range f.MiCols / 2 * (f.MiRows / 2) {
			c.Skip = append(c.Skip, rng.IntN(5) == 0)
		}
		f.Cdef = c
	}
	return f, pictures
}

// TestFinish compares what is passed on with the standard's text: each filter on
// its own and all of them together, for all layouts of chroma and sizes that are
// no multiple of anything.
func TestFinish(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 40 {
		f, pictures := random(rng, round)
		s := spec{f: f, curr: pictures}
		s.run()
		next := 0
		Finish(f, func(y, rows int, planes []planar.Plane) {
			if y != next || len(planes) != len(f.Planes) {
				t.Fatalf("a band of %d planes from row %d on, want %d planes from row %d on", len(planes), y, len(f.Planes), next)
			}
			next = y + rows
			for i, p := range planes {
				_, subY := s.sub(i)
				want := s.restored[i][y>>subY : min((y+rows+subY)>>subY, len(s.restored[i]))]
				want.check(t, p, fmt.Sprintf("round %d, plane %d of %dx%d, from row %d", round, i, f.UpscaledWidth, f.Height, y))
			}
		})
		if next != f.Height {
			t.Fatalf("%d rows, want %d", next, f.Height)
		}
	}
}
