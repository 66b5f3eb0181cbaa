package jpeg

import (
	"bytes"

	"s3-thumbnail-creator/codec/raster"
)

// maxICC bounds the color profile that is kept. Profiles of printers have half
// a megabyte or two.
const maxICC = 4 << 20

// maxBlocksInMCU is the most blocks an MCU may have; the standard allows 10
// (T.81, B.2.3), which some files do not keep to.
const maxBlocksInMCU = 64

// frame is what a frame header says (T.81, B.2.2).
type frame struct {
	width, height int
	progressive   bool
	arithmetic    bool // coded so, not by Huffman's codes
	components    []component
	maxH, maxV    int
	mcusX, mcusY  int
}

// header collects the facts before the first scan.
type header struct {
	frame       frame
	seenFrame   bool
	jfif        bool
	adobe       bool
	transform   byte // of the Adobe segment
	orientation int
	icc         iccChunks
	interval    int // restart interval in MCUs
}

// iccChunks are the numbered parts of a profile (ICC.1:2010, B.4).
type iccChunks struct {
	parts [256][]byte
	count int
	size  int
}

// profile returns the parts in order, or nil where there are none or one is
// missing.
func (c *iccChunks) profile() []byte {
	if c.count == 0 {
		return nil
	}
	profile := make([]byte, 0, c.size)
	for i := 1; i <= c.count; i++ {
		if c.parts[i] == nil {
			return nil
		}
		profile = append(profile, c.parts[i]...)
	}
	return profile
}

// readHeader reads up to and including the marker of the first scan.
func (d *Decoder) readHeader() error {
	var soi [2]byte
	if err := d.in.full(soi[:]); err != nil {
		return endOfHeader(err)
	}
	if soi != [2]byte{0xFF, markerSOI} {
		return raster.Corruptf("JPEG begins with % x, not ff d8", soi[:])
	}
	for {
		marker, err := d.in.marker()
		if err != nil {
			return endOfHeader(err)
		}
		switch {
		case marker == markerSOS:
			if !d.header.seenFrame {
				return raster.Corruptf("JPEG has a scan before its frame header")
			}
			return nil
		case marker == markerEOI:
			return raster.Corruptf("JPEG ends before its first scan")
		}
		if err := d.readSegment(marker); err != nil {
			return endOfHeader(err)
		}
	}
}

// endOfHeader makes the end of the data, where no pixel has come, an error of
// the picture. Errors of the reader stay what they are.
func endOfHeader(err error) error { return raster.EndOfHeader(err, "JPEG ends within its header") }

// readSegment reads the segment of a marker other than SOS and EOI.
func (d *Decoder) readSegment(marker byte) error {
	if marker == markerTEM || marker >= markerRST0 && marker <= markerSOI {
		return nil // these have no parameters
	}
	if reason := unsupported[marker]; reason != "" {
		return raster.Unsupportedf("JPEG is %s; baseline, extended and progressive with 8 bits are read, by Huffman or arithmetic coding", reason)
	}
	if marker < markerSOF0 {
		return nil // reserved, or garbage that looks like a marker
	}
	length, err := d.in.uint16()
	if err != nil {
		return err
	}
	if length < 2 {
		return nil // damaged: look for the next marker
	}
	length -= 2
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2, markerSOF9, markerSOFA, markerDHT, markerDAC, markerDQT, markerDRI,
		markerAPP0, markerAPP1, markerAPP2, markerAPPE:
	default:
		return d.in.skip(length)
	}
	data := d.scratch.segment[:length]
	if err := d.in.full(data); err != nil {
		return err
	}
	switch marker {
	case markerDHT:
		return d.readHuffman(data)
	case markerDQT:
		return d.readQuantization(data)
	case markerDRI:
		if length >= 2 {
			d.header.interval = int(data[0])<<8 | int(data[1])
		}
	case markerDAC:
		return d.arithmetic().readConditions(data)
	case markerSOF0, markerSOF1, markerSOF2, markerSOF9, markerSOFA:
		if d.header.seenFrame {
			return raster.Corruptf("JPEG has a second frame header")
		}
		d.header.seenFrame = true
		d.header.frame.arithmetic = marker == markerSOF9 || marker == markerSOFA
		return d.header.frame.read(data, marker == markerSOF2 || marker == markerSOFA)
	default:
		d.header.readApplication(marker, data)
	}
	return nil
}

// unsupported names the kinds of JPEG that are refused, by their marker.
var unsupported = [256]string{
	0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical and lossless",
	0xCB: "arithmetic-coded and lossless",
	0xCD: "arithmetic-coded and hierarchical", 0xCE: "arithmetic-coded and hierarchical",
	0xCF: "arithmetic-coded and hierarchical", markerDHP: "hierarchical", markerLS: "JPEG-LS",
}

