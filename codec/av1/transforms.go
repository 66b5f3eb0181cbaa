package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/intra"
	"s3-thumbnail-creator/codec/av1/internal/transform"
)

// readTransformSizes reads how a block's luma is divided into transforms. Section
// 5.11.15: read_block_tx_size.
func (t *tile) readTransformSizes(b *block) {
	largest := largestTransform(b.size)
	b.transform = largest
	chosen := t.f.head.selectTx && b.size > 0 && !b.lossless
	switch {
	case b.lossless:
		b.transform = transformSize{2, 2}
	case chosen && b.copied && !b.skip:
		for y := 0; y < b.high; y += 1 << (largest.h - 2) {
			for x := 0; x < b.wide; x += 1 << (largest.w - 2) {
				t.readSplit(b, b.row+y, b.column+x, largest, 0)
			}
		}
		return
	case chosen && !b.copied:
		for range t.readDepth(b, largest) {
			b.transform = b.transform.split()
		}
	}
	if b.copied {
		t.keepSizes(b.row, b.column, b.wide, b.high, b.transform)
	}
	w, h := b.transform.w, b.transform.h
	if b.skip && b.copied {
		w, h = blockLog2[b.size][0]+2, blockLog2[b.size][1]+2
	}
	fill(t.f.above.transform[b.column:][:b.wide], w)
	fill(t.beside.transform[b.row&31:][:b.high], h)
}

// readDepth reads how often a block's largest transform is split.
func (t *tile) readDepth(b *block, largest transformSize) int {
	context := 0
	if b.above[0] {
		n := &t.f.above.blocks[b.column]
		w := t.f.above.transform[b.column]
		if n.copied {
			w = blockLog2[n.size][0] + 2
		}
		context += int(b2u(w >= largest.w))
	}
	if b.left[0] {
		n := &t.beside.blocks[b.row&31]
		h := t.beside.transform[b.row&31]
		if n.copied {
			h = blockLog2[n.size][1] + 2
		}
		context += int(b2u(h >= largest.h))
	}
	if depth := largest.depth(); depth > 1 {
		return t.symbol(t.depth[depth-2][context][:])
	}
	return int(b2u(t.flag(&t.depth8[context])))
}

// readSplit reads how a transform of a block that is copied is split. Section
// 5.11.17: read_var_tx_size.
func (t *tile) readSplit(b *block, row, column int, size transformSize, depth int) {
	const mostDepth = 2
	if row >= t.f.head.rows || column >= t.f.head.columns {
		return
	}
	if size != (transformSize{2, 2}) && depth < mostDepth && t.flag(&t.models.split[t.splitContext(b, row, column, size)]) {
		part := size.split()
		for y := 0; y < 1<<(size.h-2); y += 1 << (part.h - 2) {
			for x := 0; x < 1<<(size.w-2); x += 1 << (part.w - 2) {
				t.readSplit(b, row+y, column+x, part, depth+1)
			}
		}
		return
	}
	b.transform = size
	wide, high := 1<<(size.w-2), 1<<(size.h-2)
	t.keepSizes(row, column, wide, high, size)
	fill(t.f.above.transform[column:][:wide], size.w)
	fill(t.beside.transform[row&31:][:high], size.h)
}

func (t *tile) splitContext(b *block, row, column int, size transformSize) int {
	above, left := uint8(6), uint8(6) // a side of 64
	if row > t.top {
		above = t.f.above.transform[column]
	}
	if column > t.left {
		left = t.beside.transform[row&31]
	}
	log2 := blockLog2[b.size]
	largest := min(max(log2[0], log2[1])+2, 6)
	if largest < 3 {
		return len(t.models.split) - 1
	}
	context := 2 * int(6-largest)
	if max(size.w, size.h) != largest && largest > 3 {
		context++
	}
	return 3*context + int(b2u(above < size.w)+b2u(left < size.h))
}

// keepSizes keeps the transforms of a block that is copied.
func (t *tile) keepSizes(row, column, wide, high int, size transformSize) {
	for y := range high {
		fill(t.sizes[row&31+y][column&31:][:wide], size)
	}
}

