package heif

import (
	"bytes"
	"image"
	"image/draw"

	"github.com/gen2brain/avif"

	"s3-thumbnail-creator/codec/raster"
)

// avifDecoder implements raster.Decoder with libavif, which has no reduced mode
// and applies no transformation.
type avifDecoder struct {
	file  []byte
	color color
	info  raster.Info
}

func newAVIF(c *container, primary *item) (raster.Decoder, error) {
	width, height := primary.size()
	if width < 1 || height < 1 || width > maxAVIFSide || height > maxAVIFSide {
		return nil, raster.Corruptf("primary item of %dx%d pixels, want 1 to %d", width, height, maxAVIFSide)
	}
	if err := c.checkAV1(); err != nil {
		return nil, err
	}
	g := newGeometry(width, height)
	for _, p := range primary.properties {
		if p.kind == "clap" {
			continue // not applied by the library
		}
		if err := g.apply(&item{properties: []box{p}}); err != nil {
			return nil, err
		}
	}
	d := &avifDecoder{file: c.file}
	own, described := primary.nclx()
	d.color = own
	d.color.fullRange = own.fullRange || !described
	if primary.profile() != nil {
		d.color.primaries = 0 // the profile tells
	}
	d.info = raster.Info{
		Format: "avif", Width: width, Height: height, Frames: 1, Model: raster.RGBA,
		Alpha: c.alpha(primary) != nil, Orientation: orientations[g.turn], ICC: primary.profile(),
	}
	return d, nil
}

// maxAVIFSide is what the fields of AV1 hold.
const maxAVIFSide = 1 << 16

// codedMargin is how many pixels a frame may exceed its item's ispe by: coders
// round sizes up to whole blocks, of 64 pixels at the most.
const codedMargin = 64

// checkAV1 returns an error if a coded item holds a frame larger than its ispe
// property says: libavif allocates by the size that the frame gives.
func (c *container) checkAV1() error {
	for id, i := range c.items {
		config := i.property("av1C")
		if len(config) < 4 {
			continue
		}
		width, height := i.size()
		for _, f := range append(av1Sizes(config[4:]), av1Sizes(c.data(i))...) {
			if err := checkFrame(id, f.width, f.height, width, height); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkFrame(id uint32, width, height, saidWidth, saidHeight int) error {
	if width > saidWidth+codedMargin || height > saidHeight+codedMargin {
		return raster.Corruptf("item %d: a frame of %dx%d pixels where the header says %dx%d",
			id, width, height, saidWidth, saidHeight)
	}
	return nil
}

// Info implements raster.Decoder.
func (d *avifDecoder) Info() raster.Info { return d.info }

// Memory implements raster.Decoder. It estimates what the WebAssembly library
// takes: its compiled code, and per pixel the planes of the decoder with their
// borders, the result and our copy of it. Measured with /usr/bin/time on
// pictures of 1 to 12 megapixels.
func (d *avifDecoder) Memory(targetWidth, targetHeight int) int64 {
	const (
		fixed    = 48 << 20
		perPixel = 16
	)
	return fixed + 2*int64(len(d.file)) + perPixel*int64(d.info.Width)*int64(d.info.Height)
}

// Decode implements raster.Decoder.
func (d *avifDecoder) Decode(targetWidth, targetHeight int) (*raster.Image, error) {
	img, err := avif.Decode(bytes.NewReader(d.file))
	if err != nil {
		return nil, raster.Corruptf("avif: %v", err)
	}
	b := img.Bounds()
	if b.Dx() != d.info.Width || b.Dy() != d.info.Height {
		return nil, raster.Corruptf("avif: %dx%d pixels where the header says %dx%d",
			b.Dx(), b.Dy(), d.info.Width, d.info.Height)
	}
	fx, fy := raster.BoxFactor(b.Dx(), targetWidth), raster.BoxFactor(b.Dy(), targetHeight)
	out := raster.NewReducer(raster.RGBA, b.Dx(), b.Dy(), fx, fy)
	row := make([]byte, 4*b.Dx())
	convert := newConverter(d.color, [3]int{8, 8, 8}, false)
	for y := range b.Dy() {
		convert.row(row, img, b.Min.Y+y)
		out.AddRGBA(0, y, row)
	}
	return out.Image(), nil
}

// row converts one row of an image to RGBA, not premultiplied.
func (t *converter) row(out []byte, img image.Image, y int) {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.NRGBA:
		copy(out, m.Pix[m.PixOffset(m.Rect.Min.X, y):])
	case *image.YCbCr:
		for x := range b.Dx() {
			at, ct := m.YOffset(b.Min.X+x, y), m.COffset(b.Min.X+x, y)
			t.put((*[4]byte)(out[4*x:]), float64(m.Y[at]), float64(m.Cb[ct]), float64(m.Cr[ct]))
		}
	default:
		line := &image.NRGBA{Pix: out, Stride: len(out), Rect: image.Rect(0, 0, b.Dx(), 1)}
		draw.Draw(line, line.Rect, img, image.Pt(b.Min.X, y), draw.Src)
	}
}
