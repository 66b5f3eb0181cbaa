package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/klauspost/compress/zstd"
)

// spec says how a test file is to be written.
type spec struct {
	name        string
	big         bool // BigTIFF
	bigEndian   bool
	bits        int
	format      int
	samples     int
	photometric int
	extra       int // ExtraSamples, -1 for none
	planar      bool
	compression int
	predictor   int
	tile        [2]int // 0 for strips of 5 rows
	reversed    bool
	stripFields bool // tiles whose offsets are in StripOffsets
	sub         [2]int
	reference   bool // a ReferenceBlackWhite for video levels
}

const (
	width, height = 37, 22
	stripRows     = 5
)

func (s *spec) order() binary.AppendByteOrder {
	if s.bigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// paint makes samples for each pixel: numbers of s.bits bits, or the bits of
// floats.
func (s *spec) paint(seed uint64) [][]uint64 {
	rng := rand.New(rand.NewPCG(seed, 9))
	pix := make([][]uint64, width*height)
	last := make([]uint64, s.samples)
	for i := range pix {
		if rng.IntN(3) == 0 {
			for k := range last {
				last[k] = rng.Uint64() & (1<<(s.bits&63) - 1)
				switch {
				case s.format == formatFloat && s.bits == 16:
					last[k] = uint64(0x2000 + rng.IntN(0x1e00)) // 2^-7 to 1.5
				case s.format == formatFloat && s.bits == 32:
					last[k] = uint64(math.Float32bits(rng.Float32()*1.2 - 0.1))
				case s.format == formatFloat:
					last[k] = math.Float64bits(rng.Float64()*1.2 - 0.1)
				}
			}
		}
		pix[i] = append([]uint64(nil), last...)
	}
	if s.sub[0] > 1 || s.sub[1] > 1 {
		for i := range pix {
			x, y := i%width/s.sub[0]*s.sub[0], i/width/s.sub[1]*s.sub[1]
			pix[i][1], pix[i][2] = pix[y*width+x][1], pix[y*width+x][2]
		}
	}
	return pix
}

// unit is a sample as a number from 0 to 1.
func (s *spec) unit(v uint64) float64 {
	switch s.format {
	case formatInt:
		x := int64(v<<(64-s.bits)) >> (64 - s.bits)
		return max(float64(x), 0) / float64(int64(1)<<(s.bits-1)-1)
	case formatFloat:
		if s.bits == 16 {
			return min(math.Ldexp(float64(v&0x3ff|0x400), int(v>>10)-25), 1)
		}
		if s.bits == 32 {
			return min(max(float64(math.Float32frombits(uint32(v))), 0), 1)
		}
		return min(max(math.Float64frombits(v), 0), 1)
	}
	return float64(v) / float64(uint64(1)<<s.bits-1)
}

// colorMap is that of palette files: 16-bit numbers.
func (s *spec) colorMap() []uint64 {
	n := 1 << s.bits
	m := make([]uint64, 3*n)
	for i := range m {
		m[i] = uint64(i*40503&0xff) * 257
	}
	return m
}

// color is what the samples of a pixel mean: gray, red green blue alpha, or
// cyan magenta yellow black, from 0 to 255.
func (s *spec) color(p []uint64) [4]float64 {
	u := make([]float64, len(p))
	for i, v := range p {
		u[i] = s.unit(v) * 255
	}
	out := [4]float64{3: 255}
	base := 3
	switch s.photometric {
	case whiteIsZero:
		out[0], out[1], out[2], base = 255-u[0], 255-u[0], 255-u[0], 1
	case blackIsZero, mask:
		out[0], out[1], out[2], base = u[0], u[0], u[0], 1
	case palette:
		m, n, i := s.colorMap(), 1<<s.bits, int(p[0])
		for c := range 3 {
			out[c] = float64(m[c*n+i] >> 8)
		}
		base = 1
	case cmyk:
		paper := 1.0 // how much of the ink is seen on it
		if s.extra == 2 {
			paper = u[4] / 255
		}
		return [4]float64{u[0] * paper, u[1] * paper, u[2] * paper, u[3] * paper}
	case yCbCr:
		y, cb, cr := u[0], u[1]-128, u[2]-128
		if s.reference {
			y, cb, cr = (y-16)*255/219, cb*127/112, cr*127/112
		}
		out[0], out[2] = y+1.402*cr, y+1.772*cb
		out[1] = (y - 0.299*out[0] - 0.114*out[2]) / 0.587
		for c := range 3 {
			out[c] = min(max(out[c], 0), 255)
		}
	default:
		out[0], out[1], out[2] = u[0], u[1], u[2]
	}
	if len(p) > base && (s.extra == 1 || s.extra == 2) {
		out[3] = u[base]
		for c := range 3 {
			if s.extra == 1 && out[3] > 0 {
				out[c] = min(out[c]*255/out[3], 255)
			}
		}
	}
	return out
}

// segments cuts the picture into strips or tiles, plane by plane.
func (s *spec) segments(pix [][]uint64) [][]byte {
	w, h := s.tile[0], s.tile[1]
	if w == 0 {
		w, h = width, stripRows
	}
	if s.sub[1] > 1 && s.tile[0] == 0 {
		h = 2 * s.sub[1]
	}
	planes := [][]int{nil}
	if s.planar {
		planes = nil
	}
	for k := range s.samples {
		if s.planar {
			planes = append(planes, []int{k})
		} else {
			planes[0] = append(planes[0], k)
		}
	}
	var out [][]byte
	for _, plane := range planes {
		for y := 0; y < height; y += h {
			for x := 0; x < width; x += w {
				rows := h
				if s.tile[0] == 0 {
					rows = min(h, height-y)
				}
				out = append(out, s.segment(pix, plane, x, y, w, rows))
			}
		}
	}
	return out
}

// segment writes one strip or tile. Outside the picture its edge repeats.
func (s *spec) segment(pix [][]uint64, plane []int, x0, y0, w, rows int) []byte {
	at := func(x, y int) []uint64 { return pix[min(y, height-1)*width+min(x, width-1)] }
	var raw []byte
	rowLen := 0
	if s.sub[0] > 1 || s.sub[1] > 1 {
		for y := y0; y < y0+rows; y += s.sub[1] {
			for x := x0; x < x0+w; x += s.sub[0] {
				for j := range s.sub[1] {
					for i := range s.sub[0] {
						raw = append(raw, byte(at(x+i, y+j)[0]))
					}
				}
				raw = append(raw, byte(at(x, y)[1]), byte(at(x, y)[2]))
			}
		}
		return s.compress(raw)
	}
	for y := y0; y < y0+rows; y++ {
		var row []byte
		acc, n := uint64(0), 0
		var left [8]uint64
		for x := x0; x < x0+w; x++ {
			for i, k := range plane {
				v := at(x, y)[k]
				if s.predictor == 2 {
					v, left[i] = v-left[i], v
				}
				switch s.bits {
				case 16:
					row = s.order().AppendUint16(row, uint16(v))
				case 32:
					row = s.order().AppendUint32(row, uint32(v))
				case 64:
					row = s.order().AppendUint64(row, v)
				default:
					acc, n = acc<<s.bits|v&(1<<s.bits-1), n+s.bits
					for ; n >= 8; n -= 8 {
						row = append(row, byte(acc>>(n-8)))
					}
				}
			}
		}
		if n > 0 {
			row = append(row, byte(acc<<(8-n)))
		}
		if s.predictor == 3 {
			row = s.floatPredictor(row, len(plane))
		}
		rowLen = len(row)
		raw = append(raw, row...)
	}
	if s.compression == compressionPackBits {
		var out []byte
		for ; len(raw) > 0; raw = raw[rowLen:] {
			out = append(out, packRow(raw[:rowLen])...)
		}
		return s.flip(out)
	}
	return s.compress(raw)
}

func (s *spec) floatPredictor(row []byte, n int) []byte {
	size := s.bits / 8
	count := len(row) / size
	out := make([]byte, len(row))
	for i := range row {
		out[(size-1-i%size)*count+i/size] = row[i]
	}
	for i := len(out) - 1; i >= n; i-- {
		out[i] -= out[i-n]
	}
	return out
}

func (s *spec) compress(raw []byte) []byte {
	switch s.compression {
	case compressionDeflate, compressionDeflateOld:
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write(raw)
		z.Close()
		raw = b.Bytes()
	case compressionLZW:
		raw = lzwLiterals(raw)
	case compressionZstd:
		z, _ := zstd.NewWriter(nil)
		raw = z.EncodeAll(raw, nil)
	case compressionPackBits:
		raw = packRow(raw)
	}
	return s.flip(raw)
}

func (s *spec) flip(b []byte) []byte {
	if s.reversed {
		for i := range b {
			b[i] = bits.Reverse8(b[i])
		}
	}
	return b
}

// lzwLiterals writes LZW without any string: a clear code keeps codes at nine
// bits.
func lzwLiterals(raw []byte) []byte {
	var out []byte
	acc, n := uint64(0), 0
	put := func(code int) {
		acc, n = acc<<9|uint64(code), n+9
		for ; n >= 8; n -= 8 {
			out = append(out, byte(acc>>(n-8)))
		}
	}
	for i, v := range raw {
		if i%200 == 0 {
			put(256)
		}
		put(int(v))
	}
	put(257)
	return append(out, byte(acc<<(8-n)))
}

func packRow(row []byte) []byte {
	var out []byte
	for len(row) > 0 {
		run := 1
		for run < min(len(row), 128) && row[run] == row[0] {
			run++
		}
		if run > 1 {
			out = append(out, byte(1-run), row[0])
		} else {
			for run < min(len(row), 128) && row[run] != row[run-1] {
				run++
			}
			out = append(append(append(out, 128), byte(run-1)), row[:run]...) // 128 says nothing
		}
		row = row[run:]
	}
	return out
}

// entry is a field to be written.
type entry struct {
	tag, kind uint16
	values    []uint64
	raw       []byte // of kind 7
}

// fields are those of the picture; offsets come first and are filled in later.
func (s *spec) fields(segments [][]byte) []entry {
	short, long := uint16(3), uint16(4)
	if s.big {
		long = 16
	}
	offsets, counts := make([]uint64, len(segments)), make([]uint64, len(segments))
	for i := range segments {
		counts[i] = uint64(len(segments[i]))
	}
	bps := make([]uint64, s.samples)
	formats := make([]uint64, s.samples)
	for i := range bps {
		bps[i], formats[i] = uint64(s.bits), uint64(max(s.format, 1))
	}
	one := func(tag, kind uint16, v int) entry { return entry{tag, kind, []uint64{uint64(v)}, nil} }
	f := []entry{
		one(tagImageWidth, short, width), one(tagImageLength, long, height), {tagBitsPerSample, short, bps, nil},
		one(tagCompression, short, s.compression), one(tagPhotometric, short, s.photometric),
		one(tagSamplesPerPixel, short, s.samples), {tagSampleFormat, short, formats, nil},
	}
	switch {
	case s.stripFields:
		f = append(f, one(tagTileWidth, short, s.tile[0]), one(tagTileLength, short, s.tile[1]),
			entry{tagStripOffsets, long, offsets, nil}, entry{tagStripByteCounts, long, counts, nil})
	case s.tile[0] > 0:
		f = append(f, one(tagTileWidth, short, s.tile[0]), one(tagTileLength, short, s.tile[1]),
			entry{tagTileOffsets, long, offsets, nil}, entry{tagTileByteCounts, long, counts, nil})
	default:
		rows := stripRows
		if s.sub[1] > 1 {
			rows = 2 * s.sub[1]
		}
		f = append(f, one(tagRowsPerStrip, short, rows), entry{tagStripOffsets, long, offsets, nil}, entry{tagStripByteCounts, short, counts, nil})
	}
	if s.planar {
		f = append(f, one(tagPlanarConfig, short, 2))
	}
	if s.predictor > 0 {
		f = append(f, one(tagPredictor, short, s.predictor))
	}
	if s.reversed {
		f = append(f, one(tagFillOrder, short, 2))
	}
	if s.extra >= 0 {
		f = append(f, one(tagExtraSamples, short, s.extra))
	}
	if s.photometric == palette {
		f = append(f, entry{tagColorMap, short, s.colorMap(), nil})
	}
	if s.photometric == yCbCr {
		f = append(f, entry{tagYCbCrSubsampling, short, []uint64{uint64(max(s.sub[0], 1)), uint64(max(s.sub[1], 1))}, nil})
	}
	if s.reference {
		f = append(f, entry{tagReferenceBW, typeRational, []uint64{16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1}, nil})
	}
	return f
}

// file puts a picture together: header, segments, then the directory.
func (s *spec) file(segments [][]byte, more ...entry) []byte {
	return s.files([]part{{s.fields(segments), segments}}, more...)
}

type part struct {
	fields   []entry
	segments [][]byte
}

func (s *spec) files(parts []part, more ...entry) []byte {
	o := s.order()
	b := []byte("II")
	if s.bigEndian {
		b = []byte("MM")
	}
	size, countSize := 4, 2
	if s.big {
		size, countSize = 8, 8
		b = o.AppendUint16(o.AppendUint16(o.AppendUint16(b, 43), 8), 0)
	} else {
		b = o.AppendUint16(b, 42)
	}
	number := func(b []byte, v uint64, size int) []byte {
		switch size {
		case 1:
			return append(b, byte(v))
		case 2:
			return o.AppendUint16(b, uint16(v))
		case 4:
			return o.AppendUint32(b, uint32(v))
		}
		return o.AppendUint64(b, v)
	}
	link := len(b)
	b = number(b, 0, size)
	for _, p := range parts {
		p.fields = append([]entry(nil), p.fields...)
		for k := range p.fields {
			p.fields[k].values = append([]uint64(nil), p.fields[k].values...)
		}
		for i, seg := range p.segments {
			for k := range p.fields {
				if f := &p.fields[k]; i < len(f.values) && (f.tag == tagStripOffsets || f.tag == tagTileOffsets) && f.values[i] == 0 {
					f.values[i] = uint64(len(b))
				}
			}
			b = append(b, seg...)
		}
		var entries []byte
		all := append(append([]entry(nil), p.fields...), more...)
		for _, f := range all {
			data, n := f.raw, len(f.raw)
			if f.raw == nil {
				n = len(f.values)
				width := int(typeSizes[f.kind])
				if f.kind == typeRational {
					width, n = 4, n/2
				}
				for _, v := range f.values {
					data = number(data, v, width)
				}
			}
			entries = number(number(number(entries, uint64(f.tag), 2), uint64(f.kind), 2), uint64(n), size)
			if len(data) <= size {
				entries = append(append(entries, data...), make([]byte, size-len(data))...)
			} else {
				entries = number(entries, uint64(len(b)), size)
				b = append(b, data...)
			}
		}
		copy(b[link:], number(nil, uint64(len(b)), size))
		b = append(number(b, uint64(len(all)), countSize), entries...)
		link = len(b)
		b = number(b, 0, size)
	}
	return b
}
