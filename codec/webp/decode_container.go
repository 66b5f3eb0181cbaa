package webp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/webp/vp8"
	"s3-thumbnail-creator/codec/webp/vp8l"
)

const (
	bufferSize = 64 << 10
	maxICC     = 4 << 20
	maxEXIF    = 1 << 20
	slack      = 16 // room after a chunk, which saves the decoders a copy

	flagAnimation = 1 << 1 // of the VP8X chunk
	flagEXIF      = 1 << 3
	flagAlpha     = 1 << 4
)

// container reads the chunks of a RIFF file (WebP Container Specification, RFC
// 9649 section 2). The sizes that it gives are not relied on: a chunk may end
// with the file.
type container struct {
	r    *bufio.Reader
	left int64 // bytes of the file that were not read; meaningless where size was not known
	size int64
	head [8]byte // of the last chunk
}

// frame is the picture, or the first one of an animation, as it is coded.
type frame struct {
	lossless      bool
	width, height int
	x, y          int    // place on the canvas
	payload       int64  // bytes of data, as far as is known
	data          []byte // nil until it is read
	alpha         []byte // the ALPH chunk; nil where there is none
	hint          bool   // lossless: pixels may be transparent
	unread        int64  // bytes of the chunk behind the payload
	motion        motion
}

// read fills p. It is an error that wraps raster.ErrCorrupt if the file ends
// before.
func (c *container) read(p []byte, what string) error {
	n, err := io.ReadFull(c.r, p)
	c.left -= int64(n)
	if ended(err) {
		return raster.Corruptf("WebP file ends within its %s", what)
	}
	return err
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// payload reads n bytes and the byte that pads an odd number; less where the
// file ends before. Memory is allocated for what is there, not for what n says.
func (c *container) payload(n int64) ([]byte, error) {
	var buf []byte
	if c.size > 0 {
		buf = make([]byte, 0, min(n, max(c.left, 0))+slack)
	}
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(int64(2*cap(buf)+bufferSize), n)+slack)
			copy(grown, buf)
			buf = grown
		}
		m, err := io.ReadFull(c.r, buf[len(buf):min(int64(cap(buf)), n)])
		c.left -= int64(m)
		buf = buf[:len(buf)+m]
		if ended(err) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, c.skip(n & 1)
}

