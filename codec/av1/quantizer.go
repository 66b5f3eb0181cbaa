package av1

// quantizer are quantization_params. Section 5.9.12.
type quantizer struct {
	base     int
	offsets  [3][2]int // of each plane, of the first coefficient and of the others
	matrices bool      // using_qmatrix
	levels   [3]int    // which ones, of each plane; noMatrix is none
}

// noMatrix is the level of a matrix that would change nothing.
const noMatrix = 15

func (q *quantizer) parse(b *bitReader, s *sequence) {
	offset := func() int {
		if b.Flag() {
			return b.signed(7)
		}
		return 0
	}
	q.base = b.Take(8)
	q.offsets[0][0] = offset()
	if !s.mono {
		different := s.separateChromaDelta && b.Flag()
		q.offsets[1] = [2]int{offset(), offset()}
		q.offsets[2] = q.offsets[1]
		if different {
			q.offsets[2] = [2]int{offset(), offset()}
		}
	}
	if q.matrices = b.Flag(); q.matrices {
		q.levels[0], q.levels[1] = b.Take(4), b.Take(4)
		q.levels[2] = q.levels[1]
		if s.separateChromaDelta {
			q.levels[2] = b.Take(4)
		}
	}
}

// steps returns the quantizer steps of a plane, of the first coefficient and of
// the others. Section 7.12.2.
func (q *quantizer) steps(plane, index, depth int) [2]int32 {
	clip := func(i int) int { return min(max(i, 0), 255) }
	d := (depth - 8) / 2
	return [2]int32{
		dcSteps[d][clip(index+q.offsets[plane][0])],
		acSteps[d][clip(index+q.offsets[plane][1])],
	}
}
