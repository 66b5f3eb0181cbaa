// Package planar is what the decoders of HEVC and AV1 have in common: what the
// headers of a coded picture say, and the rows that come out of it, which are
// samples of luma and chroma in planes of their own and no colors yet.
package planar

// Info is what the headers say of a picture.
type Info struct {
	Width, Height int    // luma samples that are shown
	Chroma        int    // 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4
	Depth         [3]int // bits of a sample of each plane
	Color         Color
}

// Color is a color description: code points of ITU-T H.273.
type Color struct {
	Primaries, Transfer, Matrix int  // 2 where not given
	FullRange                   bool // 0 is black and 2^depth-1 white; else 16 and 235 (with 8 bits)
}

// Subsampling returns by how much the planes of chroma are smaller than that of
// luma, as shifts, for a value of Info.Chroma.
func Subsampling(chroma int) (x, y uint) {
	switch chroma {
	case 1:
		return 1, 1
	case 2:
		return 1, 0
	}
	return 0, 0
}

// Band is a run of complete rows of a picture.
type Band struct {
	Y, Rows int      // luma rows
	Planes  [3]Plane // luma and, unless the picture is gray, two of chroma
}

// Plane is one component of a picture, or of some of its rows, from the first
// sample on.
type Plane struct {
	Pix    []uint16
	Stride int // samples from a row to the next
}
