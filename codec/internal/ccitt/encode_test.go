package ccitt

import "strings"

// encode writes rows of 0 (white) and 1 (black) in a mode, by the book: T.4 and
// T.6. Rows of Group 3 in two dimensions have one in one dimension every four.
func encode(rows [][]byte, m Mode) []byte {
	var b strings.Builder
	above := make([]byte, len(rows[0]))
	for i, row := range rows {
		switch m {
		case Huffman, HuffmanWords:
			n := 8
			if m == HuffmanWords {
				n = 16
			}
			for b.Len()%n != 0 {
				b.WriteByte('0')
			}
			oneDimension(&b, row)
		case Group3:
			b.WriteString(strings.Repeat("0", i%7) + "000000000001") // fill bits
			oneDimension(&b, row)
		case Group3TwoDimensional:
			b.WriteString("000000000001")
			if i%4 == 0 {
				b.WriteByte('1')
				oneDimension(&b, row)
			} else {
				b.WriteByte('0')
				twoDimensions(&b, row, above)
			}
		case Group4:
			twoDimensions(&b, row, above)
		}
		above = row
	}
	switch m {
	case Group3:
		b.WriteString(strings.Repeat("000000000001", 6))
	case Group3TwoDimensional:
		b.WriteString(strings.Repeat("0000000000011", 6))
	case Group4:
		b.WriteString(strings.Repeat("000000000001", 2))
	}
	return pack(b.String())
}

func pack(bits string) []byte {
	out := make([]byte, (len(bits)+7)/8)
	for i, c := range bits {
		if c == '1' {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

func run(b *strings.Builder, color byte, n int) {
	codes := strings.Fields([]string{whiteCodes, blackCodes}[color] + " " + longCodes)
	for ; n > 2560; n -= 2560 {
		b.WriteString(codes[63+40])
	}
	if n >= 64 {
		b.WriteString(codes[63+n/64])
	}
	b.WriteString(codes[n%64])
}

func oneDimension(b *strings.Builder, row []byte) {
	color := byte(0)
	for x := 0; x < len(row); color ^= 1 {
		from := x
		for x < len(row) && row[x] == color {
			x++
		}
		run(b, color, x-from)
	}
}

// next is the first place from x on, behind which the color is another than
// before, that is a change to the color opposite to the given one.
func next(row []byte, x int, color byte) int {
	for ; x < len(row); x++ {
		before := byte(0)
		if x > 0 {
			before = row[x-1]
		}
		if row[x] != before && row[x] != color {
			break
		}
	}
	return x
}

func twoDimensions(b *strings.Builder, row, above []byte) {
	codes := strings.Fields(modeCodes)
	color := byte(0)
	for a0 := -1; a0 < len(row); {
		x := max(a0, 0)
		a1 := x
		for a1 < len(row) && row[a1] == color {
			a1++
		}
		b1 := next(above, a0+1, color)
		b2 := next(above, b1+1, color^1)
		switch d := a1 - b1; {
		case b2 < a1:
			b.WriteString(codes[pass])
			a0 = b2
		case d >= -3 && d <= 3:
			i := d
			if d < 0 {
				i = 3 - d
			}
			b.WriteString(codes[int(vertical)+i])
			a0, color = a1, color^1
		default:
			a2 := a1
			for a2 < len(row) && row[a2] != color {
				a2++
			}
			b.WriteString(codes[horizontal])
			run(b, color, a1-x)
			run(b, color^1, a2-a1)
			a0 = a2
		}
	}
}
