package hevc

type position struct{ x, y uint8 }

// diagonal returns the up-right diagonal scan of a block. Section 6.5.3.
func diagonal(side int) (order []position) {
	for d := range 2*side - 1 {
		for x := max(d-side+1, 0); x <= min(d, side-1); x++ {
			order = append(order, position{uint8(x), uint8(d - x)})
		}
	}
	return order
}

// Scans: diagonal, horizontal, vertical. ITU-T H.265, section 6.5.
const (
	scanDiagonal   = 0
	scanHorizontal = 1
	scanVertical   = 2
)

// scan is an order of the positions of a block.
type scan struct {
	order   [64]position
	inverse [64]uint8 // by 8*y+x
}

// scans are by log2 of the size: 1, 2, 4, 8.
var scans [3][4]scan

func makeScans() (s [3][4]scan) {
	for log2 := range 4 {
		side := 1 << log2
		for i, at := range diagonal(side) {
			s[scanDiagonal][log2].order[i] = at
		}
		for i := range side * side {
			s[scanHorizontal][log2].order[i] = position{uint8(i % side), uint8(i / side)}
			s[scanVertical][log2].order[i] = position{uint8(i / side), uint8(i % side)}
		}
		for kind := range s {
			for i, at := range s[kind][log2].order[:side*side] {
				s[kind][log2].inverse[8*at.y+at.x] = uint8(i)
			}
		}
	}
	return s
}

// significant are the models of sig_coeff_flag within a 4x4 block, by which of
// the blocks to the right (1) and below (2) are coded, and 4 for a transform
// block of 4x4; at 4*y+x. Equations 9-40 to 9-45.
var significant = [5][16]uint8{
	{2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
	{2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0},
	{2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0},
	{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8},
}

// significantAt is significant by the kind of the scan and the position in it,
// and a last table for one model alone.
var significantAt [3][6][16]uint8

func makeSignificant() (tables [3][6][16]uint8) {
	for kind := range tables {
		for i, at := range scans[kind][2].order[:16] {
			for j := range significant {
				tables[kind][j][i] = significant[j][4*at.y+at.x]
			}
		}
	}
	return tables
}
