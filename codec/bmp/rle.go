package bmp

import "io"

// decodeRLE decodes run-length coded rows: pairs of a count and a value that
// repeats, or 0 and an escape: end of row, end of picture, a step to the right
// and down, or a count of values that follow (Microsoft, "Bitmap
// Compression"). Values are bytes with RLE8, two pixels of four bits with RLE4,
// three bytes with OS/2's RLE24.
func (p *picture) decodeRLE() error {
	size := max(p.d.depth/8, 1) // bytes of a pixel in the row
	row := make([]byte, p.d.info.Width*size)
	x := 0
	end := func() {
		p.add(row)
		clear(row)
		x = 0
	}
	for p.rows < p.d.info.Height {
		count, err := p.d.r.ReadByte()
		if err != nil {
			return p.partial(row, x, err)
		}
		if count > 0 {
			n, err := p.run(row[min(x*size, len(row)):], int(count), true)
			if err != nil {
				return p.partial(row, x, err)
			}
			x = min(x+n, p.d.info.Width)
			continue
		}
		escape, err := p.d.r.ReadByte()
		if err != nil {
			return p.partial(row, x, err)
		}
		switch escape {
		case 0:
			end()
		case 1:
			for p.rows < p.d.info.Height {
				end()
			}
		case 2:
			var step [2]byte
			if _, err := io.ReadFull(p.d.r, step[:]); err != nil {
				return p.partial(row, x, err)
			}
			at := min(x+int(step[0]), p.d.info.Width)
			for range step[1] {
				if p.rows < p.d.info.Height {
					end()
				}
			}
			x = at
		default:
			n, err := p.run(row[min(x*size, len(row)):], int(escape), false)
			if err != nil {
				return p.partial(row, x, err)
			}
			x = min(x+n, p.d.info.Width)
		}
	}
	return nil
}

// partial adds a row that the data ended in.
func (p *picture) partial(row []byte, x int, err error) error {
	if x > 0 && broken(err) && p.rows < p.d.info.Height {
		p.add(row)
	}
	return err
}

// run writes count pixels to the start of row, as far as they fit: the same one
// or two again and again, or those that follow, padded to an even number of
// bytes. It returns count.
func (p *picture) run(row []byte, count int, same bool) (int, error) {
	var stored [3*255 + 1]byte
	n := p.stored(count)
	if same {
		n = p.stored(1)
	} else {
		n += n & 1
	}
	if _, err := io.ReadFull(p.d.r, stored[:n]); err != nil {
		return 0, err
	}
	switch {
	case p.d.depth == 4:
		for i := range min(count, len(row)) {
			at := i >> 1
			if same {
				at = 0
			}
			row[i] = stored[at] >> (4 &^ (i << 2)) & 15
		}
	case !same:
		copy(row, stored[:p.stored(count)])
	default:
		size := p.stored(1)
		for i := range min(count*size, len(row)) {
			row[i] = stored[i%size]
		}
	}
	return count, nil
}

// stored is the number of bytes that count pixels take in the file.
func (p *picture) stored(count int) int { return (count*p.d.depth + 7) / 8 }
