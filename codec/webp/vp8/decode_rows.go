package vp8

// Rows decodes a frame at full size and passes its rows to emit, top to
// bottom, as opaque RGBA pixels (4 bytes each) in a buffer that is reused. It
// returns the number of rows that were passed: less than the frame's height
// where the data ends early. Errors wrap raster.ErrCorrupt or
// raster.ErrUnsupported.
//
// factor says that boxes of so many pixels will be averaged. Above 1, what is
// not seen then is left out: interpolation of colors and, as in Reduce, the loop
// filter.
func Rows(data []byte, factor int, emit func(y int, rgba []byte)) (int, error) {
	d, err := newDecoder(data)
	if err != nil {
		return 0, err
	}
	s := newRowSink(d, newConverter(d, factor, emit), factor)
	rows, err := d.decode(s)
	if err != nil {
		return 0, err
	}
	s.pass(min(16*rows, d.Height))
	return s.next, nil
}

// overhead is what a decoder allocates whatever the size of the picture.
const overhead = 64 << 10

// RowsMemory estimates the bytes that Rows allocates.
func RowsMemory(width int) int64 { return int64(width+16)*(48+4+2+8) + overhead }

// ReduceMemory estimates the bytes that Reduce allocates, its result included.
func ReduceMemory(width, height, factorX, factorY int) int64 {
	m := reducerMemory(width, height, factorX, factorY) + int64(width+16)*4 + overhead
	if min(factorX, factorY) < 5 {
		m += RowsMemory(width) // as it may be filtered
	}
	return m
}

// rowSink filters. It keeps two rows of macroblocks: filtering one changes the
// bottom of the one above, and the chroma of a row of pixels is interpolated
// from what is above and below.
type rowSink struct {
	out       rowTaker
	filter    bool
	next      int // the first row of pixels that was not passed on
	y, u, v   []byte
	pitch     int // of y; that of u and v is half of it
	base      int // the row of pixels that y begins with
	have      int // rows of pixels that were decoded
	strengths []strength
}

// rowTaker takes rows of pixels that are complete.
type rowTaker interface {
	// take takes the rows from..to-1 from s.y, s.u and s.v, where the rows of
	// chroma above and below are complete, too, as far as there are any.
	take(s *rowSink, from, to int)
}

// newRowSink returns a rowSink that filters as the factor of a reduction asks
// for.
func newRowSink(d *decoder, out rowTaker, factor int) *rowSink {
	pitch := 16 * d.mbw
	return &rowSink{
		filter: d.filtered(factor),
		out:    out, pitch: pitch,
		y: make([]byte, 32*pitch), u: make([]byte, 8*pitch), v: make([]byte, 8*pitch),
		strengths: make([]strength, d.mbw),
	}
}

func (s *rowSink) macroblock(d *decoder, x, _ int) {
	if s.filter {
		s.strengths[x] = d.strengthOf()
	}
	w := &d.work
	for i := range 16 {
		copy(s.y[(16+i)*s.pitch+16*x:], w[yAt+i*stride:yAt+i*stride+16])
	}
	half := s.pitch / 2
	for i := range 8 {
		copy(s.u[(8+i)*half+8*x:], w[uAt+i*stride:uAt+i*stride+8])
		copy(s.v[(8+i)*half+8*x:], w[vAt+i*stride:vAt+i*stride+8])
	}
}

func (s *rowSink) row(d *decoder, y int) {
	half := s.pitch / 2
	for x, f := range s.strengths {
		if f.limit == 0 {
			continue
		}
		at, atUV := 16*s.pitch+16*x, 8*half+8*x
		if d.filter.simple {
			filterSimple(s.y, at, s.pitch, f, x > 0, y > 0)
			continue
		}
		filterNormal(s.y, at, s.pitch, 16, f, x > 0, y > 0)
		filterNormal(s.u, atUV, half, 8, f, x > 0, y > 0)
		filterNormal(s.v, atUV, half, 8, f, x > 0, y > 0)
	}
	s.base = 16*y - 16
	s.have = min(16*y+16, d.Height)
	if y == d.mbh-1 {
		s.pass(d.Height)
		return
	}
	// Below this the next row's filter may change pixels, or interpolation
	// looks at what it may change.
	s.pass(16*y + 8)
	copy(s.y, s.y[16*s.pitch:])
	copy(s.u, s.u[8*half:])
	copy(s.v, s.v[8*half:])
	s.base += 16
}

