package hevc

// Intra prediction modes; 2 to 34 are directions. ITU-T H.265, table 8-1.
const (
	modePlanar     = 0
	modeDC         = 1
	modeHorizontal = 10
	modeVertical   = 26
	modeDiagonal   = 34
)

// parseModes reads the prediction modes of a coding unit. Section 7.3.8.5.
func (f *frame) parseModes(x, y, log2 int) {
	u := &f.unit
	parts := 1
	if u.quarters {
		parts, log2 = 4, log2-1
	}
	var likely [4]bool
	for i := range parts {
		likely[i] = f.flag(ctxPrevIntra)
	}
	for i := range parts {
		x, y := x+i&1<<log2, y+i>>1<<log2
		u.luma[i] = f.parseLumaMode(x, y, likely[i])
		f.setModes(x, y, log2, u.luma[i])
	}
	switch f.seq.chroma {
	case 1, 2:
		f.parseChromaMode(0)
	case 3:
		for i := range parts {
			f.parseChromaMode(i)
		}
	}
}

// setModes records the mode of a prediction block for those below and to the
// right of it.
func (f *frame) setModes(x, y, log2 int, mode uint8) {
	t := &f.tree
	for i := range 1 << log2 >> 2 {
		t.modeLeft[(y-t.y)>>2+i] = mode
		t.modeAbove[x>>2+i] = mode
	}
}

// parseLumaMode reads the mode of one prediction block. Section 8.4.2.
func (f *frame) parseLumaMode(x, y int, likely bool) uint8 {
	t := &f.tree
	a, b := uint8(modeDC), uint8(modeDC)
	if x > t.x || t.left {
		a = t.modeLeft[(y-t.y)>>2]
	}
	if y > t.y {
		b = t.modeAbove[x>>2]
	}
	c := candidates(a, b)
	if likely {
		return c[f.unary(2)]
	}
	mode := uint8(f.bypass(5))
	if c[0] > c[1] {
		c[0], c[1] = c[1], c[0]
	}
	if c[0] > c[2] {
		c[0], c[2] = c[2], c[0]
	}
	if c[1] > c[2] {
		c[1], c[2] = c[2], c[1]
	}
	for _, candidate := range c {
		if mode >= candidate {
			mode++
		}
	}
	return mode
}

// candidates returns the three most probable modes, by those to the left and
// above.
func candidates(a, b uint8) [3]uint8 {
	switch {
	case a == b && a < 2:
		return [3]uint8{modePlanar, modeDC, modeVertical}
	case a == b:
		return [3]uint8{a, 2 + (a+29)&31, 2 + (a-1)&31}
	case a != modePlanar && b != modePlanar:
		return [3]uint8{a, b, modePlanar}
	case a != modeDC && b != modeDC:
		return [3]uint8{a, b, modeDC}
	}
	return [3]uint8{a, b, modeVertical}
}

// modes422 are the directions for blocks of chroma that are twice as high as
// they are wide. Table 8-3.
var modes422 = [35]uint8{
	0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20,
	21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28, 29, 29, 30, 31,
}

// parseChromaMode reads the chroma mode of part i. Section 8.4.3.
func (f *frame) parseChromaMode(i int) {
	u := &f.unit
	mode := u.luma[i]
	if u.derived[i] = !f.flag(ctxChromaMode); !u.derived[i] {
		own := [4]uint8{modePlanar, modeVertical, modeHorizontal, modeDC}[f.bypass(2)]
		if own == mode {
			own = modeDiagonal
		}
		mode = own
	}
	if f.seq.chroma == 2 {
		mode = modes422[mode]
	}
	u.chroma[i] = mode
}
