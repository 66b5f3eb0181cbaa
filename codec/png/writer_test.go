package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// file builds PNG files chunk by chunk, broken ones too.
type file struct{ bytes.Buffer }

func newFile() *file {
	f := &file{}
	f.WriteString(signature)
	return f
}

func (f *file) chunk(kind string, data []byte) *file {
	binary.Write(f, binary.BigEndian, uint32(len(data)))
	f.WriteString(kind)
	f.Write(data)
	binary.Write(f, binary.BigEndian, crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, data))
	return f
}

func (f *file) ihdr(w, h int, depth, colorType, interlace uint8) *file {
	var b []byte
	b = binary.BigEndian.AppendUint32(b, uint32(w))
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return f.chunk("IHDR", append(b, depth, colorType, 0, 0, interlace))
}

// layout is a kind of PNG picture.
type layout struct {
	name      string
	colorType uint8
	depth     uint8
	interlace uint8
	key       bool // a tRNS chunk
}

func layouts() []layout {
	var all []layout
	for _, l := range []layout{
		{"gray1", 0, 1, 0, false}, {"gray2", 0, 2, 0, false}, {"gray4", 0, 4, 0, false}, {"gray8", 0, 8, 0, false}, {"gray16", 0, 16, 0, false},
		{"rgb8", 2, 8, 0, false}, {"rgb16", 2, 16, 0, false},
		{"palette1", 3, 1, 0, false}, {"palette2", 3, 2, 0, false}, {"palette4", 3, 4, 0, false}, {"palette8", 3, 8, 0, false},
		{"grayalpha8", 4, 8, 0, false}, {"grayalpha16", 4, 16, 0, false}, {"rgba8", 6, 8, 0, false}, {"rgba16", 6, 16, 0, false},
	} {
		for interlace := range uint8(2) {
			l.interlace = interlace
			l.key = false
			all = append(all, l)
			if l.colorType < 4 {
				l.key = true
				l.name += " tRNS"
				all = append(all, l)
				l.name = l.name[:len(l.name)-len(" tRNS")]
			}
		}
	}
	return all
}

func (l layout) samples() int { return map[uint8]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[l.colorType] }

// picture writes a picture of random walks, every filter in turn.
func (l layout) picture(w, h int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	f := newFile().ihdr(w, h, l.depth, l.colorType, l.interlace)
	if l.colorType == typePalette {
		plte := make([]byte, 3<<l.depth)
		for i := range plte {
			plte[i] = byte(rng.Uint32())
		}
		f.chunk("PLTE", plte)
	}
	rows := l.filtered(w, h, rng)
	if l.key {
		trns := []byte{255, 128, 0}[:min(3, 1<<l.depth)]
		if l.colorType == typeGray {
			trns = []byte{0, 1}
		} else if l.colorType == typeRGB {
			trns = []byte{0, 5, 0, 6, 0, 7}
			if l.depth == 16 {
				trns = []byte{5, 5, 6, 6, 7, 7}
			}
		}
		f.chunk("tRNS", trns)
	}
	for data := deflate(rows); len(data) > 0; {
		n := min(len(data), 1000)
		f.chunk("IDAT", data[:n])
		data = data[n:]
	}
	return f.chunk("IEND", nil).Bytes()
}

// filtered makes the rows of all passes, each with its filter.
func (l layout) filtered(w, h int, rng *rand.Rand) []byte {
	d := &Decoder{colorType: l.colorType, depth: int(l.depth)}
	all := []pass{{0, 0, 1, 1}}
	if l.interlace == 1 {
		all = passes[:]
	}
	var out []byte
	bpp := max(l.samples()*int(l.depth)/8, 1)
	filter := 0
	for _, p := range all {
		pw := (w - p.x + p.stepX - 1) / p.stepX
		if pw <= 0 {
			continue
		}
		n := d.rowBytes(pw)
		prev := make([]byte, n)
		for y := p.y; y < h; y += p.stepY {
			row := make([]byte, n)
			for i := range row {
				switch {
				case l.depth < 8 || rng.IntN(50) == 0:
					row[i] = byte(rng.Uint32())
				case i%7 == 6 && l.key && i >= bpp-1:
					copy(row[i+1-bpp:i+1], []byte{5, 6, 7, 5, 6, 7}[:min(bpp, 6)])
				case i >= bpp:
					row[i] = row[i-bpp] + byte(rng.IntN(9)-4)
				}
			}
			out = append(out, byte(filter%5))
			out = append(out, applyFilter(filter%5, row, prev, bpp)...)
			prev = row
			filter++
		}
	}
	return out
}

// applyFilter is section 9.2 to the letter.
func applyFilter(filter int, row, prev []byte, bpp int) []byte {
	out := make([]byte, len(row))
	for i := range row {
		var a, b, c int
		b = int(prev[i])
		if i >= bpp {
			a, c = int(row[i-bpp]), int(prev[i-bpp])
		}
		predicted := 0
		switch filter {
		case 1:
			predicted = a
		case 2:
			predicted = b
		case 3:
			predicted = (a + b) / 2
		case 4:
			p := a + b - c
			pa, pb, pc := max(p-a, a-p), max(p-b, b-p), max(p-c, c-p)
			switch {
			case pa <= pb && pa <= pc:
				predicted = a
			case pb <= pc:
				predicted = b
			default:
				predicted = c
			}
		}
		out[i] = row[i] - byte(predicted)
	}
	return out
}

func deflate(b []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(b)
	w.Close()
	return z.Bytes()
}
