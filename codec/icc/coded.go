package icc

import "math"

// Chromaticities are CIE 1931 x and y of red, green, blue and white.
type Chromaticities [4][2]float64

// SRGB are the primaries and the white of sRGB and BT.709.
var SRGB = Chromaticities{{0.640, 0.330}, {0.300, 0.600}, {0.150, 0.060}, {0.3127, 0.3290}}

// CodedPrimaries returns what a code point of ITU-T H.273, table 2, stands for,
// and whether it stands for anything.
func CodedPrimaries(code int) (Chromaticities, bool) {
	d65 := SRGB[3]
	switch code {
	case 1:
		return SRGB, true
	case 4:
		return Chromaticities{{0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}, {0.310, 0.316}}, true
	case 5:
		return Chromaticities{{0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}, d65}, true
	case 6, 7:
		return Chromaticities{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}, d65}, true
	case 9:
		return Chromaticities{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}, d65}, true
	case 11:
		return Chromaticities{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, {0.314, 0.351}}, true
	case 12:
		return Chromaticities{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, d65}, true
	}
	return Chromaticities{}, false
}

// Code points of transfer characteristics: H.273, table 3.
const (
	transferPQ  = 16
	transferHLG = 18
)

// What white is on a display, in candelas a square meter: that of a page, and
// the brightest one of a picture in PQ or HLG. ITU-R BT.2408, section 2.1.
const (
	pageWhite = 203
	peakWhite = 1000
)

// CodedTransfer returns the curve that a code point of ITU-T H.273, table 3,
// stands for, or nil. It gives light of which 1 is the white of a page; PQ goes
// beyond that. HLG gives the light of the scene.
func CodedTransfer(code int) func(float64) float64 {
	switch code {
	case 1, 6, 14, 15:
		return piecewise(1/0.45, 1.0993, 0.0993, 4.5, 0.08124)
	case 4:
		return power(2.2)
	case 5:
		return power(2.8)
	case 7:
		return piecewise(1/0.45, 1.1115, 0.1115, 4, 0.0913)
	case 8:
		return power(1)
	case 13:
		return srgbToLinear
	case transferPQ:
		return func(v float64) float64 {
			const m1, m2, c1, c2, c3 = 2610.0 / 16384, 2523.0 / 32, 3424.0 / 4096, 2413.0 / 128, 2392.0 / 128
			p := math.Pow(v, 1/m2)
			return 10000.0 / pageWhite * math.Pow(max(p-c1, 0)/(c2-c3*p), 1/m1)
		}
	case 17:
		return func(v float64) float64 { return 52.37 / 48 * math.Pow(v, 2.6) }
	case transferHLG:
		return func(v float64) float64 {
			const a, b, c = 0.17883277, 0.28466892, 0.55991073
			if v <= 0.5 {
				return v * v / 3
			}
			return (math.Exp((v-c)/a) + b) / 12
		}
	}
	return nil
}

var srgbToLinear = piecewise(2.4, 1.055, 0.055, 12.92, 0.04045)

// piecewise is ((v+b)/a)^g above a limit and v/slope below it.
func piecewise(g, a, b, slope, limit float64) func(float64) float64 {
	return func(v float64) float64 {
		if v <= limit {
			return v / slope
		}
		return math.Pow((v+b)/a, g)
	}
}

// NewGamma returns the Transform for RGB or gray values that are linear light
// to the power gamma, as a PNG's gAMA chunk says (ISO/IEC 15948, section
// 11.3.3.2). A gamma of 0 stands for sRGB's curve.
func NewGamma(primaries Chromaticities, gamma float64) *Transform {
	if gamma == 0 {
		return newCoded(primaries, srgbToLinear)
	}
	return newCoded(primaries, power(1/gamma))
}

