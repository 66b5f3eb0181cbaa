package av1

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/internal/bitfield"
)

// stream describes a picture of random coding: headers that say what is on, and
// random bytes as the tiles' data, which an arithmetic decoder always finds some
// sense in. So all tools come up that headers allow, those that encoders leave
// out as well.
type stream struct {
	seed           uint64
	chroma         int // 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4
	depth          int // 0 is 8
	width, height  int // 0 is 128
	large          bool
	filterIntra    bool
	noEdgeFilter   bool
	denominator    int // of super-resolution, 0 for none
	screen         bool
	frozen         bool   // models are not adapted
	columns, rows  []int  // sizes of tiles but the last, in superblocks
	uniform        int    // how often both numbers of tiles are doubled
	base           int    // base_q_idx
	offsets        bool   // of the first coefficient, and of chroma
	matrices       [3]int // levels, 0 for none
	segments       bool
	preSkip        bool // segments have features that come before skip
	deltaQ         bool
	deltaLF, multi bool
	deblock        [4]int
	sharpness      int
	intraDelta     int
	cdef           bool
	restoration    [3]int // lr_type
	unitShift      int
	largest        bool // TX_MODE_LARGEST
	reduced        bool // reduced_tx_set
}

// bitWriter writes headers.
type bitWriter struct{ codectest.BitWriter }

// below writes ns(n).
func (b *bitWriter) below(n, v int) {
	w := bitfield.Width(n + 1)
	if short := 1<<w - n; v < short {
		b.Put(w-1, v)
	} else {
		b.Put(w, v+short)
	}
}

func (s *stream) fill() {
	s.depth, s.width, s.height = cmp.Or(s.depth, 8), cmp.Or(s.width, 128), cmp.Or(s.height, 128)
}

func makeUnit(kind int, body []byte) []byte {
	return append(binary.AppendUvarint([]byte{byte(kind<<3 | 2)}, uint64(len(body))), body...)
}

// data returns the units of the picture.
func (s *stream) data() []byte {
	s.fill()
	return append(makeUnit(unitSequence, s.sequence()), makeUnit(unitFrame, s.frame())...)
}

func (s *stream) sequence() []byte {
	b := &bitWriter{}
	profile := [4]int{0, 0, 2, 1}[s.chroma]
	if s.depth == 12 {
		profile = 2
	}
	b.Put(3, profile)
	b.Put(2, 3) // a still picture with a reduced header
	b.Put(5, 31)
	b.Put(4, 15)
	b.Put(4, 15)
	b.Put(16, s.width-1)
	b.Put(16, s.height-1)
	b.Flag(s.large)
	b.Flag(s.filterIntra)
	b.Flag(!s.noEdgeFilter)
	b.Flag(s.denominator > 0)
	b.Flag(s.cdef)
	b.Flag(s.restoration != [3]int{})
	s.color(b, profile)
	b.Flag(false) // film grain
	b.Put(1, 1)
	return b.Out
}

func (s *stream) color(b *bitWriter, profile int) {
	b.Flag(s.depth > 8)
	if profile == 2 && s.depth > 8 {
		b.Flag(s.depth == 12)
	}
	if profile != 1 {
		b.Flag(s.chroma == 0)
	}
	b.Flag(false)
	b.Flag(false)
	if s.chroma == 0 {
		return
	}
	if s.depth == 12 {
		if b.Flag(s.chroma < 3); s.chroma < 3 {
			b.Flag(s.chroma == 1)
		}
	}
	if s.chroma == 1 {
		b.Put(2, 0)
	}
	b.Flag(s.offsets) // separate_uv_delta_q
}

// frame returns a frame header and the tiles.
func (s *stream) frame() []byte {
	b := &bitWriter{}
	b.Flag(s.frozen)
	if b.Flag(s.screen); s.screen {
		b.Flag(true)
	}
	if s.denominator > 0 {
		b.Flag(true)
		b.Put(3, s.denominator-9)
	}
	b.Flag(false)
	if s.screen && s.denominator == 0 {
		b.Flag(false) // no blocks that are copied: random vectors lead nowhere
	}
	tiles := s.tiling(b)
	s.quantization(b)
	s.segmentation(b)
	if s.base > 0 {
		if b.Flag(s.deltaQ); s.deltaQ {
			b.Put(2, 2)
			if b.Flag(s.deltaLF); s.deltaLF {
				b.Put(2, 1)
				b.Flag(s.multi)
			}
		}
	}
	s.filters(b)
	b.Flag(!s.largest)
	b.Flag(s.reduced)
	b.Align()
	out := b.Out
	if tiles > 1 {
		out = append(out, 0)
	}
	r := rand.New(rand.NewPCG(s.seed, 0))
	for i := range tiles {
		size := 3 * s.width * s.height
		if i < tiles-1 {
			out = append(out, byte(size-1), byte((size-1)>>8), byte((size-1)>>16))
		}
		for range size {
			out = append(out, byte(r.Uint32()))
		}
	}
	return out
}

