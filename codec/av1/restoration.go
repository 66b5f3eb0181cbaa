package av1

import "s3-thumbnail-creator/codec/av1/internal/loop"

// taps are those of a Wiener filter: vertical and horizontal, of the outer to
// the inner ones of seven.
type taps [2][3]int8

// readRestoration reads the parameters of the restoration units that begin in a
// superblock. Section 5.11.57.
func (t *tile) readRestoration(row, column int) {
	f := t.f
	for i := range f.numPlanes {
		if f.head.restore.kind[i] == restoreNone {
			continue
		}
		p := &f.planes[i]
		r := &f.restoration[i]
		size := r.UnitSize
		top := (row*4>>p.y + size - 1) / size
		bottom := min(f.unitRows[i], ((row+f.superblock)*4>>p.y+size-1)/size)
		numerator, denominator := 4>>p.x, size
		if f.head.upscaled != f.head.width {
			numerator, denominator = numerator*f.head.denominator, denominator*8
		}
		left := (column*numerator + denominator - 1) / denominator
		columns := len(r.Units) / f.unitRows[i]
		right := min(columns, ((column+f.superblock)*numerator+denominator-1)/denominator)
		for y := top; y < bottom; y++ {
			for x := left; x < right; x++ {
				t.readUnit(i, &r.Units[y*columns+x])
			}
		}
	}
}

// readUnit reads a restoration unit. Section 5.11.58.
func (t *tile) readUnit(plane int, u *loop.Unit) {
	kind := restoreNone
	switch t.f.head.restore.kind[plane] {
	case restoreWiener:
		if t.flag(&t.models.wiener) {
			kind = restoreWiener
		}
	case restoreSelfGuided:
		if t.flag(&t.models.selfGuided) {
			kind = restoreSelfGuided
		}
	default:
		kind = t.symbol(t.models.restoration[:])
	}
	u.Type = loop.UnitType(kind)
	switch kind {
	case restoreWiener:
		t.readTaps(plane)
		u.Vertical, u.Horizontal = t.sharpened[plane][0], t.sharpened[plane][1]
		if plane > 0 {
			u.Vertical[0], u.Horizontal[0] = 0, 0
		}
	case restoreSelfGuided:
		set := t.literal(4)
		t.readWeights(plane, set)
		u.Set = uint8(set)
		u.Weights = [2]int16{int16(t.guided[plane][0]), int16(t.guided[plane][1])}
	}
}

// readTaps reads a Wiener filter as its difference from the one before.
func (t *tile) readTaps(plane int) {
	least, most := [3]int{-5, -23, -17}, [3]int{10, 8, 46}
	first := min(plane, 1) // chroma has five taps
	for pass := range 2 {
		for i := first; i < 3; i++ {
			tap := &t.sharpened[plane][pass][i]
			*tap = int8(t.nearby(least[i], most[i]+1, i+1, int(*tap)))
		}
	}
}

// readWeights reads the weights of a self-guided filter.
func (t *tile) readWeights(plane, set int) {
	least, most := [2]int{-96, -32}, [2]int{31, 95}
	const k, one = 4, 128
	w := &t.guided[plane]
	// Sets from 10 on have no first filter, those from 14 on no second one.
	has := [2]bool{set < 10 || set >= 14, set < 14}
	for i := range w {
		switch {
		case has[i]:
			w[i] = t.nearby(least[i], most[i]+1, k, w[i])
		case i == 0:
			w[i] = 0
		default:
			w[i] = min(max(one-w[0], least[i]), most[i])
		}
	}
}