// skip passes over n bytes, or what there is of them.
func (c *container) skip(n int64) error {
	for n > 0 {
		m, err := c.r.Discard(int(min(n, 1<<30)))
		c.left -= int64(m)
		n -= int64(m)
		if ended(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunk reads the header of the next chunk. The error is io.EOF at the end of
// the file.
func (c *container) chunk() (id fourCC, size int64, err error) {
	n, err := io.ReadFull(c.r, c.head[:])
	c.left -= int64(n)
	if ended(err) {
		return id, 0, io.EOF
	}
	return fourCC(c.head[:4]), int64(binary.LittleEndian.Uint32(c.head[4:])), err
}

// fourCC is the name of a chunk.
type fourCC [4]byte

// canvas is what VP8X and ANMF chunks say.
type canvas struct {
	extended      bool
	width, height int
	flags         byte
	placed        bool // frame has the place and size of an ANMF chunk
}

// parse reads up to the pixels of the first frame; beyond them only where the
// file says that EXIF data follows.
func (d *Decoder) parse() error {
	c := &d.container
	var head [12]byte
	if err := c.read(head[:], "header"); err != nil {
		return err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return raster.Corruptf("WebP file starts with %q, not with RIFF and WEBP", head)
	}
	for {
		id, size, err := c.chunk()
		if errors.Is(err, io.EOF) {
			return raster.Corruptf("WebP file has no picture")
		}
		if err != nil {
			return err
		}
		switch string(id[:]) {
		case "VP8 ", "VP8L":
			d.frame.lossless = id[3] == 'L'
			if err := d.parseFrame(size); err != nil {
				return err
			}
			return d.readTrailer()
		default:
			if err := d.parseChunk(id, size); err != nil {
				return err
			}
		}
	}
}

// parseChunk reads a chunk before the pixels.
func (d *Decoder) parseChunk(id fourCC, size int64) error {
	c := &d.container
	switch name := string(id[:]); {
	case name == "VP8X" && size >= 10:
		var x [10]byte
		if err := c.read(x[:], "VP8X chunk"); err != nil {
			return err
		}
		d.canvas.extended = true
		d.canvas.flags = x[0]
		d.canvas.width, d.canvas.height = 1+uint24(x[4:]), 1+uint24(x[7:])
		return c.skip(size - 10 + size&1)
	case name == "ANIM" && size >= 6:
		var x [6]byte
		if err := c.read(x[:], "ANIM chunk"); err != nil {
			return err
		}
		d.loops = int(binary.LittleEndian.Uint16(x[4:]))
		return c.skip(size - 6 + size&1)
	case name == "ANMF" && size >= 16:
		var x [16]byte
		if err := c.read(x[:], "ANMF chunk"); err != nil {
			return err
		}
		f := &d.frame
		f.x, f.y = 2*uint24(x[0:]), 2*uint24(x[3:])
		f.width, f.height = 1+uint24(x[6:]), 1+uint24(x[9:])
		f.motion = parseMotion(x[12:])
		d.canvas.placed = true
		return nil // the chunks of the frame follow
	case name == "ALPH" && size > 0:
		alpha, err := c.payload(size)
		d.frame.alpha = alpha
		return err
	case name == "ICCP" && size <= maxICC:
		icc, err := c.payload(size)
		if len(icc) > 0 {
			d.info.ICC = icc
		}
		return err
	case name == "EXIF" && size <= maxEXIF:
		exif, err := c.payload(size)
		d.info.Orientation = raster.Orientation(exif)
		d.oriented = true
		return err
	}
	return c.skip(size + size&1)
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// parseFrame reads the header of the pixels, which are in a chunk of size
// bytes.
func (d *Decoder) parseFrame(size int64) error {
	f, c := &d.frame, &d.container
	n := vp8.HeaderSize
	if f.lossless {
		n = vp8l.HeaderSize
	}
	head, err := c.r.Peek(n)
	if err != nil && !ended(err) {
		return err
	}
	var width, height int
	if f.lossless {
		h, err := vp8l.ParseHeader(head)
		if err != nil {
			return err
		}
		width, height, f.hint = h.Width, h.Height, h.Alpha
	} else {
		h, err := vp8.ParseHeader(head)
		if err != nil {
			return err
		}
		width, height = h.Width, h.Height
	}
	v := &d.canvas
	switch {
	case !v.placed:
		// What the pixels say counts, whatever the canvas.
		v.width, v.height = width, height
	case f.width != width || f.height != height:
		return raster.Corruptf("WebP frame of %dx%d pixels holds a picture of %dx%d", f.width, f.height, width, height)
	case !v.extended:
		v.width, v.height = f.x+width, f.y+height
	case f.x+width > v.width || f.y+height > v.height:
		return raster.Corruptf("WebP frame of %dx%d pixels at %d,%d is not within the canvas of %dx%d",
			width, height, f.x, f.y, v.width, v.height)
	}
	f.width, f.height = width, height
	// Pixels take less than four bytes, whatever the size says.
	f.payload = min(size, 4*int64(width)*int64(height)+1<<20)
	if c.size > 0 {
		f.payload = min(f.payload, max(c.left, 0))
	}
	f.unread = size + size&1 - f.payload - f.payload&1
	return nil
}

// readTrailer looks for the EXIF data, which follow the pixels.
func (d *Decoder) readTrailer() error {
	if d.canvas.flags&flagEXIF == 0 || d.oriented {
		return nil
	}
	if err := d.readFrame(); err != nil {
		return err
	}
	if err := d.container.skip(d.frame.unread); err != nil {
		return err
	}
	d.frame.unread = 0
	for !d.oriented {
		id, size, err := d.container.chunk()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if string(id[:]) != "EXIF" {
			err = d.passOver(id, size)
		} else {
			err = d.parseChunk(id, size)
			d.oriented = true
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readFrame reads the coded pixels, if that was not done.
func (d *Decoder) readFrame() error {
	if d.frame.data != nil {
		return nil
	}
	data, err := d.container.payload(d.frame.payload)
	if err != nil {
		return err
	}
	d.frame.data = data
	return nil
}
