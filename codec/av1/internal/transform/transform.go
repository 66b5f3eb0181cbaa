// Package transform turns coefficients of AV1 into a residual and adds it to a
// prediction: sections 7.12.3 (from step 2 on) and 7.13 of the AV1 Bitstream &
// Decoding Process Specification.
//
// A block is transformed row by row, then column by column. The
// one-dimensional transforms are flow graphs of rotations and of sums and
// differences. The standard clamps each of these sums, which takes as long as
// the sums themselves; no value within a graph is larger than the sum of the
// magnitudes of what goes in, so that the clamps are left out where that sum
// shows that they do nothing, which is nearly everywhere (see limit).
package transform

// Type is a two-dimensional transform, numbered as tx_type in the standard:
// the first part of a name is what columns go through, the second is for rows.
type Type uint8

// The types. An identity has one direction, or none, that is only scaled. WHT
// is the transform of lossless blocks, which has no number in the standard.
const (
	DCTDCT Type = iota
	ADSTDCT
	DCTADST
	ADSTADST
	FlipADSTDCT
	DCTFlipADST
	FlipADSTFlipADST
	ADSTFlipADST
	FlipADSTADST
	Identity
	DCTIdentity
	IdentityDCT
	ADSTIdentity
	IdentityADST
	FlipADSTIdentity
	IdentityFlipADST
	WHT
)

// kind is a one-dimensional transform.
type kind uint8

const (
	dct kind = iota
	adst
	identity
)

// kinds are the parts of a type, and whether rows or columns of the residual
// go to the opposite side.
var kinds = [16]struct {
	column, row    kind
	upDown, across bool
}{
	DCTDCT:           {column: dct, row: dct},
	ADSTDCT:          {column: adst, row: dct},
	DCTADST:          {column: dct, row: adst},
	ADSTADST:         {column: adst, row: adst},
	FlipADSTDCT:      {column: adst, row: dct, upDown: true},
	DCTFlipADST:      {column: dct, row: adst, across: true},
	FlipADSTFlipADST: {column: adst, row: adst, upDown: true, across: true},
	ADSTFlipADST:     {column: adst, row: adst, across: true},
	FlipADSTADST:     {column: adst, row: adst, upDown: true},
	Identity:         {column: identity, row: identity},
	DCTIdentity:      {column: dct, row: identity},
	IdentityDCT:      {column: identity, row: dct},
	ADSTIdentity:     {column: adst, row: identity},
	IdentityADST:     {column: identity, row: adst},
	FlipADSTIdentity: {column: adst, row: identity, upDown: true},
	IdentityFlipADST: {column: identity, row: adst, across: true},
}

// line is what a one-dimensional transform works on.
type line [64]int32

// Adder adds residuals. It is the memory that this takes; the zero value is
// ready, for one goroutine.
type Adder struct {
	line  line
	block [64 * 64]int32 // columns of 64, whatever the size
}

// Add transforms coefficients and adds the residual to the 1<<log2W by
// 1<<log2H samples of pix from index at on, whose rows are stride apart and
// whose values have depth bits.
//
// coeffs are dequantized and fit 8+depth bits, in rows of the block's width or
// 32, whichever is less: frequencies beyond 32 are not coded. All that follow
// the first eob in the order in which the type's coefficients are scanned are
// zero; eob is at least 1. Add leaves coeffs zero.
func (a *Adder) Add(pix []uint16, at, stride, log2W, log2H int, t Type, coeffs []int32, eob, depth int) {
	most := int32(1)<<depth - 1
	if t == WHT {
		a.walshHadamard(coeffs, depth)
		clear(coeffs[:16])
		a.add(pix[at:], stride, 2, 2, false, 0, most)
		return
	}
	e := extentOf(t, log2W, log2H, eob)
	if t == DCTDCT && e.rows == 1 && e.columns == 1 {
		v := constant(coeffs[0], log2W, log2H, depth)
		coeffs[0] = 0
		addConstant(pix[at:], stride, 1<<log2W, 1<<log2H, v, most)
		return
	}
	r := a.transformRows(log2W, log2H, t, coeffs, &e, depth)
	switch k := &kinds[t]; {
	case r.used == 1 && k.column == dct:
		a.addRow(pix[at:], stride, log2W, log2H, most)
	case r.even && k.row == dct:
		a.transformColumns(1, log2H, k.column, r, depth)
		a.addColumn(pix[at:], stride, log2W, log2H, k.upDown, most)
	default:
		a.transformColumns(1<<log2W, log2H, k.column, r, depth)
		a.add(pix[at:], stride, log2W, log2H, k.upDown, 4, most)
	}
}

