package inflate

import "math/bits"

// An entry of a table says what a code means and how many bits it takes:
//
//	bit  31     literal (then bits 16-23 are its value)
//	bits 16-30  base of a length or distance, start of a subtable
//	bit  15     neither literal nor length: see bits 13 and 14
//	bit  14     subtable; bits 8-12 are its width
//	bit  13     end of the block
//	bits 8-11   bits of the code without the extra bits
//	bits 0-5    bits to take, extra bits included
//
// An entry with only bit 15 set is a code that is not in use.
const (
	isLiteral  = 1 << 31
	isSpecial  = 1 << 15
	isSubtable = 1 << 14
	isEnd      = 1 << 13
)

const (
	litBits  = 11
	distBits = 8
	maxBits  = 15
	litSize  = 4096 // powers of two that hold the main table and every subtable
	distSize = 1024
)

type (
	litTable  = [litSize]uint32
	distTable = [distSize]uint32
)

// litEntries and distEntries are the entries of symbols without the lengths of
// their codes: RFC 1951, section 3.2.5.
var litEntries, distEntries = symbolEntries()

func symbolEntries() (lit [288]uint32, dist [32]uint32) {
	for s := range 256 {
		lit[s] = isLiteral | uint32(s)<<16
	}
	lit[256] = isSpecial | isEnd
	base := uint32(3)
	for s := 257; s < 285; s++ {
		extra := uint32(0)
		if s >= 265 {
			extra = uint32(s-261) / 4
		}
		lit[s] = base<<16 | extra
		base += 1 << extra
	}
	lit[285] = 258 << 16
	lit[286], lit[287] = isSpecial, isSpecial
	base = 1
	for s := range 30 {
		extra := uint32(0)
		if s >= 4 {
			extra = uint32(s-2) / 2
		}
		dist[s] = base<<16 | extra
		base += 1 << extra
	}
	dist[30], dist[31] = isSpecial, isSpecial
	return lit, dist
}

// buildTable fills table, whose main part is indexed by width bits, from the
// lengths of the codes. It refuses codes that are used more than up; codes that
// are left over are an error only when they come.
func buildTable(table []uint32, width uint, lengths []uint8, entries []uint32) error {
	var count, next [maxBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	left := 1
	code := 0
	for n := 1; n <= maxBits; n++ {
		left = left<<1 - count[n]
		if left < 0 {
			return ErrCorrupt
		}
		code = (code + count[n-1]) << 1
		next[n] = code
	}
	main := table[:1<<width]
	for i := range main {
		main[i] = isSpecial
	}
	b := subtables{table: table, width: width, used: 1 << width, count: &count}
	for n := uint(1); n <= maxBits; n++ {
		if count[n] == 0 {
			continue
		}
		for s, l := range lengths {
			if uint(l) != n {
				continue
			}
			rev := uint(bits.Reverse16(uint16(next[n])) >> (16 - n))
			next[n]++
			if n <= width {
				e := entry(entries[s], n)
				for i := rev; i < uint(len(main)); i += 1 << n {
					main[i] = e
				}
			} else if err := b.put(rev, n, entries[s]); err != nil {
				return err
			}
		}
	}
	return nil
}

// subtables places the codes that are longer than the main table is wide.
type subtables struct {
	table []uint32
	width uint
	used  int // entries of table in use
	count *[maxBits + 1]int
	done  int // codes of the current length placed
	of    uint
}

func (b *subtables) put(rev, n uint, e uint32) error {
	if b.of != n {
		b.of, b.done = n, 0
	}
	link := &b.table[rev&(1<<b.width-1)]
	if *link&isSubtable == 0 {
		// Codes come in order: the subtable is as wide as the codes that
		// follow need to fill it up.
		size := n - b.width
		room := 1<<size - (b.count[n] - b.done)
		for room > 0 && b.width+size < maxBits {
			size++
			room = room<<1 - b.count[b.width+size]
		}
		if b.used+1<<size > len(b.table) {
			return ErrCorrupt
		}
		*link = uint32(b.used)<<16 | isSpecial | isSubtable | uint32(size)<<8 | uint32(b.width)
		for i := range 1 << size {
			b.table[b.used+i] = isSpecial
		}
		b.used += 1 << size
	}
	b.done++
	start, size := *link>>16, *link>>8&0x1f
	sub := b.table[start : start+1<<size]
	rest := n - b.width
	e = entry(e, rest)
	for i := rev >> b.width; i < uint(len(sub)); i += 1 << rest {
		sub[i] = e
	}
	return nil
}

// entry completes the entry of a symbol by the length n of its code.
func entry(e uint32, n uint) uint32 {
	if e&(isLiteral|isSpecial) != 0 {
		return e | uint32(n)
	}
	extra := e & 0xff
	return e&^0xff | uint32(n)<<8 | (uint32(n) + extra)
}

// codeOrder is the order in which the lengths of the code length code are
// stored: RFC 1951, section 3.2.7.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// startBlock reads the header of a block.
func (z *Reader) startBlock() error {
	h, err := z.take(3)
	if err != nil {
		return err
	}
	z.final = h&1 != 0
	switch h >> 1 {
	case 0:
		return z.startStored()
	case 1:
		return z.startFixed()
	case 2:
		return z.startDynamic()
	}
	return ErrCorrupt
}

func (z *Reader) startStored() error {
	if _, err := z.take(z.nbits & 7); err != nil {
		return err
	}
	v, err := z.take(32)
	if err != nil {
		return err
	}
	if v&0xffff != ^v>>16 {
		return ErrCorrupt
	}
	z.stored = int(v & 0xffff)
	z.block = blockStored
	return nil
}

func (z *Reader) startFixed() error {
	var lengths [288 + 32]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		case i < 288:
			lengths[i] = 8
		default:
			lengths[i] = 5
		}
	}
	z.block = blockHuffman
	return z.buildTables(lengths[:288], lengths[288:])
}

