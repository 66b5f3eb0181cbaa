package heif

import (
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// Pictures that are not reduced, pictures with alpha, and overlays are converted
// pixel by pixel: a color has the weight of its alpha.

// pixels decodes a scene and passes runs of its pixels to emit, with their place
// in the scene. The buffer is reused.
func (s *scene) pixels(filter bool, emit func(x, y int, rgba []byte)) error {
	convert := newConverter(s.shown().color, s.kind.depth, s.kind.chroma == 0)
	shiftX, shiftY := planar.Subsampling(s.kind.chroma)
	var row []byte
	return s.each(filter, func(p *coded, b *planar.Band) {
		width := min(p.width, s.width-p.x)
		row = append(row[:0], make([]byte, 4*width)...)
		for y := range min(b.Rows, p.height-b.Y, s.height-p.y-b.Y) {
			luma := b.Planes[0].Pix[y*b.Planes[0].Stride:]
			cb, cr := luma, luma // not used where there are none
			if s.kind.chroma != 0 {
				at := y >> shiftY * b.Planes[1].Stride
				cb, cr = b.Planes[1].Pix[at:], b.Planes[2].Pix[at:]
			}
			for x := range width {
				convert.put((*[4]byte)(row[4*x:]), float64(luma[x]), float64(cb[x>>shiftX]), float64(cr[x>>shiftX]))
			}
			emit(p.x, p.y+b.Y+y, row)
		}
	})
}

// cut returns the part of a run of pixels that is in a window of the picture,
// with its place in that.
func (g *geometry) cut(x, y int, rgba []byte) (int, int, []byte) {
	x, y = x-g.x, y-g.y
	if x < 0 {
		rgba = rgba[min(-4*x, len(rgba)):]
		x = 0
	}
	if y < 0 || y >= g.height || x >= g.width {
		return x, y, nil
	}
	return x, y, rgba[:min(4*(g.width-x), len(rgba))]
}

// decodePixels decodes a picture whose alpha, if it has any, is in another.
func (s *scene) decodePixels(d *decoder, fx, fy int, filter bool) (*raster.Image, error) {
	g := &s.geometry
	var alpha []byte
	if d.alpha != nil {
		alpha = d.alpha.plane(filter)
	}
	out := raster.NewReducer(raster.RGBA, g.width, g.height, fx, fy)
	drawn := false
	err := s.pixels(filter, func(x, y int, rgba []byte) {
		if alpha != nil {
			row := alpha[y*d.alpha.height/s.height*d.alpha.width:][:d.alpha.width]
			putAlpha(rgba, x, s.width, row, d.premult)
		}
		if x, y, rgba = g.cut(x, y, rgba); len(rgba) > 0 {
			out.AddRGBA(x, y, rgba)
			drawn = true
		}
	})
	if !drawn && err != nil {
		return nil, err
	}
	return out.Image(), nil
}

// putAlpha gives a run of pixels, at x of width, its alpha; where the row of alpha
// is of another width, the nearest one.
func putAlpha(rgba []byte, x, width int, row []byte, premultiplied bool) {
	for i := 0; i < len(rgba); i += 4 {
		a := row[min((x+i/4)*len(row)/width, len(row)-1)]
		if premultiplied {
			divide(rgba[i:i+3], int(a))
		}
		rgba[i+3] = a
	}
}

// divide takes alpha out of premultiplied colors.
func divide(colors []byte, alpha int) {
	for i, v := range colors {
		if alpha > 0 {
			colors[i] = byte(min((int(v)*255+alpha/2)/alpha, 255))
		}
	}
}

// plane returns the luma of a scene, of one byte. What is missing is opaque.
func (s *scene) plane(filter bool) []byte {
	out := make([]byte, s.width*s.height)
	for i := range out {
		out[i] = 255
	}
	most := 1<<s.kind.depth[0] - 1
	_ = s.each(filter, func(p *coded, b *planar.Band) { // what cannot be read is missing
		for y := range min(b.Rows, p.height-b.Y, s.height-p.y-b.Y) {
			line := out[(p.y+b.Y+y)*s.width+p.x:][:min(p.width, s.width-p.x)]
			for x, v := range b.Planes[0].Pix[y*b.Planes[0].Stride:][:len(line)] {
				line[x] = byte((int(v)*255 + most/2) / most)
			}
		}
	})
	return out
}

// decodeOverlay draws the layers on a canvas, and reduces that.
func (s *scene) decodeOverlay(fx, fy int, filter bool) (*raster.Image, error) {
	canvas := make([]byte, 4*s.width*s.height)
	for i := 0; i < len(canvas); i += 4 {
		copy(canvas[i:], s.fill[:])
	}
	whole := newGeometry(s.width, s.height)
	var first error
	drawn := false
	for _, l := range s.layers {
		window := &l.geometry
		err := l.pixels(filter, func(x, y int, rgba []byte) {
			x, y, rgba = window.cut(x, y, rgba)
			if x, y, rgba = whole.cut(x+l.x, y+l.y, rgba); len(rgba) > 0 {
				copy(canvas[4*(y*s.width+x):], rgba)
				drawn = true
			}
		})
		if first == nil {
			first = err
		}
	}
	if !drawn && first != nil {
		return nil, first
	}
	g := &s.geometry
	out := raster.NewReducer(raster.RGBA, g.width, g.height, fx, fy)
	for y := range g.height {
		out.AddRGBA(0, y, canvas[4*((g.y+y)*s.width+g.x):][:4*g.width])
	}
	img := out.Image()
	img.Truncated = first != nil
	return img, nil
}