// extent is which coefficients of a block may not be zero: those of the first
// rows and columns whose row and column add up to less than diagonal.
type extent struct{ rows, columns, diagonal int }

// extentOf returns the extent of the first eob coefficients in scan order:
// row by row or column by column where one direction is only scaled, else
// diagonal by diagonal. Section 5.11.41.
func extentOf(t Type, log2W, log2H, eob int) extent {
	w, h := 1<<min(log2W, 5), 1<<min(log2H, 5)
	switch t {
	case DCTIdentity, ADSTIdentity, FlipADSTIdentity:
		return extent{(eob-1)/w + 1, min(eob, w), w + h}
	case IdentityDCT, IdentityADST, IdentityFlipADST:
		return extent{min(eob, h), (eob-1)/h + 1, w + h}
	}
	d, narrow := 0, min(w, h)
	for ; eob > 0; d++ {
		eob -= min(d+1, narrow, w+h-1-d)
	}
	return extent{min(d, h), min(d, w), d}
}

// isOblong tells whether one side of a block is twice the other. Such blocks are
// scaled by the square root of one half, all others by powers of two.
func isOblong(log2W, log2H int) bool { return log2W-log2H == 1 || log2H-log2W == 1 }

// rowShift is by how many bits what comes out of the rows is rounded:
// Transform_Row_Shift.
func rowShift(log2W, log2H int) int {
	shift := min(log2W+log2H-4, 4) / 2
	if isOblong(log2W, log2H) {
		shift = min(shift, 1)
	}
	return shift
}

// limit is the largest sum of magnitudes that a transform with values of bits
// may have so that none of its clamps does anything. It leaves a sixteenth for
// what is added by rounding, and keeps products within 32 bits.
func limit(bits int) uint32 {
	return uint32(15) << (min(bits, 19) - 5)
}

// root is the square root of one half, of 1<<12.
const root = 2896

func round12(v int32) int32 { return (v + 1<<11) >> 12 }

// constant returns the residual, the same for all samples, of a block that has
// but its first coefficient. The scaling steps are those of transformRows and
// transformColumns.
func constant(v int32, log2W, log2H, depth int) int32 {
	if isOblong(log2W, log2H) {
		v = round12(v * root)
	}
	shift := rowShift(log2W, log2H)
	v = (round12(v*root) + 1<<shift>>1) >> shift
	most := int32(1)<<(columnBits(depth)-1) - 1
	v = min(max(v, -most-1), most)
	return (round12(v*root) + 8) >> 4
}

// columnBits is how wide values are between rows and columns.
func columnBits(depth int) int { return max(depth+6, 16) }

// rows is what transformRows found.
type rows struct {
	used int    // rows to the last one that is not zero
	even bool   // each row is the same throughout
	sum  uint32 // at least that of the magnitudes of any column
}

// transformRows transforms rows into columns of block, in the order in which the
// transform of columns takes them.
func (a *Adder) transformRows(log2W, log2H int, t Type, coeffs []int32, e *extent, depth int) rows {
	n, stride := 1<<log2W, 1<<min(log2W, 5)
	k := &kinds[t]
	order, place := &orders[0], &orders[0]
	if k.row == dct {
		order = &orders[log2W]
	}
	if k.column == dct {
		place = &orders[log2H]
	}
	if e.rows < 1<<log2H {
		for x := range n {
			clear(a.block[x<<6:][:1<<log2H])
		}
	}
	scaled := isOblong(log2W, log2H)
	shift := rowShift(log2W, log2H)
	half, most := int32(1)<<shift>>1, int32(1)<<(columnBits(depth)-1)-1
	least := min(limit(depth+8), limit(columnBits(depth))<<shift)
	r := rows{even: true}
	line := &a.line
	for i := range e.rows {
		in := coeffs[i*stride:][:min(e.columns, e.diagonal-i)]
		clear(line[:n])
		sum := uint32(0)
		for j, v := range in {
			if scaled {
				v = round12(v * root)
			}
			sum += magnitude(v)
			line[order[j&63]&63] = v
		}
		clear(in)
		first := sum == magnitude(line[0])
		small := sum <= least && k.row != identity
		if sum != 0 {
			transform(k.row, log2W, line, first, small, depth+8)
			r.used = i + 1
		}
		at, step := int(place[i&63]), 64
		if k.across {
			at, step = at+(n-1)<<6, -step
		}
		for _, v := range line[:n] {
			v = (v + half) >> (shift & 31)
			if !small {
				v = min(max(v, -most-1), most)
			}
			a.block[at&4095] = v
			at += step
		}
		r.even = r.even && first
		if !small {
			sum = 1 << 20
		}
		r.sum = min(r.sum+sum>>shift+1, 1<<24)
	}
	return r
}

