package heif

import (
	"bytes"
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// header is what the item properties of the primary item say.
type header struct {
	width, height int    // ispe: pixels before rotation
	rotation      int    // irot: quarter turns counter-clockwise
	mirror        int    // imir: 0 none, 1 top to bottom, 2 left to right
	mirrorFirst   bool   // imir is listed before irot and is applied first
	icc           []byte // colr of type prof or rICC
	matrix        int    // colr of type nclx: matrix coefficients (ITU-T H.273), 2 where not given
	limitedRange  bool   // colr of type nclx without the full range flag
	alpha         bool   // an auxiliary item holds the alpha channel
}

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

// metaBox is the meta box of a file, with the list of properties that items
// refer to.
type metaBox struct {
	body       []byte
	properties []box
}

func findMeta(file []byte) (*metaBox, error) {
	meta := find(file, "meta")
	if len(meta) < 4 {
		return nil, raster.Unsupportedf("no meta box: not a still image")
	}
	m := &metaBox{body: meta[4:]} // behind version and flags
	for rest := find(find(m.body, "iprp"), "ipco"); ; {
		b, next, ok := nextBox(rest)
		if !ok || len(m.properties) == 1<<15 { // as many as an index of 15 bits reaches
			return m, nil
		}
		m.properties, rest = append(m.properties, b), next
	}
}

// readHeader reads the properties of the primary item, and checks those of all
// items against the frames. ISO/IEC 23008-12, sections 6 and 9.
func readHeader(file []byte) (h header, err error) {
	meta, err := findMeta(file)
	if err != nil {
		return h, err
	}
	primary, ok := primaryItem(find(meta.body, "pitm"))
	if !ok {
		return h, raster.Corruptf("no primary item")
	}
	h.matrix = 2
	for _, index := range meta.associations()[primary] {
		if index >= 1 && index <= len(meta.properties) {
			h.apply(meta.properties[index-1])
		}
	}
	for _, p := range meta.properties {
		// An auxiliary image's type; depth maps have others.
		h.alpha = h.alpha || p.kind == "auxC" && bytes.Contains(p.body, []byte("alpha"))
	}
	if h.width < 1 || h.height < 1 {
		return h, raster.Corruptf("primary item of %dx%d pixels", h.width, h.height)
	}
	return h, meta.checkCoded(file)
}

func primaryItem(pitm []byte) (id uint32, ok bool) {
	switch {
	case len(pitm) >= 6 && pitm[0] == 0:
		return uint32(binary.BigEndian.Uint16(pitm[4:])), true
	case len(pitm) >= 8:
		return binary.BigEndian.Uint32(pitm[4:]), true
	}
	return 0, false
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

// associations returns the property indices, from 1, of each item. ISO/IEC
// 23008-12, section 9.3.2.
func (m *metaBox) associations() map[uint32][]int {
	indices := map[uint32][]int{}
	for rest := find(m.body, "iprp"); ; {
		b, next, ok := nextBox(rest)
		if !ok {
			return indices
		}
		if b.kind == "ipma" && len(b.body) >= 8 {
			associate(indices, b.body)
		}
		rest = next
	}
}

func associate(indices map[uint32][]int, ipma []byte) {
	idBytes, wideIndex := 2, ipma[3]&1 == 1
	if ipma[0] > 0 {
		idBytes = 4
	}
	for f := (&fields{ipma[8:]}); len(f.rest) > 0; {
		item := uint32(f.take(idBytes))
		for count := f.take(1); count > 0 && len(f.rest) > 0; count-- {
			index := int(f.take(1) & 0x7f)
			if wideIndex {
				index = index<<8 | int(f.take(1))
			}
			indices[item] = append(indices[item], index)
		}
	}
}

// locations says where in the file the data of each item is.
type locations map[uint32][]extent

type extent struct{ offset, length uint64 }

// locations reads the iloc box. Items that are not stored in the file itself
// are left out. ISO/IEC 14496-12, section 8.11.3.
func (m *metaBox) locations() locations {
	all := locations{}
	iloc := find(m.body, "iloc")
	if len(iloc) < 8 {
		return all
	}
	version := iloc[0]
	f := &fields{iloc[4:]}
	sizes := f.take(2)
	offsetBytes, lengthBytes, baseBytes, indexBytes := int(sizes>>12&15), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		indexBytes = 0
	}
	idBytes := 2
	if version == 2 {
		idBytes = 4
	}
	f.take(idBytes) // the number of items
	for len(f.rest) > 0 {
		item := uint32(f.take(idBytes))
		method := uint64(0)
		if version > 0 {
			method = f.take(2) & 15
		}
		f.take(2) // data reference
		base := f.take(baseBytes)
		for count := f.take(2); count > 0 && len(f.rest) > 0; count-- {
			f.take(indexBytes)
			offset, length := f.take(offsetBytes), f.take(lengthBytes)
			if method == 0 {
				all[item] = append(all[item], extent{base + offset, length})
			}
		}
	}
	return all
}

// data returns the bytes of an item, as far as the file has them.
func (l locations) data(file []byte, item uint32) (data []byte) {
	for _, e := range l[item] {
		if e.offset > uint64(len(file)) {
			return data
		}
		part := file[e.offset:]
		if e.length > 0 {
			part = part[:min(e.length, uint64(len(part)))]
		}
		if data == nil {
			data = part[:len(part):len(part)]
		} else if len(data)+len(part) <= len(file) {
			data = append(data, part...)
		}
	}
	return data
}

func (h *header) apply(b box) {
	body := b.body
	switch {
	case b.kind == "ispe" && len(body) >= 12:
		h.width, h.height = int(binary.BigEndian.Uint32(body[4:])), int(binary.BigEndian.Uint32(body[8:]))
	case b.kind == "irot" && len(body) >= 1:
		h.rotation = int(body[0] & 3)
		h.mirrorFirst = h.mirror != 0
	case b.kind == "imir" && len(body) >= 1:
		h.mirror = 1 + int(body[0]&1)
	case b.kind == "colr" && len(body) >= 4:
		switch kind := string(body[:4]); {
		case kind == "prof" || kind == "rICC":
			h.icc = body[4:]
		case kind == "nclx" && len(body) >= 11:
			h.matrix = int(binary.BigEndian.Uint16(body[8:]))
			h.limitedRange = body[10]&0x80 == 0
		}
	}
}

// orientation returns the EXIF orientation that has the effect of irot and
// imir.
func (h *header) orientation() int {
	// Where a corner goes tells an orientation: follow the top left and the
	// top right of a unit square, y down, through the two steps.
	turn := func(x, y int) (int, int) {
		for range h.rotation {
			x, y = y, 1-x
		}
		return x, y
	}
	flip := func(x, y int) (int, int) {
		switch h.mirror {
		case 1:
			return x, 1 - y
		case 2:
			return 1 - x, y
		}
		return x, y
	}
	move := func(x, y int) int {
		if h.mirrorFirst {
			x, y = turn(flip(x, y))
		} else {
			x, y = flip(turn(x, y))
		}
		return 2*y + x
	}
	return orientations[[2]int{move(0, 0), move(1, 0)}]
}

// orientations are by the corners (2y+x) that the stored top left and top right
// are shown at. Exif 2.32, tag 274.
var orientations = map[[2]int]int{
	{0, 1}: 1, {1, 0}: 2, {3, 2}: 3, {2, 3}: 4,
	{0, 2}: 5, {1, 3}: 6, {3, 1}: 7, {2, 0}: 8,
}
