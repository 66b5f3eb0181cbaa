package vp8l

import (
	"sync"

	"s3-thumbnail-creator/codec/raster"
)

// maxHistory is the number of pixels that a copy may reach back to: the largest
// distance is 1<<20 less 120.
const maxHistory = 1 << 20

// pixels decodes entropy-coded pixels, before the inverse transforms. The
// history is a ring: no more of the picture is kept than copies can reach.
type pixels struct {
	r             *bitReader
	width, height int
	groups        *groups
	ring          []uint32
	mask          int      // of the number of a pixel, for its place in ring
	cache         []uint32 // color cache; nil where there is none
	cacheShift    uint
	cached        int // pixels before this one are in the cache
}

// newPixels reads what precedes the pixels (specification, section 5.2.3 and
// 6.2).
func newPixels(r *bitReader, width, height int, top bool) (*pixels, error) {
	p := &pixels{r: r, width: width, height: height}
	cacheBits := uint(0)
	if r.bits(1) == 1 {
		cacheBits = uint(r.bits(4))
		if cacheBits < 1 || cacheBits > 11 {
			return nil, raster.Corruptf("VP8L color cache of %d bits; 1 to 11 are allowed", cacheBits)
		}
		p.cache = make([]uint32, 1<<cacheBits)
		p.cacheShift = 32 - cacheBits
	}
	var err error
	if p.groups, err = readGroups(r, width, height, cacheBits, top); err != nil {
		return nil, err
	}
	if top && width*height > maxHistory {
		p.ring, p.mask = rings.Get().(*[maxHistory]uint32)[:], maxHistory-1
	} else {
		p.ring, p.mask = make([]uint32, width*height), -1
	}
	return p, nil
}

// rings holds rings of the full size for the next picture. What is in them does
// not matter: copies reach back only to what was decoded.
var rings = sync.Pool{New: func() any { return new([maxHistory]uint32) }}

// release gives the ring back.
func (p *pixels) release() {
	if p.mask >= 0 {
		rings.Put((*[maxHistory]uint32)(p.ring))
	}
	p.ring = nil
}

// decodeTable decodes one of the small pictures that hold a transform's data or
// the numbers of groups.
func decodeTable(r *bitReader, width, height int) ([]uint32, error) {
	p, err := newPixels(r, width, height, false)
	if err != nil {
		return nil, err
	}
	rows, err := p.decode(nil)
	if err != nil {
		return nil, err
	}
	if rows < height {
		return nil, raster.Corruptf("VP8L data ends within its tables")
	}
	return p.ring[:width*height], nil
}

// decode decodes the pixels and passes each row on as it is complete; start is
// the number of its first pixel. It returns the number of rows. Data that ends
// or breaks early gives fewer rows; that is an error only in place of the first
// one.
func (p *pixels) decode(row func(y int, start int)) (rows int, err error) {
	r, total := p.r, p.width*p.height
	at, done := 0, 0 // pixels decoded; rows passed on
	g := &p.groups.list[0]
	next := total // where the group changes
	if p.groups.tiles != nil {
		next = 0
	}
	x, y := 0, 0
	rowEnd := p.width
	for at < total {
		if at >= next {
			g, next = p.groupAt(x, y, at)
		}
		r.fill()
		s := g.codes[codeGreen].symbol(r)
		switch {
		case s < numLiterals:
			p.ring[at&p.mask] = p.literal(g, s)
			at++
			x++
		case s < numLiterals+numLengths:
			n, distance := p.copyOf(g, s-numLiterals)
			if distance > at {
				return p.broken(done, "copies from %d pixels before pixel %d", distance, at)
			}
			n = min(n, total-at)
			p.copy(at, distance, n)
			at += n
			for x += n; x > p.width; x -= p.width {
				y++
			}
		default:
			index := int(s) - numLiterals - numLengths
			p.fillCache(at)
			if index >= len(p.cache) {
				return p.broken(done, "color %d of a cache of %d", index, len(p.cache))
			}
			p.ring[at&p.mask] = p.cache[index]
			at++
			x++
		}
		if at < rowEnd {
			continue
		}
		if r.overrun() {
			return p.broken(done, "ends in row %d of %d", done, p.height)
		}
		if x == p.width {
			x, y = 0, y+1
		}
		p.fillCache(at)
		for ; rowEnd <= at; rowEnd += p.width {
			if row != nil {
				row(done, rowEnd-p.width)
			}
			done++
		}
		if p.groups.tiles != nil {
			next = min(next, at)
		}
	}
	return done, nil
}

func (p *pixels) broken(done int, format string, args ...any) (int, error) {
	if done > 0 {
		return done, nil
	}
	return 0, raster.Corruptf("VP8L data "+format, args...)
}

// groupAt returns the group of the pixel in column x of row y, which has the
// number at, and where the next tile begins.
func (p *pixels) groupAt(x, y, at int) (*group, int) {
	g := p.groups
	if g.tiles == nil {
		return &g.list[0], p.width * p.height
	}
	next := at + 1<<g.bits - x&(1<<g.bits-1)
	return &g.list[g.tiles[(y>>g.bits)*g.width+x>>g.bits]], next
}

// literal decodes the rest of a pixel whose green is given.
func (p *pixels) literal(g *group, green uint32) uint32 {
	if g.single {
		return g.rest | green<<8
	}
	r := p.r
	red := g.codes[codeRed].symbol(r)
	if r.n < 2*maxLength {
		r.fill()
	}
	blue := g.codes[codeBlue].symbol(r)
	if g.opaque {
		return black | red<<16 | green<<8 | blue
	}
	alpha := g.codes[codeAlpha].symbol(r)
	return alpha<<24 | red<<16 | green<<8 | blue
}

// copyOf decodes the length and distance of a copy (specification, section
// 5.2.2).
func (p *pixels) copyOf(g *group, length uint32) (n, distance int) {
	r := p.r
	n = prefixed(r, length)
	r.fill()
	d := prefixed(r, g.codes[codeDistance].symbol(r))
	if d > len(neighbors) {
		return n, d - len(neighbors)
	}
	near := neighbors[d-1]
	return n, max(int(near.up)*p.width+int(near.left), 1)
}

// prefixed decodes the number with the given prefix.
func prefixed(r *bitReader, prefix uint32) int {
	if prefix < 4 {
		return int(prefix) + 1
	}
	extra := uint(prefix-2) >> 1
	return int((2+prefix&1)<<extra+r.bits(extra)) + 1
}

// copy copies n pixels to pixel at from distance pixels before it.
func (p *pixels) copy(at, distance, n int) {
	to, from := at&p.mask, (at-distance)&p.mask
	if distance >= n && to+n <= len(p.ring) && from+n <= len(p.ring) {
		copy(p.ring[to:to+n], p.ring[from:from+n])
		return
	}
	for range n {
		p.ring[to] = p.ring[from]
		to, from = (to+1)&p.mask, (from+1)&p.mask
	}
}

// fillCache enters the pixels before pixel at into the color cache.
func (p *pixels) fillCache(at int) {
	if p.cache == nil {
		return
	}
	for i := p.cached; i < at; i++ {
		v := p.ring[i&p.mask]
		p.cache[v*0x1e35a7bd>>p.cacheShift] = v
	}
	p.cached = at
}
