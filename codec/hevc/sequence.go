package hevc

import (
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// sequenceSet is what is used of a sequence parameter set. ITU-T H.265,
// sections 7.3.2.2 and 7.4.3.2.
type sequenceSet struct {
	id            int
	err           error
	chroma        int    // chroma_format_idc: 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4
	width, height int    // luma samples, as coded
	crop          window // what is cut off, luma samples
	depth         [3]int // bits a sample
	color         planar.Color

	pocBits        int
	log2MinCoding  int // size of the smallest coding block
	log2Tree       int // size of a coding tree block
	log2MinTrafo   int
	log2MaxTrafo   int
	depthIntra     int // max_transform_hierarchy_depth_intra
	lists          *scalingLists
	offsets        bool // sample adaptive offset
	pcm            bool
	pcmDepth       [3]int
	log2MinPCM     int
	log2MaxPCM     int
	pcmUnfiltered  bool
	shortTermSets  []int // number of pictures in each
	longTerm       bool
	longTermSets   int
	temporalMotion bool
	strong         bool // strong_intra_smoothing_enabled_flag
	sequenceRange
}

// sequenceRange is the range extension. Section 7.3.2.2.2.
type sequenceRange struct {
	rotate         bool // transform_skip_rotation_enabled_flag
	skipContext    bool // transform_skip_context_enabled_flag
	implicitRDPCM  bool
	unsmoothed     bool // intra_smoothing_disabled_flag
	persistentRice bool
}

// window is a border, in luma samples.
type window struct{ left, right, top, bottom int }

func parseSequenceSet(b *bitReader) *sequenceSet {
	s := &sequenceSet{color: planar.Color{Primaries: 2, Transfer: 2, Matrix: 2}}
	b.Skip(4)
	subLayers := b.Take(3)
	b.Skip(1)
	skipProfile(b, subLayers)
	s.id = int(min(b.golomb(), 16))
	s.chroma = int(min(b.golomb(), 4))
	if s.chroma == 3 && b.Flag() {
		s.err = raster.Unsupportedf("HEVC with separate color planes")
		return s
	}
	s.width, s.height = int(min(b.golomb(), 1<<20)), int(min(b.golomb(), 1<<20))
	if conformanceWindow := b.Flag(); conformanceWindow {
		x, y := planar.Subsampling(s.chroma)
		edge := func(shift uint) int { return int(min(b.golomb(), 1<<20)) << shift }
		s.crop = window{edge(x), edge(x), edge(y), edge(y)}
	}
	s.depth[0] = 8 + int(min(b.golomb(), 9))
	s.depth[1] = 8 + int(min(b.golomb(), 9))
	s.depth[2] = s.depth[1]
	s.pocBits = 4 + int(min(b.golomb(), 13))
	s.parseCoding(b, subLayers)
	if s.err == nil {
		s.err = s.check(b)
	}
	return s
}

// parseCoding reads from the sub-layer ordering on.
func (s *sequenceSet) parseCoding(b *bitReader, subLayers int) {
	first := subLayers
	if b.Flag() {
		first = 0
	}
	for ; first <= subLayers; first++ {
		b.golomb()
		b.golomb()
		b.golomb()
	}
	size := func() int { return int(min(b.golomb(), 8)) }
	s.log2MinCoding = 3 + size()
	s.log2Tree = s.log2MinCoding + size()
	s.log2MinTrafo = 2 + size()
	s.log2MaxTrafo = s.log2MinTrafo + size()
	b.golomb()
	s.depthIntra = size()
	if lists := b.Flag(); lists {
		s.lists = defaultScalingLists()
		if given := b.Flag(); given {
			s.lists = parseScalingLists(b)
		}
	}
	b.Skip(1) // asymmetric motion partitions
	s.offsets = b.Flag()
	if s.pcm = b.Flag(); s.pcm {
		s.pcmDepth[0] = b.Take(4) + 1
		s.pcmDepth[1] = b.Take(4) + 1
		s.pcmDepth[2] = s.pcmDepth[1]
		s.log2MinPCM = 3 + size()
		s.log2MaxPCM = s.log2MinPCM + size()
		s.pcmUnfiltered = b.Flag()
	}
	s.parseReferences(b)
	s.strong = b.Flag()
	if b.Flag() {
		s.parseUsability(b, subLayers)
	}
	s.parseExtensions(b)
}

// parseReferences reads the sets of reference pictures, of which a slice
// header repeats as much as has to be skipped.
func (s *sequenceSet) parseReferences(b *bitReader) {
	n := int(min(b.golomb(), 65))
	for i := 0; i < n && !b.Overrun(); i++ {
		s.shortTermSets = append(s.shortTermSets, skipShortTermSet(b, i, n, s.shortTermSets))
	}
	if s.longTerm = b.Flag(); s.longTerm {
		s.longTermSets = int(min(b.golomb(), 33))
		b.Skip(s.longTermSets * (s.pocBits + 1))
	}
	s.temporalMotion = b.Flag()
}

// skipShortTermSet reads set i of n and returns the number of its pictures.
// before are the numbers of the sets before it. Section 7.3.7.
func skipShortTermSet(b *bitReader, i, n int, before []int) (pictures int) {
	if i > 0 && b.Flag() {
		back := 1
		if i == n {
			back = int(min(b.golomb(), 64)) + 1
		}
		b.Skip(1)
		b.golomb()
		for j := 0; j <= before[max(len(before)-back, 0)] && !b.Overrun(); j++ {
			if used := b.Flag(); used || b.Flag() {
				pictures++
			}
		}
		return pictures
	}
	pictures = int(min(b.golomb(), 16)) + int(min(b.golomb(), 16))
	for range pictures {
		b.golomb()
		b.Skip(1)
	}
	return pictures
}

func (s *sequenceSet) parseExtensions(b *bitReader) {
	if !b.Flag() {
		return
	}
	rangeExtension, multilayer, depth, screen := b.Flag(), b.Flag(), b.Flag(), b.Flag()
	b.Skip(4)
	if rangeExtension {
		s.rotate = b.Flag()
		s.skipContext = b.Flag()
		s.implicitRDPCM = b.Flag()
		b.Skip(1) // explicit_rdpcm_enabled_flag is of inter prediction
		extendedPrecision := b.Flag()
		s.unsmoothed = b.Flag()
		b.Skip(1) // high_precision_offsets_enabled_flag, too
		s.persistentRice = b.Flag()
		alignBypass := b.Flag()
		switch {
		case extendedPrecision:
			s.err = raster.Unsupportedf("HEVC with extended precision")
		case alignBypass:
			s.err = raster.Unsupportedf("HEVC with aligned bypass decoding")
		}
	}
	if multilayer {
		b.Skip(1)
	}
	if depth || screen {
		s.err = raster.Unsupportedf("HEVC with 3D or screen content coding")
	}
}

// maxSide is the largest width and height: that of level 6.2 is 8 times the
// square root of its area, 16,888.
const maxSide = 1 << 16

// check returns an error if the set cannot be decoded.
func (s *sequenceSet) check(b *bitReader) error {
	rest := 1<<s.log2MinCoding - 1
	switch {
	case b.Overrun():
		return raster.Corruptf("HEVC: the sequence parameter set ends early")
	case s.chroma > 3:
		return raster.Corruptf("HEVC: chroma format above 3")
	case s.width < 1 || s.height < 1 || s.width&rest != 0 || s.height&rest != 0:
		return raster.Corruptf("HEVC: %dx%d pixels are no multiple of the coding block of %d", s.width, s.height, rest+1)
	case s.width > maxSide || s.height > maxSide:
		return raster.Unsupportedf("HEVC of %dx%d pixels, at most %d each way", s.width, s.height, maxSide)
	case s.crop.left+s.crop.right >= s.width || s.crop.top+s.crop.bottom >= s.height:
		return raster.Corruptf("HEVC: the conformance window is empty")
	case s.depth[0] > 12 || s.depth[1] > 12:
		return raster.Unsupportedf("HEVC of more than 12 bits a sample")
	case s.log2Tree < 4 || s.log2Tree > 6:
		return raster.Corruptf("HEVC: coding tree blocks of %d, want 16 to 64", 1<<s.log2Tree)
	case s.log2MinTrafo >= s.log2MinCoding || s.log2MaxTrafo > 5 || s.log2MaxTrafo > s.log2Tree:
		return raster.Corruptf("HEVC: transform blocks of %d to %d", 1<<s.log2MinTrafo, 1<<s.log2MaxTrafo)
	case s.pcm && (s.log2MaxPCM > 5 || s.log2MaxPCM > s.log2Tree || s.pcmDepth[0] > s.depth[0] || s.pcmDepth[1] > s.depth[1]):
		return raster.Corruptf("HEVC: PCM blocks larger or deeper than the picture's")
	}
	return nil
}
