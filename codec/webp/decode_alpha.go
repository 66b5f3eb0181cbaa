package webp

import (
	"encoding/binary"
	"iter"

	"s3-thumbnail-creator/codec/webp/vp8l"
)

// Filters of the alpha plane: what a value was predicted from (RFC 9649 section
// 2.7.1.2).
const (
	filterNone = iota
	filterHorizontal
	filterVertical
	filterGradient
)

// alphaRows yields the rows of an ALPH chunk, in a buffer that is reused. It
// ends early where the data does.
func alphaRows(chunk []byte, width, height int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(chunk) == 0 {
			return
		}
		head, data := chunk[0], chunk[1:]
		u := unfilter{kind: head >> 2 & 3, row: make([]byte, width)}
		if head&3 == 0 {
			for ; len(data) >= width && height > 0; height-- {
				copy(u.row, data)
				data = data[width:]
				u.apply()
				if !yield(u.row) {
					return
				}
			}
			return
		}
		more := true
		// What is broken in the alpha costs the alpha, not the picture.
		_, _ = vp8l.AlphaRows(data, width, height, func(_ int, argb []uint32) {
			if !more {
				return
			}
			for i, v := range argb {
				u.row[i] = byte(v >> 8)
			}
			u.apply()
			more = yield(u.row)
		})
	}
}

// unfilter undoes the filter of one row after the other.
type unfilter struct {
	kind   byte
	row    []byte
	above  []byte
	inside bool // not the first row
}

// apply undoes the filter in row.
func (u *unfilter) apply() {
	if u.kind == filterNone {
		return
	}
	row := u.row
	if !u.inside {
		u.inside = true
		u.above = make([]byte, len(row))
		for i := 1; i < len(row); i++ {
			row[i] += row[i-1]
		}
		copy(u.above, row)
		return
	}
	above := u.above[:len(row)]
	switch u.kind {
	case filterHorizontal:
		row[0] += above[0]
		for i := 1; i < len(row); i++ {
			row[i] += row[i-1]
		}
	case filterVertical:
		for i := range row {
			row[i] += above[i]
		}
	case filterGradient:
		row[0] += above[0]
		for i := 1; i < len(row); i++ {
			if row[i-1] == above[i-1] {
				// The prediction is what is above. Where it is right, it is so in runs.
				n := zeros(row[i:])
				copy(row[i:i+n], above[i:])
				if i += n; i == len(row) {
					break
				}
			}
			p := int(row[i-1]) + int(above[i]) - int(above[i-1])
			row[i] += byte(min(max(p, 0), 255))
		}
	}
	copy(above, row)
}

// zeros returns the number of bytes at the start of p that are 0.
func zeros(p []byte) int {
	n := 0
	for len(p)-n >= 8 && binary.LittleEndian.Uint64(p[n:n+8]) == 0 {
		n += 8
	}
	for n < len(p) && p[n] == 0 {
		n++
	}
	return n
}
