package tiff

import (
	"io"
	"sync"
)

// source gives access to any part of a file that is read from start to end. It
// keeps what was read, until it is told to forget it.
type source struct {
	r    io.Reader
	hint int64  // size of the file, 0 where unknown
	base uint64 // offset of buf: what lies before is forgotten
	buf  []byte
	err  error // what ended the reading, io.EOF included

	floor uint64 // what lies before may be forgotten
}

const (
	readAhead = 256 << 10
	maxHint   = 1 << 30  // bytes that are allocated on the word of the caller
	maxPooled = 64 << 20 // bytes of a buffer that is kept
)

// buffers are those of files that were decoded. Fresh memory for a whole file
// takes longer to get than an uncompressed picture to decode.
var buffers sync.Pool // of *[]byte

// release makes the buffer available to other files. Nothing may point into it
// any more.
func (s *source) release() {
	if b := s.buf[:0]; cap(b) > 0 && cap(b) <= maxPooled {
		buffers.Put(&b)
	}
	s.buf = nil
}

// total is the number of bytes that were read.
func (s *source) total() uint64 { return s.base + uint64(len(s.buf)) }

// bytes returns the n bytes at the offset, or fewer where the file ends before
// them, valid until the next call. The error is that of the reader, never that
// the file ends.
func (s *source) bytes(offset, n uint64) ([]byte, error) {
	end := offset + n
	if end < offset {
		end = ^uint64(0)
	}
	if err := s.readTo(end); err != nil {
		return nil, err
	}
	have := s.total()
	return s.buf[min(max(offset, s.base), have)-s.base : min(max(end, s.base), have)-s.base], nil
}

// readTo reads until all before end is there, or the file ends.
func (s *source) readTo(end uint64) error {
	for s.total() < end && s.err == nil {
		if len(s.buf) == cap(s.buf) && !s.compact() {
			s.grow()
		}
		room := s.buf[len(s.buf):min(cap(s.buf), len(s.buf)+readAhead)]
		n, err := s.r.Read(room)
		s.buf = s.buf[:len(s.buf)+n]
		s.err = err
	}
	if s.err == nil || s.err == io.EOF || s.err == io.ErrUnexpectedEOF || s.total() >= end {
		return nil
	}
	return s.err
}

// grow makes room in the buffer: step by step while the directory may still
// come soon, then for the whole file.
func (s *source) grow() {
	size := max(2*cap(s.buf), readAhead)
	if size > 4*readAhead && s.hint > int64(len(s.buf)) && s.hint <= maxHint {
		size = int(s.hint)
	}
	old := s.buf
	if b, ok := buffers.Get().(*[]byte); ok && cap(*b) >= size {
		s.buf = (*b)[:len(old)]
	} else {
		s.buf = make([]byte, len(old), size)
	}
	copy(s.buf, old)
}

// forget says that nothing before the offset is needed any more.
func (s *source) forget(offset uint64) { s.floor = max(s.floor, offset) }

// compact drops what may be forgotten, where that is at least as much as what
// stays, and reports whether it did.
func (s *source) compact() bool {
	floor := min(s.floor, s.total())
	if floor < s.base+uint64(len(s.buf)+1)/2 || floor == s.base {
		return false
	}
	s.buf = s.buf[:copy(s.buf, s.buf[floor-s.base:])]
	s.base = floor
	return true
}
