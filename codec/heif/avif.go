package heif

import (
	"encoding/binary"
	"slices"

	"s3-thumbnail-creator/codec/raster"
)

// av1Frame is a picture that is coded as AV1.
type av1Frame struct {
	sequence av1Sequence
	file     []byte // of this picture alone
}

// openAV1 reads the headers of a picture. Of what libavif knows of files, only
// one picture and how its samples stand for red, green and blue are left to it.
func (c *container) openAV1(i *item, inherited *color) (codedFrame, kind, error) {
	config := i.property("av1C")
	if len(config) < 4 {
		return nil, kind{}, raster.Corruptf("item %d has no AV1 configuration", i.id)
	}
	data := c.data(i)
	if i.lost {
		return nil, kind{}, raster.Corruptf("item %d: the file ends before it does", i.id)
	}
	sequences, err := av1Sequences(data)
	if err != nil {
		return nil, kind{}, raster.Corruptf("item %d: %v", i.id, err)
	}
	configured, _ := av1Sequences(config[4:]) // cut short as it may be, it is only a copy
	if sequences = append(sequences, configured...); len(sequences) == 0 {
		return nil, kind{}, raster.Corruptf("item %d has no AV1 sequence header", i.id)
	}
	s := sequences[0]
	for _, other := range sequences[1:] {
		s.width, s.height = max(s.width, other.width), max(s.height, other.height)
		s.depth, s.samples = max(s.depth, other.depth), max(s.samples, other.samples)
	}
	own := i.describe(inherited, s.color)
	f := &av1Frame{s, avifFile(config, data, s, own)}
	k := kind{chroma: 3, depth: [3]int{8, 8, 8}, color: own}
	k.matrix, k.fullRange = identity, true
	if s.depth > 8 {
		k.depth = [3]int{wideDepth, wideDepth, wideDepth}
	}
	return f, k, nil
}

// wideDepth is how many bits are kept of pictures of more than eight.
const wideDepth = 12

// avifFile returns a file with one opaque picture, upright and whole.
func avifFile(config, data []byte, s av1Sequence, c color) []byte {
	fullRange := byte(0)
	if c.fullRange {
		fullRange = 0x80
	}
	number16 := func(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
	number32 := func(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
	box := func(kind string, parts ...[]byte) []byte {
		body := slices.Concat(parts...)
		return slices.Concat(number32(8+len(body)), []byte(kind), body)
	}
	head := box("ftyp", []byte("avif"), number32(0), []byte("avifmif1"))
	meta := func(offset int) []byte {
		return box("meta", number32(0),
			box("hdlr", number32(0), number32(0), []byte("pict"), make([]byte, 13)),
			box("pitm", number32(0), number16(1)),
			box("iloc", number32(0), number16(0x4400), number16(1), number16(1), number16(0), number16(1), number32(offset), number32(len(data))),
			box("iinf", number32(0), number16(1), box("infe", number32(2<<24), number16(1), number16(0), []byte("av01\x00"))),
			box("iprp",
				box("ipco", box("ispe", number32(0), number32(s.width), number32(s.height)), box("av1C", config),
					box("colr", []byte("nclx"), number16(2), number16(2), number16(c.matrix), []byte{fullRange})),
				box("ipma", number32(0), number32(1), number16(1), []byte{3, 1, 0x80 | 2, 3})))
	}
	const boxHeader = 8
	offset := len(head) + len(meta(0)) + boxHeader
	return slices.Concat(head, meta(offset), box("mdat", data))
}

func (f *av1Frame) size() (width, height int) { return f.sequence.width, f.sequence.height }

func (f *av1Frame) decode(_ bool, emit func(*band)) error {
	l, err := loadLibavif()
	if err != nil {
		return err
	}
	var wrong error
	err = l.decode(f.file, f.linear(), func(p pixels) {
		if p.width != f.sequence.width || p.height != f.sequence.height {
			wrong = raster.Corruptf("avif: %dx%d pixels where the header says %dx%d", p.width, p.height, f.sequence.width, f.sequence.height)
			return
		}
		p.bands(emit)
	})
	if err != nil {
		return err
	}
	return wrong
}

// bands passes a picture on as samples of green, blue and red: the order of the
// identity matrix.
func (p *pixels) bands(emit func(*band)) {
	b := &band{}
	for i := range b.planes {
		b.planes[i] = plane{make([]uint16, chunk*p.width), p.width}
	}
	order := [3]int{1, 2, 0}
	for ; b.y < p.height; b.y += chunk {
		b.rows = min(chunk, p.height-b.y)
		count := b.rows * p.width
		for i, from := range order {
			to := b.planes[i].pix[:count]
			if p.wide {
				in := p.data[8*b.y*p.width:]
				for j := range to {
					to[j] = binary.LittleEndian.Uint16(in[8*j+2*from:]) >> (16 - wideDepth)
				}
				continue
			}
			in := p.data[4*b.y*p.width:][:4*count]
			for j := range to {
				to[j] = uint16(in[4*j+from])
			}
		}
		emit(b)
	}
}

// memory implements codedFrame.
func (f *av1Frame) memory() int64 {
	const fixed = 48 << 20 // the compiled module, and what compiling it leaves
	return fixed + f.linear() + int64(len(f.file)) + 3*2*chunk*int64(f.sequence.width)
}

// linear is how many bytes the module may take, and what it reserves. Without a
// film grain, which is one more copy of the samples, it takes 20.4 bytes a pixel
// for 8 bits and 4:2:0 (22.4 for 4:4:4), 30.0 (33.7) for 10 and 12 bits, and
// 3.6 MB, at 1 to 30 megapixels. It is never given more.
func (f *av1Frame) linear() int64 {
	const (
		fixed  = 6 << 20
		border = 2 * 160 // pixels around a frame
		block  = 64
	)
	s := &f.sequence
	perPixel, sample := int64(20), int64(1)
	if s.depth > 8 {
		perPixel, sample = 28, 2
	}
	samples := 2 * sample * int64(s.samples) // of four pixels, twice
	perPixel = 4*perPixel + samples
	up := func(v int) int64 { return int64(v+block-1) / block * block }
	return fixed + int64(len(f.file)) + (perPixel*up(s.width)*up(s.height)+samples*border*(up(s.width)+up(s.height)+border))/4
}