func (z *Reader) buildTables(lit, dist []uint8) error {
	if err := buildTable(z.lit[:], litBits, lit, litEntries[:]); err != nil {
		return err
	}
	return buildTable(z.dist[:], distBits, dist, distEntries[:])
}

func (z *Reader) startDynamic() error {
	h, err := z.take(14)
	if err != nil {
		return err
	}
	nlit, ndist, ncode := int(h&31)+257, int(h>>5&31)+1, int(h>>10)+4
	if nlit > 286 {
		return ErrCorrupt
	}
	var codeLengths [19]uint8
	for _, s := range codeOrder[:ncode] {
		v, err := z.take(3)
		if err != nil {
			return err
		}
		codeLengths[s] = uint8(v)
	}
	var lengths [286 + 32]uint8
	if err := z.readLengths(&codeLengths, lengths[:nlit+ndist]); err != nil {
		return err
	}
	z.block = blockHuffman
	return z.buildTables(lengths[:nlit], lengths[nlit:nlit+ndist])
}

// readLengths reads the lengths of the codes of a dynamic block. The distance
// table is in use for the code length code meanwhile.
func (z *Reader) readLengths(codeLengths *[19]uint8, lengths []uint8) error {
	var symbols [19]uint32
	for s := range symbols {
		symbols[s] = isLiteral | uint32(s)<<16
	}
	if err := buildTable(z.dist[:], distBits, codeLengths[:], symbols[:]); err != nil {
		return err
	}
	for i := 0; i < len(lengths); {
		if z.nbits < 16 {
			z.refill()
		}
		e := z.dist[z.bits&(1<<distBits-1)]
		if e&isLiteral == 0 {
			return ErrCorrupt
		}
		if _, err := z.take(uint(e & 63)); err != nil {
			return err
		}
		s := uint8(e >> 16)
		if s < 16 {
			lengths[i] = s
			i++
			continue
		}
		repeat, extra := 3, uint(2)
		var value uint8
		switch s {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			value = lengths[i-1]
		case 17:
			extra = 3
		case 18:
			repeat, extra = 11, 7
		}
		v, err := z.take(extra)
		if err != nil {
			return err
		}
		repeat += int(v)
		if repeat > len(lengths)-i {
			return ErrCorrupt
		}
		for range repeat {
			lengths[i] = value
			i++
		}
	}
	return nil
}