func (s *rowSink) pass(end int) {
	if s.next < end {
		s.out.take(s, s.next, end)
		s.next = end
	}
}

// converter turns rows into RGBA.
type converter struct {
	emit func(y int, rgba []byte)
	fine bool // chroma is interpolated
	rgba []byte
	u, v []byte // the interpolated chroma of a row of pixels
}

func newConverter(d *decoder, factor int, emit func(y int, rgba []byte)) *converter {
	return &converter{emit, factor == 1, make([]byte, 4*d.Width), make([]byte, d.Width), make([]byte, d.Width)}
}

func (c *converter) take(s *rowSink, from, to int) {
	half := s.pitch / 2
	last := (s.have+1)/2 - 1
	for y := from; y < to; y++ {
		near := y / 2
		far := min(max(near-1+2*(y&1), 0), last)
		n, f := (near-s.base/2)*half, (far-s.base/2)*half
		luma := s.y[(y-s.base)*s.pitch:]
		if c.fine {
			upsample(c.u, s.u[n:n+half], s.u[f:f+half])
			upsample(c.v, s.v[n:n+half], s.v[f:f+half])
			toRGB(c.rgba, luma, c.u, c.v)
		} else {
			toRGBDouble(c.rgba, luma, s.u[n:n+half], s.v[n:n+half])
		}
		c.emit(y, c.rgba)
	}
}

// upsample interpolates the chroma of a row of pixels, which lies at a quarter
// of the way from the row of samples near to the row far: 9/16, 3/16, 3/16,
// 1/16, rounded in two steps.
func upsample(dst, near, far []byte) {
	nl, fl := uint32(near[0]), uint32(far[0])
	dst[0] = uint8((3*nl + fl + 2) >> 2)
	pairs := (len(dst) - 1) / 2
	near, far = near[1:], far[1:]
	out := dst[1:]
	for i := range pairs {
		nr, fr := uint32(near[i]), uint32(far[i])
		sum := nl + nr + fl + fr + 8
		o := out[2*i : 2*i+2 : 2*i+2]
		o[0] = uint8(((sum+2*(nr+fl))>>3 + nl) >> 1)
		o[1] = uint8(((sum+2*(nl+fr))>>3 + nr) >> 1)
		nl, fl = nr, fr
	}
	if len(dst)&1 == 0 {
		dst[len(dst)-1] = uint8((3*nl + fl + 2) >> 2)
	}
}

// toRGB converts a row of pixels.
func toRGB(dst, y, u, v []byte) {
	n := len(dst) / 4
	y, u, v = y[:n], u[:n], v[:n]
	for i := range y {
		putRGB((*[4]byte)(dst[4*i:4*i+4]), int32(y[i]), int32(u[i]), int32(v[i]))
	}
}

// toRGBDouble is toRGB with a sample of chroma for two pixels.
func toRGBDouble(dst, y, u, v []byte) {
	n := len(dst) / 4
	for i := range n / 2 {
		u, v := int32(u[i]), int32(v[i])
		p, l := dst[8*i:8*i+8:8*i+8], y[2*i:2*i+2:2*i+2]
		putRGB((*[4]byte)(p), int32(l[0]), u, v)
		putRGB((*[4]byte)(p[4:]), int32(l[1]), u, v)
	}
	if n&1 != 0 {
		putRGB((*[4]byte)(dst[4*n-4:]), int32(y[n-1]), int32(u[n/2]), int32(v[n/2]))
	}
}
