package icc

import (
	"encoding/binary"
	"math"
)

// maxNodes bounds the table that is kept: the usual CMYK profile has 9^4 to
// 17^4 nodes.
const maxNodes = 1 << 20

// table is a profile's lookup table with everything behind it (curves, the
// connection space, sRGB's transfer function) already applied to its nodes, so
// that a pixel costs one interpolation in sRGB.
type table struct {
	inputs [4][256]float64 // device value to position on the grid
	grid   [4]int          // nodes along each dimension
	nodes  [][3]float32    // sRGB 0..255, the last dimension changes fastest
}

// readTable reads the perceptual device-to-connection-space element A2B0.
func readTable(p *profile, channels int) (*table, error) {
	t := p.tag("A2B0")
	if len(t) < 32 {
		return nil, invalid("neither matrix nor table A2B0")
	}
	if int(t[8]) != channels || t[9] != 3 {
		return nil, invalid("A2B0 has %d inputs and %d outputs, want %d and 3", t[8], t[9], channels)
	}
	switch kind := string(t[:4]); kind {
	case "mft1", "mft2":
		return readLut(p, t, channels, kind == "mft2")
	case "mAB ":
		return readLutAToB(p, t, channels)
	default:
		return nil, invalid("A2B0 of type %q", kind)
	}
}

// readLut reads lut8Type and lut16Type. ICC.1:2022, sections 10.10 and 10.11.
// Their matrix applies to XYZ input only, which these profiles do not have.
func readLut(p *profile, t []byte, channels int, wide bool) (*table, error) {
	width, at, inputs, outputs := 1, 48, 256, 256
	if wide {
		width, at = 2, 52
		if len(t) < at {
			return nil, invalid("lut16 of %d bytes", len(t))
		}
		inputs, outputs = int(binary.BigEndian.Uint16(t[48:])), int(binary.BigEndian.Uint16(t[50:]))
	}
	grid := int(t[10])
	count := 1
	for range channels {
		count *= grid
	}
	if grid < 2 || count > maxNodes || inputs < 2 || outputs < 2 {
		return nil, invalid("table of %d^%d nodes, curves of %d and %d samples", grid, channels, inputs, outputs)
	}
	if need := at + width*(channels*inputs+3*count+3*outputs); need > len(t) {
		return nil, invalid("table needs %d bytes, has %d", need, len(t))
	}
	next := func(n int) []float64 {
		v := samples(t[at:], n, width)
		at += n * width
		return v
	}
	r := &table{}
	for c := range channels {
		r.setInput(c, grid, sampled(next(inputs)))
	}
	values := next(3 * count)
	var out [3]curve
	for c := range out {
		out[c] = sampled(next(outputs))
	}
	r.nodes = make([][3]float32, count)
	for i := range r.nodes {
		v := [3]float64{out[0](values[3*i]), out[1](values[3*i+1]), out[2](values[3*i+2])}
		r.nodes[i] = p.node(v, wide)
	}
	return r, nil
}

// readLutAToB reads lutAToBType: A curves, table, M curves, matrix, B curves.
// ICC.1:2022, section 10.12.
func readLutAToB(p *profile, t []byte, channels int) (*table, error) {
	offset := func(i int) int { return int(binary.BigEndian.Uint32(t[12+4*i:])) }
	b, err := readCurves(t, offset(0), 3)
	if err != nil {
		return nil, err
	}
	m, err := readCurves(t, offset(2), 3)
	if err != nil {
		return nil, err
	}
	a, err := readCurves(t, offset(4), channels)
	if err != nil {
		return nil, err
	}
	matrix, add := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, [3]float64{}
	if at := offset(1); at > 0 {
		if at+48 > len(t) {
			return nil, invalid("matrix at %d of %d bytes", at, len(t))
		}
		for i := range 9 {
			matrix[i/3][i%3] = fixed16(t[at+4*i:])
		}
		for i := range add {
			add[i] = fixed16(t[at+36+4*i:])
		}
	}
	r := &table{}
	values, err := r.readGrid(t, offset(3), channels)
	if err != nil {
		return nil, err
	}
	for c := range channels {
		r.setInput(c, r.grid[c], a[c])
	}
	r.nodes = make([][3]float32, len(values)/3)
	for i := range r.nodes {
		v := apply(matrix, [3]float64{m[0](values[3*i]), m[1](values[3*i+1]), m[2](values[3*i+2])})
		for c := range v {
			v[c] = b[c](clamp(v[c] + add[c]))
		}
		r.nodes[i] = p.node(v, false)
	}
	return r, nil
}

