package hevc

// unitState is what the transform units of a coding unit share.
type unitState struct {
	x, y     int
	bypass   bool     // lossless: cu_transquant_bypass_flag
	quarters bool     // four prediction blocks
	maxDepth int      // of the transform tree
	luma     [4]uint8 // prediction modes
	chroma   [4]uint8
	derived  [4]bool // the chroma mode is that of luma

	scales       [3]int         // levelScale << qP/6 of the components
	coeffs       [32 * 32]int32 // of a transform block; all zero between blocks
	between      [32 * 32]int32 // the stages of a transform
	residual     [32 * 32]int32
	lumaResidual [32 * 32]int32 // for cross-component prediction
	border       [4*32 + 1]uint16
	smooth       [4*32 + 1]uint16
	direction    [3*32 + 1]uint16
}

// transformNode is a node of the residual quadtree.
type transformNode struct {
	x, y         int // luma samples
	baseX, baseY int // of the parent
	log2         int
	depth        int
	index        int      // in the parent
	coded        [3]uint8 // cbf_cb and cbf_cr; with 4:2:2 bit 1 is of the lower block
}

// transformTree decodes a residual quadtree. ITU-T H.265, section 7.3.8.8.
func (f *frame) transformTree(n transformNode) {
	u := &f.unit
	split := n.log2 > f.seq.log2MaxTrafo || u.quarters && n.depth == 0
	if !split && n.log2 > f.seq.log2MinTrafo && n.depth < u.maxDepth {
		split = f.flag(ctxSplitTransform + uint8(5-n.log2))
	}
	if n.log2 > 2 && f.seq.chroma != 0 || f.seq.chroma == 3 {
		for i := 1; i < 3; i++ {
			n.coded[i] = f.parseCodedChroma(&n, n.coded[i], split)
		}
	}
	if !split {
		luma := f.flag(ctxCodedLuma + b2u(n.depth == 0))
		f.transformUnit(&n, luma)
		return
	}
	child := n
	child.baseX, child.baseY = n.x, n.y
	child.log2--
	child.depth++
	for i := range 4 {
		child.index = i
		child.x, child.y = n.x+i&1<<child.log2, n.y+i>>1<<child.log2
		f.transformTree(child)
	}
}

