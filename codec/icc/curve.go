package icc

import (
	"encoding/binary"
	"math"
)

// curve maps 0..1 to 0..1.
type curve func(float64) float64

// tagCurve reads the curve in the element with the given signature.
func (p *profile) tagCurve(signature string) (curve, error) {
	t := p.tag(signature)
	if t == nil {
		return nil, invalid("no curve %q", signature)
	}
	c, _, err := readCurve(t)
	return c, err
}

// readCurve reads a curveType or parametricCurveType element and returns how
// many bytes it takes.
func readCurve(t []byte) (c curve, size int, err error) {
	if len(t) < 12 {
		return nil, 0, invalid("curve of %d bytes", len(t))
	}
	switch kind := string(t[:4]); kind {
	case "curv":
		return readSampledCurve(t)
	case "para":
		return readParametricCurve(t)
	default:
		return nil, 0, invalid("curve of type %q, not curv or para", kind)
	}
}

// readSampledCurve reads a curveType: no sample is the identity, one an
// exponent, more are a table. Section 10.6.
func readSampledCurve(t []byte) (curve, int, error) {
	n := int(min(binary.BigEndian.Uint32(t[8:]), 1<<20))
	size := 12 + 2*n
	if size > len(t) {
		return nil, 0, invalid("curve of %d samples in %d bytes", n, len(t))
	}
	switch n {
	case 0:
		return func(x float64) float64 { return x }, size, nil
	case 1:
		return power(float64(binary.BigEndian.Uint16(t[12:])) / 256), size, nil
	}
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = float64(binary.BigEndian.Uint16(t[12+2*i:])) / 65535
	}
	return sampled(samples), size, nil
}

func power(exponent float64) curve {
	return func(x float64) float64 { return math.Pow(max(x, 0), exponent) }
}

// sampled interpolates linearly between samples spaced evenly over 0..1.
func sampled(samples []float64) curve {
	return func(x float64) float64 {
		at := clamp(x) * float64(len(samples)-1)
		i := min(int(at), len(samples)-2)
		part := at - float64(i)
		return samples[i] + part*(samples[i+1]-samples[i])
	}
}

// readParametricCurve reads a parametricCurveType. Section 10.18, table 68.
func readParametricCurve(t []byte) (curve, int, error) {
	kind := binary.BigEndian.Uint16(t[8:])
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(t) < 12+4*counts[kind] {
		return nil, 0, invalid("parametric curve of type %d in %d bytes", kind, len(t))
	}
	var v [7]float64
	for i := range counts[kind] {
		v[i] = fixed16(t[12+4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind { // all brought to the form (ax+b)^g + e from d on, cx + f below it
	case 0:
		a, d = 1, math.Inf(-1)
	case 1:
		c, d = 0, safeDivide(-b, a)
	case 2:
		d, e, f, c = safeDivide(-b, a), c, c, 0
	}
	fn := func(x float64) float64 {
		if x >= d {
			return math.Pow(max(a*x+b, 0), g) + e
		}
		return c*x + f
	}
	return fn, 12 + 4*counts[kind], nil
}

func safeDivide(a, b float64) float64 {
	if b == 0 {
		return math.Inf(-1)
	}
	return a / b
}

func clamp(x float64) float64 {
	if !(x > 0) { // also NaN
		return 0
	}
	return min(x, 1)
}
