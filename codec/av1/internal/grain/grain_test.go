package grain

import (
	"math/rand/v2"
	"testing"

	"s3-thumbnail-creator/codec/internal/planar"
)

// spec is the film grain synthesis process as the standard writes it down, on
// whole pictures.
type spec struct {
	p              *Params
	f              Format
	register       int
	grain          [3][73][82]int
	lut            [3][256]int
	least, most    int
	out            [3][][]int
	noise          [3][][]int
	stripes        []map[[3]int]int
	chromaW, chroH int
}

func (s *spec) rand(bits int) int {
	r := s.register
	bit := (r ^ r>>1 ^ r>>3 ^ r>>12) & 1
	r = r>>1 | bit<<15
	s.register = r
	return r >> (16 - bits) & (1<<bits - 1)
}

func round(x, n int) int {
	if n == 0 {
		return x
	}
	return (x + 1<<(n-1)) >> n
}

func (s *spec) clip(v int) int { return min(max(v, s.least), s.most) }

func (s *spec) run() {
	p, f := s.p, s.f
	center := 128 << (f.Depth - 8)
	s.least, s.most = -center, 256<<(f.Depth-8)-1-center
	s.chromaW, s.chroH = 82, 73
	if f.SubX == 1 {
		s.chromaW = 44
	}
	if f.SubY == 1 {
		s.chroH = 38
	}
	s.generate()
	for plane := range 3 {
		points := [3][]Point{p.Luma, p.Cb, p.Cr}[plane]
		if p.ChromaFromLuma {
			points = p.Luma
		}
		if len(points) == 0 {
			continue
		}
		for x := range int(points[0].Value) {
			s.lut[plane][x] = int(points[0].Scaling)
		}
		for i := range len(points) - 1 {
			deltaY := int(points[i+1].Scaling) - int(points[i].Scaling)
			deltaX := int(points[i+1].Value) - int(points[i].Value)
			delta := deltaY * ((65536 + deltaX>>1) / deltaX)
			for x := range deltaX {
				s.lut[plane][int(points[i].Value)+x] = int(points[i].Scaling) + (x*delta+32768)>>16
			}
		}
		for x := int(points[len(points)-1].Value); x < 256; x++ {
			s.lut[plane][x] = int(points[len(points)-1].Scaling)
		}
	}
	s.makeNoise()
	s.add()
}

func (s *spec) generate() {
	p := s.p
	shift := 12 - s.f.Depth + p.Shift
	white := func(plane, seed, w, h int, some bool) {
		s.register = seed
		for y := range h {
			for x := range w {
				g := 0
				if some {
					g = int(gaussian[s.rand(11)])
				}
				s.grain[plane][y][x] = round(g, shift)
			}
		}
	}
	white(0, int(p.Seed), 82, 73, len(p.Luma) > 0)
	for y := 3; y < 73; y++ {
		for x := 3; x < 82-3; x++ {
			sum, pos := 0, 0
			for dr := -p.Lag; dr <= 0; dr++ {
				for dc := -p.Lag; dc <= p.Lag; dc++ {
					if dr == 0 && dc == 0 {
						break
					}
					sum += s.grain[0][y+dr][x+dc] * int(p.LumaCoeffs[pos])
					pos++
				}
			}
			s.grain[0][y][x] = s.clip(s.grain[0][y][x] + round(sum, p.CoeffShift))
		}
	}
	white(1, int(p.Seed)^0xb524, s.chromaW, s.chroH, len(p.Cb) > 0 || p.ChromaFromLuma)
	white(2, int(p.Seed)^0x49d8, s.chromaW, s.chroH, len(p.Cr) > 0 || p.ChromaFromLuma)
	for plane, coeffs := range [3][25]int8{1: p.CbCoeffs, 2: p.CrCoeffs} {
		for y := 3; y < s.chroH && plane > 0; y++ {
			for x := 3; x < s.chromaW-3; x++ {
				sum, pos := 0, 0
				for dr := -p.Lag; dr <= 0; dr++ {
					for dc := -p.Lag; dc <= p.Lag; dc++ {
						c := int(coeffs[pos])
						if dr == 0 && dc == 0 {
							if len(p.Luma) > 0 {
								luma := 0
								for i := range s.f.SubY + 1 {
									for j := range s.f.SubX + 1 {
										luma += s.grain[0][(y-3)<<s.f.SubY+3+i][(x-3)<<s.f.SubX+3+j]
									}
								}
								sum += round(luma, s.f.SubX+s.f.SubY) * c
							}
							break
						}
						sum += s.grain[plane][y+dr][x+dc] * c
						pos++
					}
				}
				s.grain[plane][y][x] = s.clip(s.grain[plane][y][x] + round(sum, p.CoeffShift))
			}
		}
	}
}

