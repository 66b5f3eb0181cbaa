package hevc

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/internal/planar"
)

// stream describes a picture of random coding: parameter sets and a slice header
// that say what is on, and random bytes as the slice's data, which an arithmetic
// decoder always finds some sense in. So all tools come up that headers allow,
// those that encoders leave out as well.
type stream struct {
	seed                       uint64
	chroma                     int
	depth                      [2]int // luma, chroma; 0 is 8
	width, height              int    // 0 is 128
	tree, minCoding            int    // log2; 0 is 5 and 3
	minTrafo, maxTrafo         int    // log2; 0 is 2 and 5 or tree
	depthIntra                 int
	lists                      int // 1 default, 2 in the sequence set, 3 in the picture set
	pcm, pcmUnfiltered         bool
	noOffsets, noStrong        bool
	rotate, skipContext        bool
	implicit, unsmoothed, rice bool
	qp                         int
	skipTransform, hideSigns   bool
	qpDelta                    bool
	qpDeltaDepth               int
	chromaOffset               [2]int
	bypass                     bool
	columns, rows              []int  // sizes of tiles but the last
	uniform                    [2]int // number of tiles
	acrossTiles, wavefront     bool
	disableDeblock             bool
	beta, tc                   int
	skipSize                   int // log2 of the largest block of skipped transform; 0 is 2
	crossChroma                bool
	offsetList                 [][2]int
	offsetShift                int
	segments                   int // dependentSegments or moreSlices; 0 is one slice, however it ends
	size                       int // bytes of data; 0 is 4000
}

// What follows where the first slice segment ends before the picture.
const (
	dependentSegments = 1
	moreSlices        = 2
)

// bitWriter writes headers.
type bitWriter struct{ codectest.BitWriter }

func (b *bitWriter) golomb(v int) {
	n := 0
	for (v+1)>>(n+1) > 0 {
		n++
	}
	b.Put(n, 0)
	b.Put(n+1, v+1)
}

func (b *bitWriter) signed(v int) {
	if v > 0 {
		b.golomb(2*v - 1)
	} else {
		b.golomb(-2 * v)
	}
}

func (b *bitWriter) stop() {
	b.Put(1, 1)
	b.Align()
}

// unit returns a unit with its header and emulation prevention.
func makeUnit(kind int, body []byte) []byte {
	out := []byte{byte(kind << 1), 1}
	zeros := 0
	for _, v := range body {
		if zeros >= 2 && v <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, v); v == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

func (s *stream) fill() {
	s.depth = [2]int{cmp.Or(s.depth[0], 8), cmp.Or(s.depth[1], 8)}
	s.width, s.height = cmp.Or(s.width, 128), cmp.Or(s.height, 128)
	s.tree, s.minCoding = cmp.Or(s.tree, 5), cmp.Or(s.minCoding, 3)
	s.minTrafo, s.maxTrafo = cmp.Or(s.minTrafo, 2), cmp.Or(s.maxTrafo, min(5, cmp.Or(s.tree, 5)))
	s.size = cmp.Or(s.size, 4000)
}

func (s *stream) sequenceSet() []byte {
	b := &bitWriter{}
	b.Put(8, 1) // no sub-layers
	b.Put(8, 4) // format range extensions
	b.Put(32, 1<<27)
	b.Put(32, 0)
	b.Put(16, 0)
	b.Put(8, 93)
	b.golomb(0)
	b.golomb(s.chroma)
	if s.chroma == 3 {
		b.Flag(false)
	}
	b.golomb(s.width)
	b.golomb(s.height)
	b.Flag(false)
	b.golomb(s.depth[0] - 8)
	b.golomb(s.depth[1] - 8)
	b.golomb(4)
	b.Flag(true)
	for range 3 {
		b.golomb(0)
	}
	b.golomb(s.minCoding - 3)
	b.golomb(s.tree - s.minCoding)
	b.golomb(s.minTrafo - 2)
	b.golomb(s.maxTrafo - s.minTrafo)
	b.golomb(0)
	b.golomb(s.depthIntra)
	if b.Flag(s.lists > 0); s.lists > 0 {
		if b.Flag(s.lists == 2); s.lists == 2 {
			s.scalingLists(b)
		}
	}
	b.Flag(false)
	b.Flag(!s.noOffsets)
	if b.Flag(s.pcm); s.pcm {
		b.Put(4, s.depth[0]-2)
		b.Put(4, s.depth[1]-3)
		b.golomb(0)
		b.golomb(min(s.tree, 5) - 3)
		b.Flag(s.pcmUnfiltered)
	}
	b.golomb(0)
	b.Flag(false)
	b.Flag(false)
	b.Flag(!s.noStrong)
	b.Flag(false) // no usability information
	b.Flag(true)  // extensions
	b.Put(8, 0x80)
	b.Flag(s.rotate)
	b.Flag(s.skipContext)
	b.Flag(s.implicit)
	b.Put(2, 0)
	b.Flag(s.unsmoothed)
	b.Flag(false)
	b.Flag(s.rice)
	b.Flag(false)
	b.stop()
	return makeUnit(unitSequenceSet, b.Out)
}

// scalingLists writes lists, a third each predicted, default and coded.
func (s *stream) scalingLists(b *bitWriter) {
	r := rand.New(rand.NewPCG(s.seed, 1))
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if r.IntN(3) < 2 {
				b.Flag(false)
				b.golomb(r.IntN(matrix/step + 1))
				continue
			}
			b.Flag(true)
			if size > 1 {
				b.signed(r.IntN(20) - 5)
			}
			for range min(64, 16<<(2*size)) {
				b.signed(r.IntN(4) - 1)
			}
		}
	}
}

