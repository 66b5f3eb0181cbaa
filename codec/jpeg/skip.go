package jpeg

// acSymbol is the AC symbol that the bits of a table's index begin with.
type acSymbol struct {
	length uint8 // bits of the code; 0 where it does not fit
	total  uint8 // and of the magnitude
	adv    uint8 // coefficients passed; endOfBlock for EOB
}

// acSymbols lists the first symbol for each index of skipBits.
type acSymbols [1 << skipBits]acSymbol

func (h *huffman) listSymbols(list *acSymbols) {
	clear(list[:])
	h.eachCode(skipBits, func(code, length uint, symbol uint8) {
		run, size := symbol>>4, symbol&15
		s := acSymbol{uint8(length), uint8(length) + size, run + 1}
		if size == 0 && run < 15 {
			s.adv = endOfBlock
		}
		from := code << (skipBits - length)
		for i := from; i < from+1<<(skipBits-length); i++ {
			list[i] = s
		}
	})
}

// chain follows the symbols in index, of which the first used bits are spent,
// as long as their codes are whole: up to an EOB, or to the last coefficient
// of a block. It returns the bits spent in the end and the coefficients
// passed.
func (list *acSymbols) chain(index, used uint) (total, adv uint) {
	const mask = 1<<skipBits - 1
	for used < skipBits && adv < 63 {
		s := list[index<<used&mask]
		if s.length == 0 || used+uint(s.length) > skipBits || s.adv != endOfBlock && adv+uint(s.adv) > 63 {
			break
		}
		used += uint(s.total)
		adv += uint(s.adv)
		if s.adv == endOfBlock {
			break
		}
	}
	return used, adv
}

// makeSkips fills the skip table.
func (h *huffman) makeSkips() {
	var list acSymbols
	h.listSymbols(&list)
	for i := range h.skip {
		total, adv := list.chain(uint(i), 0)
		h.skip[i] = uint16(total | adv<<8)
	}
}

// blockStart maps the next skipBits to the DC coefficient of a block and the
// AC symbols that follow it in those bits:
//
//	bits 0-4   bits taken by the DC symbol and its magnitude; 0: it does not fit
//	bits 5-9   bits taken by all
//	bits 10-17 coefficients the AC symbols pass; endOfBlock more for EOB
//	bits 18-31 the DC difference, signed
type blockStart struct {
	dc, ac *huffman
	table  [1 << skipBits]uint32
}

// prepare makes the table for a pair of tables.
func (b *blockStart) prepare(dc, ac *huffman) {
	b.dc, b.ac = dc, ac
	var list acSymbols
	ac.listSymbols(&list)
	for i := range b.table {
		b.table[i] = 0
		acc := uint64(i) << (64 - skipBits)
		symbol, used := dc.symbol(acc)
		size := uint(symbol & 15)
		if used += size; used > skipBits {
			continue
		}
		diff := int32(0)
		if size > 0 {
			diff = extend(acc<<(used-size), size)
		}
		total, adv := list.chain(uint(i), used)
		b.table[i] = uint32(used) | uint32(total)<<5 | uint32(adv)<<10 | uint32(diff)<<18
	}
}
