package av1

import "sync"

// classes of transforms, by which coefficients are near each other: those of
// both directions, of a vertical transform alone, of a horizontal one alone.
// Section 9.3: get_tx_class.
const (
	class2D = iota
	classVertical
	classHorizontal
)

// scanned is a coefficient in the order in which they are coded.
type scanned struct {
	at   uint16 // its row times levelStride plus its column
	base uint8  // what its place adds to the context of its level
	more uint8  // and to that of the rest of it
}

// levelStride is the distance of rows of levels.
const levelStride = 64

// scans are the orders of coefficients by class and the logarithms of a
// transform's width and height, less 2. Of sides of 64 only the first 32 are
// coded. Section 5.11.41.
var scans = sync.OnceValue(func() *[3][5][5][]scanned {
	s := &[3][5][5][]scanned{}
	for w := range 5 {
		for h := range 5 {
			if w-h > 2 || h-w > 2 {
				continue
			}
			s[class2D][w][h] = diagonals(w, h)
			if w < 3 && h < 3 {
				s[classVertical][w][h] = lines(w, h, classVertical)
				s[classHorizontal][w][h] = lines(w, h, classHorizontal)
			}
		}
	}
	return s
})

// diagonals is the order of Default_Scan: along the diagonals, from below to
// above in wide transforms, from above to below in high ones, and to and fro in
// square ones.
func diagonals(w, h int) []scanned {
	width, height := min(4<<w, 32), min(4<<h, 32)
	all := make([]scanned, 0, width*height)
	for d := range width + height - 1 {
		up := width > height || width == height && d&1 == 0
		for i := range d + 1 {
			column := i
			if !up {
				column = d - i
			}
			if row := d - column; row < height && column < width {
				all = append(all, scanned{uint16(row*levelStride + column), diagonalBase(row, column, w-h), diagonalMore(row, column)})
			}
		}
	}
	return all
}

// diagonalBase is Coeff_Base_Ctx_Offset, section 9.3; wider is positive for a
// transform that is wider than high.
func diagonalBase(row, column, wider int) uint8 {
	switch {
	case row+column == 0:
		return 0
	case wider > 0 && column < 2:
		return 16
	case wider < 0 && row < 2:
		return 11
	case wider == 0 && row+column < 2:
		return 1
	case row+column < 4:
		return 6
	}
	return 21
}

func diagonalMore(row, column int) uint8 {
	switch {
	case row+column == 0:
		return 0
	case row < 2 && column < 2:
		return 7
	}
	return 14
}

// lines is the order by rows of a vertical transform and by columns of a
// horizontal one: Mrow_Scan and Mcol_Scan.
func lines(w, h, class int) []scanned {
	width, height := 4<<w, 4<<h
	all := make([]scanned, width*height)
	for i := range all {
		row, column := i/width, i%width
		if class == classHorizontal {
			row, column = i%height, i/height
		}
		line := row
		if class == classHorizontal {
			line = column
		}
		more := uint8(14)
		switch {
		case i == 0:
			more = 0
		case line == 0:
			more = 7
		}
		all[i] = scanned{uint16(row*levelStride + column), uint8(26 + 5*min(line, 2)), more}
	}
	return all
}
