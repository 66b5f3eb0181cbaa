package heif

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// geometry is what a picture's transformations come to: a window of the stored
// pixels, and how it is turned. ISO/IEC 23008-12, section 6.5.
type geometry struct {
	x, y          int // of the window in the stored picture
	width, height int // of the window, as stored
	turn          turn
}

// turn is a rotation and mirroring, by the corners (2y+x) that the stored top
// left and top right are shown at.
type turn [2]int

var upright = turn{0, 1}

// orientations are the EXIF orientations with the effect of each turn, by its
// corners. Exif 2.32, tag 274.
var orientations = [4][4]int{
	0: {1: 1, 2: 5}, 1: {0: 2, 3: 6}, 2: {3: 4, 0: 8}, 3: {2: 3, 1: 7},
}

// then follows t by a movement of the corners of a unit square, y down.
func (t turn) then(move func(x, y int) (int, int)) turn {
	for i, corner := range t {
		x, y := move(corner&1, corner>>1)
		t[i] = 2*y + x
	}
	return t
}

// transposed tells that rows are shown as columns.
func (t turn) transposed() bool { return (t[0]^t[1])&1 == 0 }

func newGeometry(width, height int) geometry {
	return geometry{width: width, height: height, turn: upright}
}

// shown returns the size behind the transformations.
func (g *geometry) shown() (width, height int) {
	if g.turn.transposed() {
		return g.height, g.width
	}
	return g.width, g.height
}

// apply applies the transformations among an item's properties.
func (g *geometry) apply(i *item) error {
	for _, p := range i.properties {
		switch {
		case p.kind == "irot" && len(p.body) >= 1:
			for range p.body[0] & 3 {
				g.turn = g.turn.then(func(x, y int) (int, int) { return y, 1 - x })
			}
		case p.kind == "imir" && len(p.body) >= 1:
			sideways := p.body[0]&1 == 1
			g.turn = g.turn.then(func(x, y int) (int, int) {
				if sideways {
					return 1 - x, y
				}
				return x, 1 - y
			})
		case p.kind == "clap" && len(p.body) >= 32:
			if err := g.clap(p.body); err != nil {
				return err
			}
		}
	}
	return nil
}

// clap cuts the picture to its clean aperture: eight numbers that are fractions
// of two, its width and height and the place of its center against that of the
// picture. ISO/IEC 14496-12, section 12.1.4.
func (g *geometry) clap(body []byte) error {
	var v [4]float64
	for i := range v {
		n, d := binary.BigEndian.Uint32(body[8*i:]), binary.BigEndian.Uint32(body[8*i+4:])
		if d == 0 {
			return raster.Corruptf("clap: a fraction over zero")
		}
		v[i] = float64(int32(n)) / float64(int32(d))
	}
	width, height := g.shown()
	w, h := int(v[0]), int(v[1])
	x := int((float64(width)-v[0])/2 + v[2] + 0.5)
	y := int((float64(height)-v[1])/2 + v[3] + 0.5)
	if w < 1 || h < 1 || x < 0 || y < 0 || w > width || h > height || x > width-w || y > height-h {
		return raster.Corruptf("clap: %gx%g pixels at %d, %d of %dx%d", v[0], v[1], x, y, width, height)
	}
	// The corner of the window that is stored first, and the way back from
	// shown to stored pixels: along the shown x and y.
	right, down := width-w-x, height-h-y
	if first := g.turn[0]; first&1 != 0 {
		x = right
	}
	if first := g.turn[0]; first&2 != 0 {
		y = down
	}
	if g.turn.transposed() {
		x, y, w, h = y, x, h, w
	}
	g.x, g.y, g.width, g.height = g.x+x, g.y+y, w, h
	return nil
}
