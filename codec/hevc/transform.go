package hevc

// The inverse transforms work on a column of coefficients and then on the rows
// of what came out, by halves: the even coefficients are a transform of half
// the size. Coefficients beyond limit are 0 and left out. ITU-T H.265, section
// 8.6.4.2; the numbers are columns of the matrix in equations 8-315 to 8-323.

// odd16 and odd32 are the odd rows of the matrix, as far as they are used.
var odd16 = [8][8]int32{
	{90, 87, 80, 70, 57, 43, 25, 9},
	{87, 57, 9, -43, -80, -90, -70, -25},
	{80, 9, -70, -87, -25, 57, 90, 43},
	{70, -43, -87, 9, 90, 25, -80, -57},
	{57, -80, -25, 90, -9, -87, 43, 70},
	{43, -90, 57, 25, -87, 70, 9, -80},
	{25, -70, 90, -80, 43, 9, -57, 87},
	{9, -25, 43, -57, 70, -80, 87, -90},
}

var odd32 [16][16]int32

func makeOdd32() (m [16][16]int32) {
	// The entries are c[(2*column+1)*(2*k+1)], a cosine of as many 64ths of
	// half a turn, with the symmetries of the cosine.
	c := [32]int32{1: 90, 3: 90, 5: 88, 7: 85, 9: 82, 11: 78, 13: 73, 15: 67,
		17: 61, 19: 54, 21: 46, 23: 38, 25: 31, 27: 22, 29: 13, 31: 4}
	for k := range m {
		for column := range m[k] {
			switch at := (2*column + 1) * (2*k + 1) & 127; {
			case at < 32:
				m[k][column] = c[at]
			case at < 64:
				m[k][column] = -c[64-at]
			case at < 96:
				m[k][column] = -c[at-64]
			default:
				m[k][column] = c[128-at]
			}
		}
	}
	return m
}

type line [32]int32

// inverse4 transforms the coefficients at 0, step, 2*step and 3*step.
func inverse4(s *line, step int) (a, b, c, d int32) {
	s0, s1, s2, s3 := s[0], s[step&31], s[2*step&31], s[3*step&31]
	e0, e1 := 64*(s0+s2), 64*(s0-s2)
	o0, o1 := 83*s1+36*s3, 36*s1-83*s3
	return e0 + o0, e1 + o1, e1 - o1, e0 - o0
}

func inverse8(s *line, step, limit int, out *line) {
	e0, e1, e2, e3 := inverse4(s, 2*step)
	s1 := s[step&31]
	o0, o1, o2, o3 := 89*s1, 75*s1, 50*s1, 18*s1
	if 3*step < limit {
		s3, s5, s7 := s[3*step&31], s[5*step&31], s[7*step&31]
		o0 += 75*s3 + 50*s5 + 18*s7
		o1 += -18*s3 - 89*s5 - 50*s7
		o2 += -89*s3 + 18*s5 + 75*s7
		o3 += -50*s3 + 75*s5 - 89*s7
	}
	out[0], out[1], out[2], out[3] = e0+o0, e1+o1, e2+o2, e3+o3
	out[4], out[5], out[6], out[7] = e3-o3, e2-o2, e1-o1, e0-o0
}

func inverse16(s *line, step, limit int, out *line) {
	inverse8(s, 2*step, limit, out)
	var o [8]int32
	for k := 0; k < 8 && (2*k+1)*step < limit; k++ {
		v := s[(2*k+1)*step&31]
		if v == 0 {
			continue
		}
		m := &odd16[k]
		o[0] += m[0] * v
		o[1] += m[1] * v
		o[2] += m[2] * v
		o[3] += m[3] * v
		o[4] += m[4] * v
		o[5] += m[5] * v
		o[6] += m[6] * v
		o[7] += m[7] * v
	}
	for i := range 8 {
		e := out[i]
		out[i], out[15-i] = e+o[i], e-o[i]
	}
}

func inverse32(s *line, limit int, out *line) {
	inverse16(s, 2, limit, out)
	var o [16]int32
	for k := 0; k < 16 && 2*k+1 < limit; k++ {
		v := s[2*k+1]
		if v == 0 {
			continue
		}
		for i, m := range odd32[k] {
			o[i] += m * v
		}
	}
	for i := range 16 {
		e := out[i]
		out[i], out[31-i] = e+o[i], e-o[i]
	}
}

// inverseSine is the transform of 4x4 blocks of luma. Equation 8-314.
func inverseSine(s, out *line) {
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	out[0] = 29*s0 + 74*s1 + 84*s2 + 55*s3
	out[1] = 55*s0 + 74*s1 - 29*s2 - 84*s3
	out[2] = 74*s0 - 74*s2 + 74*s3
	out[3] = 84*s0 - 74*s1 + 55*s2 - 29*s3
}

