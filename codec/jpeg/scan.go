package jpeg

import (
	"errors"
	"io"

	"s3-thumbnail-creator/codec/raster"
)

// scan is one scan being decoded: its blocks in the order of an MCU, and how a
// run of MCUs is read.
type scan struct {
	coder      *arithmetic // nil where the codes are Huffman's
	bits       *bitReader
	components []*component
	blocks     []mcuBlock
	mcusX      int // MCUs in a row
	mcusY      int // rows of MCUs

	// run decodes n MCUs of row y, from column x, and returns how many it got
	// before the segment ran out.
	run func(y, x, n int) int

	// Progressive parameters (T.81, G.1.1.1), and blocks left of an
	// end-of-band run.
	from, to  int
	high, low uint
	eobRun    int
}

// mcuBlock is a block of an MCU.
type mcuBlock struct {
	c      *component
	dc, ac *huffman
	dcArea int // statistics of arithmetic coding, instead
	acArea int
	start  *blockStart // at scale 1/8
	dx, dy int         // position in the MCU, in blocks
	at     int         // place of the block of the row's first MCU, in samples.pix or in blocks
	step   int         // distance to the block of the next MCU
}

// readScanHeader reads the parameters of a scan (T.81, B.2.3).
func (d *Decoder) readScanHeader() (*scan, error) {
	length, err := d.in.uint16()
	if err != nil {
		return nil, err
	}
	if length < 6 {
		return nil, raster.Corruptf("JPEG scan header of %d bytes, want at least 6", length)
	}
	data := d.scratch.segment[:length-2]
	if err := d.in.full(data); err != nil {
		return nil, err
	}
	n := int(data[0])
	f := &d.header.frame
	if n < 1 || n > len(f.components) || len(data) < 4+2*n {
		return nil, raster.Corruptf("JPEG scan header of %d bytes has %d components, the frame %d", length, n, len(f.components))
	}
	s := &scan{bits: &d.scratch.bits}
	tables := make(map[*component]byte, n)
	for i := range n {
		id := data[1+2*i]
		c := f.find(id, i, n)
		if _, twice := tables[c]; c == nil || twice {
			return nil, raster.Corruptf("JPEG scan names component %d, which the frame lacks or the scan had", id)
		}
		tables[c] = data[2+2*i]
		s.components = append(s.components, c)
	}
	tail := data[1+2*n:]
	s.from, s.to, s.high, s.low = int(tail[0]), int(tail[1]), uint(tail[2]>>4), uint(tail[2]&15)
	if f.progressive {
		if s.from > s.to || s.to > 63 || s.low > 13 || s.from > 0 && n > 1 {
			return nil, raster.Corruptf("JPEG scan of coefficients %d to %d, low bit %d, %d components", s.from, s.to, s.low, n)
		}
		if s.from == 0 {
			s.to = 0
		}
	}
	s.layBlocks(f)
	for i := range s.blocks {
		b := &s.blocks[i]
		t := tables[b.c]
		if f.arithmetic {
			if b.dcArea, b.acArea, s.coder = int(t>>4), int(t&15), d.arithmetic(); b.dcArea > 3 || b.acArea > 3 {
				return nil, raster.Corruptf("JPEG scan uses arithmetic tables %d and %d, want 0 to 3", b.dcArea, b.acArea)
			}
			continue
		}
		if b.dc, err = d.huffmanTable(0, t>>4); err == nil {
			b.ac, err = d.huffmanTable(1, t&15)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// find returns the component that a scan means by id: the i-th of n in the
// scan. Where a file numbers them otherwise in the scan than in the frame, a
// scan of all takes them in order.
func (f *frame) find(id byte, i, n int) *component {
	same := 0
	var found *component
	for j := range f.components {
		if f.components[j].id == id {
			same++
			found = &f.components[j]
		}
	}
	if same != 1 && n == len(f.components) {
		return &f.components[i]
	}
	return found
}

// huffmanTable returns a table, or the typical one where Motion JPEG leaves it
// out.
func (d *Decoder) huffmanTable(class int, id byte) (*huffman, error) {
	if id > 3 {
		return nil, raster.Corruptf("JPEG scan uses Huffman table %d, want 0 to 3", id)
	}
	h := &d.scratch.huffman[class][id]
	if !d.hasHuffman[class][id] {
		typical := &typicalTables[class][min(id, 1)]
		if err := h.set(&typical.counts, typical.symbols); err != nil {
			return nil, err
		}
		d.hasHuffman[class][id] = true
	}
	return h, nil
}

// layBlocks lists the blocks of an MCU (T.81, A.2). A scan of one component
// has one block in an MCU and leaves the padding out.
func (s *scan) layBlocks(f *frame) {
	if len(s.components) == 1 {
		c := s.components[0]
		s.mcusX, s.mcusY = c.blocksX, c.blocksY
		s.blocks = []mcuBlock{{c: c}}
		return
	}
	s.mcusX, s.mcusY = f.mcusX, f.mcusY
	for _, c := range s.components {
		for dy := range c.v {
			for dx := range c.h {
				s.blocks = append(s.blocks, mcuBlock{c: c, dx: dx, dy: dy})
			}
		}
	}
}

// perMCU is the number of blocks of c that an MCU of the scan has along x and
// along y.
func (s *scan) perMCU(c *component) (x, y int) {
	if len(s.components) == 1 {
		return 1, 1
	}
	return c.h, c.v
}

// quantize fixes the quantization of the scan's components at their first
// scan.
func (d *Decoder) quantize(s *scan) error {
	for _, c := range s.components {
		if c.quantized {
			continue
		}
		id := c.table
		if !d.hasQuantization[id] {
			id = 0
		}
		if !d.hasQuantization[id] {
			return raster.Corruptf("JPEG lacks quantization table %d", c.table)
		}
		c.quantized = true
		for k, q := range d.scratch.quantization[id] {
			c.quant[k] = int32(q)
		}
	}
	return nil
}

// prepare makes what the scan decodes into, and the tables it decodes with.
func (d *Decoder) prepare(s *scan, streamed bool) error {
	if err := d.quantize(s); err != nil {
		return err
	}
	if d.header.frame.progressive {
		s.prepareProgressive()
		return nil
	}
	if streamed {
		d.output.allocate(d.header.frame.components)
	} else {
		for _, c := range s.components {
			if c.samples.stride == 0 {
				d.output.allocateWhole(c)
			}
		}
	}
	if s.coder != nil {
		s.prepareArithmetic(false)
		return nil
	}
	for _, b := range s.blocks {
		b.dc.prepare(classDC, false)
		b.ac.prepare(classAC, b.c.last < 63)
	}
	if s.components[0].scale > 1 {
		s.run = s.runSequential
		return nil
	}
	used := 0
	for i := range s.blocks {
		b := &s.blocks[i]
		b.start, used = d.scratch.blockStart(b.dc, b.ac, used)
	}
	s.run = s.runMeans
	return nil
}

// blockStart returns the table for a pair, which may be among the first used
// or is made, and the number that are used then.
func (s *scratch) blockStart(dc, ac *huffman, used int) (*blockStart, int) {
	for i := range used {
		if b := &s.starts[i]; b.dc == dc && b.ac == ac {
			return b, used
		}
	}
	b := &s.starts[used]
	b.prepare(dc, ac)
	return b, used + 1
}

// restart resets what a restart marker resets (T.81, F.2.1.3.1).
func (s *scan) restart() {
	s.bits.start()
	if s.coder != nil {
		s.coder.bits = s.bits
		s.coder.start()
	}
	s.eobRun = 0
	for _, c := range s.components {
		c.pred, c.context = 0, 0
	}
}

// decodeScan decodes a scan, as much of it as there is, and returns the marker
// that ended it, or 0 where that was not reached. Streamed scans give their
// rows to the output as they come. An error is one of the reader.
func (d *Decoder) decodeScan(s *scan, streamed bool) (next byte, err error) {
	if d.header.frame.progressive && !s.useful() {
		return d.skipScan()
	}
	total := s.mcusX * s.mcusY
	interval := d.header.interval
	boundary := total
	if interval > 0 {
		boundary = min(interval, total)
	}
	s.restart()
	row := 0
	if streamed {
		d.output.begin(0)
	}
	for done, more := 0, true; done < total; {
		n := 0
		if more {
			n = min(boundary-done, s.mcusX-done%s.mcusX)
			got := s.run(done/s.mcusX, done%s.mcusX, n)
			done += got
			d.decoded += int64(got)
			if got < n {
				done, more = d.resume(s, done, boundary, total)
			} else if done == boundary && done < total {
				done, more = d.nextInterval(s, done, total)
			}
			if !more {
				d.damaged = true
			} else if interval > 0 && done >= boundary {
				boundary = min(done-done%interval+interval, total)
			}
			if hard := s.bits.failure(); hard != nil {
				return 0, hard
			}
		} else {
			done = total
		}
		for ; streamed && row < done/s.mcusX; row++ {
			d.output.emit(row)
			if row+1 < s.mcusY {
				d.output.begin(row + 1)
			}
		}
	}
	if streamed {
		return 0, nil
	}
	if d.header.frame.progressive {
		s.note()
	}
	s.bits.finish()
	return s.bits.marker, s.bits.failure()
}

// skipScan passes over the data of a scan to the marker behind it. The end of
// the data is left for the next read to find.
func (d *Decoder) skipScan() (byte, error) {
	for {
		marker, err := d.in.marker()
		switch {
		case errors.Is(err, io.EOF):
			return 0, nil
		case err != nil:
			return 0, err
		case marker < markerRST0 || marker > markerRST7:
			return marker, nil
		}
	}
}

// failure returns the reader's error, if there was one other than the end.
func (b *bitReader) failure() error {
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		return b.err
	}
	return nil
}

// resume is called when a segment ended before its MCUs were decoded. It
// returns the MCU to go on with, and whether there is anything to go on with.
func (d *Decoder) resume(s *scan, done, boundary, total int) (int, bool) {
	d.damaged = true
	if s.bits.marker < markerRST0 || s.bits.marker > markerRST7 {
		return done, false
	}
	if d.header.interval == 0 {
		// A restart that no DRI segment announced.
		s.restart()
		return done, true
	}
	if boundary == total {
		return done, false
	}
	return d.nextInterval(s, boundary, total)
}

// nextInterval passes to the interval after the next restart marker, done MCUs
// having been decoded or lost. Where the marker is not the expected one, it
// says how many intervals were lost, or that an old one comes again.
func (d *Decoder) nextInterval(s *scan, done, total int) (int, bool) {
	interval := d.header.interval
	for {
		s.bits.finish()
		marker := s.bits.marker
		if marker < markerRST0 || marker > markerRST7 {
			return done, false
		}
		expected := (done/interval - 1) & 7
		s.restart()
		lost := (int(marker-markerRST0) - expected) & 7
		if lost == 0 {
			return done, true
		}
		d.damaged = true
		if lost < 4 {
			done += lost * interval
			return min(done, total), done < total
		}
	}
}
