package heif

import (
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// scene is a picture that is made of coded ones: of one, of tiles, or of
// pictures that lie over each other.
type scene struct {
	container     *container
	width, height int // before the transformations
	geometry      geometry
	parts         []coded // of a picture or grid, all of one kind
	kind          kind
	inherited     *color // the color description of the scene, which overrules that of its parts
	profile       []byte
	frame         frameMemory
	tile          int      // height of a part
	fill          *[4]byte // of an overlay: the color of what no layer covers
	layers        []layer
}

// frameMemory is how many bytes decoding a part takes, without loop filters and
// with them.
type frameMemory [2]int64

func newFrameMemory(f codedFrame) frameMemory { return frameMemory{f.Memory(false), f.Memory(true)} }

func (m frameMemory) of(filter bool) int64 {
	if filter {
		return m[1]
	}
	return m[0]
}

// layer is a picture of an overlay.
type layer struct {
	*scene
	x, y int
}

// maxSide is the largest width and height of an overlay.
const maxSide = 1 << 16

// maxCover is how often layers may cover the canvas, so that a small file does
// not keep the decoder busy for hours.
const maxCover = 8

// maxDepth is how many derivations may be made of each other.
const maxDepth = 4

// scene resolves what an item shows.
func (c *container) scene(i *item, depth int) (s *scene, err error) {
	if depth > maxDepth {
		return nil, raster.Corruptf("item %d: derived pictures go round in a circle", i.id)
	}
	switch i.kind {
	case "grid":
		s, err = c.grid(i)
	case "iovl":
		s, err = c.overlay(i, depth)
	case "iden":
		if len(i.inputs) != 1 || c.items[i.inputs[0]] == nil {
			return nil, raster.Corruptf("item %d: an identity of %d pictures", i.id, len(i.inputs))
		}
		s, err = c.scene(c.items[i.inputs[0]], depth+1)
	case "hvc1", "av01", "":
		s, err = c.single(i)
	default:
		return nil, raster.Unsupportedf("item %d of type %q among coded pictures", i.id, i.kind)
	}
	if err != nil {
		return nil, err
	}
	if own := i.profile(); own != nil {
		s.profile = own
	}
	return s, s.geometry.apply(i)
}

func (c *container) single(i *item) (*scene, error) {
	f, k, err := c.open(i, nil)
	if err != nil {
		return nil, err
	}
	width, height := i.sizeWithin(f.Info())
	s := &scene{container: c, width: width, height: height, geometry: newGeometry(width, height), kind: k, frame: newFrameMemory(f), tile: chunk}
	s.parts = []coded{{i, 0, 0, width, height}}
	return s, nil
}

// grid resolves a grid of tiles. ISO/IEC 23008-12, section 6.6.2.3.
func (c *container) grid(i *item) (*scene, error) {
	f := &fields{c.data(i)}
	if len(f.rest) < 8 {
		return nil, raster.Corruptf("item %d: the description of a grid has %d bytes, want 8 or 12", i.id, len(f.rest))
	}
	f.take(1)
	size := 2 << (f.take(1) & 1)
	rows, columns := int(f.take(1))+1, int(f.take(1))+1
	width, height := int(f.take(size)), int(f.take(size))
	if rows*columns != len(i.inputs) {
		return nil, raster.Corruptf("item %d: %d tiles where the grid has %dx%d", i.id, len(i.inputs), columns, rows)
	}
	first := c.items[i.inputs[0]]
	if first == nil {
		return nil, raster.Corruptf("item %d: no tile %d", i.id, i.inputs[0])
	}
	s := &scene{container: c, width: width, height: height, geometry: newGeometry(width, height), profile: first.profile()}
	if own, ok := i.nclx(); ok {
		s.inherited = &own
	}
	tile, k, err := c.open(first, s.inherited)
	if err != nil {
		return nil, err
	}
	w, h := first.sizeWithin(tile.Info())
	if width < 1 || height < 1 || (columns-1)*w >= width || columns*w < width || (rows-1)*h >= height || rows*h < height {
		return nil, raster.Corruptf("item %d: %dx%d tiles of %dx%d make no picture of %dx%d", i.id, columns, rows, w, h, width, height)
	}
	// ISO/IEC 23000-22, section 7.3.11.4.2, too; smaller ones would cost more than
	// their pixels are worth.
	const minTile = 64
	if len(i.inputs) > 1 && (w < minTile || h < minTile) {
		return nil, raster.Unsupportedf("item %d: tiles of %dx%d pixels, must be at least %d each way", i.id, w, h, minTile)
	}
	s.kind, s.frame, s.tile = k, newFrameMemory(tile), h
	for n, id := range i.inputs {
		if t := c.items[id]; t != nil {
			s.parts = append(s.parts, coded{t, n % columns * w, n / columns * h, w, h})
		}
	}
	return s, nil
}

// overlay resolves pictures that lie over each other. ISO/IEC 23008-12, section
// 6.6.2.2.
func (c *container) overlay(i *item, depth int) (*scene, error) {
	if depth == maxDepth {
		return nil, raster.Unsupportedf("item %d: an overlay in an overlay", i.id)
	}
	f := &fields{c.data(i)}
	f.take(1)
	size := 2 << (f.take(1) & 1)
	fill := [4]byte{}
	for j := range fill {
		fill[j] = byte(f.take(2) >> 8)
	}
	width, height := int(f.take(size)), int(f.take(size))
	if f.rest == nil || width < 1 || height < 1 || width > maxSide || height > maxSide {
		return nil, raster.Corruptf("item %d: an overlay of %dx%d pixels", i.id, width, height)
	}
	s := &scene{container: c, width: width, height: height, geometry: newGeometry(width, height), fill: &fill, tile: height}
	pixels := 0
	for _, id := range i.inputs {
		x, y := signed(f.take(size), size), signed(f.take(size), size)
		input := c.items[id]
		if input == nil {
			return nil, raster.Corruptf("item %d: no layer %d", i.id, id)
		}
		l, err := c.scene(input, maxDepth)
		if err != nil {
			return nil, err
		}
		if l.geometry.turn != upright {
			return nil, raster.Unsupportedf("item %d: an overlay of turned pictures", i.id)
		}
		if pixels += l.width * l.height; pixels > maxCover*width*height {
			return nil, raster.Unsupportedf("item %d: layers of more than %d times the pixels of the overlay", i.id, maxCover)
		}
		if s.profile == nil {
			s.profile = l.profile
		}
		for i, m := range l.frame {
			s.frame[i] = max(s.frame[i], m)
		}
		s.layers = append(s.layers, layer{l, x, y})
	}
	return s, nil
}

// signed returns a number of so many bytes, in two's complement.
func signed(v uint64, size int) int { return int(int64(v<<(64-8*size)) >> (64 - 8*size)) }

// decoderMemory is what decoding takes, without the result.
func (s *scene) decoderMemory(filter bool) int64 { return s.frame.of(filter) + 1<<20 }

// memory estimates what decode takes, in bytes.
func (s *scene) memory(targetWidth, targetHeight int, alpha bool) int64 {
	g := &s.geometry
	fx, fy := raster.BoxFactor(g.width, targetWidth), raster.BoxFactor(g.height, targetHeight)
	m := s.decoderMemory(filtered(min(fx, fy)))
	if s.fill != nil {
		m += 4 * int64(s.width) * int64(s.height)
	}
	if fx*fy == 1 {
		return m + 4*int64(s.width) + 4*int64(g.width)*int64(g.height)
	}
	if s.fill != nil || alpha {
		rows := s.tile < s.height
		return m + 4*int64(s.width) + raster.ReducerMemory(raster.RGBA, g.width, g.height, fx, fy, rows)
	}
	return m + reducerMemory(g.width, g.height, fx, fy, s.tile)
}

// filtered tells whether the loop filters are worth their time, a third of the
// decoder's, when boxes of factor pixels will be averaged. Measured against the
// picture before coding (a photograph of 6 megapixels, heif-enc -q 30, 50 and
// 80, which are 0.06, 0.4 and 3.3 bits a pixel), leaving them out costs 0.32,
// 0.15 and 0 dB with boxes of two, 0.36, 0.15 and 0 dB with four, and 0.17, 0.08
// and 0 dB with five, at 43 to 48 dB. AVIF's are worth as much: of a photograph
// (600x400, avifenc -s 7 --min N --max N with 45, 30 and 15, which are 0.65, 1.5 and
// 2.7 bits a pixel) it costs 0.17, 0.13 and 0.06 dB with boxes of two, 0.15, 0.20
// and 0.12 dB with four, and 0.04, 0.04 and 0.03 dB with five, at 33 to 55 dB.
func filtered(factor int) bool { return factor < 5 }

// shown is the kind with primaries and transfer only where no profile says more.
func (s *scene) shown() kind {
	k := s.kind
	if s.profile != nil {
		k.primaries, k.transfer = 0, 0
	}
	return k
}

// decode returns the picture, reduced for a target.
func (s *scene) decode(d *decoder, targetWidth, targetHeight int) (*raster.Image, error) {
	g := &s.geometry
	fx, fy := raster.BoxFactor(g.width, targetWidth), raster.BoxFactor(g.height, targetHeight)
	filter := filtered(min(fx, fy))
	if s.fill != nil {
		return s.decodeOverlay(fx, fy, filter)
	}
	if d.alpha != nil || fx*fy == 1 {
		return s.decodePixels(d, fx, fy, filter)
	}
	r := newReducer(g.width, g.height, fx, fy, s.shown())
	err := s.each(filter, func(p *coded, b *planar.Band) {
		for y := 0; y < min(b.Rows, p.height-b.Y); y += chunk {
			s.reduce(r, p, b, y, min(chunk, b.Rows-y, p.height-b.Y-y))
		}
	})
	if r.missing == g.width*g.height {
		if err == nil {
			err = raster.Corruptf("nothing of the picture is in its clean aperture")
		}
		return nil, err
	}
	return r.image(), nil
}

// chunk is how many rows are reduced at a time, so that few rows of boxes are
// begun together; even, for the rows of chroma.
const chunk = 16

// reduce adds rows of a band, from its row y on, to a reduced picture.
func (s *scene) reduce(r *reducer, p *coded, b *planar.Band, y, rows int) {
	left, top := p.x-s.geometry.x, p.y+b.Y+y-s.geometry.y
	r.add(0, left, top, p.width, rows, b.Planes[0].Pix[y*b.Planes[0].Stride:], b.Planes[0].Stride)
	if s.kind.chroma != 0 {
		shiftX, shiftY := planar.Subsampling(s.kind.chroma)
		width, height := (p.width+1<<shiftX-1)>>shiftX, (rows+1<<shiftY-1)>>shiftY
		for component := 1; component < 3; component++ {
			plane := &b.Planes[component]
			r.add(component, left, top, width, height, plane.Pix[y>>shiftY*plane.Stride:], plane.Stride)
		}
	}
	r.finishTo(top, top+rows)
}

// each decodes the parts and passes their bands to emit. A part that is damaged
// is left out; the error is that of the first one.
func (s *scene) each(filter bool, emit func(p *coded, b *planar.Band)) (first error) {
	g := &s.geometry
	for i := range s.parts {
		p := &s.parts[i]
		if p.x >= g.x+g.width || p.x+p.width <= g.x || p.y >= g.y+g.height || p.y+p.height <= g.y {
			continue
		}
		err := s.part(p, filter, emit)
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *scene) part(p *coded, filter bool, emit func(p *coded, b *planar.Band)) error {
	f, k, err := s.container.open(p.item, s.inherited)
	if err != nil {
		return err
	}
	const margin = 4 << 20
	if k != s.kind || f.Memory(filter) > s.frame.of(filter)+margin {
		return raster.Unsupportedf("item %d: a tile of another kind than the first", p.item.id)
	}
	part := *p
	info := f.Info()
	part.width, part.height = min(p.width, info.Width), min(p.height, info.Height)
	_, err = f.Decode(filter, func(b *planar.Band) { emit(&part, b) }) // what was passed before an error stands
	return err
}