// inverse is the one-dimensional transform of a block.
func (b *coded) inverse(s *line, limit int, out *line) {
	switch b.log2 {
	case 2:
		if b.component == 0 {
			inverseSine(s, out)
		} else {
			out[0], out[1], out[2], out[3] = inverse4(s, 1)
		}
	case 3:
		inverse8(s, 1, limit, out)
	case 4:
		inverse16(s, 1, limit, out)
	default:
		inverse32(s, limit, out)
	}
}

// transform turns the coefficients of a block into its residual, which is added
// to out, or written to residual where that is not nil. Between the two stages
// columns are kept one behind the other.
func (u *unitState) transform(b *coded, depth int, out *block, residual []int32) {
	n := 1 << b.log2
	var in, result line
	for x := range b.columns {
		for y := range b.rows {
			in[y&31] = u.coeffs[(y<<b.log2+x)&1023]
		}
		b.inverse(&in, b.rows, &result)
		column := u.between[x<<b.log2:][:n]
		for y, v := range result[:n] {
			column[y] = min(max((v+64)>>7, -1<<15), 1<<15-1)
		}
	}
	shift := 20 - depth
	half, most := int32(1)<<shift>>1, int32(1)<<depth-1
	in = line{}
	for y := range n {
		for x := range b.columns {
			in[x&31] = u.between[(x<<b.log2+y)&1023]
		}
		b.inverse(&in, b.columns, &result)
		if residual != nil {
			for x, v := range result[:n] {
				residual[y<<b.log2+x] = (v + half) >> (shift & 31)
			}
			continue
		}
		row := out.row(y)
		for x, v := range result[:len(row)] {
			row[x] = uint16(min(max(int32(row[x])+(v+half)>>(shift&31), 0), most))
		}
	}
}

// skipTransform turns the coefficients into the residual where there is no
// transform, or where the block is lossless. Sections 8.6.2, 8.6.4.2 and 8.6.6.
func (u *unitState) skipTransform(f *frame, b *coded, depth int) {
	n := 1 << b.log2
	count := n * n
	rotate := f.seq.rotate && n == 4
	shift, up := 20-depth, 5+b.log2
	for i, v := range u.coeffs[:count] {
		if !u.bypass {
			v = (v<<up + 1<<shift>>1) >> shift
		}
		if rotate {
			i = count - 1 - i
		}
		u.residual[i] = v
	}
	if !f.seq.implicitRDPCM {
		return
	}
	switch r := u.residual[:count]; b.mode {
	case modeHorizontal:
		for i := range r {
			if i&(n-1) != 0 {
				r[i] += r[i-1]
			}
		}
	case modeVertical:
		for i := n; i < count; i++ {
			r[i] += r[i-n]
		}
	}
}

// reconstruct adds the residual of a block to its prediction, with as many
// eighths of the luma residual as scale says. Section 8.6.
func (f *frame) reconstruct(b *coded, x, y, scale int) {
	u := &f.unit
	p := &f.planes[b.component]
	n := 1 << b.log2
	r := u.residual[:n*n]
	out := block{p.pix[f.at(p, x, y):], p.stride, n, b.log2}
	most := int32(1)<<p.depth - 1
	switch {
	case b.empty:
		clear(r)
	case u.bypass || b.skip:
		u.skipTransform(f, b, p.depth)
		clear(u.coeffs[:n*n])
	case b.constant && !(n == 4 && b.component == 0):
		v := min(max((64*u.coeffs[0]+64)>>7, -1<<15), 1<<15-1)
		v = (64*v + 1<<(20-p.depth)>>1) >> (20 - p.depth)
		u.coeffs[0] = 0
		if !f.pic.crossChroma {
			out.addConstant(v, most)
			return
		}
		for i := range r {
			r[i] = v
		}
	case !f.pic.crossChroma:
		u.transform(b, p.depth, &out, nil)
		clear(u.coeffs[:b.rows<<b.log2])
		return
	default:
		u.transform(b, p.depth, &out, r)
		clear(u.coeffs[:b.rows<<b.log2])
	}
	if b.component == 0 && f.pic.crossChroma {
		copy(u.lumaResidual[:n*n], r)
	}
	if scale != 0 {
		for i, luma := range u.lumaResidual[:n*n] {
			r[i] += int32(scale) * (luma << f.planes[1].depth >> f.planes[0].depth) >> 3
		}
	}
	out.add(r, most)
}

func (b *block) addConstant(v, most int32) {
	for y := range b.n {
		row := b.row(y)
		for x, s := range row {
			row[x] = uint16(min(max(int32(s)+v, 0), most))
		}
	}
}

func (b *block) add(residual []int32, most int32) {
	for y := range b.n {
		row := b.row(y)
		r := residual[y*b.n:][:len(row)]
		for x, s := range row {
			row[x] = uint16(min(max(int32(s)+r[x], 0), most))
		}
	}
}
