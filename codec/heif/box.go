package heif

import "encoding/binary"

// box is one box of an ISO base media file. ISO/IEC 14496-12, section 4.2.
type box struct {
	kind string
	body []byte
}

// nextBox splits the first box off data. ok is false at the end, or where the
// rest is no box; a box that claims more than there is takes what there is.
func nextBox(data []byte) (b box, rest []byte, ok bool) {
	if len(data) < 8 {
		return b, nil, false
	}
	size, head := uint64(binary.BigEndian.Uint32(data)), 8
	b.kind = string(data[4:8])
	switch size {
	case 0:
		size = uint64(len(data))
	case 1:
		if len(data) < 16 {
			return b, nil, false
		}
		size, head = binary.BigEndian.Uint64(data[8:]), 16
	}
	size = min(size, uint64(len(data)))
	if size < uint64(head) {
		return b, nil, false
	}
	b.body = data[head:size]
	return b, data[size:], true
}

// find returns the body of the first box of the given kind.
func find(data []byte, kind string) []byte {
	for {
		b, rest, ok := nextBox(data)
		if !ok {
			return nil
		}
		if b.kind == kind {
			return b.body
		}
		data = rest
	}
}

// fields reads big-endian numbers of whole bytes. Past the end it reads zeros.
type fields struct{ rest []byte }

func (f *fields) take(n int) (v uint64) {
	if len(f.rest) < n {
		f.rest = nil
		return 0
	}
	for _, b := range f.rest[:n] {
		v = v<<8 | uint64(b)
	}
	f.rest = f.rest[n:]
	return v
}
