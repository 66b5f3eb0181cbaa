package icc

import (
	"encoding/binary"
	"math"
)

// maxNodes bounds the table that is kept: the usual CMYK profile has 9^4 to
// 17^4 nodes.
const maxNodes = 1 << 20

// table is a profile's lookup table and what comes after it, in the order in
// which it is applied to a pixel. Nothing of it is applied to the nodes
// beforehand: between two nodes of a coarse grid, curves are not straight.
type table struct {
	inputs [4][256]position // of each device value
	grid   [4]int           // nodes along each dimension
	nodes  [][3]float32     // 0..1, the last dimension changes fastest

	middle *[3]lookup // M curves; nil where there are none
	matrix *[3][4]float64
	output *[3]lookup // B curves, or the output curves of the older types

	lab   bool    // what comes out is Lab, else XYZ
	scale float64 // brings it to 0..1, or to 0..1 + 32767/32768 where it is XYZ
}

// position is a place on the grid: part of the way from a node to the next.
type position struct {
	node int32
	part float32 // 0..1
}

// readTable reads the perceptual device-to-connection-space element A2B0.
func readTable(p *profile, channels int) (*table, error) {
	t := p.tag("A2B0")
	if len(t) < 32 {
		return nil, invalid("no table A2B0")
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
	r := p.newTable(wide)
	for c := range channels {
		r.setInput(c, grid, sampled(next(inputs)))
	}
	r.setNodes(next(3 * count))
	var out []curve
	for range 3 {
		out = append(out, sampled(next(outputs)))
	}
	r.output = newLookups(out)
	return r, nil
}

// newTable returns a table that leads to the connection space. lut16Type
// encodes Lab so that 0xff00 is 100 (section 10.10).
func (p *profile) newTable(wideLab bool) *table {
	switch {
	case !p.lab:
		return &table{scale: 1 + 32767.0/32768}
	case wideLab:
		return &table{lab: true, scale: 65535.0 / 65280}
	}
	return &table{lab: true, scale: 1}
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
	r := p.newTable(false)
	if at := offset(1); at > 0 {
		if at+48 > len(t) {
			return nil, invalid("matrix at %d of %d bytes", at, len(t))
		}
		r.matrix = &[3][4]float64{}
		for i := range r.matrix {
			for j := range 3 {
				r.matrix[i][j] = fixed16(t[at+12*i+4*j:])
			}
			r.matrix[i][3] = fixed16(t[at+36+4*i:])
		}
	}
	r.middle, r.output = newLookups(m), newLookups(b)
	values, err := r.readGrid(t, offset(3), channels)
	if err != nil {
		return nil, err
	}
	for c := range channels {
		r.setInput(c, r.grid[c], a[c])
	}
	r.setNodes(values)
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
		at := clamp(c(float64(i)/255)) * float64(grid-1)
		node := min(int(at), grid-2)
		r.inputs[channel][i] = position{int32(node), float32(at - float64(node))}
	}
}

func (r *table) setNodes(values []float64) {
	r.nodes = make([][3]float32, len(values)/3)
	for i := range r.nodes {
		r.nodes[i] = [3]float32{float32(values[3*i]), float32(values[3*i+1]), float32(values[3*i+2])}
	}
}

// convert replaces pixels in place: the first three bytes, or for CMYK all four,
// by RGB.
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
	m := toLinear
	for i := range m {
		for j := range m[i] {
			m[i][j] *= encodeSteps
		}
	}
	encode := encodeTable()
	for p := pix; len(p) >= 4; p = p[4:] {
		x, y, z := r.connect(r.interpolate(p, &stride, channels))
		p[0] = encode[step(m[0][0]*x+m[0][1]*y+m[0][2]*z)]
		p[1] = encode[step(m[1][0]*x+m[1][1]*y+m[1][2]*z)]
		p[2] = encode[step(m[2][0]*x+m[2][1]*y+m[2][2]*z)]
		if cmyk {
			p[3] = 255
		}
	}
}

// interpolate returns what the grid has at a pixel, multilinear between nodes.
func (r *table) interpolate(p []byte, stride *[4]int, channels int) (x, y, z float64) {
	var weights [16]float32
	var at [16]int
	weights[0] = 1
	n := 1
	for c := range channels {
		in := r.inputs[c][p[c]]
		first, s := int(in.node)*stride[c], stride[c]
		for i := range at[:n] {
			at[i] += first
		}
		if in.part == 0 {
			continue
		}
		for i := range at[:n] {
			at[n+i] = at[i] + s
			weights[n+i] = weights[i] * in.part
			weights[i] *= 1 - in.part
		}
		n *= 2
	}
	var a, b, c float32
	for i, w := range weights[:n] {
		node := &r.nodes[at[i]]
		a += w * node[0]
		b += w * node[1]
		c += w * node[2]
	}
	return float64(a), float64(b), float64(c)
}

// connect takes a value of the grid to XYZ.
func (r *table) connect(x, y, z float64) (float64, float64, float64) {
	if l := r.middle; l != nil {
		x, y, z = l[0].at(x), l[1].at(y), l[2].at(z)
	}
	if m := r.matrix; m != nil {
		x, y, z = m[0][0]*x+m[0][1]*y+m[0][2]*z+m[0][3],
			m[1][0]*x+m[1][1]*y+m[1][2]*z+m[1][3],
			m[2][0]*x+m[2][1]*y+m[2][2]*z+m[2][3]
	}
	if l := r.output; l != nil {
		x, y, z = l[0].at(x), l[1].at(y), l[2].at(z)
	}
	x, y, z = x*r.scale, y*r.scale, z*r.scale
	if r.lab {
		return labToXYZ(100*x, 255*y-128, 255*z-128)
	}
	return x, y, z
}

// lookupSteps is the resolution of a lookup: between two of them a curve is
// taken for straight.
const lookupSteps = 1 << 12

// lookup is a curve as a table.
type lookup [lookupSteps + 2]float32

// newLookups returns nil for identities.
func newLookups(curves []curve) *[3]lookup {
	l, identity := &[3]lookup{}, true
	for c, f := range curves {
		for i := range l[c] {
			x := min(float64(i)/lookupSteps, 1)
			y := clamp(f(x))
			l[c][i] = float32(y)
			identity = identity && math.Abs(x-y) < 1e-6
		}
	}
	if identity {
		return nil
	}
	return l
}

func (l *lookup) at(x float64) float64 {
	x = clamp(x) * lookupSteps
	i := int(x)
	low, high := float64(l[i]), float64(l[i+1])
	return low + (x-float64(i))*(high-low)
}
