// Package lzw decodes the LZW streams of GIF and TIFF pictures.
//
// A code stands for a string that was put out before: what a previous code put
// out and the byte after it. So every string is a place and a length in the
// output itself, and a code is a copy, eight bytes at a time; no string is put
// together from links. For that the output since the last clear code stays in
// memory until 4096 codes are defined, from then on only what is not handed
// out. That is little more than 64 KiB for a picture, and 8 MB at the very most.
//
// It takes a fifth of the time of compress/lzw and x/image/tiff/lzw on a
// dithered picture, 0.6 to 0.8 of it on noise, and 2.4 times as long on one of a
// single color, whose strings are the longest there are (BenchmarkDecode,
// 2026-11-24).
//
// Sources: GIF89a specification, appendix F; TIFF 6.0, section 13.
package lzw

import (
	"errors"
	"io"
	"sync"
)

// ErrCorrupt says that a code came that was not defined.
var ErrCorrupt = errors.New("corrupt LZW stream")

// Variant is the kind of stream.
type Variant uint8

const (
	GIF     Variant = iota // bits of a byte from the lowest up
	TIFF                   // bits of a byte from the highest down, codes grow one code early
	OldTIFF                // as GIF with 8 bits; written by some programs before TIFF 5.0 was final
)

const (
	maxWidth  = 12
	maxCodes  = 1 << maxWidth
	literals  = 256          // bytes at the start of the output that the first codes point to
	inputSize = 32 << 10     // bytes asked of the source at once
	outputRun = 64 << 10     // bytes decoded between two moves of the output
	minRun    = 4 << 10      // bytes decoded at once at least
	slack     = maxCodes + 8 // bytes past the output that one code may touch
	maxOutput = maxCodes * (maxCodes + 1) / 2
)

// Reader decodes one stream. The zero value is not usable, see NewReader.
type Reader struct {
	src    io.Reader
	srcErr error
	in     []byte // eight bytes longer than what is read into it
	inEnd  int
	bitPos int // bits of in that were taken

	out     []byte // the 256 literals, then output
	readPos int    // start of what was not handed out
	outPos  int    // end of the output
	limit   int    // where decoding pauses
	prevPos int    // where the previous code began to put out
	keep    int    // start of the output that codes may point to
	full    int    // end of it when all codes are defined, else 0

	msb      bool
	early    int // 1 where the width grows one code early
	litWidth int // bits of a byte
	clear    int // the clear code; the end code follows
	width    int // bits of a code
	next     int // the code to be defined next, see restart
	grow     int // the value of next at which width grows
	err      error

	// table holds the strings of the codes: place << 16 | length.
	table [maxCodes]uint64
}

var pool = sync.Pool{New: func() any { return &Reader{in: make([]byte, inputSize+8)} }}

// NewReader returns a Reader of the stream src, whose bytes have litWidth bits:
// 1 to 8 for GIF, 8 for TIFF. Close gives its buffers back.
func NewReader(src io.Reader, v Variant, litWidth int) *Reader {
	z := pool.Get().(*Reader)
	z.Reset(src, v, litWidth)
	return z
}

// Reset starts a new stream and keeps the buffers.
func (z *Reader) Reset(src io.Reader, v Variant, litWidth int) {
	z.src, z.srcErr = src, nil
	z.bitPos, z.inEnd = 0, 0
	z.readPos, z.outPos, z.err = literals, literals, nil
	z.msb, z.early = v == TIFF, 0
	if z.msb {
		z.early = 1
	}
	z.litWidth = min(max(litWidth, 1), 8)
	z.clear = 1 << z.litWidth
	for i := range z.clear {
		z.table[i] = uint64(i)<<16 | 1
	}
	z.restart()
}

// restart is what a clear code does. The first code that follows defines none,
// since no string precedes it: it is made to define the end code, which is
// never looked up.
func (z *Reader) restart() {
	z.width = z.litWidth + 1
	z.next = z.clear + 1
	z.grow = 1<<z.width - z.early
	z.prevPos = z.outPos
	z.keep, z.full = z.outPos, 0
}

