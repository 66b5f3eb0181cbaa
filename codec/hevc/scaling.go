package hevc

// scalingLists are the weights of the transform coefficients of intra blocks,
// by log2(size)-2 and component, in raster order. ITU-T H.265, sections 7.3.4
// and 7.4.5.
type scalingLists [4][3][]uint8

// defaultIntra is table 7-6 for intra blocks of 8x8 and larger, in the order of
// the diagonal scan.
var defaultIntra = [64]uint8{
	16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 16, 17, 16, 17, 18,
	17, 18, 18, 17, 18, 21, 19, 20, 21, 20, 19, 21, 24, 22, 22, 24,
	24, 22, 22, 24, 25, 25, 27, 30, 27, 25, 25, 29, 31, 35, 35, 31,
	29, 36, 41, 44, 41, 36, 47, 54, 54, 47, 65, 70, 65, 88, 88, 115,
}

// codedList is a list as it is coded.
type codedList struct {
	weights [64]uint8 // 16 of them for 4x4
	dc      uint8
}

// codedLists are by size and matrixId: Y, Cb, Cr of intra and of inter blocks.
type codedLists [4][6]codedList

func defaultList(size int) (l codedList) {
	l.weights, l.dc = defaultIntra, 16
	if size == 0 {
		for i := range l.weights {
			l.weights[i] = 16
		}
	}
	return l
}

func defaultScalingLists() *scalingLists {
	var c codedLists
	for size := range c {
		for matrix := range c[size] {
			c[size][matrix] = defaultList(size)
		}
	}
	return c.expand()
}

// parseScalingLists reads scaling_list_data. The lists of inter blocks, of
// which the defaults are others, are never used.
func parseScalingLists(b *bitReader) *scalingLists {
	var c codedLists
	for size := range c {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			l := &c[size][matrix]
			if coded := b.Flag(); coded {
				l.parse(b, size)
				continue
			}
			back := int(min(b.golomb(), 6)) * step
			if back == 0 || back > matrix {
				*l = defaultList(size)
			} else {
				*l = c[size][matrix-back]
			}
		}
	}
	// With 4:4:4 chroma has blocks of 32x32, which take the lists of 16x16.
	for matrix := range c[3] {
		if matrix%3 != 0 {
			c[3][matrix] = c[2][matrix]
		}
	}
	return c.expand()
}

func (l *codedList) parse(b *bitReader, size int) {
	next, n := 8, 64
	if size == 0 {
		n = 16
	}
	l.dc = 16
	if size > 1 {
		next = b.signed() + 8
		l.dc = uint8(next)
	}
	for i := range n {
		next += b.signed()
		l.weights[i] = uint8(next)
	}
}

// expand returns the weights of each coefficient. Equations 7-42 to 7-51.
func (c *codedLists) expand() *scalingLists {
	var lists scalingLists
	for size := range lists {
		side := 4 << size
		coded := min(side, 8)
		order := diagonal(coded)
		repeat := side / coded
		for component := range lists[size] {
			l := &c[size][component]
			out := make([]uint8, side*side)
			for i, at := range order {
				x, y := int(at.x)*repeat, int(at.y)*repeat
				for dy := range repeat {
					for dx := range repeat {
						out[(y+dy)*side+x+dx] = l.weights[i]
					}
				}
			}
			if size > 1 {
				out[0] = l.dc
			}
			lists[size][component] = out
		}
	}
	return &lists
}
