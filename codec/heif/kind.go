package heif

// kind is how the samples of a coded picture are laid out and what they mean.
// All tiles of a grid are of one.
type kind struct {
	color
	chroma int // 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4
	depth  [3]int
}

// subsampling returns by how much chroma is smaller than luma, as shifts.
func (k kind) subsampling() (x, y uint) {
	switch k.chroma {
	case 1:
		return 1, 1
	case 2:
		return 1, 0
	}
	return 0, 0
}
