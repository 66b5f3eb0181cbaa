package av1

// deblocking are loop_filter_params. Section 5.9.11.
type deblocking struct {
	levels     [4]int // luma across vertical and horizontal edges, U, V
	sharpness  int
	deltas     bool // loop_filter_delta_enabled
	intraDelta int  // loop_filter_ref_deltas[INTRA_FRAME], the one that our frames use
}

func (d *deblocking) parse(b *bitReader, s *sequence) {
	d.levels[0], d.levels[1] = b.Take(6), b.Take(6)
	if !s.mono && (d.levels[0] > 0 || d.levels[1] > 0) {
		d.levels[2], d.levels[3] = b.Take(6), b.Take(6)
	}
	d.sharpness = b.Take(3)
	d.intraDelta = 1
	if d.deltas = b.Flag(); !d.deltas {
		return
	}
	if update := b.Flag(); !update {
		return
	}
	const references, modes = 8, 2
	for i := range references + modes {
		if b.Flag() {
			if v := b.signed(7); i == 0 {
				d.intraDelta = v
			}
		}
	}
}

// cdefParams are cdef_params. Section 5.9.19.
type cdefParams struct {
	damping int
	bits    int         // length of the number of a strength
	luma    [8]strength // by that number
	chroma  [8]strength
}

// strength is one of the constrained directional enhancement filter.
type strength struct{ primary, secondary int }

func (c *cdefParams) parse(b *bitReader, s *sequence) {
	c.damping = b.Take(2) + 3
	c.bits = b.Take(2)
	for i := range 1 << c.bits {
		c.luma[i] = parseStrength(b)
		if !s.mono {
			c.chroma[i] = parseStrength(b)
		}
	}
}

func parseStrength(b *bitReader) strength {
	v := strength{b.Take(4), b.Take(2)}
	if v.secondary == 3 {
		v.secondary = 4
	}
	return v
}

// Types of loop restoration, of a unit or of all that a plane has. Section
// 6.10.15.
const (
	restoreNone = iota
	restoreWiener
	restoreSelfGuided
	restoreSwitchable
)

// restorationParams are lr_params. Section 5.9.20.
type restorationParams struct {
	kind [3]int // of each plane
	unit [3]int // log2 of the side of a restoration unit, in samples
	any  bool
}

func (r *restorationParams) parse(b *bitReader, s *sequence) {
	kinds := [4]int{restoreNone, restoreSwitchable, restoreWiener, restoreSelfGuided}
	chroma := false
	for i := range s.planes() {
		r.kind[i] = kinds[b.Take(2)]
		if r.kind[i] != restoreNone {
			r.any = true
			chroma = chroma || i > 0
		}
	}
	if !r.any {
		return
	}
	size := 6
	switch {
	case s.large:
		size += 1 + b.Take(1)
	case b.Flag():
		size += 1 + b.Take(1)
	}
	r.unit = [3]int{size, size, size}
	if s.shiftX == 1 && s.shiftY == 1 && chroma && b.Flag() {
		r.unit[1], r.unit[2] = size-1, size-1
	}
}
