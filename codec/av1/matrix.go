package av1

import _ "embed"

// quantizerMatrices are the weights of section 9.6 of the standard, for each of
// the 15 levels for luma and then for chroma: those of 32x32 coefficients up to
// the diagonal, which they are symmetric to, row by row; and those of 16 columns
// and 32 rows. All others are samples of these.
//
//go:embed matrices.bin
var quantizerMatrices []byte

const (
	triangle   = 32 * 33 / 2
	oblong     = 16 * 32
	matrixSize = triangle + oblong
)

// matrices are the weights that a frame uses, of each plane and size.
type matrices struct {
	levels [3]int
	made   [3][4][4][]uint8 // by the logarithms of width and height, less 2
}

// of returns the weights of a transform's coefficients; nil where all are the
// same.
func (m *matrices) of(plane int, size transformSize) []uint8 {
	if m.levels[plane] == noMatrix {
		return nil
	}
	w, h := min(size.w, 5), min(size.h, 5)
	made := &m.made[plane][w-2][h-2]
	if *made == nil {
		*made = makeMatrix(m.levels[plane], min(plane, 1), int(w), int(h))
	}
	return *made
}

// makeMatrix takes the weights of 1<<w columns and 1<<h rows from those that are
// stored.
func makeMatrix(level, kind, w, h int) []uint8 {
	stored := quantizerMatrices[(2*level+kind)*matrixSize:][:matrixSize]
	out := make([]uint8, 1<<(w+h))
	// Where the samples lie, by the logarithm of the shorter side.
	first := [6][2]int{2: {1, 1}} // of oblong matrices: column, row
	square := [6]int{2: 3, 3: 1}
	for i := range out {
		x, y, wide, high := i&(1<<w-1), i>>w, w, h
		if wide > high {
			x, y, wide, high = y, x, high, wide
		}
		if wide == high {
			x, y = x<<(5-wide)+square[wide], y<<(5-high)+square[high]
			if x > y {
				x, y = y, x
			}
			out[i] = stored[y*(y+1)/2+x]
			continue
		}
		start := first[wide]
		if high-wide == 2 {
			start[1] = 0
		}
		x, y = x<<(4-wide)+start[0], y<<(5-high)+start[1]
		out[i] = stored[triangle+y*16+x]
	}
	return out
}
