package webp

import (
	"bufio"
	"encoding/binary"
	"io"
	"iter"
	"math/bits"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/webp/vp8"
	"s3-thumbnail-creator/codec/webp/vp8l"
)

// Decoder reads one WebP file: its only or first frame, or all of an animation.
type Decoder struct {
	container container
	info      raster.Info
	canvas    canvas
	frame     frame
	oriented  bool // EXIF data was read
	loops     int  // how often an animation is shown, 0 for ever
	later     later
}

var _ raster.Decoder = (*Decoder)(nil)

// NewDecoder reads the header of a file of size bytes, 0 or less if that is not
// known. Where the file has EXIF data, which come last, the coded pixels are
// read, too. Errors wrap raster.ErrCorrupt or raster.ErrUnsupported, or are
// those of r.
func NewDecoder(r io.Reader, size int64) (*Decoder, error) {
	d := &Decoder{container: container{r: bufio.NewReaderSize(r, bufferSize), left: size, size: size}}
	d.info.Orientation = 1
	if err := d.parse(); err != nil {
		return nil, err
	}
	d.info.Format = format.WebP
	d.info.Width, d.info.Height = d.canvas.width, d.canvas.height
	d.info.Frames = 1
	d.info.Model = raster.RGBA
	d.info.Alpha = !d.opaque()
	return d, nil
}

// Info returns what the header says. The number of frames of an animation is
// not in it.
func (d *Decoder) Info() raster.Info { return d.info }

// opaque tells that no pixel can be transparent.
func (d *Decoder) opaque() bool {
	f := &d.frame
	return f.width == d.canvas.width && f.height == d.canvas.height &&
		f.alpha == nil && !(f.lossless && f.hint)
}

// factors returns the whole factors of the reduction.
func (d *Decoder) factors(targetWidth, targetHeight int) (x, y int) {
	return raster.BoxFactor(d.canvas.width, targetWidth), raster.BoxFactor(d.canvas.height, targetHeight)
}

// Memory estimates the bytes that Decode will have allocated at its peak.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	f := &d.frame
	x, y := d.factors(targetWidth, targetHeight)
	m := f.payload + int64(len(f.alpha)) + bufferSize
	if d.opaque() && !f.lossless && x*y > 1 {
		return m + vp8.ReduceMemory(f.width, f.height, x, y)
	}
	m += raster.ReducerMemory(raster.RGBA, d.canvas.width, d.canvas.height, x, y, false)
	m += 4 * int64(d.canvas.width)
	if f.lossless {
		return m + vp8l.Memory(f.width, f.height)
	}
	m += vp8.RowsMemory(f.width)
	if f.alpha != nil {
		m += vp8l.Memory(f.width, f.height)
	}
	return m
}

// Decode returns the picture, reduced; see raster.Decoder. It may be called
// once.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	if err := d.readFrame(); err != nil {
		return nil, err
	}
	f := &d.frame
	x, y := d.factors(targetWidth, targetHeight)
	if d.opaque() && !f.lossless && x*y > 1 {
		return vp8.Reduce(f.data, x, y)
	}
	c := newCompositor(d, x, y)
	var rows int
	var err error
	if f.lossless {
		rows, err = vp8l.Rows(f.data, c.addARGB)
	} else {
		rows, err = d.lossyRows(min(x, y), c.add)
	}
	if err != nil {
		return nil, err
	}
	return c.finish(rows), nil
}

// lossyRows decodes a lossy frame with its alpha, and passes on one row after the
// other. factor is the smaller one of the reduction.
func (d *Decoder) lossyRows(factor int, take func(y int, rgba []byte)) (int, error) {
	f := &d.frame
	if f.alpha == nil {
		return vp8.Rows(f.data, factor, take)
	}
	next, stop := iter.Pull(alphaRows(f.alpha, f.width, f.height))
	defer stop()
	return vp8.Rows(f.data, factor, func(y int, rgba []byte) {
		// Rows of alpha that are missing are opaque, as the pixels come.
		if row, ok := next(); ok {
			for i, a := range row {
				rgba[4*i+3] = a
			}
		}
		take(y, rgba)
	})
}

// compositor places the rows of the frame on the canvas, which is transparent,
// and reduces it.
type compositor struct {
	reducer *raster.Reducer
	canvas  *canvas
	frame   *frame
	rgba    []byte // a row of the frame
}

func newCompositor(d *Decoder, factorX, factorY int) *compositor {
	c := &compositor{
		reducer: raster.NewReducer(raster.RGBA, d.canvas.width, d.canvas.height, factorX, factorY),
		canvas:  &d.canvas,
		frame:   &d.frame,
	}
	if d.frame.lossless && d.frame.hint {
		c.rgba = make([]byte, 4*d.frame.width)
	}
	for y := range d.frame.y {
		c.reducer.AddClear(0, y, d.canvas.width)
	}
	return c
}

// add takes row y of the frame.
func (c *compositor) add(y int, rgba []byte) {
	c.reducer.AddRGBA(c.frame.x, c.frame.y+y, rgba)
	c.addBeside(y)
}

// addBeside fills the canvas to the left and right of row y of the frame.
func (c *compositor) addBeside(y int) {
	f := c.frame
	c.reducer.AddClear(0, f.y+y, f.x)
	end := f.x + f.width
	c.reducer.AddClear(end, f.y+y, c.canvas.width-end)
}

// addARGB is add for the pixels of vp8l.
func (c *compositor) addARGB(y int, argb []uint32) {
	if !c.frame.hint {
		c.reducer.AddARGB(c.frame.x, c.frame.y+y, argb)
		c.addBeside(y)
		return
	}
	out := c.rgba[:4*len(argb)]
	for i, v := range argb {
		binary.LittleEndian.PutUint32(out[4*i:], bits.RotateLeft32(bits.ReverseBytes32(v), -8))
	}
	c.add(y, out)
}

// finish returns the picture, of whose frame the given number of rows were
// there.
func (c *compositor) finish(rows int) *raster.Image {
	if rows == c.frame.height {
		for y := c.frame.y + rows; y < c.canvas.height; y++ {
			c.reducer.AddClear(0, y, c.canvas.width)
		}
	}
	return c.reducer.Image()
}
