package av1

// blockSize is the size of a block, numbered as in the standard: see section
// 6.10.4, BLOCK_4X4 to BLOCK_64X16.
type blockSize uint8

const (
	block8x8     blockSize = 3
	block64x64   blockSize = 12
	block128x128 blockSize = 15
)

// blockLog2 are the logarithms of width and height in 4x4 blocks.
var blockLog2 = [22][2]uint8{
	{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 1}, {2, 2}, {2, 3}, {3, 2}, {3, 3}, {3, 4},
	{4, 3}, {4, 4}, {4, 5}, {5, 4}, {5, 5}, {0, 2}, {2, 0}, {1, 3}, {3, 1}, {2, 4}, {4, 2},
}

// sizeOf is the size of those logarithms.
var sizeOf = func() (sizes [6][6]blockSize) {
	for i, log2 := range blockLog2 {
		sizes[log2[0]][log2[1]] = blockSize(i)
	}
	return sizes
}()

// transformSize are the logarithms of a transform's width and height in samples,
// 2 to 6.
type transformSize struct{ w, h uint8 }

// largestTransform is the largest transform in a block.
func largestTransform(size blockSize) transformSize {
	log2 := blockLog2[size]
	return transformSize{min(log2[0]+2, 6), min(log2[1]+2, 6)}
}

// split is the size of the parts that a transform is split into. Section 9.3:
// Split_Tx_Size.
func (t transformSize) split() transformSize {
	switch {
	case t.w > t.h:
		return transformSize{t.w - 1, t.h}
	case t.w < t.h:
		return transformSize{t.w, t.h - 1}
	case t.w > 2:
		return transformSize{t.w - 1, t.h - 1}
	}
	return t
}

// depth is how often it can be split until it is 4x4.
func (t transformSize) depth() (n int) {
	for t.w > 2 || t.h > 2 {
		t = t.split()
		n++
	}
	return n
}

// context is the mean that models of coefficients go by: txSzCtx.
func (t transformSize) context() int { return int(t.w+t.h+1)>>1 - 2 }

// chromaTransform is the transform of chroma in a block. Section 5.11.37.
func chromaTransform(size blockSize, shiftX, shiftY uint) transformSize {
	log2 := blockLog2[size]
	side := func(log2 uint8, shift uint) uint8 { return uint8(min(max(int(log2)-int(shift), 0)+2, 5)) }
	return transformSize{side(log2[0], shiftX), side(log2[1], shiftY)}
}
