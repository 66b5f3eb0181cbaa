package webp

import (
	"encoding/binary"
	"errors"
	"image"
	"io"
	"iter"
	"math/bits"

	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/webp/vp8"
	"s3-thumbnail-creator/codec/webp/vp8l"
)

var _ raster.Animation = (*Decoder)(nil)

// Moves implements raster.Animation. It is false, too, where the frames of an
// animation came before EXIF data and were too many to be kept.
func (d *Decoder) Moves() bool { return d.animated() && !d.later.lost }

// Loops implements raster.Animation.
func (d *Decoder) Loops() int { return d.loops }

// FramesMemory implements raster.Animation: the canvas at full size, a coded
// frame and what the larger of the two codecs takes for it.
func (d *Decoder) FramesMemory(targetWidth, targetHeight int) int64 {
	w, h := d.canvas.width, d.canvas.height
	x, y := d.factors(targetWidth, targetHeight)
	pixels := int64(w) * int64(h)
	coded := 4*pixels + 1<<20
	if d.container.size > 0 {
		coded = min(coded, d.container.size)
	}
	return raster.CanvasMemory(w, h, x, y) + 2*coded + int64(len(d.later.chunks)) + 2*bufferSize +
		vp8.RowsMemory(w) + vp8l.Memory(w, h) + 4*int64(w)
}

// Frames implements raster.Animation. The color that a file gives for the
// background is not shown: browsers show what is behind the picture.
//
// It holds the canvas at full size, see raster.Canvas.
func (d *Decoder) Frames(targetWidth, targetHeight int) iter.Seq2[raster.Frame, error] {
	return func(yield func(raster.Frame, error) bool) {
		x, y := d.factors(targetWidth, targetHeight)
		s := &stage{Canvas: raster.NewCanvas(d.canvas.width, d.canvas.height, x, y)}
		if err := d.readFrame(); err != nil {
			yield(raster.Frame{}, err)
			return
		}
		d.rewind()
		for first := true; ; first = false {
			whole, err := s.draw(d, first, min(x, y))
			if err != nil {
				yield(raster.Frame{}, err)
				return
			}
			img := s.Image()
			img.Truncated = !whole
			if !yield(raster.Frame{Image: img, Delay: d.frame.motion.delay}, nil) {
				return
			}
			s.end(d)
			more, err := d.advance()
			if err != nil {
				yield(raster.Frame{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// advance reads the next frame, if there is one.
func (d *Decoder) advance() (more bool, err error) {
	c := &d.container
	if err := c.skip(d.frame.unread); err != nil {
		return false, err
	}
	d.frame = frame{}
	for placed := false; ; {
		id, size, err := c.chunk()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		switch name := string(id[:]); {
		case name == "ANMF":
			d.frame = frame{}
			placed = true
			err = d.parseChunk(id, size)
		case name == "ALPH" && placed:
			err = d.parseChunk(id, size)
		case (name == "VP8 " || name == "VP8L") && placed:
			d.frame.lossless = name == "VP8L"
			if err := d.parseFrame(size); err != nil {
				return false, err
			}
			return true, d.readFrame()
		default:
			err = c.skip(size + size&1)
		}
		if err != nil {
			return false, err
		}
	}
}

// stage is the canvas that frames are drawn on.
type stage struct {
	*raster.Canvas
	row []byte // of a frame that is to be blended
}

// end disposes of the frame.
func (s *stage) end(d *Decoder) {
	if d.frame.motion.clears {
		s.Clear(d.frame.rect())
	}
}

func (f *frame) rect() image.Rectangle { return image.Rect(f.x, f.y, f.x+f.width, f.y+f.height) }

// draw draws the frame, as far as its data goes; but one that ends with the file
// only if it is the first. factor is the smaller one of the reduction.
func (s *stage) draw(d *Decoder, first bool, factor int) (whole bool, err error) {
	f := &d.frame
	s.Changed(f.rect())
	rows := 0
	if f.lossless {
		rows, err = vp8l.Rows(f.data, func(y int, argb []uint32) { s.drawARGB(f, y, argb) })
	} else {
		rows, err = d.lossyRows(factor, func(y int, rgba []byte) { s.drawRow(f, y, rgba) })
	}
	if err == nil && rows < f.height && !first && (f.unread > 0 || int64(len(f.data)) < f.payload) {
		return false, raster.Corruptf("WebP file ends within row %d of a frame of %d", rows, f.height)
	}
	return rows == f.height, err
}

// drawARGB is drawRow for the pixels of vp8l.
func (s *stage) drawARGB(f *frame, y int, argb []uint32) {
	if s.row == nil {
		s.row = make([]byte, 4*s.Bounds().Dx())
	}
	row := s.row[:4*len(argb)]
	for i, v := range argb {
		if !f.hint {
			v |= 0xff << 24
		}
		binary.LittleEndian.PutUint32(row[4*i:], bits.RotateLeft32(bits.ReverseBytes32(v), -8))
	}
	s.drawRow(f, y, row)
}

// drawRow draws row y of the frame.
func (s *stage) drawRow(f *frame, y int, rgba []byte) {
	out := s.Row(f.y+y, f.x, f.x+f.width)
	if f.motion.replace || f.alpha == nil && !f.lossless {
		copy(out, rgba)
		return
	}
	for ; len(rgba) >= 4 && len(out) >= 4; rgba, out = rgba[4:], out[4:] {
		switch rgba[3] {
		case 255:
			copy(out[:4], rgba)
		case 0:
		default:
			blend(out[:4:4], rgba[:4:4])
		}
	}
}

// blend puts a pixel over another, neither premultiplied: RFC 9649 section
// 2.7.1.1, "Alpha-blending".
func blend(under, over []byte) {
	a := uint32(over[3]) * 255
	b := uint32(under[3]) * (255 - uint32(over[3]))
	sum := a + b // of 255*255
	for i := range 3 {
		under[i] = byte((uint32(over[i])*a + uint32(under[i])*b + sum/2) / sum)
	}
	under[3] = byte((sum + 127) / 255)
}