func (s *spec) makeNoise() {
	w, h := s.f.Width, s.f.Height
	for y := 0; y < (h+1)/2; y += 16 {
		n := len(s.stripes)
		stripe := map[[3]int]int{}
		s.register = int(s.p.Seed) ^ (n*37+178)&255<<8 ^ (n*173+105)&255
		for x := 0; x < (w+1)/2; x += 16 {
			r := s.rand(8)
			for plane := range s.out {
				s.piece(stripe, plane, x, r>>4, r&15)
			}
		}
		s.stripes = append(s.stripes, stripe)
	}
	for plane := range s.out {
		subX, subY := s.sub(plane)
		for y := range (h + subY) >> subY {
			n := y >> (5 - subY)
			i := y - n<<(5-subY)
			var row []int
			for x := range (w + subX) >> subX {
				g := s.stripes[n][[3]int{plane, i, x}]
				if i < 2>>subY && n > 0 && s.p.Overlap {
					old := s.stripes[n-1][[3]int{plane, i + 32>>subY, x}]
					g = s.mix(old, g, i, subY)
				}
				row = append(row, g)
			}
			s.noise[plane] = append(s.noise[plane], row)
		}
	}
}

func (s *spec) mix(old, g, i, sub int) int {
	weights := [2][2]int{{27, 17}, {17, 27}}[i]
	if sub == 1 {
		weights = [2]int{23, 22}
	}
	return s.clip(round(old*weights[0]+g*weights[1], 5))
}

func (s *spec) sub(plane int) (int, int) {
	if plane == 0 {
		return 0, 0
	}
	return s.f.SubX, s.f.SubY
}

func (s *spec) piece(stripe map[[3]int]int, plane, x, offsetX, offsetY int) {
	subX, subY := s.sub(plane)
	left, top := 9+offsetX*2, 9+offsetY*2
	if subX == 1 {
		left = 6 + offsetX
	}
	if subY == 1 {
		top = 6 + offsetY
	}
	for i := range 34 >> subY {
		for j := range 34 >> subX {
			g := s.grain[plane][top+i][left+j]
			at := [3]int{plane, i, x*2>>subX + j}
			if j < 2>>subX && s.p.Overlap && x > 0 {
				g = s.mix(stripe[at], g, j, subX)
			}
			stripe[at] = g
		}
	}
}

func (s *spec) scale(plane, index int) int {
	shift := s.f.Depth - 8
	x := index >> shift
	rem := index - x<<shift
	if s.f.Depth == 8 || x == 255 {
		return s.lut[plane][x]
	}
	return s.lut[plane][x] + round((s.lut[plane][x+1]-s.lut[plane][x])*rem, shift)
}

func (s *spec) add() {
	p, f := s.p, s.f
	up := f.Depth - 8
	least, mostLuma := 0, 256<<up-1
	mostChroma := mostLuma
	if p.Restricted {
		least, mostLuma, mostChroma = 16<<up, 235<<up, 240<<up
		if f.Identity {
			mostChroma = mostLuma
		}
	}
	for plane, points := range [3][]Point{1: p.Cb, 2: p.Cr} {
		if plane == 0 || len(points) == 0 && !p.ChromaFromLuma {
			continue
		}
		mix := [3]Mix{1: p.CbMix, 2: p.CrMix}[plane]
		for y, row := range s.out[plane] {
			for x, orig := range row {
				lumaX, lumaY := x<<f.SubX, y<<f.SubY
				average := s.out[0][lumaY][lumaX]
				if f.SubX == 1 {
					average = round(average+s.out[0][lumaY][min(lumaX+1, f.Width-1)], 1)
				}
				merged := average
				if !p.ChromaFromLuma {
					combined := average*mix.Luma + orig*mix.Chroma
					merged = min(max(combined>>6+mix.Offset<<up, 0), 256<<up-1)
				}
				noise := round(s.scale(plane, merged)*s.noise[plane][y][x], p.Scaling)
				row[x] = min(max(orig+noise, least), mostChroma)
			}
		}
	}
	for y, row := range s.out[0] {
		for x, orig := range row {
			if len(p.Luma) > 0 {
				noise := round(s.scale(0, orig)*s.noise[0][y][x], p.Scaling)
				row[x] = min(max(orig+noise, least), mostLuma)
			}
		}
	}
}

