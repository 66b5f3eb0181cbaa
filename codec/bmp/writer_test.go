package bmp

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// bitmap is a file to be written, a broken one too.
type bitmap struct {
	name        string
	headerSize  int // 12, 16, 40, 52, 56, 64, 108, 124
	depth       int
	compression uint32
	masks       [4]uint32
	topDown     bool
	used        int // colors in the palette, 0 for all
	gap         int // bytes between palette and pixels
	noOffset    bool
	deltas      bool // run-length coded data skips pixels of color 0
}

const width, height = 37, 23

// paint makes a picture that the bitmap can hold exactly: rows of RGBA, and
// the stored values.
func (b *bitmap) paint(rng *rand.Rand) (rgba [][4]uint8, values []uint32, palette [][4]uint8) {
	if b.depth <= 8 {
		n := 1 << b.depth
		if b.used > 0 {
			n = min(n, b.used)
		}
		for range n {
			v := rng.Uint32()
			palette = append(palette, [4]uint8{uint8(v), uint8(v >> 8), uint8(v >> 16), 255})
		}
	}
	last := uint32(0)
	for range width * height {
		if rng.IntN(4) == 0 {
			last = rng.Uint32()
			if b.depth <= 8 {
				last %= uint32(len(palette))
			} else if b.depth < 32 {
				last &= 1<<b.depth - 1
			}
		}
		values = append(values, last)
		rgba = append(rgba, b.color(last, palette))
	}
	return rgba, values, palette
}

// color is what a stored value means.
func (b *bitmap) color(v uint32, palette [][4]uint8) [4]uint8 {
	masks := b.masks
	switch {
	case b.depth <= 8:
		return palette[v]
	case b.depth == 24, b.depth == 32 && b.compression == plain:
		masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
	case b.compression == plain:
		masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
	}
	out := [4]uint8{3: 255}
	for c, m := range masks {
		if m != 0 {
			shift := bits.TrailingZeros32(m)
			out[c] = uint8((uint64(v&m>>shift)*255 + uint64(m>>shift)/2) / uint64(m>>shift))
		}
	}
	return out
}

func (b *bitmap) write(values []uint32, palette [][4]uint8) []byte {
	h := make([]byte, b.headerSize)
	binary.LittleEndian.PutUint32(h, uint32(b.headerSize))
	hh := int32(height)
	if b.topDown {
		hh = -hh
	}
	if b.headerSize == 12 {
		binary.LittleEndian.PutUint16(h[4:], width)
		binary.LittleEndian.PutUint16(h[6:], height)
		h[8], h[10] = 1, byte(b.depth)
	} else {
		binary.LittleEndian.PutUint32(h[4:], width)
		binary.LittleEndian.PutUint32(h[8:], uint32(hh))
		h[12], h[14] = 1, byte(b.depth)
	}
	if b.headerSize >= 40 {
		binary.LittleEndian.PutUint32(h[16:], b.compression)
		binary.LittleEndian.PutUint32(h[32:], uint32(b.used))
	}
	var after []byte
	if b.compression == bitFields || b.compression == alphaBitFields {
		for i, m := range b.masks {
			switch {
			case b.headerSize >= 44+4*i:
				binary.LittleEndian.PutUint32(h[40+4*i:], m)
			case i < 3 || b.compression == alphaBitFields:
				after = binary.LittleEndian.AppendUint32(after, m)
			}
		}
	}
	n := 0
	if b.depth <= 8 {
		n = 1 << b.depth
		if b.used > 0 {
			n = b.used
		}
	}
	for i := range n {
		c := [4]uint8{}
		if i < len(palette) {
			c = palette[i]
		}
		after = append(after, c[2], c[1], c[0])
		if b.headerSize != 12 {
			after = append(after, 0)
		}
	}
	after = append(after, make([]byte, b.gap)...)
	file := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	if !b.noOffset {
		binary.LittleEndian.PutUint32(file[10:], uint32(14+len(h)+len(after)))
	}
	file = append(append(file, h...), after...)
	for y := range height {
		if !b.topDown {
			y = height - 1 - y
		}
		row := values[y*width : (y+1)*width]
		if b.compression == rle8 || b.compression == rle4 || b.compression == os2RLE24 {
			file = b.rleRow(file, row, y)
		} else {
			file = b.plainRow(file, row)
		}
	}
	return file
}

func (b *bitmap) plainRow(file []byte, row []uint32) []byte {
	out := make([]byte, (len(row)*b.depth+31)/32*4+4)
	for x, v := range row {
		at := x * b.depth
		if b.depth < 8 {
			out[at/8] |= byte(v << (8 - b.depth - at%8))
		} else {
			for i := range b.depth / 8 {
				out[at/8+i] = byte(v >> (8 * i))
			}
		}
	}
	return append(file, out[:len(out)-4]...)
}

