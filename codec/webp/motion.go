package webp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"time"
)

// motion is what an ANMF chunk says of a frame, beside its place: RFC 9649
// section 2.7.1.1.
type motion struct {
	delay   time.Duration
	clears  bool // the canvas where the frame was, before the next is drawn
	replace bool // the frame replaces the canvas, else it is blended with it
}

// Flags of an ANMF chunk.
const (
	flagClears  = 1 << 0
	flagReplace = 1 << 1
)

// parseMotion reads the last four bytes of the chunk's header.
func parseMotion(b []byte) motion {
	return motion{
		delay:   time.Duration(uint24(b)) * time.Millisecond,
		clears:  b[3]&flagClears != 0,
		replace: b[3]&flagReplace != 0,
	}
}

// maxLater is how many bytes of frames are kept while EXIF data are looked for.
const maxLater = 16 << 20

// later holds the chunks behind the first frame, which were read to find out the
// orientation.
type later struct {
	chunks []byte
	lost   bool // they were more than maxLater
}

// passOver reads a chunk behind the first frame, and keeps it if it may be part
// of an animation.
func (d *Decoder) passOver(id fourCC, size int64) error {
	if !d.animated() || d.later.lost {
		return d.container.skip(size + size&1)
	}
	if int64(len(d.later.chunks))+size > maxLater {
		d.later = later{lost: true}
		return d.container.skip(size + size&1)
	}
	data, err := d.container.payload(size)
	if err != nil {
		return err
	}
	d.later.chunks = append(d.later.chunks, id[:]...)
	d.later.chunks = binary.LittleEndian.AppendUint32(d.later.chunks, uint32(size))
	d.later.chunks = append(d.later.chunks, data...)
	if size&1 != 0 && int64(len(data)) == size {
		d.later.chunks = append(d.later.chunks, 0)
	}
	return nil
}

// animated says whether the file says that it has more than one frame.
func (d *Decoder) animated() bool { return d.canvas.flags&flagAnimation != 0 && d.canvas.placed }

// rewind puts the chunks that were kept before what has not been read.
func (d *Decoder) rewind() {
	if len(d.later.chunks) == 0 {
		return
	}
	c := &d.container
	kept := d.later.chunks
	d.later.chunks = nil
	c.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(kept), c.r), bufferSize)
	c.left += int64(len(kept))
}
