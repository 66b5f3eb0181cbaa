package vp8

// parseModes reads the header of the next macroblock (RFC 6386 section 11).
func (d *decoder) parseModes(c *column) {
	b, m := &d.modes, &d.mb
	m.segment = 0
	if d.segments.enabled && d.segments.updateMap {
		p := &d.segments.treeProbs
		if !b.flag(p[0]) {
			m.segment = uint8(number(b.flag(p[1])))
		} else {
			m.segment = uint8(2 + number(b.flag(p[2])))
		}
	}
	m.skip = d.useSkip && b.flag(d.skipProb)
	m.subblocks = !b.flag(145)
	if m.subblocks {
		d.parseSubblockModes(c)
	} else {
		if !b.flag(156) {
			m.luma = modeDC
			if b.flag(163) {
				m.luma = modeVE
			}
		} else {
			m.luma = modeHE
			if b.flag(128) {
				m.luma = modeTM
			}
		}
		whole := [4]uint8{m.luma, m.luma, m.luma, m.luma}
		c.modes, d.left.modes = whole, whole
	}
	switch {
	case !b.flag(142):
		m.chroma = modeDC
	case !b.flag(114):
		m.chroma = modeVE
	case !b.flag(183):
		m.chroma = modeHE
	default:
		m.chroma = modeTM
	}
}

func (d *decoder) parseSubblockModes(c *column) {
	for y := range 4 {
		left := d.left.modes[y]
		for x := range 4 {
			left = d.modes.subblockMode(&subblockModeProbs[c.modes[x]%numModes][left%numModes])
			c.modes[x] = left
			d.mb.modes[4*y+x] = left
		}
		d.left.modes[y] = left
	}
}

// subblockModeTree has the two branches of each node: another node, or the
// complement of a mode (RFC 6386 section 11.2).
var subblockModeTree = [numModes - 1][2]int8{
	{^modeDC, 1},
	{^modeTM, 2},
	{^modeVE, 3},
	{4, 6},
	{^modeHE, 5},
	{^modeRD, ^modeVR},
	{^modeLD, 7},
	{^modeVL, 8},
	{^modeHD, ^modeHU},
}

// subblockMode decodes one mode of a subblock.
func (b *bools) subblockMode(probs *[numModes - 1]uint8) uint8 {
	w, node := b.window, int8(0)
	for node >= 0 && int(node) < len(probs) {
		if w.low() {
			w, b.pos = refill(w, b.data, b.pos)
		}
		split := w.split(probs[node])
		if w.value>>56 > split {
			w = w.ifTrue(split)
			node = subblockModeTree[node][1]
		} else {
			w = w.ifFalse(split)
			node = subblockModeTree[node][0]
		}
	}
	b.window = w
	return uint8(^node)
}

// parseResidual reads the coefficients of a macroblock and reports whether
// there are any (RFC 6386 section 13).
func (d *decoder) parseResidual(b *bools, c *column) bool {
	s, l := &d.steps[d.mb.segment%numSegments], &d.left
	probs, first := &d.byPosition[typeY1], uint(0)
	any := uint(0)
	if !d.mb.subblocks {
		n := b.block(&d.byPosition[typeY2], c.nzY2+l.y2, &s.y2, 0, &d.y2)
		nz := uint8(min(n, 1))
		c.nzY2, l.y2 = nz, nz
		if n > 0 {
			inverseWHT(&d.y2, &d.luma)
		}
		any |= n
		probs, first = &d.byPosition[typeY1AfterY2], 1
	}
	for y := range 4 {
		left := l.y[y]
		for x := range 4 {
			n := b.block(probs, left+c.nzY[x], &s.y1, first, &d.luma[4*y+x])
			d.ends[4*y+x] = uint8(n)
			left = 0
			if n > first {
				left = 1
				any = 1
			}
			c.nzY[x] = left
		}
		l.y[y] = left
	}
	any |= d.parseChroma(b, &c.nzU, &l.u, &s.uv, 0)
	any |= d.parseChroma(b, &c.nzV, &l.v, &s.uv, 4)
	return any != 0
}

func (d *decoder) parseChroma(b *bools, above, left *[2]uint8, step *[2]int32, first int) (any uint) {
	probs := &d.byPosition[typeUV]
	for i := range 4 {
		x, y := i&1, i>>1
		n := b.block(probs, left[y]+above[x], step, 0, &d.chroma[first+i])
		d.ends[16+first+i] = uint8(n)
		nz := uint8(min(n, 1))
		above[x], left[y] = nz, nz
		any |= n
	}
	return any
}

// skipResidual notes that a macroblock has no coefficients. One predicted by
// subblocks has no Y2 block, so that the context of the next stays.
func (d *decoder) skipResidual(c *column) {
	l := &d.left
	c.nzY, c.nzU, c.nzV = [4]uint8{}, [2]uint8{}, [2]uint8{}
	l.y, l.u, l.v = [4]uint8{}, [2]uint8{}, [2]uint8{}
	if !d.mb.subblocks {
		c.nzY2, l.y2 = 0, 0
	}
}
