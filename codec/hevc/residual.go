package hevc

import "math/bits"

// coded is a transform block as it was read: its scaled coefficients are in
// unitState.coeffs.
type coded struct {
	component, log2 int
	mode            uint8 // of the prediction
	skip            bool  // the transform is skipped
	empty           bool  // there are no coefficients
	constant        bool  // only the first coefficient is not 0
	columns, rows   int   // what is beyond them is 0
}

// riceStats are the statistics that Rice parameters begin with, where
// persistent_rice_adaptation_enabled_flag is set.
type riceStats [4]uint8

// scanOf returns the scan that a prediction mode asks for. Section 7.4.9.11.
func (f *frame) scanOf(component, log2 int, mode uint8) int {
	if log2 == 2 || log2 == 3 && (component == 0 || f.seq.chroma == 3) {
		switch {
		case mode >= 6 && mode <= 14:
			return scanVertical
		case mode >= 22 && mode <= 30:
			return scanHorizontal
		}
	}
	return scanDiagonal
}

// parseLast reads the position of the last coefficient. Section 9.3.4.2.3.
func (f *frame) parseLast(component, log2 int) (x, y int) {
	offset, shift := 3*(log2-2)+(log2-1)>>2, (log2+1)>>2
	if component > 0 {
		offset, shift = 15, log2-2
	}
	most := 2*log2 - 1
	prefix := func(base int) (n int) {
		for n < most && f.flag(uint8(base+offset+n>>shift)) {
			n++
		}
		return n
	}
	suffix := func(n int) int {
		if n < 4 {
			return n
		}
		length := n>>1 - 1
		return (2+n&1)<<length + int(f.cabac.bypass(length))
	}
	x, y = prefix(ctxLastX), prefix(ctxLastY)
	x = suffix(x)
	return x, suffix(y)
}

// parseResidual reads the coefficients of a transform block. Section 7.3.8.11.
func (f *frame) parseResidual(component, log2 int, mode uint8) coded {
	u := &f.unit
	b := coded{component: component, log2: log2, mode: mode}
	if f.pic.skipTransform && !u.bypass && log2 <= f.pic.log2MaxSkip {
		b.skip = f.flag(ctxSkipTransform + b2u(component > 0))
	}
	lastX, lastY := f.parseLast(component, log2)
	kind := f.scanOf(component, log2, mode)
	if kind == scanVertical {
		lastX, lastY = lastY, lastX
	}
	b.constant = lastX|lastY == 0
	r := f.newResidual(&b, kind)
	last := int(r.blocks.inverse[lastY>>2<<3+lastX>>2])
	n := int(r.inner.inverse[lastY&3<<3+lastX&3])
	for i := last; i >= 0; i-- {
		at := r.blocks.order[i]
		r.x, r.y = int(at.x), int(at.y)
		if r.significant(f, i == last, i == 0, n) {
			r.levels(f, i == 0)
			b.columns, b.rows = max(b.columns, 4*r.x+4), max(b.rows, 4*r.y+4)
		}
		n = 15
	}
	return b
}

// residualReader reads the 4x4 blocks of a transform block.
type residualReader struct {
	blocks, inner *scan
	tables        *[6][16]uint8 // of significantAt
	x, y          int           // of the 4x4 block
	coded         [81]uint8     // which were coded, at 9*y+x
	positions     [16]uint8     // of the significant coefficients, in the inner scan
	count         int
	ctxSet        uint8 // the first one of coeff_abs_level_greater1_flag
	greater1      uint8 // greater1Ctx
	chroma        uint8 // 1 for chroma
	models        uint8 // of sig_coeff_flag
	first         uint8 // what is added to models in the first 4x4 block, and in others
	others        uint8
	single        uint8 // not 0: the model of all sig_coeff_flag
	small         bool  // a transform block of 4x4
	hideSigns     bool
	riceClass     int
	scale         int // of levels, before the shift
	shift         int
	weights       []uint8 // scaling list; nil: 16
	log2          int
}

