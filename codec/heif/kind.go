package heif

// kind is how the samples of a coded picture are laid out and what they mean.
// All tiles of a grid are of one.
type kind struct {
	color
	chroma int // 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4
	depth  [3]int
}
