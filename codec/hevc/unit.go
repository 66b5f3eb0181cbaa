package hevc

import (
	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/raster"
)

// Types of the units that a still picture has. ITU-T H.265, table 7-1.
const (
	unitBLA         = 16 // the first of the types that begin a sequence, 16 to 23
	unitIDR         = 19
	unitIDRNoLP     = 20
	unitLastIRAP    = 23
	unitLastSlice   = 31 // types up to this hold slices
	unitSequenceSet = 33
	unitPictureSet  = 34
)

// unit is one network abstraction layer unit. Section 7.3.1.
type unit struct {
	kind  int
	layer int
	body  []byte // behind the header, as stored
}

func parseUnit(data []byte) (u unit, ok bool) {
	if len(data) < 3 || data[0]&0x80 != 0 {
		return u, false
	}
	return unit{int(data[0] >> 1), int(data[0]&1)<<5 | int(data[1]>>3), data[2:]}, true
}

// units splits data, in which each unit follows its length, a number of
// lengthSize bytes (ISO/IEC 14496-15, section 4.3.3). A unit that is longer
// than what is left is cut.
type units struct {
	data       []byte
	lengthSize int
}

func (s *units) next() (u unit, ok bool) {
	for len(s.data) > s.lengthSize {
		var n uint64
		for _, b := range s.data[:s.lengthSize] {
			n = n<<8 | uint64(b)
		}
		s.data = s.data[s.lengthSize:]
		n = min(n, uint64(len(s.data)))
		u, ok = parseUnit(s.data[:n])
		s.data = s.data[n:]
		if ok {
			return u, true
		}
	}
	return u, false
}

// unescape removes the emulation prevention bytes: a 3 behind two zeros.
// Section 7.4.2. buf is used where it is large enough.
func unescape(buf, body []byte) []byte {
	buf = append(buf[:0], body...)
	n, zeros := 0, 0
	for _, b := range body {
		if b == 3 && zeros >= 2 {
			zeros = 0
			continue
		}
		buf[n] = b
		n++
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return buf[:n]
}

// parameterSets are the sets that slices refer to, by their numbers.
type parameterSets struct {
	sequence [16]*sequenceSet
	picture  [64]*pictureSet
}

// add takes a unit if it is a parameter set of the base layer. A set that is
// not understood is remembered with its error, which counts only when a slice
// refers to it.
func (p *parameterSets) add(u unit) {
	if u.layer != 0 {
		return
	}
	b := &bitReader{bitfield.Reader{Data: unescape(nil, u.body)}}
	switch u.kind {
	case unitSequenceSet:
		if s := parseSequenceSet(b); s.id < len(p.sequence) {
			p.sequence[s.id] = s
		}
	case unitPictureSet:
		if s := parsePictureSet(b); s.id < len(p.picture) {
			p.picture[s.id] = s
		}
	}
}

// find returns the sets that picture set id stands for.
func (p *parameterSets) find(id int) (*sequenceSet, *pictureSet, error) {
	if id >= len(p.picture) || p.picture[id] == nil {
		return nil, nil, raster.Corruptf("HEVC: no picture parameter set %d", id)
	}
	pic := p.picture[id]
	if pic.err != nil {
		return nil, nil, pic.err
	}
	seq := p.sequence[pic.sequence]
	if seq == nil {
		return nil, nil, raster.Corruptf("HEVC: no sequence parameter set %d", pic.sequence)
	}
	if seq.err != nil {
		return nil, nil, seq.err
	}
	return seq, pic, nil
}