// tiling writes tile_info and returns the number of tiles, of pictures of less
// than 4096 pixels a side.
func (s *stream) tiling(b *bitWriter) int {
	side := 64
	if s.large {
		side = 128
	}
	width := s.width
	if s.denominator > 0 {
		width = (8*width + s.denominator/2) / s.denominator
	}
	wide, high := (width+side-1)/side, (s.height+side-1)/side
	b.Flag(s.columns == nil)
	count := [2]int{1, 1}
	if s.columns == nil {
		for i, n := range [2]int{wide, high} {
			for range s.uniform {
				b.Flag(true)
			}
			if s.uniform < bitfield.Width(n) {
				b.Flag(false)
			}
			size := (n + 1<<s.uniform - 1) >> s.uniform
			count[i] = (n + size - 1) / size
		}
	} else {
		for i, sizes := range [2][]int{s.columns, s.rows} {
			left, most := [2]int{wide, high}[i], [2]int{4096 / side, high}[i]
			if i == 1 {
				widest := wide
				for _, n := range s.columns {
					widest -= n
				}
				for _, n := range s.columns {
					widest = max(widest, n)
				}
				most = max(wide*high/widest, 1)
			}
			for _, n := range sizes {
				b.below(min(left, most), n-1)
				left -= n
			}
			b.below(min(left, most), left-1)
			count[i] = len(sizes) + 1
		}
	}
	if n := bitfield.Width(count[0]) + bitfield.Width(count[1]); n > 0 {
		b.Put(n, 0)
		b.Put(2, 2) // sizes of three bytes
	}
	return count[0] * count[1]
}

func (s *stream) quantization(b *bitWriter) {
	delta := func(v int) {
		if b.Flag(s.offsets); s.offsets {
			b.Put(7, v&127)
		}
	}
	b.Put(8, s.base)
	delta(-7)
	if s.chroma != 0 {
		if s.offsets {
			b.Flag(true)
		}
		delta(5)
		delta(-20)
		if s.offsets {
			delta(30)
			delta(2)
		}
	}
	matrices := s.matrices != [3]int{}
	if b.Flag(matrices); matrices {
		b.Put(4, s.matrices[0])
		b.Put(4, s.matrices[1])
		if s.offsets {
			b.Put(4, s.matrices[2])
		}
	}
}

// segmentation writes eight segments with features of all kinds that keep the
// picture lossy.
func (s *stream) segmentation(b *bitWriter) {
	if b.Flag(s.segments); !s.segments {
		return
	}
	r := rand.New(rand.NewPCG(s.seed, 1))
	lengths := [numFeatures]int{9, 7, 7, 7, 7, 3, 0, 0}
	for i := range maxSegments {
		for j, n := range lengths {
			active := r.IntN(2) == 0 && (j < featureReference || s.preSkip) && (j != featureSkip || i == 3)
			b.Flag(active)
			if !active {
				continue
			}
			v := 0
			switch {
			case j == featureQuantizer:
				v = r.IntN(80) - 20
			case j < featureReference:
				v = r.IntN(60) - 30
			}
			b.Put(n, v&(1<<n-1))
		}
	}
}

func (s *stream) filters(b *bitWriter) {
	b.Put(6, s.deblock[0])
	b.Put(6, s.deblock[1])
	if s.chroma != 0 && (s.deblock[0] > 0 || s.deblock[1] > 0) {
		b.Put(6, s.deblock[2])
		b.Put(6, s.deblock[3])
	}
	b.Put(3, s.sharpness)
	deltas := s.intraDelta != 0
	if b.Flag(deltas); deltas {
		b.Flag(true)
		b.Flag(true)
		b.Put(7, s.intraDelta&127)
		b.Put(9, 0)
	}
	if s.cdef {
		r := rand.New(rand.NewPCG(s.seed, 2))
		b.Put(2, r.IntN(4))
		b.Put(2, 3)
		for range 8 {
			b.Put(6, r.IntN(64))
			if s.chroma != 0 {
				b.Put(6, r.IntN(64))
			}
		}
	}
	if s.restoration == [3]int{} {
		return
	}
	for i := range 3 {
		if i == 0 || s.chroma != 0 {
			b.Put(2, s.restoration[i])
		}
	}
	if b.Flag(s.unitShift > 0); s.unitShift > 0 && !s.large {
		b.Flag(false)
	}
	if s.chroma == 1 && (s.restoration[1] > 0 || s.restoration[2] > 0) {
		b.Flag(true)
	}
}
