//go:build !nohevc

package heif

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/hevc"
	"s3-thumbnail-creator/codec/raster"
)

// heicDecoder implements raster.Decoder.
type heicDecoder struct {
	container *container
	picture   *scene
	alpha     *scene   // nil where the picture is opaque
	smaller   []*scene // thumbnails of the same shape, opaque
	premult   bool
	info      raster.Info
}

func newHEIC(c *container, primary *item) (raster.Decoder, error) {
	picture, err := c.scene(primary, 0)
	if err != nil {
		return nil, err
	}
	d := &heicDecoder{container: c, picture: picture, premult: primary.premult}
	if a := c.alpha(primary); a != nil {
		// An alpha channel that cannot be read leaves the picture opaque.
		d.alpha, _ = c.scene(a, 0)
	}
	g := &picture.geometry
	d.info = raster.Info{
		Format: "heic", Width: g.width, Height: g.height, Frames: 1, Model: raster.RGBA,
		Alpha: d.alpha != nil || picture.fill != nil, Orientation: orientations[g.turn], ICC: picture.profile,
	}
	if !d.info.Alpha {
		const most = 4
		for _, id := range primary.thumbnails[:min(len(primary.thumbnails), most)] {
			d.addThumbnail(c.items[id])
		}
	}
	return d, nil
}

// addThumbnail takes a thumbnail that shows the same: turned in the same way,
// and of the same proportions but for rounding to whole pixels.
func (d *heicDecoder) addThumbnail(i *item) {
	if i == nil {
		return
	}
	s, err := d.container.scene(i, 0)
	if err != nil || s.fill != nil {
		return
	}
	if s.profile == nil {
		s.profile = d.info.ICC
	}
	a, b := &s.geometry, &d.picture.geometry
	skew := a.width*b.height - a.height*b.width
	if a.turn == b.turn && max(skew, -skew) <= max(b.width, b.height) && string(s.profile) == string(d.info.ICC) {
		d.smaller = append(d.smaller, s)
	}
}

// Info implements raster.Decoder.
func (d *heicDecoder) Info() raster.Info { return d.info }

// source returns what to decode for a target: the smallest picture that is at
// least as large.
func (d *heicDecoder) source(targetWidth, targetHeight int) *scene {
	best := d.picture
	for _, s := range d.smaller {
		g := &s.geometry
		if g.width >= targetWidth && g.height >= targetHeight && g.width < best.geometry.width {
			best = s
		}
	}
	return best
}

// Memory implements raster.Decoder.
func (d *heicDecoder) Memory(targetWidth, targetHeight int) int64 {
	s := d.source(targetWidth, targetHeight)
	m := 2*int64(len(d.container.file)) + s.memory(targetWidth, targetHeight, d.alpha != nil)
	if d.alpha != nil {
		m += d.alpha.decoderMemory() + int64(d.alpha.width)*int64(d.alpha.height)
	}
	return m
}

// Decode implements raster.Decoder.
func (d *heicDecoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	s := d.source(targetWidth, targetHeight)
	img, err := s.decode(d, targetWidth, targetHeight)
	if err != nil && s != d.picture {
		img, err = d.picture.decode(d, targetWidth, targetHeight)
	}
	return img, err
}

// coded is a coded picture at its place in a scene.
type coded struct {
	item          *item
	x, y          int
	width, height int
}

// open reads the headers of a coded picture. fallback is the color where its
// item says nothing.
func (c *container) open(i *item, inherited *color) (d *hevc.Decoder, k kind, err error) {
	config := i.property("hvcC")
	if len(config) < 23 {
		return nil, k, raster.Corruptf("item %d has no HEVC configuration", i.id)
	}
	d, err = hevc.NewDecoder(parameterSets(config[22:]), c.data(i), int(config[21]&3)+1)
	if err != nil {
		return nil, k, err
	}
	info := d.Info()
	if width, height := i.size(); width > 0 && height > 0 {
		if err := checkFrame(i.id, info.Width, info.Height, width, height); err != nil {
			return nil, k, err
		}
	}
	k = kind{chroma: info.Chroma, depth: info.Depth, color: describe(info.Color.Primaries, info.Color.Transfer, info.Color.Matrix, info.Color.FullRange)}
	if own, ok := i.nclx(); ok {
		k.color = own
	}
	if inherited != nil {
		k.color = *inherited
	}
	return d, k, nil
}

// parameterSets returns the units in the arrays of a decoder configuration
// record. ISO/IEC 14496-15, section 8.3.3.1.
func parameterSets(arrays []byte) (sets [][]byte) {
	rest := arrays[1:]
	for n := arrays[0]; n > 0 && len(rest) >= 3; n-- {
		count := int(binary.BigEndian.Uint16(rest[1:]))
		rest = rest[3:]
		for ; count > 0 && len(rest) >= 2; count-- {
			size := min(int(binary.BigEndian.Uint16(rest)), len(rest)-2)
			sets = append(sets, rest[2:2+size])
			rest = rest[2+size:]
		}
	}
	return sets
}

// sizeWithin returns the size that an item shows of a frame, which coders round
// up.
func (i *item) sizeWithin(width, height int) (int, int) {
	if w, h := i.size(); w > 0 && h > 0 {
		return min(w, width), min(h, height)
	}
	return width, height
}
