package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/intra"
	"s3-thumbnail-creator/codec/av1/internal/transform"
)

// tile is the state of decoding a tile. Places are in 4x4 blocks of luma.
type tile struct {
	symbols
	models
	coefficientModels
	*scratch
	f                        *frame
	top, bottom, left, right int
	beside                   side      // of the superblock that is decoded
	index                    int       // CurrentQIndex
	delta                    [4]int    // DeltaLF
	sharpened                [3]taps   // RefLrWiener
	guided                   [3][2]int // RefSgrXqd
	steps                    [maxSegments][3][2]int32
	stepsKnown               [maxSegments]bool
	readDeltas               bool
	decoded                  [3][34]uint64 // of a superblock: BlockDecoded, with a row and a column around it
	damaged                  bool
}

// scratch is what blocks are decoded with, of which one is enough.
type scratch struct {
	levels       levels
	coefficients [32 * 32]int32
	adder        transform.Adder
	predictor    intra.Predictor
	block        block
	indices      [2][mapStride * 64]uint8 // of palettes' colors, of luma and of chroma
	kinds        [32][32]transform.Type   // of luma in blocks that are copied, of a superblock
	sizes        [32][32]transformSize
	lumaRight    int // MaxLumaW and MaxLumaH
	lumaBottom   int
}

// neighbor is what is kept of a block for the 4x4 blocks along its sides.
type neighbor struct {
	size    blockSize
	mode    intra.Mode // of luma
	skip    bool
	copied  bool
	palette [2]uint8 // number of colors
}

// side is a line along which blocks have been decoded, by 4x4 blocks.
type side struct {
	blocks    []neighbor
	transform []uint8        // logarithm of the transform's width or height
	smooth    []bool         // chroma is predicted by one of the smooth modes
	levels    [3][]uint8     // contexts of coefficients, by 4x4 blocks of the plane
	colors    [2][][8]uint16 // palettes of luma and U
}

func newSide(n int, palettes bool) side {
	s := side{blocks: make([]neighbor, n), transform: make([]uint8, n), smooth: make([]bool, n)}
	for i := range s.levels {
		s.levels[i] = make([]uint8, n)
	}
	if palettes {
		s.colors = [2][][8]uint16{make([][8]uint16, n), make([][8]uint16, n)}
	}
	return s
}

// reset forgets the blocks of a part. Section 6.10.3: clear_above_context and
// clear_left_context.
func (s *side) reset(from, to int) {
	clear(s.blocks[from:to])
	clear(s.transform[from:to])
	clear(s.smooth[from:to])
	for i := range s.levels {
		clear(s.levels[i][from:to])
	}
}

// start begins a tile.
func (t *tile) start(f *frame, data tileData, column, row int) {
	tiles := &f.head.tiles
	t.f, t.scratch = f, &f.scratch
	t.left, t.right = tiles.columns[column], tiles.columns[column+1]
	t.top, t.bottom = tiles.rows[row], tiles.rows[row+1]
	t.symbols.start(data, f.head.adapt)
	t.models = defaultModels
	t.coefficientModels = defaultCoefficients[coefficientSet(f.head.quantizer.base)]
	t.index = f.head.quantizer.base
	t.delta = [4]int{}
	t.stepsKnown = [maxSegments]bool{}
	for i := range t.sharpened {
		t.sharpened[i] = taps{{3, -7, 15}, {3, -7, 15}}
		t.guided[i] = [2]int{-32, 31}
	}
	if t.beside.blocks == nil {
		t.beside = newSide(32, f.head.screenContent)
	}
	t.damaged = false
}

// decodeRow decodes the superblocks of a row, and reports whether all was there.
// Section 5.11.2.
func (t *tile) decodeRow(row int) bool {
	t.beside.reset(0, len(t.beside.blocks))
	step := t.f.superblock
	for column := t.left; column < t.right; column += step {
		t.readDeltas = t.f.head.deltaQ
		t.f.resetCDEF(row, column)
		t.resetDecoded(row, column)
		t.readRestoration(row, column)
		t.decodePartition(row, column, t.f.superblockLog2)
		if t.damaged || t.overrun() {
			return false
		}
	}
	return true
}

// resetDecoded begins a superblock: what is above and to the left of it, within
// the tile, is decoded. Section 5.11.3.
func (t *tile) resetDecoded(row, column int) {
	for i := range t.f.numPlanes {
		p := &t.f.planes[i]
		size := t.f.superblock
		width, height := (t.right-column)>>p.x, (t.bottom-row)>>p.y
		d := &t.decoded[i]
		clear(d[:])
		d[0] = 1<<(min(size>>p.x+1, width)+1) - 1
		for y := range min(size>>p.y, height) {
			d[y+1] = 1
		}
	}
}

