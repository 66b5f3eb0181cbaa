package lzw

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// decode returns nil when it needs room for output, or more input. It keeps few
// variables, so that all are in registers.
//
// Both orders of bits are read by this loop: one of its own for the highest
// first would gain it 3 to 6 %, and the branch costs the other order nothing
// (BenchmarkDecode, 2026-11-24).
//
// The invariant that makes a code a copy: the string of the code that is being
// defined is what the previous code put out, and the byte after it, so it is
// out[prevPos:outPos+1]. If that very code comes next, the last byte is not yet
// there: it equals the first.
func (z *Reader) decode() error {
	in, out, table := z.in, z.out, &z.table
	bitPos, bitEnd := z.bitPos, z.inEnd*8
	outPos, outLast, prevPos := z.outPos, z.limit, z.prevPos
	next, width, grow, clear := z.next, z.width, z.grow, z.clear
	var err error
	for outPos < outLast {
		if bitPos+width > bitEnd {
			err = z.inputError()
			break
		}
		window, shift := binary.LittleEndian.Uint64(in[bitPos>>3:]), bitPos&7
		if z.msb {
			window, shift = bits.ReverseBytes64(window), 64-width-shift
		}
		code := int(window>>(shift&63)) & (1<<(width&15) - 1)
		bitPos += width
		if uint(code-clear) <= 1 {
			if code != clear {
				err = io.EOF
				break
			}
			z.outPos = outPos
			z.restart()
			prevPos, next, width, grow = z.prevPos, z.next, z.width, z.grow
			continue
		}
		if next < maxCodes {
			table[next] = uint64(prevPos)<<16 | uint64(outPos-prevPos+1)
			next++
		}
		if code >= next {
			err = ErrCorrupt
			break
		}
		from, n := int(table[code&(maxCodes-1)]>>16), int(table[code&(maxCodes-1)]&0xffff)
		binary.LittleEndian.PutUint64(out[outPos:], binary.LittleEndian.Uint64(out[from:]))
		for i := 8; i < n; i += 8 {
			binary.LittleEndian.PutUint64(out[outPos+i:], binary.LittleEndian.Uint64(out[from+i:]))
		}
		if code == next-1 && from == prevPos {
			out[outPos+n-1] = out[from]
		}
		prevPos = outPos
		outPos += n
		if next == grow {
			width, grow = z.widen(width, outPos)
		}
	}
	z.bitPos, z.outPos, z.prevPos = bitPos, outPos, prevPos
	z.next, z.width, z.grow = next, width, grow
	return err
}

// widen is what happens when next reaches grow: codes get wider, or all of them
// are defined.
func (z *Reader) widen(width, outPos int) (newWidth, grow int) {
	if width == maxWidth {
		z.full = outPos
		return width, maxCodes + 1
	}
	if width++; width == maxWidth {
		return width, maxCodes
	}
	return width, 1<<width - z.early
}
