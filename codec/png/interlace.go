package png

import "s3-thumbnail-creator/codec/raster"

// pass is one of the seven of Adam7: section 8.1.
type pass struct{ x, y, stepX, stepY int }

var passes = [7]pass{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

func (p *picture) decodePasses() error {
	w, h := p.d.info.Width, p.d.info.Height
	for i, pass := range passes {
		n := (w - pass.x + pass.stepX - 1) / pass.stepX
		if n <= 0 {
			continue
		}
		clear(p.cur) // becomes the row above the first one
		for y := pass.y; y < h; y += pass.stepY {
			row, err := p.row(p.d.rowBytes(n))
			if err != nil {
				return err
			}
			p.pass, p.passRow = i, (y-pass.y)/pass.stepY
			p.conv.add(p.red, pass.x, y, pass.stepX, row, n)
		}
	}
	return nil
}

// passOf is the pass that a pixel belongs to.
func passOf(x, y int) int {
	for i := len(passes) - 1; i > 0; i-- {
		p := passes[i]
		if x%p.stepX == p.x && y%p.stepY == p.y {
			return i
		}
	}
	return 0
}

// decoded reports whether a pixel came before the data ended.
func (p *picture) decoded(x, y int) bool {
	i := passOf(x, y)
	return i < p.pass || i == p.pass && y/passes[i].stepY <= p.passRow
}

// parent is the pixel of an earlier pass that stands for x, y until it comes.
func parent(x, y int) (int, int) {
	switch passOf(x, y) {
	case 1:
		return x &^ 7, y
	case 2:
		return x, y &^ 7
	case 3:
		return x &^ 3, y
	case 4:
		return x, y &^ 3
	case 5:
		return x &^ 1, y
	case 6:
		return x, y &^ 1
	}
	return x, y
}

// fillGaps shows an interlaced picture that broke off as a browser shows one
// that is still loading: what has not come yet looks like the nearest pixel of
// an earlier pass.
func (p *picture) fillGaps(img *raster.Image, fx, fy int) {
	size := img.Model.Bytes()
	for by := range img.Height {
		for bx := range img.Width {
			if p.boxDecoded(bx, by, fx, fy) {
				continue
			}
			x, y := bx*fx, by*fy
			for !p.decoded(x, y) {
				px, py := parent(x, y)
				if px == x && py == y {
					break
				}
				x, y = px, py
			}
			from, to := size*(y/fy*img.Width+x/fx), size*(by*img.Width+bx)
			copy(img.Pix[to:to+size], img.Pix[from:from+size])
		}
	}
}

func (p *picture) boxDecoded(bx, by, fx, fy int) bool {
	// A box of eight pixels a side or more has a pixel of the first pass.
	for y := by * fy; y < min((by+1)*fy, p.d.info.Height, by*fy+8); y++ {
		for x := bx * fx; x < min((bx+1)*fx, p.d.info.Width, bx*fx+8); x++ {
			if p.decoded(x, y) {
				return true
			}
		}
	}
	return false
}
