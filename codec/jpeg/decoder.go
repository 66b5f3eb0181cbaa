package jpeg

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

// Decoder decodes one JPEG picture, at the scale that a thumbnail needs. It
// is used once.
type Decoder struct {
	in      input
	header  header
	colors  colorModel
	scratch *scratch

	hasQuantization [4]bool
	hasHuffman      [2][4]bool

	coder   *arithmetic
	first   *scan // the scan whose data comes next
	output  *output
	decoded int64 // MCUs that came from data
	damaged bool  // MCUs are missing
	work    int64 // blocks that the scans so far have visited
}

var _ raster.Decoder = (*Decoder)(nil)

// scratchBytes is a little more than a scratch takes.
const scratchBytes = 320 << 10

// scratch is what every decoding needs, whatever the size of the picture. It
// is reused.
type scratch struct {
	input        [inputSize]byte
	entropy      [entropySize + 2*blockBytes + 16]byte
	segment      [1 << 16]byte
	quantization [4][64]uint16
	huffman      [2][4]huffman
	starts       [4]blockStart // one for each component at most
	bits         bitReader
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// NewDecoder reads the header of a JPEG picture from r, up to its first scan.
// Size, the number of bytes that r will give, is not needed. Errors wrap
// raster.ErrCorrupt or raster.ErrUnsupported, or are those of r.
func NewDecoder(r io.Reader, size int64) (*Decoder, error) {
	d := &Decoder{scratch: scratches.Get().(*scratch)}
	d.in = input{r: r, buf: d.scratch.input[:]}
	if err := d.begin(); err != nil {
		d.release()
		return nil, err
	}
	return d, nil
}

// begin reads up to the data of the first scan.
func (d *Decoder) begin() (err error) {
	if err = d.readHeader(); err != nil {
		return err
	}
	if d.header.frame.height == 0 {
		if err = d.findHeight(); err != nil {
			return err
		}
	}
	d.header.frame.layOut()
	d.colors = d.header.colorModel()
	d.first, err = d.readScanHeader()
	return endOfHeader(err)
}

// arithmetic returns the decoder of arithmetic coding, which few pictures need.
func (d *Decoder) arithmetic() *arithmetic {
	if d.coder == nil {
		d.coder = newArithmetic()
	}
	return d.coder
}

func (d *Decoder) release() {
	d.in = input{}
	d.scratch.bits = bitReader{}
	scratches.Put(d.scratch)
	d.scratch = nil
}

// maxUnknownHeight bounds the coded bytes that are kept to find the height of
// a picture whose frame header leaves it open.
const maxUnknownHeight = 64 << 20

// findHeight reads the first scan into memory to find the DNL segment behind
// it, which tells the height where the frame header has none (T.81, B.2.5),
// and puts the scan back.
func (d *Decoder) findHeight() error {
	ahead := bytes.NewBuffer(nil)
	for {
		marker, err := d.copySegment(ahead)
		switch {
		case err != nil:
			return endOfHeader(err)
		case marker >= markerRST0 && marker <= markerRST7:
			continue
		case marker != markerDNL:
			return raster.Corruptf("JPEG is 0 pixels high and has no DNL segment")
		}
		var dnl [4]byte
		if err := d.in.full(dnl[:]); err != nil {
			return endOfHeader(err)
		}
		d.header.frame.height = int(dnl[2])<<8 | int(dnl[3])
		if d.header.frame.height == 0 {
			return raster.Corruptf("JPEG is 0 pixels high")
		}
		ahead.Write(dnl[:])
		ahead.Write(d.in.buf[d.in.pos:d.in.end])
		d.in = input{r: io.MultiReader(ahead, d.in.r), buf: d.in.buf}
		return nil
	}
}

// copySegment copies the input to w up to and including the next marker, and
// returns that.
func (d *Decoder) copySegment(w *bytes.Buffer) (marker byte, err error) {
	for {
		c, err := d.in.byte()
		if err != nil {
			return 0, err
		}
		w.WriteByte(c)
		for c == 0xFF {
			if c, err = d.in.byte(); err != nil {
				return 0, err
			}
			w.WriteByte(c)
			if c != 0 && c != 0xFF {
				return c, nil
			}
		}
		if w.Len() > maxUnknownHeight {
			return 0, raster.Unsupportedf("JPEG tells its height only after %d bytes", maxUnknownHeight)
		}
	}
}

// Info implements raster.Decoder.
func (d *Decoder) Info() raster.Info {
	f := &d.header.frame
	return raster.Info{
		Format: format.JPEG, Width: f.width, Height: f.height, Frames: 1,
		Model: d.colors.model(), Gray: d.colors.model() == raster.Gray, Orientation: max(d.header.orientation, 1),
		ICC: d.header.icc.profile(), Progressive: f.progressive,
	}
}

// Memory implements raster.Decoder.
func (d *Decoder) Memory(targetWidth, targetHeight int) int64 {
	f := &d.header.frame
	scale := chooseScale(f.width, f.height, targetWidth, targetHeight)
	o := newOutput(f, d.colors, scale)
	bytes := o.memory(targetWidth, targetHeight) + scratchBytes
	for i := range f.components {
		c := f.components[i] // a copy: nothing is decided yet
		c.scaleTo(scale, f.maxH, f.maxV)
		block := int64(c.width * c.height)
		rowOfBlocks := int64(c.paddedX) * block
		switch {
		case f.progressive:
			each := 2 * block
			if c.last > 0 {
				each += 8
			}
			bytes += each*int64(c.paddedX)*int64(c.paddedY) + rowOfBlocks*int64(c.v+1)
		case d.streams(d.first):
			bytes += rowOfBlocks * int64(c.v+1)
		default:
			bytes += rowOfBlocks * int64(c.paddedY)
		}
	}
	return bytes
}

// streams tells whether the rows of a scan can be given out while it is
// decoded: nothing more will come for them.
func (d *Decoder) streams(s *scan) bool {
	f := &d.header.frame
	return !f.progressive && len(s.components) == len(f.components)
}

// Decode implements raster.Decoder.
func (d *Decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	f := &d.header.frame
	return d.decodeAt(chooseScale(f.width, f.height, targetWidth, targetHeight), targetWidth, targetHeight)
}

// decodeAt decodes the picture at scale/8.
func (d *Decoder) decodeAt(scale, targetWidth, targetHeight int) (*raster.Image, error) {
	if d.scratch == nil {
		return nil, errors.New("decode jpeg: the picture was decoded before")
	}
	defer d.release()
	f := &d.header.frame
	for i := range f.components {
		f.components[i].scaleTo(scale, f.maxH, f.maxV)
	}
	d.scratch.bits = bitReader{in: &d.in, buf: d.scratch.entropy[:]}
	d.output = newOutput(f, d.colors, scale)
	d.output.open(targetWidth, targetHeight)
	if err := d.readScans(); err != nil {
		return nil, err
	}
	img := d.output.image()
	img.Truncated = img.Truncated || d.damaged
	return img, nil
}

// readScans decodes scans until the picture is complete or the data ends, and
// gives the rows to the output.
func (d *Decoder) readScans() error {
	f := &d.header.frame
	for s := d.first; ; {
		streamed := d.streams(s)
		if err := d.prepare(s, streamed); err != nil {
			return d.finish(err)
		}
		if d.work += int64(s.mcusX) * int64(s.mcusY) * int64(len(s.blocks)); d.work > f.maxWork() {
			d.damaged = true
			return d.finish(nil)
		}
		marker, err := d.decodeScan(s, streamed)
		if err != nil {
			return err
		}
		if streamed {
			return d.noPicture(nil)
		}
		if d.complete() {
			return d.finish(nil)
		}
		if s, err = d.nextScan(marker); s == nil {
			return d.finish(err)
		}
	}
}

// maxWork bounds the blocks that all scans together visit, so that a small
// file with thousands of scans does not take minutes. The scans of cameras
// and optimizers visit each block less than 20 times.
func (f *frame) maxWork() (blocks int64) {
	visits := int64(48)
	if f.arithmetic {
		visits = 24 // each takes several times as long
	}
	for i := range f.components {
		blocks += int64(f.components[i].paddedX) * int64(f.components[i].paddedY)
	}
	return visits * blocks
}

// nextScan reads the segments up to the data of the next scan, from a marker
// that has been read, or 0. It returns nil at the end of the picture.
func (d *Decoder) nextScan(marker byte) (*scan, error) {
	for {
		if marker == 0 {
			var err error
			if marker, err = d.in.marker(); err != nil {
				return nil, err
			}
		}
		switch marker {
		case markerSOS:
			return d.readScanHeader()
		case markerEOI, markerSOI:
			return nil, nil
		}
		if err := d.readSegment(marker); err != nil {
			return nil, err
		}
		marker = 0
	}
}

// finish shows what the scans have given, which were kept until now. Damage is
// no error then; an error of the reader is.
func (d *Decoder) finish(err error) error {
	if err != nil && !isDamage(err) {
		return err
	}
	if err := d.noPicture(err); err != nil {
		return err
	}
	d.damaged = d.damaged || err != nil || d.incomplete()
	d.output.rest(d.header.frame.progressive)
	return nil
}

// noPicture returns an error where not one MCU was decoded: err, if there is
// one.
func (d *Decoder) noPicture(err error) error {
	switch {
	case d.decoded > 0:
		return nil
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	return raster.Corruptf("JPEG ends before its first pixels")
}

// isDamage tells errors in the data, its early end included, from those of the
// reader.
func isDamage(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, raster.ErrCorrupt) || errors.Is(err, raster.ErrUnsupported)
}
