package av1

// models are the models of all symbols but coefficients.
type models struct {
	keyMode        [5][5][13]uint16 // of luma, by the classes of the modes above and left
	chromaMode     [13][13]uint16   // by the mode of luma
	chromaModeLuma [13][14]uint16   // where chroma may be predicted from luma
	angle          [8][7]uint16     // by the directional mode
	partition8     [4][4]uint16     // of 8x8 blocks
	partition      [12][10]uint16   // of 16x16, 32x32 and 64x64 blocks
	partition128   [4][8]uint16
	skip           [3][2]uint16
	segment        [3][8]uint16
	depth8         [3][2]uint16    // of transforms in blocks of at most one split
	depth          [3][3][3]uint16 // of two, three, four
	split          [21][2]uint16   // of transforms in blocks that are copied
	blockCopy      [2]uint16
	lumaPalette    [7][3][2]uint16
	chromaPalette  [2][2]uint16
	paletteSize    [2][7][7]uint16
	color2         [2][5][2]uint16 // index of a color, by palette size
	color3         [2][5][3]uint16
	color4         [2][5][4]uint16
	color5         [2][5][5]uint16
	color6         [2][5][6]uint16
	color7         [2][5][7]uint16
	color8         [2][5][8]uint16
	filterIntra    [22][2]uint16 // by block size
	filterMode     [5]uint16
	alphaSigns     [8]uint16 // of the prediction of chroma from luma
	alpha          [6][16]uint16
	deltaQ         [4]uint16
	deltaLevel     [5][4]uint16     // of each kind of edges, and of all together
	intraType7     [2][13][7]uint16 // transform types, by the number of them
	intraType5     [3][13][5]uint16
	interType16    [2][16]uint16
	interType12    [12]uint16
	interType2     [4][2]uint16
	restoration    [3]uint16
	wiener         [2]uint16
	selfGuided     [2]uint16
	vectorJoint    [4]uint16
	vector         [2]vectorModels // vertical, horizontal
}

// vectorModels are those of a component of a block vector.
type vectorModels struct {
	sign   [2]uint16
	class  [11]uint16
	class0 [2]uint16
	bits   [10][2]uint16
}

// coefficientModels are the models of coefficients. The first index is the mean
// of the logarithms of a transform's sides where it is up to 5, the next is 1 for
// chroma.
type coefficientModels struct {
	allZero [5][13][2]uint16
	end16   [2][2][5]uint16 // class of the end, of transforms of 16 coefficients
	end32   [2][2][6]uint16
	end64   [2][2][7]uint16
	end128  [2][2][8]uint16
	end256  [2][2][9]uint16
	end512  [2][2][10]uint16
	end1024 [2][2][11]uint16
	endBit  [5][2][9][2]uint16 // the highest bit of the end within its class
	dcSign  [2][3][2]uint16
	baseEnd [5][2][4][3]uint16 // of the last level: 1, 2, more
	base    [5][2][42][4]uint16
	more    [4][2][21][4]uint16 // how many more than 2
}

// coefficientSet is which of the defaults are those of a base_q_idx.
func coefficientSet(base int) int {
	switch {
	case base <= 20:
		return 0
	case base <= 60:
		return 1
	case base <= 120:
		return 2
	}
	return 3
}