func (f *frame) newResidual(b *coded, kind int) (r residualReader) {
	u := &f.unit
	r.blocks, r.inner = &scans[kind][b.log2-2], &scans[kind][2]
	r.tables = &significantAt[kind]
	r.log2 = b.log2
	r.small = b.log2 == 2
	r.greater1 = 1
	r.models = ctxSignificant
	if b.component == 0 {
		r.ctxSet = 2
		switch {
		case b.log2 == 3 && kind == scanDiagonal:
			r.first, r.others = 9, 12
		case b.log2 == 3:
			r.first, r.others = 15, 18
		case b.log2 > 3:
			r.first, r.others = 21, 24
		}
	} else {
		r.chroma = 1
		r.models += 27
		switch {
		case b.log2 == 3:
			r.first, r.others = 9, 9
		case b.log2 > 3:
			r.first, r.others = 12, 12
		}
	}
	plain := b.skip || u.bypass
	if f.seq.skipContext && plain {
		r.single = ctxSignificant + 42 + r.chroma
	}
	r.hideSigns = f.pic.hideSigns && !u.bypass &&
		!(f.seq.implicitRDPCM && b.skip && (b.mode == modeHorizontal || b.mode == modeVertical))
	if b.component == 0 {
		r.riceClass = 2
	}
	if plain {
		r.riceClass++
	}
	r.scale = u.scales[b.component]
	r.shift = f.planes[b.component].depth + b.log2 - 5
	if f.lists != nil && !(b.skip && b.log2 > 2) {
		r.weights = f.lists[b.log2-2][b.component]
	}
	if u.bypass {
		r.scale, r.shift, r.weights = 1, 0, nil
	} else if r.weights == nil {
		r.scale *= 16
	}
	return r
}

// significant reads which coefficients of a 4x4 block are not 0, from position
// n down; in the last one there is one at n. It reports whether there are any.
func (r *residualReader) significant(f *frame, last, first bool, n int) bool {
	at := 9*r.y + r.x
	right, below := r.coded[at+1], r.coded[at+9]
	r.count = 0
	inferred := false // that the first coefficient is significant, if no other is
	switch {
	case last:
		r.positions[0], r.count = uint8(n), 1
		n--
	case !first:
		if !f.flag(ctxCodedSubBlock + (right | below) + 2*r.chroma) {
			return false
		}
		inferred = true
	}
	r.coded[at] = 1
	table, models := &r.tables[right|below<<1], r.models+r.others
	lowest := models + table[0]
	switch {
	case r.single != 0:
		table, models, lowest = &r.tables[5], r.single, r.single
	case r.small:
		table, models, lowest = &r.tables[4], r.models, r.models
	case first:
		models, lowest = r.models+r.first, r.models
	}
	if n > 0 {
		r.significantFrom(&f.cabac, table, models, n)
	}
	if n >= 0 {
		if !inferred || r.count > 0 {
			inferred = f.flag(lowest)
		}
		if inferred {
			r.positions[r.count&15] = 0
			r.count++
		}
	}
	return r.count > 0
}

// significantFrom reads the flags of the positions n to 1. It is cabac.bin in a
// loop, with the state in registers: a third of the time goes here.
func (r *residualReader) significantFrom(c *cabac, table *[16]uint8, models uint8, n int) {
	value, span, ahead, count := c.value, c.span, c.ahead, r.count
	for ; n > 0; n-- {
		model := models + table[n&15]
		m := c.models[model]
		lps := uint64(lpsRange[(uint(m)<<2|uint(span>>6)&3)&511])
		mps := span - lps
		scaled := mps << offsetShift
		less := ^uint64(int64(value-scaled) >> 63)
		value -= scaled & less
		span = mps ^ (mps^lps)&less
		c.models[model] = nextModel[m|uint8(less&128)]
		shift := bits.LeadingZeros64(span) - 55
		span <<= shift & 63
		value <<= shift & 63
		r.positions[count&15] = uint8(n)
		count += int((uint32(m) ^ uint32(less)) & 1)
		if ahead -= shift; ahead < 16 {
			c.value, c.ahead = value, ahead
			c.fill()
			value, ahead = c.value, c.ahead
		}
	}
	c.value, c.span, c.ahead, r.count = value, span, ahead, count
}