// Close makes the buffers available to the next NewReader. Slices returned by
// Next must not be used any more.
func (z *Reader) Close() {
	z.src = nil
	if len(z.out) > 8*outputRun {
		z.out = nil
	}
	pool.Put(z)
}

// Memory is the number of bytes that a Reader may allocate whose largest Next
// is of n bytes, for a stream of total bytes.
func Memory(n int, total int64) int64 {
	return inputSize + 8*maxCodes + int64(bufferSize(n)) + min(total, 2*maxOutput)
}

func bufferSize(n int) int { return literals + n + outputRun + slack }

// Next returns the next n bytes of the decoded stream, valid until the
// following call. Fewer come with an error: io.EOF after the end code,
// io.ErrUnexpectedEOF where the input ends without it, ErrCorrupt, or an error
// of the source.
//
// It hands out its window as inflate's does: what the two share is these lines,
// since what they keep before and behind the window differs.
func (z *Reader) Next(n int) ([]byte, error) {
	for z.outPos-z.readPos < n && z.err == nil {
		z.makeRoom(n)
		// No more than is asked for, a little aside: a short row must not
		// cost the decoding of all that follows it.
		z.limit = min(max(z.readPos+n, z.outPos+minRun), len(z.out)-slack)
		z.fill()
		z.err = z.decode()
	}
	if have := z.outPos - z.readPos; have < n {
		p := z.out[z.readPos:z.outPos:z.outPos]
		z.readPos = z.outPos
		return p, z.err
	}
	p := z.out[z.readPos : z.readPos+n : z.readPos+n]
	z.readPos += n
	return p, nil
}

// makeRoom drops output that was handed out and no code points to, when the
// buffer is full, and makes the buffer larger when that does not help.
func (z *Reader) makeRoom(n int) {
	if len(z.out) == 0 {
		z.out = make([]byte, bufferSize(n))
		for i := range literals {
			z.out[i] = byte(i)
		}
	}
	if z.outPos < len(z.out)-slack && z.readPos+n <= len(z.out)-slack {
		return
	}
	var gained int
	if z.full > 0 {
		gained = z.dropAfter()
	} else {
		gained = z.dropBefore()
	}
	if need := bufferSize(n); gained < outputRun/2 || len(z.out) < need {
		grown := make([]byte, max(need, len(z.out)+len(z.out)/2))
		copy(grown, z.out[:z.outPos])
		z.out = grown
	}
}

// dropAfter drops what was handed out behind the strings of a full table.
func (z *Reader) dropAfter() int {
	gained := z.readPos - z.full
	if gained <= 0 {
		return 0
	}
	copy(z.out[z.full:], z.out[z.readPos:z.outPos])
	z.readPos -= gained
	z.outPos -= gained
	z.prevPos = z.full // no string starts there: none is being defined
	return gained
}

// dropBefore drops what was handed out before the strings of the table.
func (z *Reader) dropBefore() int {
	gained := min(z.readPos, z.keep) - literals
	if gained <= 0 {
		return 0
	}
	copy(z.out[literals:], z.out[literals+gained:z.outPos])
	for i := z.clear + 2; i < z.next; i++ {
		z.table[i] -= uint64(gained) << 16
	}
	z.readPos -= gained
	z.outPos -= gained
	z.prevPos -= gained
	z.keep -= gained
	return gained
}

// fill reads input when there is little left.
func (z *Reader) fill() {
	pos := z.bitPos >> 3
	if z.inEnd-pos >= 8 || z.srcErr != nil {
		return
	}
	z.inEnd = copy(z.in, z.in[pos:z.inEnd])
	z.bitPos &= 7
	for z.inEnd < 8 && z.srcErr == nil {
		var n int
		n, z.srcErr = z.src.Read(z.in[z.inEnd : len(z.in)-8])
		z.inEnd += n
	}
}

// inputError is the error of input that ended without an end code, nil where
// more can be read.
func (z *Reader) inputError() error {
	if z.srcErr == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return z.srcErr
}
