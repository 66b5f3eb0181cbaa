package tiff

import (
	"io"

	"github.com/klauspost/compress/zstd"

	"s3-thumbnail-creator/codec/internal/ccitt"
	"s3-thumbnail-creator/codec/internal/inflate"
	"s3-thumbnail-creator/codec/internal/lzw"
)

// rowReader gives the next n bytes of a strip or tile, valid until the
// following call. Fewer come with an error.
type rowReader interface {
	Next(n int) ([]byte, error)
}

// plane decodes the strips or tiles of one plane, or of all samples where they
// are interleaved.
type plane struct {
	lay    *layout
	rowLen int
	rows   rowReader
	buf    []byte // a row after the predictor
	stored []byte // a row before it, of codecs that have no window

	inflate *inflate.Reader
	lzw     *lzw.Reader
	zstd    *zstd.Decoder
}

func newPlane(l *layout) *plane {
	p := &plane{lay: l, rowLen: l.rowBytes()}
	if l.predictor > 1 {
		p.buf = make([]byte, p.rowLen)
	}
	switch l.compression {
	case compressionPackBits, compressionZstd, compressionJPEG:
		p.stored = make([]byte, p.rowLen)
	}
	return p
}

func (p *plane) close() {
	if p.inflate != nil {
		p.inflate.Close()
	}
	if p.lzw != nil {
		p.lzw.Close()
	}
	if p.zstd != nil {
		p.zstd.Close()
	}
}

// open starts a strip or tile.
func (p *plane) open(s *segment) error {
	switch p.lay.compression {
	case compressionNone:
		p.rows = s
	case compressionPackBits:
		p.rows = &packBits{src: s, buf: p.stored}
	case compressionDeflate, compressionDeflateOld:
		if p.inflate == nil {
			p.inflate = inflate.NewReader(s)
		}
		p.inflate.Reset(s)
		p.rows = p.inflate
	case compressionLZW:
		return p.openLZW(s)
	case compressionZstd:
		return p.openZstd(s)
	case compressionJPEG:
		return p.openJPEG(s)
	default:
		p.openCCITT(s)
	}
	return nil
}

func (p *plane) openLZW(s *segment) error {
	b, err := s.peek(2)
	if err != nil {
		return err
	}
	variant := lzw.TIFF
	if len(b) == 2 && b[0] == 0 && b[1]&1 == 1 {
		variant = lzw.OldTIFF // a clear code with its lowest bit first
	}
	if p.lzw == nil {
		p.lzw = lzw.NewReader(s, variant, 8)
	}
	p.lzw.Reset(s, variant, 8)
	p.rows = p.lzw
	return nil
}

func (p *plane) openZstd(s *segment) error {
	data, err := narrowWindow(s, p.lay.zstdWindow())
	if err != nil {
		return err
	}
	if p.zstd == nil {
		window := zstd.WithDecoderMaxWindow(uint64(p.lay.zstdWindow()))
		p.zstd, err = zstd.NewReader(data, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), window)
	} else {
		err = p.zstd.Reset(data)
	}
	if err != nil {
		return err
	}
	p.rows = &copied{r: p.zstd, src: s.src, buf: p.stored}
	return nil
}

func (p *plane) openCCITT(s *segment) {
	o := ccitt.Options{Columns: p.lay.segmentWidth}
	switch p.lay.compression {
	case compressionHuffman:
		o.Mode = ccitt.Huffman
	case compressionHuffmanW:
		o.Mode = ccitt.HuffmanWords
	case compressionG3:
		o.Mode = ccitt.Group3
		if p.lay.t4Options&1 != 0 {
			o.Mode = ccitt.Group3TwoDimensional
		}
	default:
		o.Mode = ccitt.Group4
	}
	p.rows = &ccittRows{r: ccitt.NewReader(s, o)}
}

// ccittRows adapts a CCITT decoder, which knows the length of its rows.
type ccittRows struct{ r *ccitt.Reader }

// Next implements rowReader.
func (c *ccittRows) Next(int) ([]byte, error) { return c.r.NextRow() }

// row returns the next row, after the predictor.
func (p *plane) row() ([]byte, error) {
	b, err := p.rows.Next(p.rowLen)
	if err != nil {
		return nil, err
	}
	if p.lay.predictor > 1 {
		undoPredictor(p.lay, p.buf, b)
		return p.buf, nil
	}
	return b, nil
}

// copied is a rowReader over the decoder r of the source's data.
type copied struct {
	r   io.Reader
	src *source
	buf []byte
}

// Next implements rowReader.
func (c *copied) Next(n int) ([]byte, error) {
	if _, err := io.ReadFull(c.r, c.buf[:n]); err != nil {
		if c.src.err != nil && c.src.err != io.EOF {
			return nil, c.src.err
		}
		return nil, io.ErrUnexpectedEOF // whatever the decoder says, it is about the data
	}
	return c.buf[:n], nil
}

// packBits decodes PackBits: TIFF 6.0, section 9. A count that reaches past the
// end of a row, which the rules forbid, goes on in the next.
type packBits struct {
	src    *segment
	buf    []byte
	copies int // bytes left to copy
	repeat int // times left to repeat
	value  byte
}

// Next implements rowReader.
func (p *packBits) Next(n int) ([]byte, error) {
	out := p.buf[:n]
	for len(out) > 0 {
		switch {
		case p.repeat > 0:
			k := min(p.repeat, len(out))
			for i := range out[:k] {
				out[i] = p.value
			}
			p.repeat -= k
			out = out[k:]
		case p.copies > 0:
			k, err := p.src.Read(out[:min(p.copies, len(out))])
			if err != nil {
				return nil, err
			}
			p.copies -= k
			out = out[k:]
		default:
			if err := p.count(); err != nil {
				return nil, err
			}
		}
	}
	return p.buf[:n], nil
}

func (p *packBits) count() error {
	b, err := p.src.take(1)
	if err != nil || len(b) == 0 {
		return end(err)
	}
	switch v := int8(b[0]); {
	case v >= 0:
		p.copies = int(v) + 1
	case v > -128:
		if b, err = p.src.take(1); err != nil || len(b) == 0 {
			return end(err)
		}
		p.repeat, p.value = 1-int(v), b[0]
	}
	return nil
}

func end(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}