// Transform types by the number that codes them. Section 5.11.47.
var (
	types7 = [7]transform.Type{transform.Identity, transform.DCTDCT, transform.DCTIdentity, transform.IdentityDCT,
		transform.ADSTADST, transform.ADSTDCT, transform.DCTADST}
	types5  = [5]transform.Type{transform.Identity, transform.DCTDCT, transform.ADSTADST, transform.ADSTDCT, transform.DCTADST}
	types16 = [16]transform.Type{transform.Identity, transform.DCTIdentity, transform.IdentityDCT, transform.ADSTIdentity,
		transform.IdentityADST, transform.FlipADSTIdentity, transform.IdentityFlipADST, transform.DCTDCT, transform.ADSTDCT,
		transform.DCTADST, transform.FlipADSTDCT, transform.DCTFlipADST, transform.ADSTADST, transform.FlipADSTFlipADST,
		transform.ADSTFlipADST, transform.FlipADSTADST}
	types12 = [12]transform.Type{transform.Identity, transform.DCTIdentity, transform.IdentityDCT, transform.DCTDCT,
		transform.ADSTDCT, transform.DCTADST, transform.FlipADSTDCT, transform.DCTFlipADST, transform.ADSTADST,
		transform.FlipADSTFlipADST, transform.ADSTFlipADST, transform.FlipADSTADST}
	types2 = [2]transform.Type{transform.Identity, transform.DCTDCT}
)

// modeOfFilter are the modes whose models go with a recursive filter. Section
// 9.3: Filter_Intra_Mode_To_Intra_Dir.
var modeOfFilter = [5]intra.Mode{intra.DC, intra.Vertical, intra.Horizontal, intra.D157, intra.DC}

// readType reads the type of a transform of luma. Section 5.11.47.
func (t *tile) readType(b *block, size transformSize) transform.Type {
	h := &t.f.head
	small, large := min(size.w, size.h), max(size.w, size.h)
	limit := uint8(4)
	if b.copied {
		limit = 5
	}
	if large > limit || h.segments.index(b.segment, h.quantizer.base) == 0 {
		return transform.DCTDCT
	}
	i := small - 2
	switch {
	case b.copied && (h.reducedTxTypes || large == 5):
		return types2[t.symbol(t.interType2[i][:])]
	case b.copied && small == 4:
		return types12[t.symbol(t.interType12[:])]
	case b.copied:
		return types16[t.symbol(t.interType16[i][:])]
	}
	mode := b.mode
	if b.filter != noFilter {
		mode = modeOfFilter[b.filter]
	}
	if h.reducedTxTypes || small == 4 {
		return types5[t.symbol(t.intraType5[i][mode][:])]
	}
	return types7[t.symbol(t.intraType7[i][mode][:])]
}

// typeOfMode are the types for chroma by its mode: Mode_To_Txfm.
var typeOfMode = [14]transform.Type{
	transform.DCTDCT, transform.ADSTDCT, transform.DCTADST, transform.DCTDCT, transform.ADSTADST, transform.ADSTDCT,
	transform.DCTADST, transform.DCTADST, transform.ADSTDCT, transform.ADSTADST, transform.ADSTDCT, transform.DCTADST,
	transform.ADSTADST, transform.DCTDCT,
}

// chromaType is the type of a transform of chroma whose luma is at a row and
// column. Section 5.11.40: compute_tx_type.
func (t *tile) chromaType(b *block, size transformSize, row, column int) transform.Type {
	small, large := min(size.w, size.h), max(size.w, size.h)
	if !b.copied {
		if large > 4 {
			return transform.DCTDCT
		}
		return typeOfMode[b.chromaMode]
	}
	kind := t.kinds[max(row, b.row)&31][max(column, b.column)&31]
	two := t.f.head.reducedTxTypes || large == 5
	switch {
	case large > 5, two && kind != transform.Identity, !two && small == 4 && kind > transform.IdentityDCT:
		return transform.DCTDCT
	}
	return kind
}