// levels reads the significant coefficients of a 4x4 block and scales them.
func (r *residualReader) levels(f *frame, first bool) {
	set := r.ctxSet
	if first {
		set = 0
	}
	if r.greater1 == 0 {
		set++
	}
	var level [16]int32
	r.parseGreater(f, set, &level)
	n := r.count
	hidden := r.hideSigns && r.positions[0]-r.positions[n-1] > 3
	signs := n
	if hidden {
		signs--
	}
	sign := f.cabac.bypass(signs) << (32 - signs)
	sum := r.parseRemaining(f, &level)
	for i := range n {
		v := level[i&15]
		if int32(sign) < 0 {
			v = -v
		}
		sign <<= 1
		if hidden && i == n-1 && sum&1 != 0 {
			v = -v
		}
		r.put(f, r.positions[i&15], v)
	}
}

// parseGreater reads the flags of up to eight coefficients, and sets level to
// what they say, in bit 8 that there may be more.
func (r *residualReader) parseGreater(f *frame, set uint8, level *[16]int32) {
	const more = 1 << 8
	r.greater1 = 1
	base := ctxGreater1 + 4*set + 16*r.chroma
	flagged, left := -1, min(r.count, 8)
	for i := range left {
		one := f.bin(base + r.greater1)
		level[i] = 1 + int32(one)
		if one != 0 {
			r.greater1 = 0
			if flagged < 0 {
				flagged = i
			} else {
				level[i] |= more
			}
		} else if r.greater1 > 0 && r.greater1 < 3 {
			r.greater1++
		}
	}
	if flagged >= 0 {
		if two := f.bin(ctxGreater2 + set + 4*r.chroma); two != 0 {
			level[flagged] = 3 | more
		}
	}
	for i := left; i < r.count; i++ {
		level[i&15] = 1 | more
	}
}

// parseRemaining reads what is left of the levels that may be more, and returns
// the sum of all. Sections 9.3.3.11 and 9.3.4.2.
func (r *residualReader) parseRemaining(f *frame, level *[16]int32) (sum int32) {
	const more = 1 << 8
	persistent := f.seq.persistentRice
	rice, begun := 0, false
	if persistent {
		rice = int(f.rice[r.riceClass] / 4)
	}
	for i := range r.count {
		v := level[i&15]
		if v&more != 0 {
			rest := f.remaining(rice)
			if persistent && !begun {
				f.rice.update(r.riceClass, rest)
			}
			begun = true
			abs := int(v&^more) + rest
			if abs > 3<<rice {
				if rice++; !persistent {
					rice = min(rice, 4)
				}
			}
			v = int32(min(abs, 1<<15))
			level[i&15] = v
		}
		sum += v
	}
	return sum
}

func (s *riceStats) update(class, rest int) {
	n := s[class]
	if rest >= 3<<(n/4) {
		s[class]++
	} else if 2*rest < 1<<(n/4) && n > 0 {
		s[class]--
	}
}

// remaining decodes coeff_abs_level_remaining.
func (c *cabac) remaining(rice int) int {
	prefix := 0
	for prefix < 32 && c.bypass(1) != 0 {
		prefix++
	}
	if prefix <= 3 {
		return prefix<<rice + c.bypassLong(rice)
	}
	return (1<<(prefix-3)+3-1)<<rice + c.bypassLong(prefix-3+rice)
}

// bypassLong is bypass for more than 16 values; what has no place in a level
// is cut off.
func (c *cabac) bypassLong(n int) int {
	v := 0
	for ; n > 16; n -= 16 {
		v = int(c.bypass(16))
	}
	return v<<n + int(c.bypass(n))
}

// put scales a level. Section 8.6.4.2.
func (r *residualReader) put(f *frame, n uint8, level int32) {
	p := r.inner.order[n&15]
	at := (4*r.y+int(p.y))<<r.log2 + 4*r.x + int(p.x)
	scale := r.scale
	if r.weights != nil {
		scale *= int(r.weights[at])
	}
	v := int(level)*scale + 1<<r.shift>>1
	f.unit.coeffs[at&1023] = int32(min(max(v>>r.shift, -1<<15), 1<<15-1))
}
