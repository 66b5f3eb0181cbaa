package jpeg

// component is one color plane of the frame.
type component struct {
	id    byte
	h, v  int   // sampling factors
	table uint8 // quantization table that the frame header names

	blocksX, blocksY int // blocks that hold samples of the picture
	paddedX, paddedY int // blocks including those that fill up the last MCUs

	quant     [64]int32 // quantization in zigzag order
	quantized bool      // quant is set, at the component's first scan

	// What the chosen scale makes of a block: width x height samples from as
	// many coefficients. slot maps a zigzag position to its place among them,
	// or to unused.
	scale         int // eighths
	width, height int
	size          int // width*height
	slot          [64]uint8
	last          int    // last zigzag position that is needed
	needed        uint64 // set of the zigzag positions that are
	inverse       transform

	samples      plane
	coefficients []int16  // progressive: width*height of each block, rows of blocks
	nonzero      []uint64 // progressive: bit k set where coefficient k is not zero
	precision    [64]int8 // progressive: low bits still missing; unseen before any

	pred    int32
	context int // arithmetic coding: class of the last difference
}

// unused is the slot of coefficients that the scale does not need: a place
// that the transforms do not look at.
const unused = 64

// unseen is the precision of a coefficient of which no scan has come yet.
const unseen = 31

// block is what a decoder fills and a transform reads: dequantized
// coefficients in the slots of a component, and room for unused.
type block [128]int32

// plane holds rows of samples: all those of a component, or a window that
// moves down with the decoder.
type plane struct {
	pix    []byte
	means  []uint16 // instead of pix where samples are means of whole blocks: in eighths
	stride int
	first  int // the component's row that is at the top
}

// newPlane makes room for rows of samples of c.
func newPlane(c *component, rows int) plane {
	p := plane{stride: c.paddedX * c.width}
	if c.size == 1 {
		p.means = make([]uint16, p.stride*rows)
	} else {
		p.pix = make([]byte, p.stride*rows)
	}
	return p
}

// row returns row y of the component.
func (p *plane) row(y int) []byte {
	i := (y - p.first) * p.stride
	return p.pix[i : i+p.stride]
}

// meanRow returns row y of a component whose samples are means.
func (p *plane) meanRow(y int) []uint16 {
	i := (y - p.first) * p.stride
	return p.means[i : i+p.stride]
}

// moveTo drops the rows above first.
func (p *plane) moveTo(first int) {
	if gone := (first - p.first) * p.stride; gone > 0 {
		if p.means != nil {
			copy(p.means, p.means[gone:])
		} else {
			copy(p.pix, p.pix[gone:])
		}
		p.first = first
	}
}

// gray fills rows from y on with the middle value, which is what blocks
// without data show.
func (p *plane) gray(y, rows int) {
	from, n := (y-p.first)*p.stride, rows*p.stride
	if p.means != nil {
		fill(p.means[from:from+n], 128*8)
	} else {
		fill(p.pix[from:from+n], 128)
	}
}

func fill[T byte | uint16](to []T, v T) {
	if len(to) == 0 {
		return
	}
	to[0] = v
	for n := 1; n < len(to); n *= 2 {
		copy(to[n:], to[:n])
	}
}

// scaleTo sets what becomes of the component's blocks at scale/8 where the
// largest sampling factors are maxH and maxV. A plane sampled half as densely
// gives blocks twice as large where that is possible, and then needs no
// upsampling.
func (c *component) scaleTo(scale, maxH, maxV int) {
	c.width = blockLength(scale, c.h, maxH)
	c.height = blockLength(scale, c.v, maxV)
	c.size = c.width * c.height
	c.scale = scale
	c.last, c.needed = 0, 0
	for k, natural := range zigzag {
		x, y := int(natural&7), int(natural>>3)
		c.slot[k] = unused
		if x < c.width && y < c.height {
			c.slot[k] = uint8(y*c.width + x)
			c.last = k
			c.needed |= 1 << k
		}
	}
	c.inverse = inverseTransform(c.width, c.height)
}

// blockLength is the power of two up to 8 that is, or is next above, the
// length at which a block of the plane needs no upsampling.
func blockLength(scale, factor, maxFactor int) int {
	n := scale
	for n < 8 && n*factor < scale*maxFactor {
		n *= 2
	}
	return n
}
