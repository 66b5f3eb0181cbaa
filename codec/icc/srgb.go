package icc

import (
	"math"
	"sync"
)

// d50 is the white of the connection space. ICC.1:2022, section 6.3.4.3.
var d50 = [3]float64{0.9642, 1, 0.8249}

// toLinear takes XYZ under D50 to linear sRGB: the inverse of the colorants of
// the sRGB profile, which are IEC 61966-2-1's primaries adapted from D65 to D50
// by the Bradford transform.
var toLinear = inverse([3][3]float64{
	{0.4360747, 0.3850649, 0.1430804},
	{0.2225045, 0.7168786, 0.0606169},
	{0.0139322, 0.0971045, 0.7141733},
})

// Encode is the transfer function of sRGB, from light to the value, both 0 to 1.
// IEC 61966-2-1, section 5.2.
func Encode(linear float64) float64 {
	switch v := clamp(linear); {
	case v <= 0.0031308:
		return 12.92 * v
	default:
		return 1.055*math.Pow(v, 1/2.4) - 0.055
	}
}

// encodeSteps is the resolution of encodeTable: fine enough that the steepest
// part, near black, moves by less than half of an 8-bit step.
const encodeSteps = 1 << 13

// encodeTable is Encode for values scaled to 0..encodeSteps.
var encodeTable = sync.OnceValue(func() *[encodeSteps + 1]uint8 {
	var t [encodeSteps + 1]uint8
	for i := range t {
		t[i] = to8(Encode(float64(i) / encodeSteps))
	}
	return &t
})

func to8(v float64) uint8 { return uint8(clamp(v)*255 + 0.5) }

// labToXYZ converts L 0..100 and a, b to XYZ relative to D50. CIE 15:2004,
// section 8.2.1.
func labToXYZ(l, a, b float64) (x, y, z float64) {
	f := (l + 16) / 116
	return d50[0] * labCube(f+a/500), d50[1] * labCube(f), d50[2] * labCube(f-b/200)
}

// labCube undoes Lab's cube root, which is a straight line near black.
func labCube(f float64) float64 {
	if cube := f * f * f; cube > 216.0/24389 {
		return cube
	}
	return (116*f - 16) * (27.0 / 24389)
}

// Lab converts 4-byte pixels in place from CIE L*a*b* under D50 to sRGB; alpha
// stays. L* of 0 to 100 is 0 to 255, a* and b* have 128 added: ICC.1:2022,
// section 6.3.4.2.
func Lab(pix []byte) {
	table := encodeTable()
	for p := pix; len(p) >= 4; p = p[4:] {
		x, y, z := labToXYZ(float64(p[0])*100/255, float64(p[1])-128, float64(p[2])-128)
		for c, v := range apply(toLinear, [3]float64{x, y, z}) {
			p[c] = table[step(v*encodeSteps)]
		}
	}
}

func apply(m [3][3]float64, v [3]float64) (r [3]float64) {
	for i := range r {
		r[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return r
}

func multiply(a, b [3][3]float64) (r [3][3]float64) {
	for i := range 3 {
		for j := range 3 {
			r[i][j] = a[i][0]*b[0][j] + a[i][1]*b[1][j] + a[i][2]*b[2][j]
		}
	}
	return r
}

// inverse returns the inverse of a matrix that has one, by cofactors.
func inverse(m [3][3]float64) (r [3][3]float64) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	for i := range 3 {
		for j := range 3 {
			r[j][i] = cofactor(i, j) / det
		}
	}
	return r
}