func magnitude(v int32) uint32 { return uint32((v ^ v>>31) - v>>31) }

// transformColumns transforms the first columns of block.
func (a *Adder) transformColumns(columns, log2H int, k kind, r rows, depth int) {
	width := columnBits(depth)
	least := limit(width)
	for x := range columns {
		line := (*line)(a.block[x<<6:])
		small := r.sum <= least
		if !small {
			sum := uint32(0)
			for _, v := range line[:1<<log2H] {
				sum += magnitude(v)
			}
			small = sum <= least
		}
		transform(k, log2H, line, false, small, width)
	}
}

// transform transforms a line of 1<<log2 values: all of them are zero but the
// first where that is said; small tells that no clamp is needed; bits is how
// wide values are otherwise.
func transform(k kind, log2 int, t *line, first, small bool, bits int) {
	switch {
	case k == identity:
		scale(log2, t)
	case !small:
		transformClamped(k, log2, t, bits)
	case k == adst:
		switch log2 {
		case 2:
			adst4(t)
		case 3:
			adst8(t)
		default:
			adst16(t)
		}
	case first:
		v := round12(t[0] * root)
		for i := range t[:1<<log2] {
			t[i&63] = v
		}
	default:
		switch log2 {
		case 2:
			dct4(t)
		case 3:
			dct8(t)
		case 4:
			dct16(t)
		case 5:
			dct32(t)
		default:
			dct64(t)
		}
	}
}

// scale is the identity transform. Sections 7.13.2.11 to 7.13.2.15.
func scale(log2 int, t *line) {
	factor := [4]int{5793, 2 << 12, 11586, 4 << 12}[(log2-2)&3]
	for i, v := range t[:1<<log2] {
		t[i&63] = int32((int(v)*factor + 1<<11) >> 12)
	}
}

// add adds the block, rounded by shift bits, to samples of at most most.
func (a *Adder) add(pix []uint16, stride, log2W, log2H int, upDown bool, shift uint, most int32) {
	half := int32(1) << shift >> 1
	for y := range 1 << log2H {
		row := pix[y*stride:][:1<<log2W]
		at := y
		if upDown {
			at = 1<<log2H - 1 - y
		}
		for x, s := range row {
			row[x] = uint16(min(max(int32(s)+(a.block[at&4095]+half)>>(shift&31), 0), most))
			at += 64
		}
	}
}

// addRow adds the block where columns are transforms of their first value.
func (a *Adder) addRow(pix []uint16, stride, log2W, log2H int, most int32) {
	residual := a.line[:1<<log2W]
	for x := range residual {
		residual[x] = (round12(a.block[x<<6&4095]*root) + 8) >> 4
	}
	for y := range 1 << log2H {
		row := pix[y*stride:][:len(residual)]
		for x, s := range row {
			row[x] = uint16(min(max(int32(s)+residual[x], 0), most))
		}
	}
}

// addColumn adds the first column of the block to all.
func (a *Adder) addColumn(pix []uint16, stride, log2W, log2H int, upDown bool, most int32) {
	for y := range 1 << log2H {
		at := y
		if upDown {
			at = 1<<log2H - 1 - y
		}
		addConstant(pix[y*stride:], stride, 1<<log2W, 1, (a.block[at&63]+8)>>4, most)
	}
}

func addConstant(pix []uint16, stride, width, rows int, v, most int32) {
	for y := range rows {
		row := pix[y*stride:][:width]
		for x, s := range row {
			row[x] = uint16(min(max(int32(s)+v, 0), most))
		}
	}
}

// walshHadamard transforms a block of 4x4 coefficients. Section 7.13.2.10.
func (a *Adder) walshHadamard(coeffs []int32, depth int) {
	most := int32(1)<<(columnBits(depth)-1) - 1
	for i := range 4 {
		c := coeffs[4*i:][:4]
		var row [4]int32
		row[0], row[1], row[2], row[3] = walshHadamard4(c[0]>>2, c[1]>>2, c[2]>>2, c[3]>>2)
		for x, v := range row {
			a.block[x<<6+i] = min(max(v, -most-1), most)
		}
	}
	for x := range 4 {
		c := a.block[x<<6:][:4]
		c[0], c[1], c[2], c[3] = walshHadamard4(c[0], c[1], c[2], c[3])
	}
}

func walshHadamard4(a, c, d, b int32) (int32, int32, int32, int32) {
	a += c
	d -= b
	e := (a - d) >> 1
	b = e - b
	c = e - c
	return a - b, b, c, d + c
}