// readGrid reads the color table of a lutAToBType.
func (r *table) readGrid(t []byte, at, channels int) ([]float64, error) {
	if at <= 0 || at+20 > len(t) {
		return nil, invalid("no color table (offset %d)", at)
	}
	count := 1
	for c := range channels {
		r.grid[c] = int(t[at+c])
		count *= r.grid[c]
		if r.grid[c] < 2 || count > maxNodes {
			return nil, invalid("color table with %v nodes", r.grid[:c+1])
		}
	}
	width := int(t[at+16])
	if width != 1 && width != 2 || at+20+3*count*width > len(t) {
		return nil, invalid("color table of %d nodes with %d bytes a sample in %d bytes", count, width, len(t)-at)
	}
	return samples(t[at+20:], 3*count, width), nil
}

// readCurves reads n curves that follow each other, each padded to four bytes.
// Offset 0 stands for identities.
func readCurves(t []byte, at, n int) ([]curve, error) {
	curves := make([]curve, n)
	for i := range curves {
		if at == 0 {
			curves[i] = func(x float64) float64 { return x }
			continue
		}
		if at < 0 || at > len(t) {
			return nil, invalid("curves at %d of %d bytes", at, len(t))
		}
		c, size, err := readCurve(t[at:])
		if err != nil {
			return nil, err
		}
		curves[i] = c
		at += (size + 3) &^ 3
	}
	return curves, nil
}

func samples(b []byte, n, width int) []float64 {
	v := make([]float64, n)
	for i := range v {
		if width == 1 {
			v[i] = float64(b[i]) / 255
		} else {
			v[i] = float64(binary.BigEndian.Uint16(b[2*i:])) / 65535
		}
	}
	return v
}

func (r *table) setInput(channel, grid int, c curve) {
	r.grid[channel] = grid
	for i := range 256 {
		r.inputs[channel][i] = clamp(c(float64(i)/255)) * float64(grid-1)
	}
}

// node converts a value of the connection space, each part 0..1, to sRGB
// 0..255. lut16Type encodes Lab so that 0xff00 is 100 (section 10.10).
func (p *profile) node(v [3]float64, wideLab bool) [3]float32 {
	var xyz [3]float64
	if p.lab {
		scale := 1.0
		if wideLab {
			scale = 65535.0 / 65280
		}
		xyz = labToXYZ(100*v[0]*scale, 255*v[1]*scale-128, 255*v[2]*scale-128)
	} else {
		const full = 1 + 32767.0/32768
		xyz = [3]float64{v[0] * full, v[1] * full, v[2] * full}
	}
	rgb := fromXYZ(xyz)
	return [3]float32{float32(rgb[0] * 255), float32(rgb[1] * 255), float32(rgb[2] * 255)}
}

// convert replaces pixels in place by multilinear interpolation: the first
// three bytes, or for CMYK all four, by RGB.
func (r *table) convert(pix []byte, cmyk bool) {
	channels := 3
	if cmyk {
		channels = 4
	}
	var stride [4]int
	for c, s := channels-1, 1; c >= 0; c-- {
		stride[c] = s
		s *= r.grid[c]
	}
	for p := pix; len(p) >= 4; p = p[4:] {
		var weights [16]float32
		var at [16]int
		weights[0] = 1
		n := 1
		for c := range channels {
			position := r.inputs[c][p[c]]
			low := min(int(math.Floor(position)), r.grid[c]-2)
			part := float32(position - float64(low))
			for i := range n {
				at[i] += low * stride[c]
				at[n+i] = at[i] + stride[c]
				weights[n+i] = weights[i] * part
				weights[i] *= 1 - part
			}
			n *= 2
		}
		var red, green, blue float32 = 0.5, 0.5, 0.5
		for i, w := range weights[:n] {
			if w == 0 {
				continue
			}
			node := &r.nodes[at[i]]
			red += w * node[0]
			green += w * node[1]
			blue += w * node[2]
		}
		p[0], p[1], p[2] = uint8(min(red, 255)), uint8(min(green, 255)), uint8(min(blue, 255))
		if cmyk {
			p[3] = 255
		}
	}
}
