package loop

// guides are the radius of a square and how much is smoothed in it, for two
// passes. Sgr_Params.
var guides = [16][2]struct{ radius, strength int }{
	{{2, 12}, {1, 4}}, {{2, 15}, {1, 6}}, {{2, 18}, {1, 8}}, {{2, 21}, {1, 9}},
	{{2, 24}, {1, 10}}, {{2, 29}, {1, 11}}, {{2, 36}, {1, 12}}, {{2, 45}, {1, 13}},
	{{2, 56}, {1, 14}}, {{2, 68}, {1, 15}}, {{0, 0}, {1, 5}}, {{0, 0}, {1, 8}},
	{{0, 0}, {1, 11}}, {{0, 0}, {1, 14}}, {{2, 30}, {0, 0}}, {{2, 75}, {0, 0}},
}

// boxes are for each sample, and those one beyond, what a linear model of the
// samples around it says: how much of a sample is kept (of 256), and what is
// added. Rows are boxStride long.
type boxes struct{ keep, add [66 * boxStride]int32 }

const boxStride = chunk + 2

// selfGuided filters columns x to x+w by two models of what is around each
// sample, weighted. Section 7.17.2.
func (r *restorer) selfGuided(s *stripe, u *Unit, x, w int) {
	guide := &guides[u.Set&15]
	for pass, g := range guide {
		if g.radius > 0 {
			r.model(&r.boxes[pass], s, x, w, g.radius, g.strength, 2-pass)
		}
	}
	w0, w1 := int32(u.Weights[0]), int32(u.Weights[1])
	w2 := 128 - w0 - w1
	most := int32(1)<<r.f.Depth - 1
	var first, second [chunk]int32
	for y := range s.rows {
		row := s.source[s.at(x, y):][:w]
		for i, v := range row {
			first[i&(chunk-1)], second[i&(chunk-1)] = int32(v)<<4, int32(v)<<4
		}
		if guide[0].radius > 0 {
			r.boxes[0].coarse(first[:w], row, y)
		}
		if guide[1].radius > 0 {
			r.boxes[1].fine(second[:w], row, y)
		}
		out := s.restored[y*s.upscaledWidth+x:][:w]
		for i, v := range row {
			sum := w1*(int32(v)<<4) + w0*first[i&(chunk-1)] + w2*second[i&(chunk-1)]
			out[i] = uint16(min(max((sum+1<<10)>>11, 0), most))
		}
	}
}

// model fits the boxes for a chunk of columns, in every row or every other one.
// Section 7.17.3.
func (r *restorer) model(b *boxes, s *stripe, x, w, radius, strength, step int) {
	depth := r.f.Depth
	n := (2*radius + 1) * (2*radius + 1)
	scale := uint64((1<<20 + n*n*strength/2) / (n * n * strength))
	part := int64((1<<12 + n/2) / n)
	up := depth - 8
	var sums, squares [chunk + 2*margin]uint32
	for y := -1; y <= s.rows; y += step {
		width := w + 2 + 2*radius
		clear(sums[:width])
		clear(squares[:width])
		for dy := -radius; dy <= radius; dy++ {
			row := s.source[s.at(x-1-radius, y+dy):][:width]
			for i, v := range row {
				sums[i] += uint32(v)
				squares[i] += uint32(v) * uint32(v)
			}
		}
		keep, add := b.keep[(y+1)*boxStride:][:w+2], b.add[(y+1)*boxStride:][:w+2]
		for i := range keep {
			sum, square := uint32(0), uint32(0)
			for dx := range 2*radius + 1 {
				sum += sums[i+dx]
				square += squares[i+dx]
			}
			a := uint64(rounded(square, 2*up)) * uint64(n)
			d := uint64(rounded(sum, up))
			z := uint64(0)
			if a > d*d {
				z = min(((a-d*d)*scale+1<<19)>>20, 255)
			}
			k := r.inverse[z]
			keep[i] = k
			add[i] = int32((int64(256-k)*int64(sum)*part + 1<<11) >> 12)
		}
	}
}

func rounded(v uint32, shift int) uint32 { return (v + 1<<shift>>1) >> shift }

// coarse applies boxes of every other row: those at -1, 1 and so on.
func (b *boxes) coarse(out []int32, row []uint16, y int) {
	above := y &^ 1 * boxStride
	if y&1 == 1 {
		above += 2 * boxStride
		keep, add := b.keep[above:][:len(row)+2], b.add[above:][:len(row)+2]
		for i, v := range row {
			k := 6*keep[i+1] + 5*(keep[i]+keep[i+2])
			a := 6*add[i+1] + 5*(add[i]+add[i+2])
			out[i] = (k*int32(v) + a + 1<<7) >> 8
		}
		return
	}
	keep, add := b.keep[above:][:len(row)+2], b.add[above:][:len(row)+2]
	keepBelow, addBelow := b.keep[above+2*boxStride:][:len(row)+2], b.add[above+2*boxStride:][:len(row)+2]
	for i, v := range row {
		k := 6*(keep[i+1]+keepBelow[i+1]) + 5*(keep[i]+keep[i+2]+keepBelow[i]+keepBelow[i+2])
		a := 6*(add[i+1]+addBelow[i+1]) + 5*(add[i]+add[i+2]+addBelow[i]+addBelow[i+2])
		out[i] = (k*int32(v) + a + 1<<8) >> 9
	}
}

// fine applies boxes of every row.
func (b *boxes) fine(out []int32, row []uint16, y int) {
	for i, v := range row {
		at := y*boxStride + i
		k, a := b.around(at)
		out[i] = (k*int32(v) + a + 1<<8) >> 9
	}
}

// around weighs three by three boxes: 4 for those in the row and the column of
// the middle one, else 3.
func (b *boxes) around(at int) (keep, add int32) {
	k, a := b.keep[at:], b.add[at:]
	k0, k1, k2 := (*[3]int32)(k), (*[3]int32)(k[boxStride:]), (*[3]int32)(k[2*boxStride:])
	a0, a1, a2 := (*[3]int32)(a), (*[3]int32)(a[boxStride:]), (*[3]int32)(a[2*boxStride:])
	keep = 4*(k0[1]+k1[0]+k1[1]+k1[2]+k2[1]) + 3*(k0[0]+k0[2]+k2[0]+k2[2])
	add = 4*(a0[1]+a1[0]+a1[1]+a1[2]+a2[1]) + 3*(a0[0]+a0[2]+a2[0]+a2[2])
	return keep, add
}
