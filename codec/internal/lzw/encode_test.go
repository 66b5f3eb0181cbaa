package lzw

// encode writes data as an LZW stream of the variant. A table that is full is
// cleared unless deferred is set.
func encode(data []byte, v Variant, litWidth int, deferred bool) []byte {
	e := &encoder{msb: v == TIFF}
	clear := 1 << litWidth
	early := 0
	if v == TIFF {
		early = 1
	}
	type link struct{ prefix, last int }
	var table map[link]int
	var width, next int
	restart := func() {
		table = map[link]int{}
		width, next = litWidth+1, clear+2
	}
	restart()
	e.put(clear, width)
	prefix := -1
	for _, b := range data {
		if prefix < 0 {
			prefix = int(b)
			continue
		}
		s := link{prefix, int(b)}
		if code, ok := table[s]; ok {
			prefix = code
			continue
		}
		e.put(prefix, width)
		if next < maxCodes {
			table[s] = next
			next++
			if next+early > 1<<width && width < maxWidth {
				width++
			}
		}
		if next+early >= maxCodes && !deferred {
			e.put(clear, width)
			restart()
		}
		prefix = int(b)
	}
	if prefix >= 0 {
		e.put(prefix, width)
		next++
		if next+early > 1<<width && width < maxWidth {
			width++
		}
	}
	e.put(clear+1, width)
	return e.finish()
}

type encoder struct {
	msb   bool
	out   []byte
	bits  uint64
	nbits int
}

func (e *encoder) put(code, width int) {
	if e.msb {
		e.bits |= uint64(code) << (64 - width - e.nbits)
	} else {
		e.bits |= uint64(code) << e.nbits
	}
	e.nbits += width
	for e.nbits >= 8 {
		e.flush()
	}
}

func (e *encoder) flush() {
	if e.msb {
		e.out = append(e.out, byte(e.bits>>56))
		e.bits <<= 8
	} else {
		e.out = append(e.out, byte(e.bits))
		e.bits >>= 8
	}
	e.nbits -= 8
}

func (e *encoder) finish() []byte {
	for e.nbits > 0 {
		e.flush()
	}
	return e.out
}
