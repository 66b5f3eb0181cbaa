package jpeg

import "s3-thumbnail-creator/codec/raster"

// output turns the planes of a frame into rows of pixels, and those into the
// picture, as soon as the decoder has filled them.
type output struct {
	frame         *frame
	colors        colorModel
	scale         int
	width, height int // of the picture at the scale
	next          int // row to give out next
	img           *raster.Image
	reducer       *raster.Reducer // nil where the scale is all the reduction
	pixels        []byte          // a row for the reducer
	lines         []line          // one for each component
}

// newOutput describes the picture at scale/8.
func newOutput(f *frame, colors colorModel, scale int) *output {
	return &output{
		frame: f, colors: colors, scale: scale,
		width: ceilDiv(f.width*scale, 8), height: ceilDiv(f.height*scale, 8),
	}
}

// factors are the box factors by which the target lets the picture be reduced
// further.
func (o *output) factors(targetWidth, targetHeight int) (x, y int) {
	return raster.BoxFactor(o.width, targetWidth), raster.BoxFactor(o.height, targetHeight)
}

// memory is what open allocates, in bytes.
func (o *output) memory(targetWidth, targetHeight int) int64 {
	factorX, factorY := o.factors(targetWidth, targetHeight)
	return raster.ReducerMemory(o.colors.model(), o.width, o.height, factorX, factorY, false)
}

// open allocates the picture.
func (o *output) open(targetWidth, targetHeight int) {
	model := o.colors.model()
	factorX, factorY := o.factors(targetWidth, targetHeight)
	if factorX > 1 || factorY > 1 {
		o.reducer = raster.NewReducer(model, o.width, o.height, factorX, factorY)
		o.pixels = make([]byte, o.width*model.Bytes())
		return
	}
	o.img = raster.NewImage(model, o.width, o.height)
}

// image returns the finished picture.
func (o *output) image() *raster.Image {
	f := o.frame
	img := o.img
	if o.reducer != nil {
		img = o.reducer.Image()
	}
	// The last column and row cover less than the others.
	scaleX := float64(o.width) / img.CoverX
	scaleY := float64(o.height) / img.CoverY
	img.CoverX = float64(f.width*o.scale) / 8 / scaleX
	img.CoverY = float64(f.height*o.scale) / 8 / scaleY
	return img
}

// contextRows are kept of each plane above those being decoded, for the
// filters that look at neighbors.
const contextRows = 2

// allocate makes planes that hold a row of MCUs.
func (o *output) allocate(components []component) {
	for i := range components {
		c := &components[i]
		c.samples = newPlane(c, c.v*c.height+contextRows)
	}
	o.layLines()
}

// allocateWhole makes a plane that holds all of a component.
func (o *output) allocateWhole(c *component) {
	rows := c.paddedY * c.height
	c.samples = newPlane(c, rows)
	c.samples.gray(0, rows)
}

// begin moves the windows of the planes down so that row y of MCUs has room,
// and grays that.
func (o *output) begin(y int) {
	for i := range o.frame.components {
		c := &o.frame.components[i]
		c.samples.moveTo(max(o.lines[i].sourceRow(o.next)-1, 0))
		c.samples.gray(y*c.v*c.height, c.v*c.height)
	}
}

// emit gives out the pixels that are complete once row y of MCUs is in the
// planes: all but the last, whose neighbors below are still to come.
func (o *output) emit(y int) {
	ready := (y+1)*o.frame.maxV*o.scale - 1
	if y == o.frame.mcusY-1 {
		ready = o.height
	}
	for ; o.next < ready; o.next++ {
		o.row(o.next)
	}
}

// rest gives out everything, after the scans that had to be kept: coefficients
// or whole planes.
func (o *output) rest(coefficients bool) {
	components := o.frame.components
	if coefficients {
		o.allocate(components)
	} else {
		for i := range components {
			if components[i].samples.stride == 0 {
				o.allocateWhole(&components[i])
			}
		}
		o.layLines()
	}
	for y := range o.frame.mcusY {
		if coefficients {
			o.begin(y)
			for i := range components {
				components[i].inverseRow(y)
			}
		}
		o.emit(y)
	}
}

// row converts row y of the picture and gives it out.
func (o *output) row(y int) {
	n := o.colors.model().Bytes()
	pixels := o.pixels
	if o.reducer == nil {
		pixels = o.img.Pix[y*o.width*n : (y+1)*o.width*n]
	}
	o.convert(pixels, y)
	if o.reducer == nil {
		return
	}
	switch o.colors.model() {
	case raster.Gray:
		o.reducer.AddGray(0, y, pixels)
	case raster.CMYK:
		o.reducer.AddCMYK(0, y, pixels)
	default:
		o.reducer.AddRGBA(0, y, pixels)
	}
}
