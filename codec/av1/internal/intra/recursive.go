package intra

// taps are by mode the weights, in sixteenths, of the seven neighbors of four
// by two samples, in the order of those samples: the corner, four above, two to
// the left. Intra_Filter_Taps.
var taps = [5][8][7]int8{
	{
		{-6, 10, 0, 0, 0, 12, 0}, {-5, 2, 10, 0, 0, 9, 0}, {-3, 1, 1, 10, 0, 7, 0}, {-3, 1, 1, 2, 10, 5, 0},
		{-4, 6, 0, 0, 0, 2, 12}, {-3, 2, 6, 0, 0, 2, 9}, {-3, 2, 2, 6, 0, 2, 7}, {-3, 1, 2, 2, 6, 3, 5},
	},
	{
		{-10, 16, 0, 0, 0, 10, 0}, {-6, 0, 16, 0, 0, 6, 0}, {-4, 0, 0, 16, 0, 4, 0}, {-2, 0, 0, 0, 16, 2, 0},
		{-10, 16, 0, 0, 0, 0, 10}, {-6, 0, 16, 0, 0, 0, 6}, {-4, 0, 0, 16, 0, 0, 4}, {-2, 0, 0, 0, 16, 0, 2},
	},
	{
		{-8, 8, 0, 0, 0, 16, 0}, {-8, 0, 8, 0, 0, 16, 0}, {-8, 0, 0, 8, 0, 16, 0}, {-8, 0, 0, 0, 8, 16, 0},
		{-4, 4, 0, 0, 0, 0, 16}, {-4, 0, 4, 0, 0, 0, 16}, {-4, 0, 0, 4, 0, 0, 16}, {-4, 0, 0, 0, 4, 0, 16},
	},
	{
		{-2, 8, 0, 0, 0, 10, 0}, {-1, 3, 8, 0, 0, 6, 0}, {-1, 2, 3, 8, 0, 4, 0}, {0, 1, 2, 3, 8, 2, 0},
		{-1, 4, 0, 0, 0, 3, 10}, {-1, 3, 4, 0, 0, 4, 6}, {-1, 2, 3, 4, 0, 4, 4}, {-1, 2, 2, 3, 4, 3, 3},
	},
	{
		{-12, 14, 0, 0, 0, 14, 0}, {-10, 0, 14, 0, 0, 12, 0}, {-9, 0, 0, 14, 0, 11, 0}, {-8, 0, 0, 0, 14, 10, 0},
		{-10, 12, 0, 0, 0, 0, 14}, {-9, 1, 12, 0, 0, 0, 12}, {-8, 0, 0, 12, 0, 1, 11}, {-7, 0, 0, 1, 12, 1, 9},
	},
}

// Recursive predicts a block of up to 32x32 samples by one of five filters, four
// by two samples at a time, each from those before it: filter_intra_mode.
// Section 7.11.2.3.
func (p *Predictor) Recursive(b *Block, filterMode int) {
	w, h := 1<<b.Log2W, 1<<b.Log2H
	p.loadAbove(b, w)
	p.loadLeft(b, h)
	filter := &taps[filterMode]
	most := int32(1)<<p.Depth - 1
	up := p.above[corner+1:][:w]
	for y := 0; y < h; y += 2 {
		first, second := b.row(y), b.row(y+1)
		// The corner is where the side before it ends.
		origin := int32(p.left[corner+y])
		l0, l1 := int32(p.left[corner+y+1]), int32(p.left[corner+y+2])
		for x := 0; x+4 <= len(up) && x+4 <= len(first) && x+4 <= len(second); x += 4 {
			u := (*[4]uint16)(up[x:])
			u0, u1, u2, u3 := int32(u[0]), int32(u[1]), int32(u[2]), int32(u[3])
			var out [8]int32
			for i := range out {
				t := &filter[i]
				v := int32(t[0])*origin + int32(t[1])*u0 + int32(t[2])*u1 + int32(t[3])*u2 +
					int32(t[4])*u3 + int32(t[5])*l0 + int32(t[6])*l1
				out[i] = min(max((v+8)>>4, 0), most)
			}
			r0, r1 := (*[4]uint16)(first[x:]), (*[4]uint16)(second[x:])
			for i := range r0 {
				r0[i], r1[i] = uint16(out[i]), uint16(out[4+i])
			}
			origin, l0, l1 = u3, out[3], out[7]
		}
		up = second
	}
}
