package av1

import "s3-thumbnail-creator/codec/av1/internal/intra"

// readModes reads how a block is predicted. Section 5.11.7:
// intra_frame_mode_info.
func (t *tile) readModes(b *block) {
	h := &t.f.head
	if h.segments.preSkip {
		t.readSegment(b)
	}
	if b.skip = h.segments.preSkip && h.segments.active[b.segment][featureSkip]; !b.skip {
		context := 0
		if b.above[0] && t.f.above.blocks[b.column].skip {
			context = 1
		}
		if b.left[0] && t.beside.blocks[b.row&31].skip {
			context++
		}
		b.skip = t.flag(&t.models.skip[context])
	}
	if !h.segments.preSkip {
		t.readSegment(b)
	}
	b.lossless = h.lossless[b.segment]
	t.readCDEF(b)
	if t.readDeltas {
		t.readDeltas = false
		if !b.skip || int(blockLog2[b.size][0]+blockLog2[b.size][1]) < 2*t.f.superblockLog2 {
			t.readDeltaQ()
			t.readDeltaLF()
		}
	}
	if b.copied = h.blockCopy && t.flag(&t.models.blockCopy); b.copied {
		t.readVector(b)
		return
	}
	t.readLumaMode(b)
	if b.chroma {
		t.readChromaMode(b)
	}
	log2 := blockLog2[b.size]
	if h.screenContent && b.size >= block8x8 && log2[0] <= 4 && log2[1] <= 4 {
		t.readPalettes(b)
	}
	if t.f.seq.filterIntra && b.mode == intra.DC && b.palette[0] == 0 && log2[0] <= 3 && log2[1] <= 3 {
		if t.flag(&t.models.filterIntra[b.size]) {
			b.filter = t.symbol(t.models.filterMode[:])
		}
	}
}

// modeClass are the classes of neighbors' modes: Intra_Mode_Context.
var modeClass = [13]uint8{0, 1, 2, 3, 4, 4, 4, 4, 3, 0, 1, 2, 0}

func (t *tile) readLumaMode(b *block) {
	above, left := intra.DC, intra.DC
	if b.above[0] {
		above = t.f.above.blocks[b.column].mode
	}
	if b.left[0] {
		left = t.beside.blocks[b.row&31].mode
	}
	b.mode = intra.Mode(t.symbol(t.keyMode[modeClass[above]][modeClass[left]][:]))
	b.angle = t.readAngle(b, b.mode)
}

// readAngle reads by how many steps of 3 degrees a direction differs.
func (t *tile) readAngle(b *block, m intra.Mode) int {
	if b.size < block8x8 || m < intra.Vertical || m > intra.D67 {
		return 0
	}
	const most = 3
	return t.symbol(t.models.angle[m-intra.Vertical][:]) - most
}

func (t *tile) readChromaMode(b *block) {
	log2 := blockLog2[b.size]
	allowed := log2[0] <= 3 && log2[1] <= 3
	if b.lossless {
		allowed = int(log2[0]) <= int(t.f.seq.shiftX) && int(log2[1]) <= int(t.f.seq.shiftY)
	}
	if allowed {
		b.chromaMode = intra.Mode(t.symbol(t.chromaModeLuma[b.mode][:]))
	} else {
		b.chromaMode = intra.Mode(t.symbol(t.models.chromaMode[b.mode][:]))
	}
	if b.chromaMode == fromLuma {
		t.readAlpha(b)
	}
	b.chromaAngle = t.readAngle(b, b.chromaMode)
}

// readAlpha reads the weights of luma in the prediction of chroma. Section
// 5.11.45: read_cfl_alphas.
func (t *tile) readAlpha(b *block) {
	signs := t.symbol(t.alphaSigns[:]) + 1
	u, v := signs/3, signs%3 // 0: the weight is zero, 1: negative, 2: positive
	weight := func(sign, context int) int {
		if sign == 0 {
			return 0
		}
		w := t.symbol(t.models.alpha[context][:]) + 1
		if sign == 1 {
			return -w
		}
		return w
	}
	b.alpha[0] = weight(u, 3*(u-1)+v)
	b.alpha[1] = weight(v, 3*(v-1)+u)
}