// read reads a frame header.
func (f *frame) read(data []byte, progressive bool) error {
	if len(data) < 6 {
		return raster.Corruptf("JPEG frame header of %d bytes, want at least 6", len(data))
	}
	if bits := data[0]; bits == 12 || bits == 16 {
		return raster.Unsupportedf("JPEG has %d bits a sample, 8 are read", bits)
	} else if bits != 8 {
		return raster.Corruptf("JPEG has %d bits a sample, want 8", bits)
	}
	f.height = int(data[1])<<8 | int(data[2])
	f.width = int(data[3])<<8 | int(data[4])
	f.progressive = progressive
	n := int(data[5])
	if f.width == 0 {
		return raster.Corruptf("JPEG is 0 pixels wide")
	}
	if n == 0 || len(data) < 6+3*n {
		return raster.Corruptf("JPEG frame header of %d bytes has %d components", len(data), n)
	}
	if n > 4 {
		return raster.Unsupportedf("JPEG has %d components, 1 to 4 are read", n)
	}
	f.components = make([]component, n)
	f.maxH, f.maxV = 1, 1
	blocks := 0
	for i := range f.components {
		p := data[6+3*i:]
		c := &f.components[i]
		c.id, c.h, c.v, c.table = p[0], int(p[1]>>4), int(p[1]&15), p[2]&3
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return raster.Corruptf("JPEG component %d has sampling factors %dx%d, want 1 to 4", c.id, c.h, c.v)
		}
		if n == 1 {
			c.h, c.v = 1, 1 // alone, it is never interleaved: the factors mean nothing
		}
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
		blocks += c.h * c.v
	}
	if blocks > maxBlocksInMCU {
		return raster.Corruptf("JPEG has %d blocks in an MCU, want at most %d", blocks, maxBlocksInMCU)
	}
	return nil
}

// layOut computes what depends on the height, which a DNL segment may have
// told after the frame header.
func (f *frame) layOut() {
	f.mcusX = ceilDiv(f.width, 8*f.maxH)
	f.mcusY = ceilDiv(f.height, 8*f.maxV)
	for i := range f.components {
		c := &f.components[i]
		c.blocksX = ceilDiv(ceilDiv(f.width*c.h, f.maxH), 8)
		c.blocksY = ceilDiv(ceilDiv(f.height*c.v, f.maxV), 8)
		c.paddedX, c.paddedY = f.mcusX*c.h, f.mcusY*c.v
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (d *Decoder) readQuantization(data []byte) error {
	for len(data) > 0 {
		wide, id := data[0]>>4, data[0]&15
		data = data[1:]
		size := 64
		if wide != 0 {
			size = 128
		}
		if id > 3 || wide > 1 || len(data) < size {
			return raster.Corruptf("JPEG quantization table %d of %d bytes, want tables 0 to 3 of %d", id, len(data), size)
		}
		t := &d.scratch.quantization[id]
		for k := range t {
			if wide != 0 {
				t[k] = uint16(data[2*k])<<8 | uint16(data[2*k+1])
			} else {
				t[k] = uint16(data[k])
			}
		}
		d.hasQuantization[id] = true
		data = data[size:]
	}
	return nil
}

func (d *Decoder) readHuffman(data []byte) error {
	for len(data) > 0 {
		if len(data) < 17 {
			return raster.Corruptf("JPEG Huffman table of %d bytes, want at least 17", len(data))
		}
		class, id := data[0]>>4, data[0]&15
		counts := (*[16]uint8)(data[1:17])
		n := 0
		for _, c := range counts {
			n += int(c)
		}
		data = data[17:]
		if class > 1 || id > 3 || n > 256 || n > len(data) {
			return raster.Corruptf("JPEG Huffman table %d of class %d with %d codes in %d bytes", id, class, n, len(data))
		}
		if err := d.scratch.huffman[class][id].set(counts, data[:n]); err != nil {
			return err
		}
		d.hasHuffman[class][id] = true
		data = data[n:]
	}
	return nil
}

// readApplication takes what matters from APP0 (JFIF), APP1 (EXIF), APP2 (ICC
// profile) and APP14 (Adobe).
func (h *header) readApplication(marker byte, data []byte) {
	switch marker {
	case markerAPP0:
		h.jfif = h.jfif || bytes.HasPrefix(data, []byte("JFIF\x00"))
	case markerAPP1:
		if h.orientation <= 1 && bytes.HasPrefix(data, []byte("Exif\x00")) {
			h.orientation = raster.Orientation(data)
		}
	case markerAPP2:
		const prefix = "ICC_PROFILE\x00"
		if !bytes.HasPrefix(data, []byte(prefix)) || len(data) < len(prefix)+3 {
			return
		}
		number, count := data[len(prefix)], data[len(prefix)+1]
		part := data[len(prefix)+2:]
		if number == 0 || h.icc.parts[number] != nil || h.icc.size+len(part) > maxICC {
			return
		}
		h.icc.parts[number] = bytes.Clone(part)
		h.icc.count = int(count)
		h.icc.size += len(part)
	case markerAPPE:
		if len(data) >= 12 && bytes.HasPrefix(data, []byte("Adobe")) {
			h.adobe, h.transform = true, data[11]
		}
	}
}
