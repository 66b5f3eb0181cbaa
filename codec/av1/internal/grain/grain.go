// Package grain adds film grain to a decoded picture of AV1: section 7.18.3 of
// the AV1 Bitstream & Decoding Process Specification.
//
// An encoder may take the grain of a film out of a picture, which codes badly,
// and describe it by how strong it is at which brightness and by how samples
// next to each other depend on each other. A block of such grain is made for
// each plane; the picture is covered with pieces of it from random places.
package grain

// Params are the syntax elements of film_grain_params, less the offsets that
// some of their names tell.
type Params struct {
	Seed           uint16  // grain_seed
	Luma, Cb, Cr   []Point // by increasing value
	ChromaFromLuma bool    // chroma_scaling_from_luma
	Scaling        int     // grain_scaling_minus_8 + 8
	Lag            int     // ar_coeff_lag, 0 to 3
	// Of them, the first 2*Lag*(Lag+1) are used, and one more for chroma.
	LumaCoeffs         [24]int8
	CbCoeffs, CrCoeffs [25]int8
	CoeffShift         int // ar_coeff_shift_minus_6 + 6
	Shift              int // grain_scale_shift
	CbMix, CrMix       Mix
	Overlap            bool // overlap_flag
	Restricted         bool // clip_to_restricted_range
}

// Point is how strong grain is where samples of 8 bits have a value.
type Point struct{ Value, Scaling uint8 }

// Mix is how a value is made of luma and chroma to look up how strong grain is:
// cb_luma_mult-128, cb_mult-128 and cb_offset-256, and the same for cr.
type Mix struct{ Luma, Chroma, Offset int }

// Format is what the samples are.
type Format struct {
	Depth         int
	SubX, SubY    int // 1 where chroma has half the columns or rows
	Width, Height int
	Mono          bool
	Identity      bool // the matrix of the color is the identity
}

// The size of a block of grain, of which chroma has about half the columns or
// rows.
const (
	blockWidth  = 82
	blockHeight = 73
)

// block is grain of a plane.
type block [blockHeight][blockWidth]int32

// Synthesizer adds grain to the rows of a picture.
type Synthesizer struct {
	p       *Params
	f       Format
	most    int32 // and -most-1 are the largest grain
	random  uint32
	blocks  [3]block
	scaling [3][]uint8 // by value, nil where there is no grain
	// Where in the blocks the pieces of a stripe of 32 rows, and of the one
	// above it, come from.
	stripe          int
	offsets, before []uint8
	noise, over     []int32
}

// New makes the grain of a picture.
func New(p *Params, f Format) *Synthesizer {
	s := &Synthesizer{p: p, f: f, most: 1<<(f.Depth-1) - 1, stripe: -1}
	s.offsets, s.before = make([]uint8, (f.Width+31)/32), make([]uint8, (f.Width+31)/32)
	s.noise, s.over = make([]int32, f.Width+1), make([]int32, f.Width+1)
	points := [3][]Point{p.Luma, p.Cb, p.Cr}
	if p.ChromaFromLuma {
		points[1], points[2] = p.Luma, p.Luma
	}
	if len(p.Luma) > 0 {
		s.white(0, uint32(p.Seed))
		s.regressLuma()
	}
	for plane, seed := range [3]uint32{0, 0xb524, 0x49d8} {
		if plane > 0 && s.active(plane) {
			s.white(plane, uint32(p.Seed)^seed)
			s.regressChroma(plane)
		}
		if s.active(plane) {
			s.scaling[plane] = scalingOf(points[plane], f.Depth)
		}
	}
	return s
}

// active tells whether a plane gets grain.
func (s *Synthesizer) active(plane int) bool {
	switch plane {
	case 0:
		return len(s.p.Luma) > 0
	case 1:
		return !s.f.Mono && (len(s.p.Cb) > 0 || s.p.ChromaFromLuma)
	default:
		return !s.f.Mono && (len(s.p.Cr) > 0 || s.p.ChromaFromLuma)
	}
}

// sub returns the subsampling of a plane.
func (s *Synthesizer) sub(plane int) (x, y int) {
	if plane == 0 {
		return 0, 0
	}
	return s.f.SubX, s.f.SubY
}

