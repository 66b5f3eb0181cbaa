package gif

import (
	"encoding/binary"
	"image"
	"io"
	"iter"

	"s3-thumbnail-creator/codec/internal/lzw"
	"s3-thumbnail-creator/codec/raster"
)

var _ raster.Animation = (*Decoder)(nil)

// Moves implements raster.Animation. Nothing before the first frame says whether
// there is a second.
func (d *Decoder) Moves() bool { return true }

// Loops implements raster.Animation.
func (d *Decoder) Loops() int { return d.motion.loops }

// FramesMemory implements raster.Animation: the canvas at full size, and as much
// again for what a frame that is taken off uncovers.
func (d *Decoder) FramesMemory(targetWidth, targetHeight int) int64 {
	w, h := d.info.Width, d.info.Height
	fx, fy := raster.BoxFactor(w, targetWidth), raster.BoxFactor(h, targetHeight)
	pixels := int64(w) * int64(h)
	// Frames after the first may be larger than the canvas.
	const side = 1 << 16
	return raster.CanvasMemory(w, h, fx, fy) + 4*pixels + lzw.Memory(side, side*side) + bufferSize
}

// Frames implements raster.Animation. Frames are placed on the canvas of the
// first as browsers do it; what sticks out is clipped.
//
// It holds the canvas at full size, see raster.Canvas.
func (d *Decoder) Frames(targetWidth, targetHeight int) iter.Seq2[raster.Frame, error] {
	return func(yield func(raster.Frame, error) bool) {
		fx := raster.BoxFactor(d.info.Width, targetWidth)
		fy := raster.BoxFactor(d.info.Height, targetHeight)
		s := &stage{Canvas: raster.NewCanvas(d.info.Width, d.info.Height, fx, fy)}
		for first := true; ; first = false {
			s.begin(d)
			whole, err := s.draw(d, first)
			if err != nil {
				yield(raster.Frame{}, err)
				return
			}
			img := s.Image()
			img.Truncated = !whole
			if !yield(raster.Frame{Image: img, Delay: d.motion.delay}, nil) {
				return
			}
			more, err := d.advance()
			if err != nil {
				yield(raster.Frame{}, raster.EndOfHeader(err, "gif: the file ends within a frame's header"))
				return
			}
			if !more {
				return
			}
			s.end()
		}
	}
}

// stage is the canvas, and what to do with it when the present frame has been
// shown.
type stage struct {
	*raster.Canvas
	frame    image.Rectangle // the part of the canvas that the frame covers
	disposal disposal
	before   []byte // what the frame covered, if it is to be restored
	palette  [256]uint32
}

// begin prepares the canvas for the frame that d has read the header of.
func (s *stage) begin(d *Decoder) {
	f := d.frame
	s.frame = image.Rect(f.x, f.y, f.x+f.w, f.y+f.h).Intersect(s.Bounds())
	s.disposal = d.motion.disposal
	if s.disposal == restoreBefore {
		s.before = s.Save(s.frame, s.before)
	}
	for i := range s.palette {
		c := [4]uint8{3: 255} // an index past the end
		if i < len(d.palette) {
			c = d.palette[i]
		}
		s.palette[i] = binary.LittleEndian.Uint32(c[:])
	}
}

// end disposes of the frame.
func (s *stage) end() {
	switch s.disposal {
	case clearFrame:
		s.Clear(s.frame)
	case restoreBefore:
		s.Restore(s.frame, s.before)
	}
}

// draw draws the frame on the canvas and reads past its data. Where the data
// breaks, the rows before are shown and the next frame is read; where the file
// ends, those of the first frame are, and any other is an error.
func (s *stage) draw(d *Decoder, first bool) (whole bool, err error) {
	blocks := &dataBlocks{r: d.r}
	z := lzw.NewReader(blocks, lzw.GIF, d.litWidth)
	defer z.Close()
	rows, damage := d.rows(z, s.frame.Max.Y-d.frame.y, func(y int, row []byte) {
		s.drawRow(s.Row(d.frame.y+y, s.frame.Min.X, s.frame.Max.X), row)
	})
	s.Changed(s.frame)
	if damage != nil && !broken(damage) {
		return false, damage
	}
	ended := blocks.skip()
	if ended != nil && !broken(ended) {
		return false, ended
	}
	if damage == nil {
		return true, nil
	}
	if first && rows == 0 || !first && ended != nil {
		return false, raster.Corruptf("gif: row %d of a frame of %d cannot be decoded: %v", rows, d.frame.h, damage)
	}
	if first && d.interlaced {
		s.fillGaps(d.frame, rows)
	}
	return false, nil
}

// drawRow draws pixels that are not transparent.
func (s *stage) drawRow(out, indices []byte) {
	for _, i := range indices {
		if c := s.palette[i]; c != 0 {
			binary.LittleEndian.PutUint32(out, c)
		}
		out = out[4:]
	}
}

// fillGaps gives rows of an interlaced frame that did not come the look of one
// that did.
func (s *stage) fillGaps(f rectangle, rows int) {
	for y := s.frame.Min.Y; y < s.frame.Max.Y; y++ {
		if from := f.y + standIn(y-f.y, f.h, rows); from != y {
			copy(s.Row(y, s.frame.Min.X, s.frame.Max.X), s.Row(from, s.frame.Min.X, s.frame.Max.X))
		}
	}
}

// skip reads past the data blocks that are left and their terminator.
func (b *dataBlocks) skip() error {
	for {
		if _, err := b.r.Discard(b.left); err != nil {
			return err
		}
		size, err := b.r.ReadByte()
		if err != nil || size == 0 {
			return err
		}
		b.left = int(size)
	}
}

// advance reads the header of the next frame, if there is one. A file may end
// without a trailer.
func (d *Decoder) advance() (more bool, err error) {
	d.transparent = -1
	d.motion.disposal, d.motion.delay = keep, 0
	more, err = d.nextFrame()
	if err == io.EOF {
		return false, nil
	}
	if err != nil || !more {
		return false, err
	}
	flags, err := d.readDescriptor()
	if err != nil {
		return false, err
	}
	if f := &d.frame; f.w == 0 || f.h == 0 {
		f.w, f.h = d.info.Width, d.info.Height
	}
	return true, d.readColors(flags)
}
