package tiff

import "math"

// labTables convert CIE L*a*b* of 8 bits, relative to D50, to sRGB: TIFF 6.0,
// section 23; ICC.1:2010, annex A for the encoding of photometric 9;
// IEC 61966-2-1 for sRGB.
type labTables struct {
	fy    [256]float64 // (L* + 16) / 116
	fa    [256]float64 // a* / 500
	fb    [256]float64 // b* / 200
	gamma [4097]uint8  // sRGB of linear light

	offset int // of a* and b*
}

// newLabTables takes whether a* and b* have an offset of 128, as in ICC's
// encoding, instead of a sign.
func newLabTables(offset bool) *labTables {
	t := &labTables{}
	if offset {
		t.offset = 128
	}
	for i := range 256 {
		ab := float64(int8(i - t.offset))
		t.fy[i] = (float64(i)*100/255 + 16) / 116
		t.fa[i] = ab / 500
		t.fb[i] = ab / 200
	}
	for i := range t.gamma {
		v := float64(i) / float64(len(t.gamma)-1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t.gamma[i] = uint8(v*255 + 0.5)
	}
	return t
}

// component is the encoding of a value of a* or b*.
func (t *labTables) component(v float64) uint8 {
	return uint8(int(math.Round(min(max(v, -128), 127))) + t.offset)
}

// convert converts pixels of size samples, of which a fourth is copied.
func (t *labTables) convert(out, lab []byte, size int) []byte {
	for i := 0; i+size <= len(out); i += size {
		y := t.fy[lab[i]]
		x, z := y+t.fa[lab[i+1]], y-t.fb[lab[i+2]]
		X, Y, Z := 0.96422*linear(x), linear(y), 0.82521*linear(z)
		// From XYZ of D50 to the primaries of sRGB, adapted by Bradford's method.
		out[i] = t.encode(3.1338561*X - 1.6168667*Y - 0.4906146*Z)
		out[i+1] = t.encode(-0.9787684*X + 1.9161415*Y + 0.0334540*Z)
		out[i+2] = t.encode(0.0719453*X - 0.2289914*Y + 1.4052427*Z)
		if size == 4 {
			out[i+3] = lab[i+3]
		}
	}
	return out
}

// linear is the inverse of the function that makes L*a*b* even to the eye.
func linear(f float64) float64 {
	if f > 6.0/29 {
		return f * f * f
	}
	return 3 * (6.0 / 29) * (6.0 / 29) * (f - 4.0/29)
}

func (t *labTables) encode(v float64) uint8 {
	return t.gamma[int(min(max(v, 0), 1)*float64(len(t.gamma)-1)+0.5)]
}