func (s *stream) pictureSet() []byte {
	b := &bitWriter{}
	b.golomb(0)
	b.golomb(0)
	b.Flag(s.segments == dependentSegments)
	b.Put(4, 0)
	b.Flag(s.hideSigns)
	b.Flag(false)
	b.golomb(0)
	b.golomb(0)
	b.signed(0)
	b.Flag(false)
	b.Flag(s.skipTransform)
	if b.Flag(s.qpDelta); s.qpDelta {
		b.golomb(s.qpDeltaDepth)
	}
	b.signed(s.chromaOffset[0])
	b.signed(s.chromaOffset[1])
	b.Put(3, 0)
	b.Flag(s.bypass)
	tiles := s.columns != nil || s.uniform[0] > 0
	b.Flag(tiles)
	b.Flag(s.wavefront)
	if tiles {
		s.tiles(b)
	}
	b.Flag(true)
	b.Flag(true)
	b.Flag(false)
	if b.Flag(s.disableDeblock); !s.disableDeblock {
		b.signed(s.beta)
		b.signed(s.tc)
	}
	if b.Flag(s.lists == 3); s.lists == 3 {
		s.scalingLists(b)
	}
	b.Flag(false)
	b.golomb(0)
	b.Flag(false)
	b.Flag(true)
	b.Put(8, 0x80)
	if s.skipTransform {
		b.golomb(cmp.Or(s.skipSize, 2) - 2)
	}
	b.Flag(s.crossChroma)
	if b.Flag(s.offsetList != nil); s.offsetList != nil {
		b.golomb(1)
		b.golomb(len(s.offsetList) - 1)
		for _, o := range s.offsetList {
			b.signed(o[0])
			b.signed(o[1])
		}
	}
	b.golomb(s.offsetShift)
	b.golomb(s.offsetShift)
	b.stop()
	return makeUnit(unitPictureSet, b.Out)
}

func (s *stream) tiles(b *bitWriter) {
	uniform := s.columns == nil
	if uniform {
		b.golomb(s.uniform[0] - 1)
		b.golomb(s.uniform[1] - 1)
	} else {
		b.golomb(len(s.columns))
		b.golomb(len(s.rows))
	}
	b.Flag(uniform)
	for _, sizes := range [2][]int{s.columns, s.rows} {
		for _, n := range sizes {
			b.golomb(n - 1)
		}
	}
	b.Flag(s.acrossTiles)
}

// sliceUnit returns a slice segment that begins at an address.
func (s *stream) sliceUnit(address int) []byte {
	b := &bitWriter{}
	b.Flag(address == 0)
	b.Flag(false)
	b.golomb(0)
	dependent := address > 0 && s.segments == dependentSegments
	if address > 0 {
		if s.segments == dependentSegments {
			b.Flag(true)
		}
		size := 1 << s.tree
		b.Put(bitfield.Width((s.width+size-1)/size*((s.height+size-1)/size)), address)
	}
	if !dependent {
		s.sliceFields(b)
	}
	if s.columns != nil || s.uniform[0] > 0 || s.wavefront {
		b.golomb(0)
	}
	b.stop()
	r := rand.New(rand.NewPCG(s.seed, uint64(address)<<32))
	for range s.size {
		b.Out = append(b.Out, byte(r.Uint32()))
	}
	return makeUnit(unitIDR, b.Out)
}

// sliceFields writes what a dependent segment leaves out.
func (s *stream) sliceFields(b *bitWriter) {
	b.golomb(sliceI)
	if !s.noOffsets {
		b.Flag(true)
		if s.chroma != 0 {
			b.Flag(true)
		}
	}
	b.signed(s.qp - 26)
	if s.offsetList != nil {
		b.Flag(true)
	}
	if !s.noOffsets || !s.disableDeblock {
		b.Flag(true)
	}
}

// sets returns the parameter sets.
func (s *stream) sets() [][]byte {
	s.fill()
	return [][]byte{s.sequenceSet(), s.pictureSet()}
}

// data returns the slice segments, each behind its length. Where one ends is
// by chance; the next one begins there.
func (s *stream) data() (data []byte) {
	s.fill()
	for address := 0; ; {
		u := s.sliceUnit(address)
		data = append(binary.BigEndian.AppendUint32(data, uint32(len(u))), u...)
		if s.segments == 0 {
			return data
		}
		d, err := NewDecoder(s.sets(), data, 4)
		if err != nil {
			return data
		}
		f, err := newFrame(d.seq, d.pic, false, func(*planar.Band) {})
		if err != nil || d.decodeSlices(f) != nil || f.whole() {
			return data
		}
		address = f.cursor.y*f.blocksX + f.cursor.x
	}
}
