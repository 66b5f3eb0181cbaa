package vp8

// Kinds of blocks, the first index of the coefficient probabilities (RFC 6386
// section 13.3).
const (
	typeY1AfterY2 = iota // luma without its first coefficient
	typeY2               // the first coefficients of the 16 luma blocks
	typeUV
	typeY1 // luma with its first coefficient
	numTypes
)

const (
	numBands    = 8
	numContexts = 3
	numNodes    = 11
)

// bandOf maps a position in zigzag order to its band; the 17th is what
// follows the last coefficient and is never used to decode.
var bandOf = [17]uint8{0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0}

// zigzag maps the order of coding to the place in a block.
var zigzag = [16]uint8{0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15}

// extraBits are the probabilities of the extra bits of the token categories 3
// to 6 (RFC 6386 section 13.2).
var extraBits = [4][]uint8{
	{173, 148, 140},
	{176, 155, 140, 135},
	{180, 157, 141, 134, 130},
	{254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129},
}

// positionProbs are the probabilities of one type of block by position.
type positionProbs [17]*[numContexts][numNodes]uint8

// block decodes the tokens of one block, from position n on, in the context
// ctx (how many of the neighbors have coefficients), into out, scaled by
// step. It returns the position after the last coefficient: n where there is
// none.
func (b *bools) block(probs *positionProbs, ctx uint8, step *[2]int32, n uint, out *[16]int16) uint {
	w, data, pos := b.window, b.data, b.pos
	p := &probs[n&15][ctx]
	for n < 16 {
		// Up to three booleans of at most seven bits, and a sign, until the next
		// refill.
		if w.low() {
			w, pos = refill(w, data, pos)
		}
		split := w.split(p[0])
		if w.value>>56 <= split {
			b.window, b.pos = w.ifFalse(split), pos
			return n
		}
		w = w.ifTrue(split)
		for {
			split = w.split(p[1])
			if w.value>>56 > split {
				break
			}
			w = w.ifFalse(split)
			n++
			if n == 16 {
				b.window, b.pos = w, pos
				return 16
			}
			p = &probs[n][0]
			if w.low() {
				w, pos = refill(w, data, pos)
			}
		}
		w = w.ifTrue(split)
		v := int32(1)
		next := probs[n+1]
		split = w.split(p[2])
		if w.value>>56 <= split {
			w = w.ifFalse(split)
			p = &next[1]
		} else {
			w = w.ifTrue(split)
			if w.low() {
				w, pos = refill(w, data, pos)
			}
			split = w.split(p[3])
			if w.value>>56 > split {
				w, v, pos = large(w.ifTrue(split), p, data, pos)
			} else {
				w, v = upToFour(w.ifFalse(split), p)
			}
			p = &next[2]
		}
		w, v = w.sign(v)
		out[zigzag[n]] = int16(v * step[min(n, 1)])
		n++
	}
	b.window, b.pos = w, pos
	return 16
}

// upToFour decodes the rest of a token for 2, 3 or 4.
func upToFour(w window, p *[numNodes]uint8) (window, int32) {
	split := w.split(p[4])
	if w.value>>56 <= split {
		return w.ifFalse(split), 2
	}
	w = w.ifTrue(split)
	split = w.split(p[5])
	if w.value>>56 <= split {
		return w.ifFalse(split), 3
	}
	return w.ifTrue(split), 4
}

// large decodes the rest of a token whose magnitude is at least 5 and its
// extra bits. It leaves at least nine bits in the window, for the sign.
func large(w window, p *[numNodes]uint8, data []byte, pos int) (window, int32, int) {
	var bit bool
	if w.low() {
		w, pos = refill(w, data, pos)
	}
	if w, bit = w.bit(p[6]); !bit {
		if w, bit = w.bit(p[7]); !bit {
			w, bit = w.bit(159)
			return w, 5 + number(bit), pos
		}
		var low bool
		w, bit = w.bit(165)
		w, low = w.bit(145)
		return w, 7 + 2*number(bit) + number(low), pos
	}
	w, bit = w.bit(p[8])
	if w.low() {
		w, pos = refill(w, data, pos)
	}
	category := number(bit)
	w, bit = w.bit(p[9+category])
	category = 2*category + number(bit)
	v := int32(0)
	for _, prob := range extraBits[category] {
		if w.low() {
			w, pos = refill(w, data, pos)
		}
		w, bit = w.bit(prob)
		v = 2*v + number(bit)
	}
	if w.low() {
		w, pos = refill(w, data, pos)
	}
	return w, 3 + 8<<category + v, pos
}

func number(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
