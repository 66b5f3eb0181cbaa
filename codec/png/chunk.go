package png

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"s3-thumbnail-creator/codec/icc"
	"s3-thumbnail-creator/codec/internal/inflate"
	"s3-thumbnail-creator/codec/raster"
)

const (
	maxChunk   = 1<<31 - 1 // section 5.3
	maxProfile = 4 << 20   // bytes of a color profile, unpacked
	maxEXIF    = 1 << 20   // bytes of an eXIf chunk that are looked at
)

// chunkReader goes from chunk to chunk. As an io.Reader it gives the data of
// the current IDAT chunk and of those that follow.
type chunkReader struct {
	r    *bufio.Reader
	left int  // bytes of data left in the current chunk
	open bool // the checksum of the current chunk has not been passed
}

// next goes to the following chunk.
func (c *chunkReader) next() (kind string, err error) {
	if c.open {
		if _, err := c.r.Discard(c.left + 4); err != nil {
			return "", err
		}
	}
	head, err := c.r.Peek(8)
	if err != nil {
		return "", err
	}
	n := binary.BigEndian.Uint32(head)
	kind = "IDAT" // without allocating it for each of thousands
	if string(head[4:]) != kind {
		kind = string(head[4:])
	}
	if n > maxChunk || !letters(kind) {
		return "", raster.Corruptf("png: chunk %q of %d bytes", kind, n)
	}
	c.r.Discard(8)
	c.left, c.open = int(n), true
	return kind, nil
}