// readSegment reads the segment of a block. Section 5.11.9.
func (t *tile) readSegment(b *block) {
	f := t.f
	s := &f.head.segments
	if !s.enabled {
		return
	}
	at := b.row*f.head.columns + b.column
	corner, above, left := -1, -1, -1
	if b.above[0] {
		above = int(f.segments[at-f.head.columns])
	}
	if b.left[0] {
		left = int(f.segments[at-1])
	}
	if b.above[0] && b.left[0] {
		corner = int(f.segments[at-f.head.columns-1])
	}
	predicted := above
	switch {
	case above < 0:
		predicted = max(left, 0)
	case left >= 0 && corner != above:
		predicted = left
	}
	if b.skip {
		b.segment = predicted
		return
	}
	context := 0
	switch {
	case corner < 0:
	case corner == above && corner == left:
		context = 2
	case corner == above || corner == left || above == left:
		context = 1
	}
	v := interleaved(t.symbol(t.models.segment[context][:]), predicted, s.last+1)
	b.segment = min(max(v, 0), s.last)
}

// interleaved undoes the numbering by distance from a prediction:
// neg_deinterleave.
func interleaved(v, predicted, count int) int {
	near := 2 * predicted // numbers up to here lie on both sides
	if 2*predicted >= count {
		near = 2 * (count - predicted - 1)
	}
	switch {
	case predicted == 0:
		return v
	case predicted >= count-1:
		return count - v - 1
	case v > near && 2*predicted < count:
		return v
	case v > near:
		return count - v - 1
	case v&1 == 1:
		return predicted + (v+1)>>1
	}
	return predicted - v>>1
}

// readCDEF reads the strength of the directional filter with the first block of
// each square of 64x64 that has coefficients. Section 5.11.56.
func (t *tile) readCDEF(b *block) {
	f := t.f
	if b.skip || !f.seq.cdef || f.head.codedLossless || f.head.blockCopy {
		return
	}
	at := f.strengthAt(b.row, b.column)
	if f.strengths[at] >= 0 {
		return
	}
	v := int8(t.literal(f.head.cdef.bits))
	for y := 0; y < b.high; y += 16 {
		for x := 0; x < b.wide; x += 16 {
			if b.row+y < f.head.rows && b.column+x < f.head.columns {
				f.strengths[f.strengthAt(b.row+y, b.column+x)] = v
			}
		}
	}
	f.strengths[at] = v
}

// readDelta reads the size of a change, without its factor.
func (t *tile) readDelta(m *[4]uint16) int {
	const escape = 3
	v := t.symbol(m[:])
	if v == escape {
		n := t.literal(3) + 1
		v = t.literal(n) + 1<<n + 1
	}
	if v != 0 && t.bit() == 1 {
		return -v
	}
	return v
}

// readDeltaQ changes the quantizer for the blocks from here on. Section 5.11.35.
func (t *tile) readDeltaQ() {
	if v := t.readDelta(&t.deltaQ); v != 0 {
		t.index = min(max(t.index+v<<t.f.head.deltaQShift, 1), 255)
		t.stepsKnown = [maxSegments]bool{}
	}
}

// readDeltaLF changes the strength of the deblocking filter. Section 5.11.36.
func (t *tile) readDeltaLF() {
	h := &t.f.head
	if !h.deltaLF {
		return
	}
	kinds, models := 1, t.deltaLevel[4:]
	if h.deltaLFMulti {
		kinds, models = min(t.f.numPlanes+1, 4), t.deltaLevel[:4]
	}
	for i := range kinds {
		v := t.readDelta(&models[i])
		t.delta[i] = min(max(t.delta[i]+v<<h.deltaLFShift, -maxLevel), maxLevel)
	}
}
