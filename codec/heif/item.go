package heif

import (
	"bytes"
	"encoding/binary"
	"slices"

	"s3-thumbnail-creator/codec/raster"
)

// container is the structure of a file: its items and how they belong together.
// ISO/IEC 14496-12, section 8.11, and ISO/IEC 23008-12, sections 6 and 9.
type container struct {
	file    []byte
	items   map[uint32]*item
	order   []uint32 // of the items in the file
	primary uint32
	idat    []byte
	joined  int // bytes of items that were joined from several extents
}

// item is a picture, or data about one.
type item struct {
	id         uint32
	kind       string // item_type; "" where the file has no item information
	hidden     bool
	properties []box // in the order in which they apply
	extents    []extent
	inIdat     bool     // the extents are in the idat box
	joined     []byte   // the bytes of several extents, once they were asked for
	lost       bool     // some of the bytes are not in the file, once they were asked for
	elsewhere  bool     // they are in another file, or made in another way
	inputs     []uint32 // dimg: what a derived picture is made of
	thumbnails []uint32 // thmb: smaller versions of this one
	auxiliary  []uint32 // auxl: its alpha, or others
	premult    bool     // prem: colors are premultiplied with alpha
	isPart     bool     // it belongs to another item
}

// extent is a run of bytes; length 0 stands for all up to the end.
type extent struct{ offset, length uint64 }

// parseContainer reads the meta box of a file.
func parseContainer(file []byte) (*container, error) {
	meta := find(file, "meta")
	if len(meta) < 4 {
		return nil, raster.Unsupportedf("no meta box: not a still image")
	}
	meta = meta[4:] // behind version and flags
	c := &container{file: file, items: map[uint32]*item{}, idat: find(meta, "idat")}
	c.parseInformation(find(meta, "iinf"))
	c.parseProperties(find(meta, "iprp"))
	c.parseLocations(find(meta, "iloc"))
	c.parseReferences(find(meta, "iref"))
	return c, c.findPrimary(find(meta, "pitm"))
}

// item returns the item with a number, and makes it. Of a file that has more
// than maxItems, the others come to nothing.
func (c *container) item(id uint32) *item {
	const maxItems = 1 << 16
	i := c.items[id]
	if i == nil {
		i = &item{id: id}
		if len(c.items) < maxItems {
			c.items[id] = i
			c.order = append(c.order, id)
		}
	}
	return i
}

// parseInformation reads the types of the items. ISO/IEC 14496-12, section
// 8.11.6.
func (c *container) parseInformation(iinf []byte) {
	if len(iinf) < 6 {
		return
	}
	rest := iinf[6:]
	if iinf[0] > 0 {
		rest = iinf[min(8, len(iinf)):]
	}
	for {
		b, next, ok := nextBox(rest)
		if !ok {
			return
		}
		rest = next
		if b.kind != "infe" || len(b.body) < 12 || b.body[0] < 2 {
			continue
		}
		f := &fields{b.body[4:]}
		id := uint32(f.take(2 * int(min(b.body[0]-1, 2))))
		f.take(2)
		if i := c.item(id); len(f.rest) >= 4 {
			i.kind = string(f.rest[:4])
			i.hidden = b.body[3]&1 != 0
		}
	}
}

// parseProperties reads which properties belong to which items. ISO/IEC
// 23008-12, section 9.3.
func (c *container) parseProperties(iprp []byte) {
	var properties []box
	for rest := find(iprp, "ipco"); len(properties) < 1<<15; { // as many as an index of 15 bits reaches
		b, next, ok := nextBox(rest)
		if !ok {
			break
		}
		properties, rest = append(properties, b), next
	}
	for rest := iprp; ; {
		b, next, ok := nextBox(rest)
		if !ok {
			return
		}
		if rest = next; b.kind == "ipma" && len(b.body) >= 8 {
			c.associate(properties, b.body)
		}
	}
}

func (c *container) associate(properties []box, ipma []byte) {
	idBytes, wideIndex := 2, ipma[3]&1 == 1
	if ipma[0] > 0 {
		idBytes = 4
	}
	for f := (&fields{ipma[8:]}); len(f.rest) > 0; {
		i := c.item(uint32(f.take(idBytes)))
		for count := f.take(1); count > 0 && len(f.rest) > 0; count-- {
			index := int(f.take(1) & 0x7f)
			if wideIndex {
				index = index<<8 | int(f.take(1))
			}
			if index >= 1 && index <= len(properties) {
				i.properties = append(i.properties, properties[index-1])
			}
		}
	}
}

// parseLocations reads where the data of the items is. ISO/IEC 14496-12,
// section 8.11.3.
func (c *container) parseLocations(iloc []byte) {
	if len(iloc) < 8 {
		return
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
		i := c.item(uint32(f.take(idBytes)))
		if version > 0 {
			switch f.take(2) & 15 {
			case 0:
			case 1:
				i.inIdat = true
			default:
				i.elsewhere = true
			}
		}
		i.elsewhere = f.take(2) != 0 || i.elsewhere // data reference
		base := f.take(baseBytes)
		for count := f.take(2); count > 0 && len(f.rest) > 0; count-- {
			f.take(indexBytes)
			offset, length := f.take(offsetBytes), f.take(lengthBytes)
			i.extents = append(i.extents, extent{base + offset, length})
		}
	}
}