// next returns a random number of so many bits. Section 7.18.3.2.
func (s *Synthesizer) next(bits int) int {
	r := s.random
	r = r>>1 | (r^r>>1^r>>3^r>>12)&1<<15
	s.random = r
	return int(r>>(16-bits)) & (1<<bits - 1)
}

func (s *Synthesizer) clip(v int32) int32 { return min(max(v, -s.most-1), s.most) }

func round2(v int32, shift int) int32 { return (v + 1<<shift>>1) >> shift }

// size returns the part of a block that a plane uses.
func (s *Synthesizer) size(plane int) (width, height int) {
	x, y := s.sub(plane)
	return blockWidth - 38*x, blockHeight - 35*y
}

// white fills a block with white noise. Section 7.18.3.3.
func (s *Synthesizer) white(plane int, seed uint32) {
	s.random = seed
	width, height := s.size(plane)
	for y := range height {
		for x := range width {
			s.blocks[plane][y][x] = round2(int32(gaussian[s.next(11)]), 12-s.f.Depth+s.p.Shift)
		}
	}
}

// regressLuma makes samples depend on those before.
func (s *Synthesizer) regressLuma() {
	b := &s.blocks[0]
	for y := 3; y < blockHeight; y++ {
		for x := 3; x < blockWidth-3; x++ {
			sum := s.weigh(b, s.p.LumaCoeffs[:], x, y)
			b[y][x] = s.clip(b[y][x] + round2(sum, s.p.CoeffShift))
		}
	}
}

// weigh adds up what is before a sample: whole rows above, and to the left.
func (s *Synthesizer) weigh(b *block, coeffs []int8, x, y int) (sum int32) {
	lag, at := s.p.Lag, 0
	for dy := -lag; dy <= 0; dy++ {
		for dx := -lag; dx <= lag && (dy < 0 || dx < 0); dx++ {
			sum += b[y+dy][x+dx] * int32(coeffs[at])
			at++
		}
	}
	return sum
}

// regressChroma is regressLuma, and makes samples depend on luma.
func (s *Synthesizer) regressChroma(plane int) {
	b, coeffs := &s.blocks[plane], s.p.CbCoeffs[:]
	if plane == 2 {
		coeffs = s.p.CrCoeffs[:]
	}
	last := int32(coeffs[2*s.p.Lag*(s.p.Lag+1)])
	subX, subY := s.sub(plane)
	width, height := s.size(plane)
	for y := 3; y < height; y++ {
		for x := 3; x < width-3; x++ {
			sum := s.weigh(b, coeffs, x, y)
			luma, top, left := int32(0), (y-3)<<subY+3, (x-3)<<subX+3
			for i := range subY + 1 {
				for j := range subX + 1 {
					luma += s.blocks[0][top+i][left+j]
				}
			}
			sum += round2(luma, subX+subY) * last
			b[y][x] = s.clip(b[y][x] + round2(sum, s.p.CoeffShift))
		}
	}
}

// scalingOf returns how strong grain is for each value of depth bits, between
// the points. Sections 7.18.3.4 and 7.18.3.5.
func scalingOf(points []Point, depth int) []uint8 {
	out := make([]uint8, 1<<depth)
	if len(points) == 0 {
		return out
	}
	var byValue [257]int
	first, last := points[0], points[len(points)-1]
	for v := range byValue {
		byValue[v] = int(first.Scaling)
		if v >= int(last.Value) {
			byValue[v] = int(last.Scaling)
		}
	}
	for i, p := range points[1:] {
		from := points[i]
		n := int(p.Value) - int(from.Value)
		if n <= 0 {
			continue
		}
		slope := (int(p.Scaling) - int(from.Scaling)) * ((1<<16 + n/2) / n)
		for x := range n {
			byValue[int(from.Value)+x] = int(from.Scaling) + (x*slope+1<<15)>>16
		}
	}
	up := depth - 8
	byValue[256] = byValue[255]
	for v := range out {
		start, end := byValue[v>>up], byValue[v>>up+1]
		out[v] = uint8(start + int(round2(int32((end-start)*(v&(1<<up-1))), up)))
	}
	return out
}
