package loop

import (
	"math/rand/v2"
	"testing"

	"s3-thumbnail-creator/codec/internal/planar"
)

// picture is a plane of samples that can be read and written one by one.
type picture [][]int

func abs(v int) int { return max(v, -v) }

// specEdge is section 7.14.6 for a line across an edge: x, y is the first
// sample behind it, dx, dy leads across.
func (p picture) specEdge(x, y, dx, dy, filterSize, level, sharpness, depth int, chroma bool) {
	at := func(i int) *int { return &p[y+dy*i][x+dx*i] }
	shift := 0
	if sharpness > 4 {
		shift = 2
	} else if sharpness > 0 {
		shift = 1
	}
	limit := max(1, level>>shift)
	if sharpness > 0 {
		limit = min(max(level>>shift, 1), 9-sharpness)
	}
	blimit, thresh := 2*(level+2)+limit, level>>4
	up := depth - 8
	q := func(i int) int { return *at(i) }
	pp := func(i int) int { return *at(-1 - i) }
	hev := abs(pp(1)-pp(0)) > thresh<<up || abs(q(1)-q(0)) > thresh<<up
	filterLen := 16
	switch {
	case filterSize == 4:
		filterLen = 4
	case chroma:
		filterLen = 6
	case filterSize == 8:
		filterLen = 8
	}
	far := func(i, j, least int) bool { return abs(pp(i)-pp(j)) > least || abs(q(i)-q(j)) > least }
	if far(1, 0, limit<<up) || abs(pp(0)-q(0))*2+abs(pp(1)-q(1))/2 > blimit<<up ||
		filterLen >= 6 && far(2, 1, limit<<up) || filterLen >= 8 && far(3, 2, limit<<up) {
		return
	}
	one := 1 << up
	flat := filterSize >= 8 && !far(1, 0, one) && !far(2, 0, one) && !(filterLen >= 8 && far(3, 0, one))
	flat2 := filterSize >= 16 && !far(6, 0, one) && !far(5, 0, one) && !far(4, 0, one)
	switch {
	case filterSize == 4 || !flat:
		specNarrow(at, depth, hev)
	case filterSize == 8 || !flat2:
		specWide(at, 3, chroma)
	default:
		specWide(at, 4, chroma)
	}
}

func specNarrow(at func(int) *int, depth int, hev bool) {
	clamp := func(v int) int { return min(max(v, -(1<<(depth-1))), 1<<(depth-1)-1) }
	zero := 0x80 << (depth - 8)
	ps1, ps0, qs0, qs1 := *at(-2)-zero, *at(-1)-zero, *at(0)-zero, *at(1)-zero
	filter := 0
	if hev {
		filter = clamp(ps1 - qs1)
	}
	filter = clamp(filter + 3*(qs0-ps0))
	filter1, filter2 := clamp(filter+4)>>3, clamp(filter+3)>>3
	*at(0), *at(-1) = clamp(qs0-filter1)+zero, clamp(ps0+filter2)+zero
	if !hev {
		filter = (filter1 + 1) >> 1
		*at(1), *at(-2) = clamp(qs1-filter)+zero, clamp(ps1+filter)+zero
	}
}

func specWide(at func(int) *int, log2Size int, chroma bool) {
	n, n2 := 3, 1
	if log2Size == 4 {
		n = 6
	} else if chroma {
		n = 2
	} else {
		n2 = 0
	}
	f := map[int]int{}
	for i := -n; i < n; i++ {
		t := 0
		for j := -n; j <= n; j++ {
			tap := 1
			if abs(j) <= n2 {
				tap = 2
			}
			t += *at(min(max(i+j, -(n+1)), n)) * tap
		}
		f[i] = (t + 1<<(log2Size-1)) >> log2Size
	}
	for i, v := range f {
		*at(i) = v
	}
}

