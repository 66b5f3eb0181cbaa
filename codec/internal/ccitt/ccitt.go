// Package ccitt decodes fax compression of black and white pictures as TIFF
// uses it: modified Huffman rows, Group 3 in one and two dimensions, Group 4.
//
// A row is a list of the places where its color changes. In one dimension the
// lengths between them are coded, in two how they differ from the changes of
// the row above.
//
// It takes 0.32 times as long as x/image/ccitt on Group 4 (BenchmarkGroup4,
// 2026-11-24). That package (v0.47.0) does not read modified Huffman rows, Group
// 3 in two dimensions or with fill bits, and ends where a row is damaged.
//
// Sources: ITU-T T.4 (Group 3), ITU-T T.6 (Group 4), TIFF 6.0 section 10.
package ccitt

import (
	"errors"
	"io"
)

// ErrCorrupt says that a code came that does not exist, where no row was begun
// that could be shown.
var ErrCorrupt = errors.New("corrupt CCITT data")

// What may be wrong within a row. errCode leaves the reader before bits that are
// no code, errLength behind a code that does not fit the row.
var (
	errCode   = errors.New("no such code")
	errLength = errors.New("a run does not fit its row")
)

// Mode is the kind of compression.
type Mode uint8

const (
	Huffman              Mode = iota // rows in one dimension, each from a new byte
	HuffmanWords                     // each from a new 16-bit word
	Group3                           // rows in one dimension, after end-of-line codes
	Group3TwoDimensional             // rows in either, as a bit after the end-of-line code says
	Group4                           // rows in two dimensions
)

// Options describe the data.
type Options struct {
	Columns int // pixels of a row
	Mode    Mode
}

// Reader decodes rows.
type Reader struct {
	in      bitReader
	o       Options
	tables  *tables
	above   []int // changes of color of the row above: to black, to white, ...
	changes []int // of the current row; both end with Columns at least thrice
	row     []byte
	err     error // of the next call

	// Of Group 3: how many rows end with the codes that follow, all but the last
	// of them blank, and how the last is written.
	due            int
	twoDimensional bool
}

// NewReader returns a Reader of data whose bits come highest first.
func NewReader(r io.Reader, o Options) *Reader {
	return &Reader{
		in: bitReader{r: r}, o: o, tables: load(),
		above: []int{o.Columns, o.Columns, o.Columns},
		row:   make([]byte, (o.Columns+7)/8),
	}
}

// NextRow returns the next row, one bit a pixel, the first one highest, 1 for
// black; valid until the following call. The error is io.ErrUnexpectedEOF where
// the data ends before the row, ErrCorrupt where it cannot be decoded, or an
// error of the source.
//
// A damaged row is shown as far as it goes, as libtiff does. Decoding resumes at
// the next end-of-line code in Group 3, at the next byte or word where rows begin
// at one, and with the next code in Group 4, unless that is none.
func (r *Reader) NextRow() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	r.changes = r.changes[:0]
	err := r.decode()
	n := len(r.changes)
	if err != nil && n%2 == 1 {
		r.changes = r.changes[:n-1] // black that has no end
	}
	r.changes = append(r.changes, r.o.Columns, r.o.Columns, r.o.Columns)
	r.err = r.resume(err, n > 0)
	if ended := r.err == io.ErrUnexpectedEOF || r.err == ErrCorrupt; r.err != nil && (n == 0 || !ended) {
		return nil, r.err
	}
	r.paint()
	r.above, r.changes = r.changes, r.above
	return r.row, nil
}

// decode reads one row into changes.
func (r *Reader) decode() error {
	twoDimensional := r.o.Mode == Group4
	switch r.o.Mode {
	case Huffman:
		r.in.align(8)
	case HuffmanWords:
		r.in.align(16)
	case Group3, Group3TwoDimensional:
		if r.due == 0 {
			if err := r.endsOfLine(); err != nil {
				return err
			}
		}
		if r.due--; r.due > 0 {
			return nil
		}
		twoDimensional = r.twoDimensional
	}
	if twoDimensional {
		return r.twoDimensions()
	}
	return r.oneDimension()
}

// endOfBlock is the number of end-of-line codes that end the data: T.4, section
// 4.1.4.
const endOfBlock = 6

