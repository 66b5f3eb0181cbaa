package tiff

import (
	"io"
	"math/bits"

	"s3-thumbnail-creator/codec/raster"
)

// segment reads the data of a strip or tile. As a rowReader it is one that is
// not compressed.
type segment struct {
	src      *source
	at, end  uint64
	forget   bool // what was read is not needed again
	reversed bool // the lowest bit of a byte comes first
	used     *uint64
	buf      []byte
}

// newSegment returns strip or tile number i.
func (p *picture) newSegment(i int) (*segment, error) {
	l := p.lay
	if i >= len(l.offsets) {
		return nil, raster.Corruptf("tiff: there are %d strips or tiles, and no number %d", len(l.offsets), i)
	}
	s := &segment{
		src: p.src, at: l.offsets[i], end: ^uint64(0), forget: l.sequential, reversed: l.reversed, used: &p.used,
	}
	n := uint64(0)
	if i < len(l.counts) {
		n = l.counts[i] // 0 where a program left it out: to the end of the file
	}
	if l.compression == compressionNone {
		// Some programs write wrong lengths; the right one is known.
		n = uint64(l.rowBytes()) * uint64(l.segmentHeight)
	}
	if n > 0 && s.at+n > s.at {
		s.end = s.at + n
	}
	first, err := p.src.bytes(s.at, 1)
	if err == nil && len(first) == 0 {
		err = raster.Corruptf("tiff: strip or tile %d lies outside the file", i)
	}
	return s, err
}

// peek returns the next n bytes, or fewer at the end.
func (s *segment) peek(n int) ([]byte, error) {
	if s.forget {
		s.src.forget(s.at)
	}
	b, err := s.src.bytes(s.at, min(uint64(n), s.end-s.at))
	if err != nil || !s.reversed {
		return b, err
	}
	s.buf = append(s.buf[:0], b...)
	for i, v := range s.buf {
		s.buf[i] = bits.Reverse8(v)
	}
	return s.buf, nil
}

// take is peek, and takes what it returns.
//
// Strips and tiles may share bytes. A file in which all share the same long
// ones is made to keep decoders busy.
func (s *segment) take(n int) ([]byte, error) {
	b, err := s.peek(n)
	s.at += uint64(len(b))
	*s.used += uint64(len(b))
	if *s.used > 1<<20+16*s.src.total() {
		return nil, raster.Corruptf("tiff: strips or tiles overlap too much")
	}
	return b, err
}

// Read implements io.Reader.
func (s *segment) Read(p []byte) (int, error) {
	b, err := s.take(len(p))
	if err == nil && len(b) == 0 {
		err = io.EOF
	}
	return copy(p, b), err
}

// Next implements rowReader.
func (s *segment) Next(n int) ([]byte, error) {
	b, err := s.take(n)
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// all returns the data as a whole, as it is stored.
func (s *segment) all() ([]byte, error) {
	s.reversed = false
	return s.take(1<<63 - 1)
}