// decodePartition decodes the blocks that a square is divided into, of
// 1<<log2 4x4 blocks. Section 5.11.4.
func (t *tile) decodePartition(row, column, log2 int) {
	f := t.f
	if row >= f.head.rows || column >= f.head.columns || t.damaged {
		return
	}
	half := 1 << log2 >> 1
	kind := partitionNone
	if log2 > 0 {
		kind = t.readPartition(row, column, log2)
	}
	at := func(y, x, wide, high int) { t.decodeBlock(row+y, column+x, sizeOf[wide][high]) }
	switch kind {
	case partitionNone:
		at(0, 0, log2, log2)
	case partitionHorizontal:
		at(0, 0, log2, log2-1)
		if row+half < f.head.rows {
			at(half, 0, log2, log2-1)
		}
	case partitionVertical:
		at(0, 0, log2-1, log2)
		if column+half < f.head.columns {
			at(0, half, log2-1, log2)
		}
	case partitionSplit:
		for i := range 4 {
			t.decodePartition(row+i>>1*half, column+i&1*half, log2-1)
		}
	case partitionHorizontalA:
		at(0, 0, log2-1, log2-1)
		at(0, half, log2-1, log2-1)
		at(half, 0, log2, log2-1)
	case partitionHorizontalB:
		at(0, 0, log2, log2-1)
		at(half, 0, log2-1, log2-1)
		at(half, half, log2-1, log2-1)
	case partitionVerticalA:
		at(0, 0, log2-1, log2-1)
		at(half, 0, log2-1, log2-1)
		at(0, half, log2-1, log2)
	case partitionVerticalB:
		at(0, 0, log2-1, log2)
		at(0, half, log2-1, log2-1)
		at(half, half, log2-1, log2-1)
	default:
		t.decodeStripes(row, column, log2, kind)
	}
}

// decodeStripes decodes the four stripes of a square.
func (t *tile) decodeStripes(row, column, log2, kind int) {
	quarter := 1 << log2 >> 2
	for i := range 4 {
		if kind == partitionHorizontal4 && row+i*quarter < t.f.head.rows {
			t.decodeBlock(row+i*quarter, column, sizeOf[log2][log2-2])
		}
		if kind == partitionVertical4 && column+i*quarter < t.f.head.columns {
			t.decodeBlock(row, column+i*quarter, sizeOf[log2-2][log2])
		}
	}
}

// Partitions. Section 6.10.4.
const (
	partitionNone = iota
	partitionHorizontal
	partitionVertical
	partitionSplit
	partitionHorizontalA
	partitionHorizontalB
	partitionVerticalA
	partitionVerticalB
	partitionHorizontal4
	partitionVertical4
)

func (t *tile) readPartition(row, column, log2 int) int {
	f := t.f
	context := 0
	if row > t.top && int(blockLog2[f.above.blocks[column].size][0]) < log2 {
		context = 1
	}
	if column > t.left && int(blockLog2[t.beside.blocks[row&31].size][1]) < log2 {
		context += 2
	}
	var m []uint16
	switch log2 {
	case 1:
		m = t.partition8[context][:]
	case 5:
		m = t.partition128[context][:]
	default:
		m = t.partition[4*(log2-2)+context][:]
	}
	half := 1 << log2 >> 1
	below, right := row+half < f.head.rows, column+half < f.head.columns
	switch {
	case below && right:
		return t.symbol(m)
	case right:
		if t.chance(sumOf(m, partitionVertical, partitionSplit, partitionHorizontalA, partitionVerticalA, partitionVerticalB, partitionVertical4)) {
			return partitionSplit
		}
		return partitionHorizontal
	case below:
		if t.chance(sumOf(m, partitionHorizontal, partitionSplit, partitionHorizontalA, partitionHorizontalB, partitionVerticalA, partitionHorizontal4)) {
			return partitionSplit
		}
		return partitionVertical
	}
	return partitionSplit
}

// sumOf adds up the probabilities of some values of a symbol, those that it has.
func sumOf(m []uint16, values ...int) (sum uint16) {
	last := len(m) - 1
	for _, v := range values {
		if v > last {
			continue
		}
		sum += m[v-1]
		if v < last {
			sum -= m[v]
		}
	}
	return sum
}
