package intra

// LoadLuma reads what AddLuma adds: the luma samples under a block of chroma,
// without their mean. pix, at and stride are those of the luma plane, width and
// height how many samples there are from at on; subX and subY are 1 where
// chroma has half the columns or rows; log2W and log2H are the size of the
// block of chroma, at most 5. Section 7.11.5.
func (p *Predictor) LoadLuma(pix []uint16, at, stride, width, height, subX, subY, log2W, log2H int) {
	w, h := 1<<log2W, 1<<log2H
	columns, rows := min(w, width>>subX), min(h, height>>subY)
	sum := int32(0)
	for y := range h {
		line := p.luma[y<<log2W:][:w]
		if y >= rows {
			copy(line, p.luma[(y-1)<<log2W:])
		} else {
			row := pix[at+(y<<subY)*stride:]
			loadLine(line[:columns], row, row[subY*stride:], subX, subY)
			for x := columns; x < w; x++ {
				line[x] = line[x-1]
			}
		}
		for _, v := range line {
			sum += v
		}
	}
	mean := (sum + int32(1)<<(log2W+log2H)>>1) >> (log2W + log2H)
	for i := range p.luma[:w*h] {
		p.luma[i] -= mean
	}
}

// loadLine sets line to eight times the means of samples of a row, and of the
// next row where subY is 1.
func loadLine(line []int32, row, next []uint16, subX, subY int) {
	n := len(line) << subX
	row, next = row[:n], next[:n]
	switch {
	case subX == 0:
		for x := range line {
			line[x] = int32(row[x]) << 3
		}
	case subY == 0:
		for x := range line {
			line[x] = (int32(row[2*x]) + int32(row[2*x+1])) << 2
		}
	default:
		for x := range line {
			line[x] = (int32(row[2*x]) + int32(row[2*x+1]) + int32(next[2*x]) + int32(next[2*x+1])) << 1
		}
	}
}

// AddLuma adds what LoadLuma read, times alpha/8, to a block that mode DC
// predicted.
func (p *Predictor) AddLuma(b *Block, alpha int) {
	most := int32(1)<<p.Depth - 1
	mean := int32(b.Pix[b.At])
	for y := range 1 << b.Log2H {
		row := b.row(y)
		for x, v := range p.luma[y<<b.Log2W:][:len(row)] {
			v *= int32(alpha)
			// Halves are rounded away from zero.
			row[x] = uint16(min(max(mean+(v+32+v>>31)>>6, 0), most))
		}
	}
}

// Copy predicts w by h samples at pix[at] from those at pix[from], in the same
// plane: intra block copy, which has whole vectors in luma, and halves of them
// where chroma has half the columns or rows. columns and rows are how many
// samples there are at pix[from]; further ones repeat the last. Section
// 7.11.3.4 with the filter that has two taps.
func Copy(pix []uint16, at, from, stride, w, h, columns, rows int, halfX, halfY bool) {
	for y := range h {
		out := pix[at+y*stride:][:w]
		row := pix[from+min(y, rows-1)*stride:][:min(columns, w+1)]
		if !halfX && !halfY && columns >= w {
			copy(out, row)
			continue
		}
		below := row
		if halfY {
			below = pix[from+min(y+1, rows-1)*stride:][:len(row)]
		}
		for x := range out {
			a := min(x, len(row)-1)
			b := a
			if halfX {
				b = min(x+1, len(row)-1)
			}
			out[x] = uint16((uint32(row[a]) + uint32(row[b]) + uint32(below[a]) + uint32(below[b]) + 2) >> 2)
		}
	}
}