func letters(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// ancillary tells chunks that a decoder may skip: section 5.4.
func ancillary(kind string) bool { return kind[0]&0x20 != 0 }

// data reads the data of the current chunk, at most limit bytes of it. It
// allocates no more than what is really there.
func (c *chunkReader) data(limit int) ([]byte, error) {
	n := min(c.left, limit)
	if n <= bufferSize {
		b := make([]byte, n)
		k, err := io.ReadFull(c.r, b)
		c.left -= k
		return b, err
	}
	var b bytes.Buffer
	k, err := io.CopyN(&b, c.r, int64(n))
	c.left -= int(k)
	return b.Bytes(), err
}

// Read implements io.Reader. Data ends at the first chunk that is neither IDAT
// nor ancillary, or that is no chunk.
func (c *chunkReader) Read(p []byte) (int, error) {
	for c.left == 0 {
		kind, err := c.next()
		if err != nil {
			return 0, err
		}
		if kind != "IDAT" && !ancillary(kind) {
			return 0, io.EOF
		}
		for kind != "IDAT" {
			if kind, err = c.next(); err != nil {
				return 0, err
			}
			if kind != "IDAT" && !ancillary(kind) {
				return 0, io.EOF
			}
		}
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// readHeader reads everything up to the first IDAT chunk.
func (d *Decoder) readHeader() error {
	var sig [len(signature)]byte
	if _, err := io.ReadFull(d.chunks.r, sig[:]); err != nil {
		return err
	}
	if string(sig[:]) != signature {
		return raster.Corruptf("png: the file does not start with the PNG signature")
	}
	kind, err := d.chunks.next()
	if err != nil {
		return err
	}
	if kind == "CgBI" {
		return raster.Unsupportedf("png: Apple's CgBI variant")
	}
	if kind != "IHDR" {
		return raster.Corruptf("png: the first chunk is %q, must be IHDR", kind)
	}
	b, err := d.chunks.data(13)
	if err != nil {
		return err
	}
	if err := d.readIHDR(b); err != nil {
		return err
	}
	var h header
	for {
		kind, err := d.chunks.next()
		if err != nil {
			return err
		}
		if kind == "IDAT" {
			return d.finishHeader(&h)
		}
		if kind == "IEND" {
			return raster.Corruptf("png: no IDAT chunk")
		}
		if err := h.read(&d.chunks, kind); err != nil {
			return err
		}
	}
}

// header collects the chunks before the first IDAT chunk.
type header struct {
	plte, trns, exif []byte
	icc              []byte
	profiles         int // iCCP chunks
	gamma            float64
	primaries        icc.Chromaticities
	coded            []byte // the cICP chunk
	srgb             bool
	frames           int
}

func (h *header) read(c *chunkReader, kind string) error {
	read := func(limit int, into *[]byte) (err error) {
		*into, err = c.data(limit)
		return err
	}
	switch kind {
	case "PLTE":
		return read(3*256, &h.plte)
	case "tRNS":
		return read(256, &h.trns)
	case "eXIf":
		return read(maxEXIF, &h.exif)
	case "sRGB":
		h.srgb = true
	case "gAMA":
		var b []byte
		if err := read(4, &b); err != nil {
			return err
		}
		if len(b) == 4 {
			h.gamma = float64(binary.BigEndian.Uint32(b)) / 100000
		}
	case "cHRM":
		var b []byte
		if err := read(32, &b); err != nil {
			return err
		}
		if len(b) == 32 {
			for i := range h.primaries { // white comes first
				x, y := b[8*i:], b[8*i+4:]
				h.primaries[(i+3)%4] = [2]float64{float64(binary.BigEndian.Uint32(x)) / 100000, float64(binary.BigEndian.Uint32(y)) / 100000}
			}
		}
	case "cICP":
		return read(4, &h.coded)
	case "acTL":
		var b []byte
		if err := read(4, &b); err != nil {
			return err
		}
		if len(b) == 4 {
			h.frames = int(binary.BigEndian.Uint32(b))
		}
	case "iCCP":
		if h.profiles++; h.profiles > 1 {
			return nil // one may be unpacked, thousands may not
		}
		var b []byte
		if err := read(maxProfile, &b); err != nil {
			return err
		}
		h.icc = unpackProfile(b)
	}
	return nil
}

// unpackProfile reads an iCCP chunk: a name, zero, the compression method, and
// the compressed profile (section 11.3.2.3). A profile that is damaged or
// larger than maxProfile is as good as none.
func unpackProfile(b []byte) []byte {
	i := bytes.IndexByte(b, 0)
	if i < 0 || i+2 > len(b) || b[i+1] != 0 {
		return nil
	}
	z := inflate.NewReader(bytes.NewReader(b[i+2:]))
	defer z.Close()
	icc, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil || len(icc) > maxProfile {
		return nil
	}
	return icc
}

// setColors decides which chunk tells the colors: cICP before iCCP, before sRGB,
// before gAMA and cHRM (PNG, third edition, section 4.3). Primaries without a
// gamma are ignored, as Chromium and libpng do.
func (d *Decoder) setColors(h *header) {
	d.info.Gray = d.colorType == typeGray || d.colorType == typeGrayAlpha
	if c := h.coded; len(c) == 4 && c[2] == 0 && c[3] == 1 { // RGB, in full range
		primaries, ok := icc.CodedPrimaries(int(c[0]))
		if ok && icc.CodedTransfer(int(c[1])) != nil {
			d.info.Colors = raster.Colors{Primaries: primaries, Transfer: int(c[1])}
			return
		}
	}
	d.info.ICC = h.icc
	if h.icc == nil && !h.srgb && h.gamma > 0 {
		d.info.Colors.Gamma = h.gamma
		if h.primaries.Usable() && !h.primaries.Near(icc.SRGB) {
			d.info.Colors.Primaries = h.primaries
		}
	}
}

func (d *Decoder) finishHeader(h *header) error {
	d.setColors(h)
	d.info.Frames = max(h.frames, 1)
	d.info.Orientation = raster.Orientation(h.exif)
	switch d.colorType {
	case typePalette:
		if len(h.plte) < 3 {
			return raster.Corruptf("png: palette picture without a PLTE chunk")
		}
		for i := 0; i+3 <= len(h.plte); i += 3 {
			c := [4]uint8{h.plte[i], h.plte[i+1], h.plte[i+2], 255}
			if i/3 < len(h.trns) {
				c[3] = h.trns[i/3]
			}
			d.info.Alpha = d.info.Alpha || c[3] < 255
			d.palette = append(d.palette, c)
		}
	case typeGray, typeRGB:
		if n := d.samples(); len(h.trns) >= 2*n {
			for i := range n {
				d.key = append(d.key, binary.BigEndian.Uint16(h.trns[2*i:])&(1<<d.depth-1))
			}
			d.info.Alpha = true
		} else if d.colorType == typeGray {
			d.info.Model = raster.Gray
		}
	}
	return nil
}
