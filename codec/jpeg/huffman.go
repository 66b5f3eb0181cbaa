package jpeg

import "s3-thumbnail-creator/codec/raster"

// Bits of the stream that the tables are indexed by. Nine bits hold nearly
// every code with its magnitude; more gain nothing. With twelve, 8 KiB of skip
// table step over two or three symbols at a time and stay in the first-level
// cache; with thirteen it is no faster.
const (
	valueBits = 9
	skipBits  = 12
)

// huffman is a decoding table (T.81, annex C and F.2.2.3) in the three forms
// the decoders use. value and skip are made when a scan first needs them.
type huffman struct {
	minCode [17]int32 // smallest code of each length
	maxCode [17]int32 // largest code of each length, -1 where there is none
	offset  [17]int32 // index into symbols of the first code of a length, less that code
	symbols [256]uint8
	count   int

	// value maps the next valueBits to a symbol and its magnitude:
	//   bits 0-4   bits consumed
	//   bits 8-15  coefficients to step over before the value; endOfBlock for EOB
	//   bits 16-31 the value, signed
	// For DC tables bits 8-15 are zero. With codeOnly set, the magnitude does
	// not fit, or is none (the end-of-band codes of progressive scans):
	//   bits 0-4   length of the code, 0 where the code does not fit either
	//   bits 8-15  the symbol
	value   [1 << valueBits]uint32
	isValue tableClass // what value was made for

	// skip maps the next skipBits to as many whole AC symbols as begin in
	// them:
	//   bits 0-4  bits taken by their codes and magnitudes; 0: no code fits
	//   bits 8-15 coefficients they pass; 128 more where EOB is the last
	skip    [1 << skipBits]uint16
	hasSkip bool
}

type tableClass uint8

const (
	classNone tableClass = iota
	classDC
	classAC
	classProgressiveAC
)

const (
	codeOnly   = 0x80
	endOfBlock = 128
)

// set builds the canonical code from the counts of each length and the
// symbols.
func (h *huffman) set(counts *[16]uint8, symbols []uint8) error {
	h.isValue, h.hasSkip = classNone, false
	h.count = len(symbols)
	copy(h.symbols[:], symbols)
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		h.offset[length] = index - code
		h.minCode[length], h.maxCode[length] = 0, -1
		if n > 0 {
			if code+n > 1<<length {
				return raster.Corruptf("Huffman table with %d codes of %d bits where %d are free", n, length, 1<<length-code)
			}
			h.minCode[length], h.maxCode[length] = code, code+n-1
		}
		code = (code + n) << 1
		index += n
	}
	return nil
}

// lookup decodes the code at the top of acc with the help of its entry e in
// value, which has codeOnly set.
func (h *huffman) lookup(e uint32, acc uint64) (symbol uint8, length uint) {
	if e&31 != 0 {
		return uint8(e >> 8), uint(e & 31)
	}
	return h.symbol(acc)
}

// symbol decodes the code at the top of acc. Where no code matches it returns
// the symbol 0 and 16 bits, as other decoders do with damaged data.
func (h *huffman) symbol(acc uint64) (symbol uint8, length uint) {
	for length := uint(1); length <= 16; length++ {
		code := int32(acc >> (64 - length))
		if code <= h.maxCode[length] {
			return h.symbols[(code+h.offset[length])&255], length
		}
	}
	return 0, 16
}

// prepare makes the value table for DC or AC symbols, and the skip table.
func (h *huffman) prepare(class tableClass, skip bool) {
	if h.isValue != class {
		h.isValue = class
		h.makeValues(class)
	}
	if skip && !h.hasSkip {
		h.hasSkip = true
		h.makeSkips()
	}
}

func (h *huffman) makeValues(class tableClass) {
	for i := range h.value {
		h.value[i] = codeOnly
	}
	h.eachCode(valueBits, func(code uint, length uint, symbol uint8) {
		from := code << (valueBits - length)
		entries := h.value[from : from+1<<(valueBits-length)]
		run, size := uint(symbol>>4), uint(symbol&15)
		endOfBand := class != classDC && size == 0 && run < 15
		if length+size > valueBits || endOfBand && class == classProgressiveAC {
			for i := range entries {
				entries[i] = uint32(length) | codeOnly | uint32(symbol)<<8
			}
			return
		}
		if class == classDC {
			run = 0
		}
		if endOfBand {
			run = endOfBlock
		}
		for i := range entries {
			v := int32(0)
			if size > 0 {
				v = extend(uint64(from+uint(i))<<(64-valueBits)<<length, size)
			}
			entries[i] = uint32(length+size) | uint32(run)<<8 | uint32(v)<<16
		}
	})
}

// eachCode calls f for every code of at most maxLength bits.
func (h *huffman) eachCode(maxLength uint, f func(code, length uint, symbol uint8)) {
	for length := uint(1); length <= maxLength; length++ {
		for code := h.minCode[length]; code <= h.maxCode[length]; code++ {
			f(uint(code), length, h.symbols[(code+h.offset[length])&255])
		}
	}
}

// extend returns the signed value of the size bits at the top of acc (T.81,
// F.2.2.1); size is 1 to 15.
func extend(acc uint64, size uint) int32 {
	v := int32(acc >> (64 - size))
	negative := int32(int64(acc)>>63) ^ -1
	return v + negative&(1-1<<size)
}
