package heif

import (
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

// decoder implements raster.Decoder.
type decoder struct {
	container *container
	picture   *scene
	alpha     *scene   // nil where the picture is opaque
	smaller   []*scene // thumbnails of the same shape, opaque
	premult   bool
	info      raster.Info
}

func newDecoder(c *container, primary *item, f format.Format) (raster.Decoder, error) {
	picture, err := c.scene(primary, 0)
	if err != nil {
		return nil, err
	}
	d := &decoder{container: c, picture: picture, premult: primary.premult}
	if a := c.alpha(primary); a != nil {
		// An alpha channel that cannot be read leaves the picture opaque.
		d.alpha, _ = c.scene(a, 0)
	}
	g := &picture.geometry
	d.info = raster.Info{
		Format: f, Width: g.width, Height: g.height, Frames: 1, Model: raster.RGBA,
		Alpha: d.alpha != nil || picture.fill != nil, Orientation: orientations[g.turn[0]][g.turn[1]], ICC: picture.profile,
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
func (d *decoder) addThumbnail(i *item) {
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
func (d *decoder) Info() raster.Info { return d.info }

// source returns what to decode for a target: the smallest picture that is at
// least as large.
func (d *decoder) source(targetWidth, targetHeight int) *scene {
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
func (d *decoder) Memory(targetWidth, targetHeight int) int64 {
	s := d.source(targetWidth, targetHeight)
	m := 2*int64(len(d.container.file)) + s.memory(targetWidth, targetHeight, d.alpha != nil)
	if d.alpha != nil {
		fx, fy := raster.BoxFactor(s.geometry.width, targetWidth), raster.BoxFactor(s.geometry.height, targetHeight)
		m += d.alpha.decoderMemory(filtered(min(fx, fy))) + int64(d.alpha.width)*int64(d.alpha.height)
	}
	return m
}

// Decode implements raster.Decoder.
func (d *decoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	s := d.source(targetWidth, targetHeight)
	img, err := s.decode(d, targetWidth, targetHeight)
	if err != nil && s != d.picture {
		img, err = d.picture.decode(d, targetWidth, targetHeight)
	}
	return img, err
}