// rleRow writes runs, literals of three values and more, and steps over
// color 0.
func (b *bitmap) rleRow(file []byte, row []uint32, y int) []byte {
	value := func(vs ...uint32) (out []byte) {
		for i, v := range vs {
			switch b.depth {
			case 4:
				if i%2 == 0 {
					out = append(out, byte(v<<4))
				} else {
					out[i/2] |= byte(v)
				}
			case 8:
				out = append(out, byte(v))
			case 24:
				out = append(out, byte(v), byte(v>>8), byte(v>>16))
			}
		}
		return out
	}
	for x := 0; x < len(row); {
		run := 1
		for x+run < len(row) && row[x+run] == row[x] {
			run++
		}
		switch {
		case b.deltas && row[x] == 0:
			file = append(file, 0, 2, byte(run), 0)
			x += run
		case run == 1 && x+5 <= len(row):
			v := value(row[x : x+5]...)
			file = append(append(file, 0, 5), v...)
			if len(v)%2 == 1 {
				file = append(file, 0)
			}
			x += 5
		default:
			v := value(row[x])
			if b.depth == 4 {
				v = value(row[x], row[x])
			}
			file = append(append(file, byte(run)), v...)
			x += run
		}
	}
	if y == 0 {
		return append(file, 0, 1)
	}
	return append(file, 0, 0)
}

func bitmaps() []bitmap {
	rgb565 := [4]uint32{0xf800, 0x07e0, 0x001f, 0}
	argb4444 := [4]uint32{0x0f00, 0x00f0, 0x000f, 0xf000}
	abgr := [4]uint32{0xff, 0xff00, 0xff0000, 0xff000000}
	ten := [4]uint32{0x3ff00000, 0xffc00, 0x3ff, 0xc0000000}
	return []bitmap{
		{name: "core 1", headerSize: 12, depth: 1},
		{name: "core 4", headerSize: 12, depth: 4},
		{name: "core 8", headerSize: 12, depth: 8},
		{name: "core 24", headerSize: 12, depth: 24},
		{name: "os2 short", headerSize: 16, depth: 8},
		{name: "os2", headerSize: 64, depth: 8},
		{name: "os2 rle24", headerSize: 64, depth: 24, compression: os2RLE24},
		{name: "info 1", headerSize: 40, depth: 1},
		{name: "info 2", headerSize: 40, depth: 2},
		{name: "info 4", headerSize: 40, depth: 4},
		{name: "info 4 of 12 colors", headerSize: 40, depth: 4, used: 12},
		{name: "info 8", headerSize: 40, depth: 8},
		{name: "info 8 top down", headerSize: 40, depth: 8, topDown: true},
		{name: "info 8 of 252 colors", headerSize: 40, depth: 8, used: 252},
		{name: "info 8 of 300 colors", headerSize: 40, depth: 8, used: 300},
		{name: "gap", headerSize: 40, depth: 8, gap: 100},
		{name: "no offset", headerSize: 40, depth: 8, noOffset: true},
		{name: "rle8", headerSize: 40, depth: 8, compression: rle8},
		{name: "rle8 deltas", headerSize: 40, depth: 8, compression: rle8, deltas: true, used: 4},
		{name: "rle4", headerSize: 40, depth: 4, compression: rle4},
		{name: "rle4 deltas", headerSize: 108, depth: 4, compression: rle4, deltas: true},
		{name: "rgb555", headerSize: 40, depth: 16},
		{name: "rgb565", headerSize: 40, depth: 16, compression: bitFields, masks: rgb565},
		{name: "argb4444", headerSize: 56, depth: 16, compression: bitFields, masks: argb4444},
		{name: "24", headerSize: 40, depth: 24},
		{name: "24 top down v5", headerSize: 124, depth: 24, topDown: true},
		{name: "32", headerSize: 40, depth: 32},
		{name: "32 fields", headerSize: 40, depth: 32, compression: bitFields, masks: [4]uint32{0xff000000, 0xff0000, 0xff00, 0}},
		{name: "32 ten bits", headerSize: 52, depth: 32, compression: bitFields, masks: [4]uint32{0x3ff00000, 0xffc00, 0x3ff, 0}},
		{name: "32 alpha v4", headerSize: 108, depth: 32, compression: bitFields, masks: abgr},
		{name: "32 alpha v5", headerSize: 124, depth: 32, compression: bitFields, masks: ten},
		{name: "32 alpha fields", headerSize: 40, depth: 32, compression: alphaBitFields, masks: abgr},
	}
}
