package raster

import (
	"image"
	"slices"
)

// Canvas is what the frames of an animation are drawn on, at full size, and the
// reduced picture of it.
//
// Frames replace some pixels of a box and leave others, and the next frame may
// replace them again: what a box shows after that follows only from its pixels.
// So all of them are kept, four bytes each. Only boxes that changed are averaged
// anew.
type Canvas struct {
	width, height    int
	factorX, factorY int
	pix              []byte // RGBA, not premultiplied
	img              *Image
	changed          image.Rectangle
}

// NewCanvas returns a transparent canvas of width x height pixels. The factors
// are those of a Reducer.
func NewCanvas(width, height, factorX, factorY int) *Canvas {
	return &Canvas{
		width: width, height: height, factorX: factorX, factorY: factorY,
		pix: make([]byte, 4*width*height),
		img: NewReducer(RGBA, width, height, factorX, factorY).img,
	}
}

// CanvasMemory estimates the bytes that a Canvas and two pictures of it take.
func CanvasMemory(width, height, factorX, factorY int) int64 {
	reduced := int64(ceilDiv(width, factorX)) * int64(ceilDiv(height, factorY))
	// The reduced picture, that which is returned, the one before and what one
	// is reduced with.
	return 4*int64(width)*int64(height) + 4*4*reduced + ReducerMemory(RGBA, width, 1, factorX, 1, false)
}

// Bounds is the canvas, in pixels of full size.
func (c *Canvas) Bounds() image.Rectangle { return image.Rect(0, 0, c.width, c.height) }

// Row returns the pixels x0 to x1 of row y, to be drawn on. All of it must be on
// the canvas, and be named to Changed.
func (c *Canvas) Row(y, x0, x1 int) []byte {
	return c.pix[4*(y*c.width+x0) : 4*(y*c.width+x1) : 4*(y*c.width+x1)]
}

// Changed says that pixels of r were drawn since the last call of Image.
func (c *Canvas) Changed(r image.Rectangle) {
	c.changed = c.changed.Union(r.Intersect(c.Bounds()))
}

// Clear makes the pixels of r transparent.
func (c *Canvas) Clear(r image.Rectangle) {
	r = r.Intersect(c.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(c.Row(y, r.Min.X, r.Max.X))
	}
	c.Changed(r)
}

// Save returns a copy of the pixels of r, for Restore, in the memory of room if
// that is large enough.
func (c *Canvas) Save(r image.Rectangle, room []byte) []byte {
	r = r.Intersect(c.Bounds())
	room = slices.Grow(room[:0], 4*r.Dx()*r.Dy())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		room = append(room, c.Row(y, r.Min.X, r.Max.X)...)
	}
	return room
}

// Restore brings back the pixels of r that Save returned.
func (c *Canvas) Restore(r image.Rectangle, saved []byte) {
	r = r.Intersect(c.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		saved = saved[copy(c.Row(y, r.Min.X, r.Max.X), saved):]
	}
	c.Changed(r)
}

// Image returns the reduced picture in memory of its own.
func (c *Canvas) Image() *Image {
	c.reduce()
	img := *c.img
	img.Pix = append([]byte(nil), c.img.Pix...)
	return &img
}

// reduce averages the boxes that changed.
func (c *Canvas) reduce() {
	if c.changed.Empty() {
		return
	}
	boxes := image.Rect(c.changed.Min.X/c.factorX, c.changed.Min.Y/c.factorY,
		ceilDiv(c.changed.Max.X, c.factorX), ceilDiv(c.changed.Max.Y, c.factorY))
	c.changed = image.Rectangle{}
	full := image.Rect(boxes.Min.X*c.factorX, boxes.Min.Y*c.factorY,
		boxes.Max.X*c.factorX, boxes.Max.Y*c.factorY).Intersect(c.Bounds())
	red := NewReducer(RGBA, full.Dx(), full.Dy(), c.factorX, c.factorY)
	for y := full.Min.Y; y < full.Max.Y; y++ {
		red.AddRGBA(0, y-full.Min.Y, c.Row(y, full.Min.X, full.Max.X))
	}
	part := red.Image()
	for y := range part.Height {
		copy(c.img.Pix[4*((boxes.Min.Y+y)*c.img.Width+boxes.Min.X):], part.Pix[4*y*part.Width:][:4*part.Width])
	}
}
