package vp8l

import (
	"math/bits"

	"s3-thumbnail-creator/codec/raster"
)

const (
	maxLength = 15 // bits of the longest word of a prefix code
	rootBits  = 8  // looked up at once

	// maxEntries bounds the tables of all codes of a picture, four bytes an
	// entry. A picture of libwebp's largest settings needs half of it.
	maxEntries = 8 << 20
)

// entry is what a table says of the next bits: the length of the word in the
// low eight bits and its symbol above. In a table of the first level, a length
// above rootBits stands for rootBits plus the width of a table of the second
// level, and the symbol for that table's distance.
type entry uint32

// code is a prefix code: a table that is indexed by the next bits.
type code struct {
	table []entry
	mask  uint32
}

// symbol decodes a symbol. The caller has filled r.
func (c *code) symbol(r *bitReader) uint32 {
	e := c.table[uint32(r.value)&c.mask]
	if n := uint8(e); n > rootBits {
		r.drop(rootBits)
		e = c.table[uint32(e>>8)+uint32(r.value)&(1<<(n-rootBits)-1)]
	}
	r.drop(uint(uint8(e)))
	return uint32(e >> 8)
}

// appendCode appends to tables the table of the canonical prefix code with the
// given lengths of words, 0 for symbols that do not occur. A code of one symbol
// takes no bits. It returns the width of the table's first level.
func appendCode(tables []entry, lengths []uint8) ([]entry, uint, error) {
	var count [maxLength + 1]int
	last, used := 0, 0
	for s, n := range lengths {
		if n > 0 {
			count[n]++
			last = s
			used++
		}
	}
	if used == 1 {
		return append(tables, entry(last)<<8), 0, nil
	}
	// The words of a complete code fill the space of words exactly.
	next, space, longest := [maxLength + 1]uint32{}, 0, uint(0)
	word := uint32(0)
	for n := 1; n <= maxLength; n++ {
		next[n] = word
		word = (word + uint32(count[n])) << 1
		space += count[n] << (maxLength - n)
		if count[n] > 0 {
			longest = uint(n)
		}
	}
	if space != 1<<maxLength {
		return tables, 0, raster.Corruptf("VP8L prefix code of %d symbols is not complete", used)
	}
	root := min(longest, rootBits)
	base := len(tables)
	tables = append(tables, make([]entry, 1<<root)...)
	if longest > rootBits {
		tables = appendSecondLevel(tables, base, lengths, next)
	}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		w := bits.Reverse32(next[n]) >> (32 - n)
		next[n]++
		table, from, step := tables[base:base+1<<root], w, uint32(1)<<n
		e := entry(s)<<8 | entry(n)
		if n > rootBits {
			second := table[w&(1<<rootBits-1)]
			at := base + int(second>>8)
			table = tables[at : at+1<<(uint8(second)-rootBits)]
			from, step = w>>rootBits, 1<<(n-rootBits)
			e = entry(s)<<8 | entry(n-rootBits)
		}
		for i := from; i < uint32(len(table)); i += step {
			table[i] = e
		}
	}
	return tables, root, nil
}

// appendSecondLevel makes room for the words longer than rootBits and enters
// it into the table at base.
func appendSecondLevel(tables []entry, base int, lengths []uint8, next [maxLength + 1]uint32) []entry {
	var width [1 << rootBits]uint8
	for _, n := range lengths {
		if n == 0 {
			continue
		}
		if n > rootBits {
			root := uint8(bits.Reverse32(next[n]) >> (32 - n))
			width[root] = max(width[root], n-rootBits)
		}
		next[n]++
	}
	for root, w := range width {
		if w > 0 {
			tables[base+root] = entry(len(tables)-base)<<8 | entry(rootBits+w)
			tables = append(tables, make([]entry, 1<<w)...)
		}
	}
	return tables
}

// lengthOrder is the order in which the lengths of the code for lengths are
// given (specification, section 6.2.1).
var lengthOrder = [19]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// readLengths reads the lengths of the words of a prefix code (specification,
// section 6.2). lengths is cleared first.
func readLengths(r *bitReader, lengths []uint8) error {
	clear(lengths)
	if r.bits(1) == 1 {
		// One or two symbols.
		two := r.bits(1) == 1
		first := r.bits(1 + 7*uint(r.bits(1)))
		if int(first) >= len(lengths) {
			return raster.Corruptf("VP8L symbol %d of an alphabet of %d", first, len(lengths))
		}
		lengths[first] = 1
		if two {
			second := r.bits(8)
			if int(second) >= len(lengths) {
				return raster.Corruptf("VP8L symbol %d of an alphabet of %d", second, len(lengths))
			}
			lengths[second] = 1
		}
		return nil
	}
	var own [19]uint8
	n := 4 + int(r.bits(4))
	if n > len(own) {
		return raster.Corruptf("VP8L code of code lengths has %d symbols; there are %d", n, len(own))
	}
	for _, s := range lengthOrder[:n] {
		own[s] = uint8(r.bits(3))
	}
	return readCodedLengths(r, lengths, own[:])
}

// readCodedLengths reads lengths that are coded with the prefix code own.
func readCodedLengths(r *bitReader, lengths, own []uint8) error {
	table, width, err := appendCode(make([]entry, 0, 1<<7), own)
	if err != nil {
		return err
	}
	c := code{table, 1<<width - 1}
	symbols := len(lengths)
	if r.bits(1) == 1 {
		symbols = 2 + int(r.bits(2+2*uint(r.bits(3))))
		if symbols > len(lengths) {
			return raster.Corruptf("VP8L code has %d lengths for an alphabet of %d", symbols, len(lengths))
		}
	}
	previous := uint8(8)
	for i := 0; i < len(lengths) && symbols > 0; symbols-- {
		r.fill()
		s := c.symbol(r)
		if s < 16 {
			lengths[i] = uint8(s)
			i++
			if s > 0 {
				previous = uint8(s)
			}
			continue
		}
		var repeat int
		v := uint8(0)
		switch s {
		case 16:
			repeat, v = 3+int(r.bits(2)), previous
		case 17:
			repeat = 3 + int(r.bits(3))
		default:
			repeat = 11 + int(r.bits(7))
		}
		if i+repeat > len(lengths) {
			return raster.Corruptf("VP8L code lengths run past the alphabet of %d", len(lengths))
		}
		for ; repeat > 0; repeat-- {
			lengths[i] = v
			i++
		}
	}
	return nil
}
