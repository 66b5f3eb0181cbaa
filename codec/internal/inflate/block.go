package inflate

import "encoding/binary"

// huffman decodes a compressed block until it ends or the output reaches limit.
func (z *Reader) huffman() error {
	for z.outPos < z.limit {
		z.fill(2 * fastInput)
		ended, err := false, error(nil)
		if z.inEnd-z.inPos >= fastInput {
			ended, err = z.fast()
		} else {
			ended, err = z.symbol()
		}
		if err != nil {
			return err
		}
		if ended {
			z.block = blockNone
			return nil
		}
	}
	return nil
}

// fast decodes symbols while one turn can take fastInput bytes and put out
// a match and some literals without looking for the end of either.
//
// The literals are written out four times. As a loop they are 12 to 24 % slower
// on short runs and 2 % on the rest (BenchmarkInflate, 2026-11-24).
func (z *Reader) fast() (ended bool, err error) {
	in, out := z.in[:z.inEnd], z.out
	inPos, outPos := z.inPos, z.outPos
	bits, nbits := z.bits, z.nbits
	lit, dist := &z.lit, &z.dist
	inLast, outLast := len(in)-fastInput, z.limit

	for inPos <= inLast && outPos < outLast {
		// Bits above nbits may hold input already: it is or-ed with itself.
		bits |= binary.LittleEndian.Uint64(in[inPos:]) << (nbits & 63)
		inPos += int(63-nbits) >> 3
		nbits |= 56

		e := lit[bits&(1<<litBits-1)]
		if e&isLiteral != 0 {
			bits >>= e & 63
			nbits -= uint(e & 63)
			out[outPos] = byte(e >> 16)
			outPos++
			e = lit[bits&(1<<litBits-1)]
			if e&isLiteral != 0 {
				bits >>= e & 63
				nbits -= uint(e & 63)
				out[outPos] = byte(e >> 16)
				outPos++
				e = lit[bits&(1<<litBits-1)]
				if e&isLiteral != 0 {
					bits >>= e & 63
					nbits -= uint(e & 63)
					out[outPos] = byte(e >> 16)
					outPos++
					e = lit[bits&(1<<litBits-1)]
					if e&isLiteral != 0 {
						bits >>= e & 63
						nbits -= uint(e & 63)
						out[outPos] = byte(e >> 16)
						outPos++
						continue
					}
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isSubtable != 0 {
				bits >>= litBits
				nbits -= litBits
				e = lit[(uint64(e>>16)+bits&(1<<(e>>8&0x1f)-1))&(litSize-1)]
				if e&isLiteral != 0 {
					bits >>= e & 63
					nbits -= uint(e & 63)
					out[outPos] = byte(e >> 16)
					outPos++
					continue
				}
			}
			if e&isSpecial != 0 {
				if e&isEnd == 0 {
					err = ErrCorrupt
				}
				bits >>= e & 63
				nbits -= uint(e & 63)
				ended = true
				break
			}
		}
		length := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&0xf))
		bits >>= e & 63
		nbits -= uint(e & 63)

		bits |= binary.LittleEndian.Uint64(in[inPos:]) << (nbits & 63)
		inPos += int(63-nbits) >> 3
		nbits |= 56
		e = dist[bits&(1<<distBits-1)]
		if e&isSpecial != 0 {
			if e&isSubtable != 0 {
				bits >>= distBits
				nbits -= distBits
				e = dist[(uint64(e>>16)+bits&(1<<(e>>8&0x1f)-1))&(distSize-1)]
			}
			if e&isSpecial != 0 {
				err = ErrCorrupt
				break
			}
		}
		distance := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&0xf))
		bits >>= e & 63
		nbits -= uint(e & 63)

		from := outPos - distance
		if from < 0 {
			err = ErrCorrupt
			break
		}
		end := outPos + length
		if distance >= 8 {
			for {
				binary.LittleEndian.PutUint64(out[outPos:], binary.LittleEndian.Uint64(out[from:]))
				outPos += 8
				from += 8
				if outPos >= end {
					break
				}
			}
		} else if distance == 1 {
			v := uint64(out[from]) * 0x0101010101010101
			for outPos < end {
				binary.LittleEndian.PutUint64(out[outPos:], v)
				outPos += 8
			}
		} else {
			// Of eight bytes copied the first distance are right.
			for outPos < end {
				binary.LittleEndian.PutUint64(out[outPos:], binary.LittleEndian.Uint64(out[from:]))
				outPos += distance
				from += distance
			}
		}
		outPos = end
	}

	// Whole bytes in the bit buffer go back to the input.
	inPos -= int(nbits >> 3)
	nbits &= 7
	z.inPos, z.outPos = inPos, outPos
	z.bits, z.nbits = bits&(1<<nbits-1), nbits
	return ended, err
}

// symbol decodes one symbol near the end of the input.
func (z *Reader) symbol() (ended bool, err error) {
	e, err := z.code(z.lit[:], litBits)
	if err != nil {
		return false, err
	}
	if e&isLiteral != 0 {
		z.out[z.outPos] = byte(e >> 16)
		z.outPos++
		return false, nil
	}
	if e&isSpecial != 0 {
		if e&isEnd == 0 {
			return false, ErrCorrupt
		}
		return true, nil
	}
	length, err := z.value(e)
	if err != nil {
		return false, err
	}
	e, err = z.code(z.dist[:], distBits)
	if err != nil {
		return false, err
	}
	if e&isSpecial != 0 {
		return false, ErrCorrupt
	}
	distance, err := z.value(e)
	if err != nil {
		return false, err
	}
	if distance > z.outPos {
		return false, ErrCorrupt
	}
	for range length {
		z.out[z.outPos] = z.out[z.outPos-distance]
		z.outPos++
	}
	return false, nil
}

// code takes one code and returns its entry.
func (z *Reader) code(table []uint32, width uint) (uint32, error) {
	if z.nbits < maxBits {
		z.refill()
	}
	e := table[z.bits&(1<<width-1)]
	if e&(isLiteral|isSubtable) == isSubtable {
		if _, err := z.take(width); err != nil {
			return 0, err
		}
		e = table[uint64(e>>16)+z.bits&(1<<(e>>8&0x1f)-1)]
	}
	n := uint(e & 63)
	if e&(isLiteral|isSpecial) == 0 {
		n = uint(e >> 8 & 0xf)
	}
	_, err := z.take(n)
	return e, err
}

// value takes the extra bits of a length or distance.
func (z *Reader) value(e uint32) (int, error) {
	v, err := z.take(uint(e&63) - uint(e>>8&0xf))
	return int(e>>16) + int(v), err
}