// parseCodedChroma reads the flags of one component; parent are those of the
// parent.
func (f *frame) parseCodedChroma(n *transformNode, parent uint8, split bool) (coded uint8) {
	if n.depth > 0 && parent == 0 {
		return 0
	}
	model := uint8(ctxCodedChroma + n.depth)
	coded = b2u(f.flag(model))
	if f.seq.chroma == 2 && (!split || n.log2 == 3) {
		coded |= b2u(f.flag(model)) << 1
	}
	return coded
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// transformUnit predicts the blocks of a transform unit and adds their
// residuals. Section 7.3.8.10.
func (f *frame) transformUnit(n *transformNode, luma bool) {
	u := &f.unit
	chroma := n.coded[1]|n.coded[2] != 0
	if luma || chroma {
		f.parseQuantizer(chroma)
	}
	part := 0
	if u.quarters {
		half := 1 << f.seq.log2MinCoding >> 1
		part = (n.x-u.x)/half + (n.y-u.y)/half*2
	}
	f.markEdges(n.x, n.y, n.log2)
	mode := u.luma[part]
	f.predict(0, n.x, n.y, n.log2, mode)
	if luma {
		b := f.parseResidual(0, n.log2, mode)
		f.reconstruct(&b, n.x, n.y, 0)
	}
	switch {
	case f.seq.chroma == 3:
		f.chromaUnit(n, n.x, n.y, n.log2, part, luma)
	case f.seq.chroma == 0:
	case n.log2 > 2:
		f.chromaUnit(n, n.x, n.y, n.log2-1, 0, luma)
	case n.index == 3:
		f.chromaUnit(n, n.baseX, n.baseY, 2, 0, luma)
	}
}

// chromaUnit decodes the chroma blocks, of size log2, at a luma position.
func (f *frame) chromaUnit(n *transformNode, x, y, log2, part int, luma bool) {
	u := &f.unit
	blocks := 1
	if f.seq.chroma == 2 {
		blocks = 2
	}
	mode := u.chroma[part]
	for component := 1; component < 3; component++ {
		scale := 0
		if f.pic.crossChroma && f.seq.chroma == 3 && luma && u.derived[part] {
			scale = f.parseCrossScale(component - 1)
		}
		for i := range blocks {
			y := y + i<<log2
			f.predict(component, x, y, log2, mode)
			if n.coded[component]>>i&1 != 0 {
				b := f.parseResidual(component, log2, mode)
				f.reconstruct(&b, x, y, scale)
			} else if scale != 0 {
				f.reconstruct(&coded{component: component, log2: log2, empty: true}, x, y, scale)
			}
		}
	}
}

// parseCrossScale reads cross_comp_pred: by how many eighths of the luma
// residual that of chroma is larger. Section 7.3.8.12.
func (f *frame) parseCrossScale(component int) int {
	n := 0
	for n < 4 && f.flag(uint8(ctxScaleAbs+4*component+n)) {
		n++
	}
	if n == 0 {
		return 0
	}
	if f.flag(uint8(ctxScaleSign + component)) {
		return -1 << (n - 1)
	}
	return 1 << (n - 1)
}

// parseQuantizer reads the quantizer of a quantization group and the chroma
// offsets, where they come first in a transform unit.
func (f *frame) parseQuantizer(chroma bool) {
	t := &f.tree
	if f.pic.qpDelta && !t.qpDeltaCoded {
		t.qpDeltaCoded = true
		t.qpDelta = f.parseQPDelta()
		offset := 6 * (f.seq.depth[0] - 8)
		// A range of numbers closed to a ring. Equation 8-283.
		ring := 52 + offset
		f.setQP(((t.qpPredicted+t.qpDelta+52+2*offset)%ring+ring)%ring - offset)
	}
	if f.slice.cuOffsets && chroma && !f.unit.bypass && !t.offsetCoded {
		t.offsetCoded = true
		t.chromaOffset = [3]int{}
		if f.flag(ctxOffsetFlag) {
			i, last := 0, len(f.pic.offsetList)-1
			for i < last && f.flag(ctxOffsetIndex) {
				i++
			}
			t.chromaOffset[1], t.chromaOffset[2] = f.pic.offsetList[i][0], f.pic.offsetList[i][1]
		}
		f.setQP(t.qp)
	}
}

// parseQPDelta reads cu_qp_delta_abs and its sign. Section 9.3.3.10.
func (f *frame) parseQPDelta() int {
	n := 0
	for n < 5 && f.flag(ctxQPDelta+b2u(n > 0)) {
		n++
	}
	if n == 5 {
		n += f.golomb(0)
	}
	if n > 0 && f.cabac.bypass(1) != 0 {
		return -n
	}
	return n
}

var levelScale = [6]int{40, 45, 51, 57, 64, 72}

// chroma420 is the quantizer of 4:2:0 chroma from 30 on. Table 8-10.
var chroma420 = [14]int{29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37, 37}

// chromaQP maps a quantizer index to the quantizer of chroma.
func chromaQP(format, qp int) int {
	switch {
	case format != 1:
		return min(qp, 51)
	case qp < 30:
		return qp
	case qp < 44:
		return chroma420[qp-30]
	}
	return qp - 6
}

// setQP sets the luma quantizer and those of chroma that follow from it.
// Section 8.6.1.
func (f *frame) setQP(qp int) {
	f.tree.qp = qp
	for i := range f.numPlanes {
		offset := 6 * (f.seq.depth[i] - 8)
		q := qp
		if i > 0 {
			q += f.slice.chromaOffset[i] + f.tree.chromaOffset[i]
			q = chromaQP(f.seq.chroma, min(max(q, -offset), 57))
		}
		q = max(q+offset, 0)
		f.unit.scales[i] = levelScale[q%6] << (q / 6)
	}
}