// NewCoded returns the Transform for values in the encoding of a code point of
// ITU-T H.273, table 3, for which there is a CodedTransfer. What is brighter
// than the white of a page (PQ, HLG) is brought below it.
func NewCoded(primaries Chromaticities, transfer int) *Transform {
	t := newCoded(primaries, CodedTransfer(transfer))
	t.hdr = transfer == transferPQ || transfer == transferHLG
	t.hlg = transfer == transferHLG
	if t.hdr {
		for i := range t.gray {
			v := t.channels[0][i]
			v *= Tone(v, v, v, t.hlg)
			t.gray[i] = to8(Encode(v))
		}
	}
	return t
}

// newCoded returns a Transform for RGB and for gray.
func newCoded(primaries Chromaticities, toLight func(float64) float64) *Transform {
	t := &Transform{encode: encodeTable()}
	for i := range 256 {
		v := toLight(float64(i) / 255)
		t.gray[i] = to8(Encode(v))
		for c := range t.channels {
			t.channels[c][i] = v
		}
	}
	t.setColorants(multiply(adaptToD50(primaries[3]), primaries.toXYZ()))
	return t
}

// Tone returns the factor that brings the light of a pixel of PQ or HLG to what
// a page can show: the light of a scene (HLG) to that of a display of peakWhite
// (ITU-R BT.2100, table 5, of which the gamma is 1.2), then both by Reinhard's
// curve, extended so that peakWhite becomes white, over the brightest channel, so
// that hues stay and dark colors are as they are: "Photographic Tone Reproduction
// for Digital Images", Reinhard et al., 2002, equation 4.
func Tone(r, g, b float64, scene bool) float64 {
	const peak = float64(peakWhite) / pageWhite
	scale := 1.0
	if scene {
		scale = peak * math.Pow(max(0.2627*r+0.6780*g+0.0593*b, 0), 0.2)
	}
	brightest := max(r, g, b) * scale
	return scale * (1 + brightest/(peak*peak)) / (1 + brightest)
}

// toXYZ takes linear light of the primaries to XYZ under their own white, whose
// Y is 1. SMPTE RP 177-1993.
func (c Chromaticities) toXYZ() (m [3][3]float64) {
	for i := range 3 {
		v := xyzOf(c[i])
		for j := range 3 {
			m[j][i] = v[j]
		}
	}
	scale := apply(inverse(m), xyzOf(c[3]))
	for i := range 3 {
		for j := range 3 {
			m[j][i] *= scale[i]
		}
	}
	return m
}

// xyzOf is a color of Y 1.
func xyzOf(xy [2]float64) [3]float64 {
	return [3]float64{xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]}
}

// bradford takes XYZ to the responses of the eye's cones. ICC.1:2022, annex E.
var bradford = [3][3]float64{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}

// adaptToD50 takes colors under the given white to those that look the same
// under the white of the connection space.
func adaptToD50(white [2]float64) [3][3]float64 {
	from, to := apply(bradford, xyzOf(white)), apply(bradford, d50)
	m := bradford
	for i := range m {
		for j := range m[i] {
			m[i][j] *= to[i] / from[i]
		}
	}
	return multiply(inverse(bradford), m)
}

// Usable says whether three colors and a white make a space: none of them is
// beyond what is visible, and the white lies among them.
func (c Chromaticities) Usable() bool {
	for _, xy := range c {
		if xy[1] < 0.001 || xy[0] < 0 || xy[0]+xy[1] > 1.001 {
			return false
		}
	}
	side := func(a, b, p [2]float64) float64 {
		return (b[0]-a[0])*(p[1]-a[1]) - (b[1]-a[1])*(p[0]-a[0])
	}
	const least = 1e-4 // twice the area of a triangle
	w := c[3]
	return side(c[0], c[1], w) > least && side(c[1], c[2], w) > least && side(c[2], c[0], w) > least
}

// Near says whether no coordinate differs by more than what rounding does.
func (c Chromaticities) Near(other Chromaticities) bool {
	for i := range c {
		for j := range c[i] {
			if math.Abs(c[i][j]-other[i][j]) > 0.003 {
				return false
			}
		}
	}
	return true
}