func points(rng *rand.Rand, most int) (out []Point) {
	v := rng.IntN(60)
	for range rng.IntN(most + 1) {
		out = append(out, Point{uint8(v), uint8(rng.IntN(256))})
		v += 1 + rng.IntN(40)
		if v > 255 {
			break
		}
	}
	return out
}

func random(rng *rand.Rand) *Params {
	p := &Params{
		Seed: uint16(rng.IntN(1 << 16)), Luma: points(rng, 14), Cb: points(rng, 10), Cr: points(rng, 10),
		ChromaFromLuma: rng.IntN(4) == 0, Scaling: 8 + rng.IntN(4), Lag: rng.IntN(4), CoeffShift: 6 + rng.IntN(4),
		Shift: rng.IntN(4), Overlap: rng.IntN(2) > 0, Restricted: rng.IntN(2) > 0,
		CbMix: Mix{rng.IntN(256) - 128, rng.IntN(256) - 128, rng.IntN(512) - 256},
		CrMix: Mix{rng.IntN(256) - 128, rng.IntN(256) - 128, rng.IntN(512) - 256},
	}
	for i := range p.CbCoeffs {
		p.CbCoeffs[i], p.CrCoeffs[i] = int8(rng.IntN(40)-20), int8(rng.IntN(40)-20)
		if i < len(p.LumaCoeffs) {
			p.LumaCoeffs[i] = int8(rng.IntN(40) - 20)
		}
	}
	return p
}

// TestAdd compares grain with the standard's text, for all layouts of chroma,
// in bands of different heights.
func TestAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		f := Format{
			Depth: 8 + n%3*2, SubX: rng.IntN(2), Width: 1 + rng.IntN(150), Height: 1 + rng.IntN(150),
			Mono: rng.IntN(8) == 0, Identity: rng.IntN(3) == 0,
		}
		f.SubY = f.SubX * rng.IntN(2)
		s := spec{p: random(rng), f: f}
		var planes []planar.Plane
		for plane := range 3 {
			subX, subY := s.sub(plane)
			w, h := (f.Width+subX)>>subX, (f.Height+subY)>>subY
			p := planar.Plane{Pix: make([]uint16, (w+3)*h), Stride: w + 3}
			for y := range h {
				row := make([]int, w)
				for x := range row {
					row[x] = rng.IntN(1 << f.Depth)
					p.Pix[y*p.Stride+x] = uint16(row[x])
				}
				s.out[plane] = append(s.out[plane], row)
			}
			if plane == 0 || !f.Mono {
				planes = append(planes, p)
			}
		}
		s.run()
		g := New(s.p, f)
		for y := 0; y < f.Height; {
			rows := min(2*(1+rng.IntN(40)), f.Height-y)
			band := append([]planar.Plane(nil), planes...)
			for plane := range band {
				_, subY := s.sub(plane)
				band[plane].Pix = band[plane].Pix[y>>subY*band[plane].Stride:]
			}
			g.Add(y, rows, band)
			y += rows
		}
		for plane, p := range planes {
			for y, row := range s.out[plane] {
				for x, v := range row {
					if got := int(p.Pix[y*p.Stride+x]); got != v {
						t.Fatalf("round %d, plane %d of %dx%d: at %d, %d: %d, want %d", n, plane, f.Width, f.Height, x, y, got, v)
					}
				}
			}
		}
	}
}
