package raster

import "encoding/binary"

// Palette holds up to 256 colors in a form that a Reducer adds up quickly.
type Palette struct {
	rgba   [256]uint32 // bytes in memory order, little endian
	lanes  [256]uint64 // see band: the color and 1, or zero where transparent
	binary bool        // every color is either opaque or transparent: lanes holds all of it
}

// NewPalette returns a Palette of colors, alpha not premultiplied. Indices past
// the end are opaque black.
func NewPalette(colors [][4]uint8) *Palette {
	p := &Palette{binary: true}
	for i := range p.rgba {
		c := [4]uint8{3: 255}
		if i < len(colors) {
			c = colors[i]
		}
		p.rgba[i] = binary.LittleEndian.Uint32(c[:])
		switch c[3] {
		case 255:
			p.lanes[i] = uint64(c[0]) | uint64(c[1])<<16 | uint64(c[2])<<32 | 1<<48
		case 0:
		default:
			p.binary = false
		}
	}
	return p
}

// AddPalette adds a run of pixels, each an index into the palette. The model
// is RGBA.
func (r *Reducer) AddPalette(x, y int, indices []byte, p *Palette) {
	if r.factorX == 1 && r.factorY == 1 {
		at := 4 * (y*r.width + x)
		p.expand(r.img.Pix[at:at+4*len(indices)], indices)
		r.missing -= len(indices)
		return
	}
	if !p.binary {
		var buf [4 * 256]byte
		for len(indices) > 0 {
			n := min(len(indices), 256)
			p.expand(buf[:4*n], indices[:n])
			r.AddRGBA(x, y, buf[:4*n])
			x, indices = x+n, indices[n:]
		}
		return
	}
	count := len(indices)
	b, box, room := r.openLanes(x, y, count)
	if r.factorX == 2 && room == 2 && r.lanesFit {
		lanes := b.lanes[box:]
		for i := 0; len(indices) >= 2 && i < len(lanes); i++ {
			lanes[i] += p.lanes[indices[0]] + p.lanes[indices[1]]
			indices = indices[2:]
		}
		box += count / 2
	}
	for ; len(indices) > 0; box, room = box+1, r.factorX {
		n := min(room, len(indices))
		var s uint64
		for _, i := range indices[:n] {
			s += p.lanes[i]
		}
		r.addLanes(b, box, s)
		indices = indices[n:]
	}
	r.close(b, y, count)
}

func (p *Palette) expand(out, indices []byte) {
	for _, i := range indices {
		binary.LittleEndian.PutUint32(out, p.rgba[i])
		out = out[4:]
	}
}

// AddClear adds a run of n transparent pixels. The model is RGBA.
func (r *Reducer) AddClear(x, y, n int) {
	if n <= 0 {
		return
	}
	if r.factorX == 1 && r.factorY == 1 {
		r.missing -= n // the picture was transparent to begin with
		return
	}
	b, _, _ := r.open(x, y, n)
	r.close(b, y, n)
}