// endsOfLine passes the end-of-line codes before a row of Group 3, and the bit
// after them that says in which way the row is written. Between two of them
// stands a row of which nothing is left.
func (r *Reader) endsOfLine() error {
	r.twoDimensional = false
	for n := 0; ; n++ {
		found, err := r.in.skipEndOfLine()
		if err != nil || n == endOfBlock {
			return end(err)
		}
		if !found {
			r.due = max(n, 1)
			return nil
		}
		if r.o.Mode == Group3TwoDimensional {
			bit, err := r.in.take(1)
			if err != nil {
				return err
			}
			r.twoDimensional = bit == 0
		}
	}
}

func end(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// resume goes on after a row that was decoded with the given error, and returns
// what the following call is to return. Begun says whether any of the row was
// decoded.
func (r *Reader) resume(err error, begun bool) error {
	if err != errCode && err != errLength {
		return err
	}
	switch r.o.Mode {
	case Group3, Group3TwoDimensional:
		return r.in.findEndOfLine()
	case Huffman, HuffmanWords:
		if begun {
			return nil
		}
	case Group4:
		if begun && err == errLength {
			return nil
		}
	}
	return ErrCorrupt
}

// oneDimension reads runs of white and black in turn.
func (r *Reader) oneDimension() error {
	for x, color := 0, 0; x < r.o.Columns; color ^= 1 {
		n, err := r.run(color)
		if err != nil {
			return err
		}
		fits := n <= r.o.Columns-x
		x = min(x+n, r.o.Columns)
		if err := r.change(x); err != nil {
			return err
		}
		if !fits {
			return errLength
		}
	}
	return nil
}

// change adds a change of color. A row has no more of them than pixels; runs of
// no length, of which damaged data may be full, must not add up.
func (r *Reader) change(x int) error {
	if len(r.changes) > r.o.Columns+2 {
		return errLength
	}
	r.changes = append(r.changes, x)
	return nil
}

// run reads the length of a run: any number of codes for multiples of 64, then
// one for the rest.
func (r *Reader) run(color int) (int, error) {
	total := 0
	for {
		v, err := r.in.peek(runBits)
		if err != nil {
			return 0, err
		}
		e := r.tables.runs[color][v]
		if err := r.in.drop(e.bits); err != nil {
			return 0, err
		}
		total += int(e.value)
		if e.value < 64 {
			return total, nil
		}
		total = min(total, r.o.Columns+1) // as good as any longer one
	}
}

// twoDimensions reads a row as differences from the row above: T.4, section
// 4.2. The names a0, b1 and b2 are those of T.4: a0 is where decoding stands,
// b1 the first change above to its right that goes to the other color, b2 the
// next one.
func (r *Reader) twoDimensions() error {
	a0, color, i := 0, 0, 0
	for a0 < r.o.Columns {
		v, err := r.in.peek(modeBits)
		if err != nil {
			return err
		}
		e := r.tables.modes[v]
		if err := r.in.drop(e.bits); err != nil {
			return err
		}
		// Changes to black have even numbers, those to white odd ones.
		for i = max(i-2, 0)&^1 | color; r.above[i] <= a0 && r.above[i] < r.o.Columns && (a0 > 0 || len(r.changes) > 0); i += 2 {
		}
		switch m := mode(e.value); m {
		case pass:
			a0 = r.above[i+1]
		case horizontal:
			for range 2 {
				n, err := r.run(color)
				if err != nil {
					return err
				}
				fits := n <= r.o.Columns-a0
				a0 = min(a0+n, r.o.Columns)
				if err := r.change(a0); err != nil {
					return err
				}
				if !fits {
					return errLength
				}
				color ^= 1
			}
		default:
			a1 := r.above[i] + offsets[m-vertical]
			if a1 < a0 || a1 > r.o.Columns {
				return errLength
			}
			a0 = a1
			if err := r.change(a0); err != nil {
				return err
			}
			color ^= 1
		}
	}
	return nil
}

// offsets are those of the vertical modes.
var offsets = [7]int{0, 1, 2, 3, -1, -2, -3}

// paint makes the row from its changes.
func (r *Reader) paint() {
	clear(r.row)
	for i := 0; i+1 < len(r.changes); i += 2 {
		from, to := r.changes[i], r.changes[i+1]
		if from >= to {
			continue
		}
		first, last := from>>3, (to-1)>>3
		left, right := uint8(0xff)>>(from&7), uint8(0xff)<<(7-(to-1)&7)
		if first == last {
			r.row[first] |= left & right
			continue
		}
		r.row[first] |= left
		for k := first + 1; k < last; k++ {
			r.row[k] = 0xff
		}
		r.row[last] |= right
	}
}