// specDeblock is sections 7.14.1 to 7.14.3.
func (p picture) specDeblock(e *Edges) {
	for pass := range 2 {
		for row := range e.Rows {
			for column := range e.Columns {
				i := row*e.Units + column
				prev, levels, position := i-1, e.Vertical, column
				size := func(i int) int { return 4 << (e.Sizes[i] & 15) }
				if pass == 1 {
					prev, levels, position = i-e.Units, e.Horizontal, row
					size = func(i int) int { return 4 << (e.Sizes[i] >> 4) }
				}
				if position == 0 || 4*position%size(i) != 0 {
					continue
				}
				filterSize := min(16, size(i), size(prev))
				if e.Chroma {
					filterSize = min(8, filterSize)
				}
				level := int(levels[i])
				if level == 0 {
					level = int(levels[prev])
				}
				if level == 0 {
					continue
				}
				for k := range 4 {
					p.specEdge(4*column+k*pass, 4*row+k*(1-pass), 1-pass, pass, filterSize, level, e.Sharpness, e.Depth, e.Chroma)
				}
			}
		}
	}
}

// noise returns a plane that is smooth in places, with steps and noise of
// different size, so that each filter has something to do.
func noise(rng *rand.Rand, width, height, depth int) (picture, planar.Plane) {
	p := make(picture, height)
	plane := planar.Plane{Pix: make([]uint16, (width+3)*height), Stride: width + 3}
	for y := range p {
		p[y] = make([]int, width)
		for x := range p[y] {
			area := ((x+6)/16*7 + (y+6)/16*3) % 5
			v := 60*(area+x/4%2*area/3) + rng.IntN(1+area*area*area*area/2) + x/3
			p[y][x] = min(max(v<<(depth-8)+rng.IntN(1<<(depth-8)), 0), 1<<depth-1)
			plane.Pix[y*plane.Stride+x] = uint16(p[y][x])
		}
	}
	return p, plane
}

// split fills in sizes of transform blocks, of at most 1<<log2 units.
func split(rng *rand.Rand, e *Edges, x, y, log2 int) {
	if log2 > 0 && rng.IntN(4) > 0 {
		for i := range 4 {
			split(rng, e, x+i&1<<(log2-1), y+i>>1<<(log2-1), log2-1)
		}
		return
	}
	w, h := max(0, log2-rng.IntN(2)), max(0, log2-rng.IntN(2))
	for i := y; i < min(y+1<<log2, len(e.Sizes)/e.Units); i++ {
		for j := x; j < min(x+1<<log2, e.Units); j++ {
			e.Sizes[i*e.Units+j] = uint8(w | h<<4)
		}
	}
}

func TestDeblock(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		depth := 8 + round%3*2
		columns, rows := 3+rng.IntN(40), 3+rng.IntN(40)
		e := &Edges{
			Units: columns + 2, Columns: columns, Rows: rows, Sharpness: round / 3 % 8, Depth: depth, Chroma: round&1 == 1,
		}
		e.Sizes = make([]uint8, e.Units*rows)
		for y := 0; y < rows; y += 16 {
			for x := 0; x < e.Units; x += 16 {
				split(rng, e, x, y, 4)
			}
		}
		e.Vertical, e.Horizontal = make([]uint8, len(e.Sizes)), make([]uint8, len(e.Sizes))
		for i := range e.Sizes {
			e.Vertical[i], e.Horizontal[i] = uint8(max(0, rng.IntN(80)-16)), uint8(rng.IntN(64))
		}
		// Transform blocks may reach over the edge.
		want, got := noise(rng, (columns+15)/16*64, (rows+15)/16*64, depth)
		want.specDeblock(e)
		Deblock(got, e)
		want.check(t, got, "deblocked")
	}
}

// check compares a plane with what it should be.
func (p picture) check(t *testing.T, got planar.Plane, what string) {
	t.Helper()
	for y, row := range p {
		for x, v := range row {
			if g := int(got.Pix[y*got.Stride+x]); g != v {
				t.Fatalf("%s: at %d, %d of %dx%d: %d, want %d", what, x, y, len(row), len(p), g, v)
			}
		}
	}
}
