package loop

import "s3-thumbnail-creator/codec/internal/planar"

// UnitType is how a unit is restored: RestorationType of a unit in the standard.
type UnitType uint8

// The types.
const (
	None UnitType = iota
	Wiener
	SelfGuided
)

// Restoration is how a plane is restored: in units, whose last one in a row or
// column may be half as large again, or smaller.
type Restoration struct {
	UnitSize int    // in samples of the plane; 0: not at all
	Units    []Unit // row by row
}

// Count is how many units there are along so many samples of the plane. Section
// 5.9.20.
func (r *Restoration) Count(samples int) int { return max((samples+r.UnitSize/2)/r.UnitSize, 1) }

// Unit is how a unit is restored.
type Unit struct {
	Type                 UnitType
	Vertical, Horizontal [3]int8  // of Wiener: LrWiener
	Set                  uint8    // of SelfGuided: LrSgrSet
	Weights              [2]int16 // LrSgrXqd
}

// restorer is the memory that loop restoration takes, and its tables.
type restorer struct {
	f       *Frame
	lines   [70 * chunk]int32 // of Wiener
	boxes   [2]boxes          // of SelfGuided
	inverse [256]int32
}

// chunk is how many columns are restored at a time.
const chunk = 64

func newRestorer(f *Frame) *restorer {
	r := &restorer{f: f}
	for z := range r.inverse {
		r.inverse[z] = int32(max((z<<8+z/2)/(z+1), 1))
	}
	r.inverse[255] = 256
	return r
}

// restore returns the finished rows of a stripe; y is where the stripe starts
// in luma, or would start if the first one were whole, 8 rows further down.
// Section 7.17.1.
func (r *restorer) restore(plane int, s *stripe, y int) planar.Plane {
	how := &r.f.Restoration[plane]
	if how.UnitSize == 0 {
		return planar.Plane{Pix: s.source[s.at(0, 0):], Stride: s.stride}
	}
	s.surround(r.f, r.f.Planes[plane])
	columns := how.Count(s.upscaledWidth)
	row := min(y>>s.subY/how.UnitSize, how.Count(s.height)-1)
	for x := 0; x < s.upscaledWidth; x += chunk >> s.subX {
		column := min(x/how.UnitSize, columns-1)
		u := &how.Units[row*columns+column]
		w := min(chunk>>s.subX, s.upscaledWidth-x)
		switch u.Type {
		case Wiener:
			r.wiener(s, u, x, w)
		case SelfGuided:
			r.selfGuided(s, u, x, w)
		default:
			for y := range s.rows {
				copy(s.restored[y*s.upscaledWidth+x:][:w], s.source[s.at(x, y):])
			}
		}
	}
	return planar.Plane{Pix: s.restored, Stride: s.upscaledWidth}
}

// wiener filters columns x to x+w with seven taps across and seven down.
// Section 7.17.4.
func (r *restorer) wiener(s *stripe, u *Unit, x, w int) {
	depth := r.f.Depth
	first, second := 3, 11
	if depth == 12 {
		first, second = 5, 9
	}
	across, down := wholeFilter(u.Horizontal), wholeFilter(u.Vertical)
	least := int32(-1) << (depth + 7 - first - 1)
	most := int32(1)<<(depth+8-first) - 1 + least
	half := int32(1) << first >> 1
	for y := range s.rows + 2*margin {
		row := s.source[s.at(x-margin, y-margin):][:w+6]
		line := r.lines[y*chunk:][:w]
		for i := range line {
			t := (*[7]uint16)(row[i:])
			v := across[0]*(int32(t[0])+int32(t[6])) + across[1]*(int32(t[1])+int32(t[5])) +
				across[2]*(int32(t[2])+int32(t[4])) + across[3]*int32(t[3])
			line[i] = min(max((v+half)>>(first&31), least), most)
		}
	}
	half, most = int32(1)<<second>>1, int32(1)<<depth-1
	for y := range s.rows {
		out := s.restored[y*s.upscaledWidth+x:][:w]
		for i := range out {
			t := (*[6*chunk + 1]int32)(r.lines[y*chunk+i:])
			v := down[0]*(t[0]+t[6*chunk]) + down[1]*(t[chunk]+t[5*chunk]) +
				down[2]*(t[2*chunk]+t[4*chunk]) + down[3]*t[3*chunk]
			out[i] = uint16(min(max((v+half)>>(second&31), 0), most))
		}
	}
}

// wholeFilter returns half of a filter and its middle: the sum of all taps is
// 128. Section 7.17.5.
func wholeFilter(taps [3]int8) [4]int32 {
	a, b, c := int32(taps[0]), int32(taps[1]), int32(taps[2])
	return [4]int32{a, b, c, 128 - 2*(a+b+c)}
}
