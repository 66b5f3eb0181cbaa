package vp8l

import "s3-thumbnail-creator/codec/raster"

// The five codes of a group (specification, section 6.2.2).
const (
	codeGreen    = iota // and lengths of copies, and indices into the color cache
	codeRed             //
	codeBlue            //
	codeAlpha           //
	codeDistance        //
	numCodes
)

const (
	numLiterals  = 256
	numLengths   = 24
	numDistances = 40
)

// group holds the prefix codes for a part of the picture.
type group struct {
	codes [numCodes]code

	// Where red, blue and alpha take no bits, as in most palette pictures,
	// single is set and rest is what they are.
	single bool
	rest   uint32

	opaque bool // alpha is 255 and takes no bits
}

// groups says which group codes which tile.
type groups struct {
	list  []group
	tiles []uint16 // nil where there is one group
	bits  uint     // the logarithm of the side of a tile
	width int      // tiles in a row
}

// readGroups reads the prefix codes of a picture of width x height pixels.
// Only that of the picture itself, not those of its tables, may have several
// groups.
func readGroups(r *bitReader, width, height int, cacheBits uint, top bool) (*groups, error) {
	g := &groups{}
	count := 1
	var used []int32 // one more than the place in list of each group; nil: one group
	if top && r.bits(1) == 1 {
		g.bits = 2 + uint(r.bits(3))
		g.width = tiles(width, g.bits)
		pix, err := decodeTable(r, g.width, tiles(height, g.bits))
		if err != nil {
			return nil, err
		}
		g.tiles = make([]uint16, len(pix))
		used = make([]int32, 1<<16)
		n := int32(0)
		for i, p := range pix {
			id := uint16(p >> 8)
			count = max(count, int(id)+1)
			if used[id] == 0 {
				n++
				used[id] = n
			}
			g.tiles[i] = uint16(used[id] - 1)
		}
	}
	return g, g.readCodes(r, count, used, cacheBits)
}

// readCodes reads the codes of count groups and keeps those that are used.
func (g *groups) readCodes(r *bitReader, count int, used []int32, cacheBits uint) error {
	green := numLiterals + numLengths
	if cacheBits > 0 {
		green += 1 << cacheBits
	}
	lengths := make([]uint8, green)
	sizes := [numCodes]int{green, numLiterals, numLiterals, numLiterals, numDistances}
	type place struct {
		at    int
		width uint
	}
	var tables []entry
	places := make([][numCodes]place, 0, min(count, 64))
	order := make([]int, 0, min(count, 64)) // by place in list
	for i := range count {
		keep := used == nil || used[i] > 0
		var p [numCodes]place
		for c, size := range sizes {
			if err := readLengths(r, lengths[:size]); err != nil {
				return err
			}
			if r.overrun() {
				return raster.Corruptf("VP8L data ends within its prefix codes")
			}
			if !keep {
				continue
			}
			p[c].at = len(tables)
			var err error
			if tables, p[c].width, err = appendCode(tables, lengths[:size]); err != nil {
				return err
			}
			if len(tables) > maxEntries {
				return raster.Unsupportedf("VP8L prefix codes need more than %d table entries", maxEntries)
			}
		}
		if keep {
			places = append(places, p)
			order = append(order, i)
		}
	}
	g.list = make([]group, len(places))
	for n, p := range places {
		at := 0
		if used != nil {
			at = int(used[order[n]] - 1)
		}
		for c := range p {
			g.list[at].codes[c] = code{tables[p[c].at:], 1<<p[c].width - 1}
		}
		g.list[at].findSingle()
	}
	return nil
}

// findSingle looks for codes that take no bits.
func (g *group) findSingle() {
	c := &g.codes
	g.opaque = c[codeAlpha].mask == 0 && c[codeAlpha].table[0]>>8 == 255
	if c[codeRed].mask|c[codeBlue].mask|c[codeAlpha].mask == 0 {
		g.single = true
		g.rest = uint32(c[codeAlpha].table[0]>>8)<<24 | uint32(c[codeRed].table[0]>>8)<<16 | uint32(c[codeBlue].table[0]>>8)
	}
}

// tiles returns the number of tiles of 1<<bits pixels that cover size pixels.
func tiles(size int, bits uint) int { return (size + 1<<bits - 1) >> bits }
