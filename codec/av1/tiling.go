package av1

import (
	"math/bits"

	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/raster"
)

// tiling is tile_info: where tiles begin, in 4x4 blocks, with the end behind the
// last. Section 5.9.15.
type tiling struct {
	columns, rows         []int
	log2Columns, log2Rows int
	sizeBytes             int // length of the size of a tile
}

const (
	maxTileWidth   = 4096
	maxTileArea    = 4096 * 2304
	maxTileColumns = 64
	maxTileRows    = 64
)

func (t *tiling) parse(b *bitReader, s *sequence, h *header) error {
	shift := s.superblockLog2()
	columns, rows := (h.columns+1<<shift-1)>>shift, (h.rows+1<<shift-1)>>shift
	widest := maxTileWidth >> (shift + 2)
	least := max(tileLog2(widest, columns), tileLog2(maxTileArea>>(2*shift+4), rows*columns))
	if uniform := b.Flag(); uniform {
		t.log2Columns = raise(b, tileLog2(widest, columns), tileLog2(1, min(columns, maxTileColumns)))
		t.columns = uniformTiles(columns, t.log2Columns, shift)
		t.log2Rows = raise(b, max(least-t.log2Columns, 0), tileLog2(1, min(rows, maxTileRows)))
		t.rows = uniformTiles(rows, t.log2Rows, shift)
	} else {
		var wide int
		t.columns, wide = givenTiles(b, columns, widest, shift)
		area := rows * columns
		if least > 0 {
			area >>= least + 1
		}
		t.rows, _ = givenTiles(b, rows, max(area/wide, 1), shift)
		t.log2Columns, t.log2Rows = tileLog2(1, len(t.columns)), tileLog2(1, len(t.rows))
	}
	if len(t.columns) > maxTileColumns || len(t.rows) > maxTileRows {
		return raster.Corruptf("AV1: %dx%d tiles, must be at most %dx%d", len(t.columns), len(t.rows), maxTileColumns, maxTileRows)
	}
	t.columns, t.rows = append(t.columns, h.columns), append(t.rows, h.rows)
	if t.log2Columns+t.log2Rows > 0 {
		b.Skip(t.log2Columns + t.log2Rows) // context_update_tile_id
		t.sizeBytes = b.Take(2) + 1
	}
	return nil
}

// tileLog2 is the least k for which size<<k reaches target.
func tileLog2(size, target int) int {
	return bits.Len(uint((max(target, 1) - 1) / size))
}

// raise counts up from least to most as long as there are ones.
func raise(b *bitReader, least, most int) int {
	for least < most && b.Flag() {
		least++
	}
	return least
}

func uniformTiles(blocks, log2, shift int) (starts []int) {
	size := (blocks + 1<<log2 - 1) >> log2
	for at := 0; at < blocks; at += size {
		starts = append(starts, at<<shift)
	}
	return starts
}

// givenTiles reads tiles of any size up to most superblocks, and returns the
// largest size, too.
func givenTiles(b *bitReader, blocks, most, shift int) (starts []int, largest int) {
	for at := 0; at < blocks; {
		starts = append(starts, at<<shift)
		size := b.below(min(blocks-at, most)) + 1
		largest = max(largest, size)
		at += size
	}
	return starts, largest
}

// count is how many tiles there are.
func (t *tiling) count() int { return (len(t.columns) - 1) * (len(t.rows) - 1) }

// tileData are the bytes of a tile.
type tileData struct {
	data []byte
	cut  bool // the data ends before the tile does
}

// parseGroup splits a tile group into its tiles, and puts them into tiles by
// their number. Section 5.11.1.
func (t *tiling) parseGroup(data []byte, cut bool, tiles []tileData) {
	b := &bitReader{bitfield.Reader{Data: data}}
	first, last := 0, len(tiles)-1
	if len(tiles) > 1 && b.Flag() {
		n := t.log2Columns + t.log2Rows
		first, last = b.Take(n), b.Take(n)
	}
	rest := data[min(b.Align(), len(data)):]
	for i := first; i <= min(last, len(tiles)-1); i++ {
		size, short := len(rest), cut
		if i < last {
			if len(rest) < t.sizeBytes {
				return
			}
			size = 1
			for j := range t.sizeBytes {
				size += int(rest[j]) << (8 * j)
			}
			rest = rest[t.sizeBytes:]
			short = size > len(rest)
			size = min(size, len(rest))
		}
		tiles[i] = tileData{rest[:size], short}
		rest = rest[size:]
	}
}