// parseReferences reads how items belong together. ISO/IEC 14496-12, section
// 8.11.12.
func (c *container) parseReferences(iref []byte) {
	if len(iref) < 4 {
		return
	}
	idBytes := 2
	if iref[0] > 0 {
		idBytes = 4
	}
	for rest := iref[4:]; ; {
		b, next, ok := nextBox(rest)
		if !ok {
			return
		}
		rest = next
		f := &fields{b.body}
		from := c.item(uint32(f.take(idBytes)))
		for count := f.take(2); count > 0 && len(f.rest) > 0; count-- {
			c.refer(b.kind, from, c.item(uint32(f.take(idBytes))))
		}
	}
}

func (c *container) refer(kind string, from, to *item) {
	switch kind {
	case "dimg":
		from.inputs = append(from.inputs, to.id)
		to.isPart = true
	case "thmb":
		to.thumbnails = append(to.thumbnails, from.id)
		from.isPart = true
	case "auxl":
		to.auxiliary = append(to.auxiliary, from.id)
		from.isPart = true
	case "prem":
		from.premult = true
	}
}

// findPrimary reads which item is the picture. Where the file does not say, it
// is the first one that is a picture of its own.
func (c *container) findPrimary(pitm []byte) error {
	switch {
	case len(pitm) >= 6 && pitm[0] == 0:
		c.primary = uint32(binary.BigEndian.Uint16(pitm[4:]))
		return nil
	case len(pitm) >= 8:
		c.primary = binary.BigEndian.Uint32(pitm[4:])
		return nil
	}
	kinds := []string{"hvc1", "av01", "grid", "iovl", "iden"}
	for _, id := range c.order {
		if i := c.items[id]; slices.Contains(kinds, i.kind) && !i.isPart && !i.hidden {
			c.primary = id
			return nil
		}
	}
	return raster.Corruptf("no primary item, and none that could be")
}

// property returns the body of an item's first property of a kind, nil where it
// has none.
func (i *item) property(kind string) []byte {
	for _, p := range i.properties {
		if p.kind == kind {
			return p.body
		}
	}
	return nil
}

// size returns the pixels that the ispe property gives, 0 where there is none.
func (i *item) size() (width, height int) {
	body := i.property("ispe")
	if len(body) < 12 {
		return 0, 0
	}
	return int(binary.BigEndian.Uint32(body[4:])), int(binary.BigEndian.Uint32(body[8:]))
}

// isAlpha tells that an auxiliary item is an alpha channel; depth maps have other
// types. ISO/IEC 23008-12, section 6.5.8, and ISO/IEC 23000-22, section 7.3.5.
func (i *item) isAlpha() bool {
	body := i.property("auxC")
	return bytes.Contains(body, []byte("alpha")) || bytes.Contains(body, []byte("hevc:2015:auxid:1"))
}

// alpha returns the item that is the alpha channel of another; nil where there
// is none.
func (c *container) alpha(i *item) *item {
	for _, id := range i.auxiliary {
		if a := c.items[id]; a != nil && a.isAlpha() {
			return a
		}
	}
	return nil
}

// data returns the bytes of an item, as far as the file has them. All that has
// to be joined, of all items, is no more than the file.
func (c *container) data(i *item) []byte {
	source := c.file
	if i.inIdat {
		source = c.idat
	}
	if i.elsewhere || len(i.extents) == 0 {
		return i.joined
	}
	if len(i.extents) == 1 {
		part := i.extents[0].of(source)
		i.lost = i.extents[0].length > uint64(len(part))
		return part
	}
	for _, e := range i.extents {
		part := e.of(source)
		i.lost = i.lost || e.length > uint64(len(part))
		if c.joined += len(part); c.joined > len(c.file) {
			break
		}
		i.joined = append(i.joined, part...)
	}
	i.extents, i.inIdat = nil, false
	return i.joined
}

// of returns the bytes of an extent, as far as they are there.
func (e extent) of(source []byte) []byte {
	if e.offset > uint64(len(source)) {
		return nil
	}
	part := source[e.offset:]
	if e.length > 0 {
		part = part[:min(e.length, uint64(len(part)))]
	}
	return part
}

// coded returns the type of the coded pictures that an item is made of, by the
// first of them: "hvc1", "av01" or another; "" where there is none.
func (c *container) coded(i *item) string {
	for range 8 {
		switch i.kind {
		case "grid", "iovl", "iden":
			if len(i.inputs) == 0 || c.items[i.inputs[0]] == nil {
				return ""
			}
			i = c.items[i.inputs[0]]
		case "":
			// No item information, or a damaged one: the configuration tells.
			if i.property("hvcC") != nil {
				return "hvc1"
			} else if i.property("av1C") != nil {
				return "av01"
			}
			return ""
		default:
			return i.kind
		}
	}
	return ""
}
