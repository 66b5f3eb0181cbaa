package vp8

import "encoding/binary"

// frame writes the frame: its header, the modes, and the tokens (RFC 6386
// section 9). It reports false where the modes do not fit.
func (e *encoder) frame() ([]byte, bool) {
	modes := newBoolWriter(16 * len(e.blocks))
	e.writeHeader(modes)
	e.writeModes(modes)
	first := modes.bytes()
	if len(first) >= 1<<19 {
		return nil, false
	}
	tokens := newBoolWriter(len(e.tokens))
	e.writeTokens(tokens)
	second := tokens.bytes()

	const show = 1 << 4
	out := make([]byte, HeaderSize, HeaderSize+len(first)+len(second))
	tag := len(first)<<5 | show
	out[0], out[1], out[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	out[3], out[4], out[5] = 0x9d, 0x01, 0x2a
	binary.LittleEndian.PutUint16(out[6:], uint16(e.Width))
	binary.LittleEndian.PutUint16(out[8:], uint16(e.Height))
	return append(append(out, first...), second...), true
}

func (e *encoder) writeHeader(w *boolWriter) {
	w.literal(0, 1) // color space: BT.601
	w.literal(1, 1) // the decoder need not clamp; it does
	w.literal(0, 1) // no segments
	w.literal(0, 1) // the normal loop filter
	w.literal(e.filterLevel(), 6)
	w.literal(0, 3) // sharpness
	w.literal(0, 1) // no differences by mode
	w.literal(0, 2) // one token partition
	w.literal(e.index, 7)
	w.optional(0, 4)        // y1, first coefficient
	w.optional(0, 4)        // y2, first coefficient
	w.optional(0, 4)        // y2
	w.optional(chromaDC, 4) // chroma, first coefficient
	w.optional(0, 4)        // chroma
	w.literal(0, 1)         // refresh entropy: there are no more frames
	for t := range e.coder.probs {
		for band := range e.coder.probs[t] {
			for ctx := range e.coder.probs[t][band] {
				for n, p := range e.coder.probs[t][band][ctx] {
					update := p != defaultCoeffProbs[t][band][ctx][n]
					w.put(update, coeffUpdateProbs[t][band][ctx][n])
					if update {
						w.literal(int(p), 8)
					}
				}
			}
		}
	}
	w.put(e.skipped > 0, 128)
	if e.skipped > 0 {
		w.literal(int(e.skipProb()), 8)
	}
}

// filterLevel is the strength of the loop filter, in proportion to what
// quantization may have left at the edges.
func (e *encoder) filterLevel() int {
	level := int(acSteps[e.index]) / 4 * 220 / 256
	if level < 2 {
		return 0
	}
	return min(level, 63)
}

// skipProb is the probability that a macroblock has coefficients.
func (e *encoder) skipProb() uint8 {
	return uint8(min(max(255*(len(e.blocks)-e.skipped)/len(e.blocks), 1), 255))
}

// writeModes writes the headers of the macroblocks.
func (e *encoder) writeModes(w *boolWriter) {
	above := make([][4]uint8, e.mbw)
	var left [4]uint8
	skip := e.skipProb()
	for i := range e.blocks {
		m, x := &e.blocks[i], i%e.mbw
		if x == 0 {
			left = [4]uint8{}
		}
		if e.skipped > 0 {
			w.put(m.skip, skip)
		}
		w.put(!m.subblocks, 145)
		if m.subblocks {
			for n, mode := range m.modes {
				a, l := &above[x][n&3], &left[n>>2]
				walkSubblockMode(mode, &subblockModeProbs[*a][*l], w.put)
				*a, *l = mode, mode
			}
		} else {
			w.put(m.luma == modeHE || m.luma == modeTM, 156)
			if m.luma == modeHE || m.luma == modeTM {
				w.put(m.luma == modeTM, 128)
			} else {
				w.put(m.luma == modeVE, 163)
			}
			whole := [4]uint8{m.luma, m.luma, m.luma, m.luma}
			above[x], left = whole, whole
		}
		w.put(m.chroma != modeDC, 142)
		if m.chroma != modeDC {
			w.put(m.chroma != modeVE, 114)
			if m.chroma != modeVE {
				w.put(m.chroma == modeTM, 183)
			}
		}
	}
}

// walkSubblockMode visits the booleans that lead to mode in the tree.
func walkSubblockMode(mode uint8, probs *[numModes - 1]uint8, put func(bit bool, prob uint8)) {
	var path [numModes]struct {
		node uint8
		bit  bool
	}
	n := 0
	for target := ^int8(mode); target != 0; n++ {
		for node, branches := range subblockModeTree {
			if branches[0] == target || branches[1] == target {
				path[n].node, path[n].bit = uint8(node), branches[1] == target
				target = int8(node)
				break
			}
		}
	}
	for n--; n >= 0; n-- {
		put(path[n].bit, probs[path[n].node])
	}
}

// writeTokens writes the coefficients.
func (e *encoder) writeTokens(w *boolWriter) {
	for i := range e.blocks {
		m := &e.blocks[i]
		if m.skip {
			continue
		}
		rest := e.tokens[m.tokens:]
		put := func(kind, first int) {
			head := int(rest[0])
			ctx, end := head>>8, head&0xff
			n := 1 + max(end-first, 0)
			walkTokens(rest[1:n], first, end, ctx, func(band, ctx int, node uint8, bit bool) {
				w.put(bit, e.coder.probs[kind][band][ctx][node])
			}, w.put)
			rest = rest[n:]
		}
		kind, first := typeY1, 0
		if !m.subblocks {
			put(typeY2, 0)
			kind, first = typeY1AfterY2, 1
		}
		for range 16 {
			put(kind, first)
		}
		for range 8 {
			put(typeUV, 0)
		}
	}
}
