package jpeg

import (
	"bytes"
	"errors"
	"io"
)

// inputSize is how much is asked of the reader at a time: large enough for a
// network stream, small enough that a progressive file is not read far beyond
// the scans that are needed.
const inputSize = 64 << 10

// maxEmptyReads bounds a reader that returns neither bytes nor an error.
const maxEmptyReads = 100

// input is a buffered reader whose buffer the entropy decoder sees.
type input struct {
	r        io.Reader
	buf      []byte
	pos, end int
	err      error // sticky: io.EOF, or the reader's own error
}

// more replaces the buffer, which has been used up. It returns io.EOF where the
// data ends and otherwise the reader's error, unchanged.
func (in *input) more() error {
	if in.err != nil {
		return in.err
	}
	for range maxEmptyReads {
		n, err := in.r.Read(in.buf)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		in.err = err
		if n > 0 {
			in.pos, in.end = 0, n
			return nil
		}
		if err != nil {
			return err
		}
	}
	in.err = io.ErrNoProgress
	return in.err
}

func (in *input) byte() (byte, error) {
	if in.pos == in.end {
		if err := in.more(); err != nil {
			return 0, err
		}
	}
	c := in.buf[in.pos]
	in.pos++
	return c, nil
}

func (in *input) uint16() (int, error) {
	hi, err := in.byte()
	if err != nil {
		return 0, err
	}
	lo, err := in.byte()
	return int(hi)<<8 | int(lo), err
}

func (in *input) full(p []byte) error {
	for len(p) > 0 {
		if in.pos == in.end {
			if err := in.more(); err != nil {
				return err
			}
		}
		n := copy(p, in.buf[in.pos:in.end])
		in.pos += n
		p = p[n:]
	}
	return nil
}

func (in *input) skip(n int) error {
	for n > 0 {
		if in.pos == in.end {
			if err := in.more(); err != nil {
				return err
			}
		}
		step := min(n, in.end-in.pos)
		in.pos += step
		n -= step
	}
	return nil
}

// marker skips to the next marker and returns its second byte. Garbage between
// segments, fill bytes and stuffed zeros are passed over (T.81, B.1.1.2).
func (in *input) marker() (byte, error) {
	for {
		if in.pos == in.end {
			if err := in.more(); err != nil {
				return 0, err
			}
		}
		i := bytes.IndexByte(in.buf[in.pos:in.end], 0xFF)
		if i < 0 {
			in.pos = in.end
			continue
		}
		in.pos += i + 1
		c, err := in.byte()
		for err == nil && c == 0xFF {
			c, err = in.byte()
		}
		if err != nil || c != 0 {
			return c, err
		}
	}
}
