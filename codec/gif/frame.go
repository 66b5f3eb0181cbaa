package gif

import (
	"bufio"
	"io"

	"s3-thumbnail-creator/codec/internal/lzw"
	"s3-thumbnail-creator/codec/raster"
)

// dataBlocks reads the data of a frame: blocks of up to 255 bytes, each after
// its length, until one of length 0 (section 15).
type dataBlocks struct {
	r    *bufio.Reader
	left int
}

// Read implements io.Reader. It fills p as far as no new read of the source
// is needed.
func (b *dataBlocks) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if n > 0 && b.r.Buffered() == 0 {
			return n, nil
		}
		if b.left == 0 {
			size, err := b.r.ReadByte()
			if err != nil {
				return n, err
			}
			if size == 0 {
				b.r.UnreadByte() // the end stays the end
				if n > 0 {
					return n, nil
				}
				return 0, io.EOF
			}
			b.left = int(size)
		}
		k, err := b.r.Read(p[n:min(n+b.left, len(p))])
		n += k
		b.left -= k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// allPasses are those of an interlaced frame: appendix E. The first entry is
// the single pass of any other.
var allPasses = [5]struct{ start, step int }{{0, 1}, {0, 8}, {4, 8}, {2, 4}, {1, 2}}

// Decode implements raster.Decoder.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	fx := raster.BoxFactor(d.info.Width, targetWidth)
	fy := raster.BoxFactor(d.info.Height, targetHeight)
	c := &canvas{
		d: d, red: raster.NewReducer(raster.RGBA, d.info.Width, d.info.Height, fx, fy),
		palette: raster.NewPalette(d.palette),
	}
	z := lzw.NewReader(&dataBlocks{r: d.r}, lzw.GIF, d.litWidth)
	defer z.Close()
	c.margins()
	rows, err := d.rows(z, d.frame.h, func(y int, row []byte) { c.red.AddPalette(d.frame.x, d.frame.y+y, row, c.palette) })
	if err != nil && !broken(err) {
		return nil, err
	}
	if rows == 0 {
		return nil, raster.Corruptf("gif: no row can be decoded: %v", err)
	}
	img := c.red.Image()
	if img.Truncated && d.info.Progressive {
		c.fillGaps(img, fy, rows)
	}
	return img, nil
}

// canvas is the state of decoding the first frame.
type canvas struct {
	d       *Decoder
	red     *raster.Reducer
	palette *raster.Palette
}

// margins adds what lies around the frame.
func (c *canvas) margins() {
	f, w, h := c.d.frame, c.d.info.Width, c.d.info.Height
	left, right := f.x, f.x+f.w
	for y := range h {
		if y < f.y || y >= f.y+f.h {
			c.red.AddClear(0, y, w)
			continue
		}
		c.red.AddClear(0, y, left)
		c.red.AddClear(right, y, w-right)
	}
}

// rows decodes the rows of the frame and returns their number. take gets what is
// on the canvas of each: the indices of row y of the frame. Where rows come in
// order, those from end on are not decoded.
func (d *Decoder) rows(z *lzw.Reader, end int, take func(y int, row []byte)) (n int, err error) {
	f := d.frame
	visible := max(min(f.w, d.info.Width-f.x), 0)
	for _, pass := range passes(d.interlaced) {
		for y := pass.start; y < f.h; y += pass.step {
			if y >= end && !d.interlaced {
				return n, nil
			}
			row, err := z.Next(f.w)
			if err != nil {
				return n, err
			}
			n++
			if visible > 0 && f.y+y < d.info.Height {
				take(y, row[:visible])
			}
		}
	}
	return n, nil
}

// passes are those of a frame.
func passes(interlaced bool) []struct{ start, step int } {
	if interlaced {
		return allPasses[1:]
	}
	return allPasses[:1]
}

// fillGaps shows an interlaced frame that broke off after a number of rows: a
// row that did not come looks like the nearest one above of an earlier pass.
func (c *canvas) fillGaps(img *raster.Image, fy, rows int) {
	f := c.d.frame
	come := func(y int) bool { return rowNumber(y-f.y, f.h) < rows }
	for by := range img.Height {
		y, end := max(by*fy, f.y), min((by+1)*fy, f.y+f.h, c.d.info.Height)
		if y >= end {
			continue
		}
		any := false
		for i := y; i < end; i++ {
			any = any || come(i)
		}
		if any {
			continue
		}
		y = f.y + standIn(y-f.y, f.h, rows)
		stride := 4 * img.Width
		copy(img.Pix[by*stride:(by+1)*stride], img.Pix[y/fy*stride:])
	}
}

// standIn is the row that row y of an interlaced frame of height h looks like
// when only a number of rows has come: itself or the nearest one above of an
// earlier pass.
func standIn(y, h, rows int) int {
	for rowNumber(y, h) >= rows && y%8 != 0 {
		y -= y & -y // the lowest bit that is set says which pass a row belongs to
	}
	return y
}

// rowNumber is the number of rows of an interlaced frame of height h that come
// before row y.
func rowNumber(y, h int) int {
	n := 0
	for _, p := range allPasses[1:] {
		if y%p.step == p.start {
			return n + (y-p.start)/p.step
		}
		n += max(h-p.start+p.step-1, 0) / p.step
	}
	return n
}
