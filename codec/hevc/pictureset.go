package hevc

import "s3-thumbnail-creator/codec/raster"

// pictureSet is what is used of a picture parameter set. ITU-T H.265, sections
// 7.3.2.3 and 7.4.3.3.
type pictureSet struct {
	id, sequence int
	err          error

	dependentSlices bool
	outputFlag      bool
	extraSliceBits  int
	hideSigns       bool
	qp              int // init_qp
	skipTransform   bool
	qpDelta         bool
	qpDeltaDepth    int // diff_cu_qp_delta_depth
	chromaOffset    [3]int
	sliceOffsets    bool // slices have chroma offsets of their own
	bypass          bool // transquant_bypass_enabled_flag
	wavefront       bool // entropy_coding_sync_enabled_flag
	tiles           bool
	columns, rows   []int // sizes of the tiles in coding tree blocks, the last ones left out; nil where uniform
	numColumns      int
	numRows         int
	acrossTiles     bool
	acrossSlices    bool
	overrideDeblock bool
	deblock         deblocking
	lists           *scalingLists
	headerExtension bool

	log2MaxSkip  int // largest block of which the transform may be skipped
	crossChroma  bool
	offsetLists  bool
	offsetDepth  int // diff_cu_chroma_qp_offset_depth
	offsetList   [][2]int
	offsetShifts [3]uint // log2_sao_offset_scale
}

// deblocking are the controls of the deblocking filter.
type deblocking struct {
	disabled bool
	beta, tc int // offsets, already doubled
}

func parsePictureSet(b *bitReader) *pictureSet {
	p := &pictureSet{log2MaxSkip: 2, numColumns: 1, numRows: 1, acrossTiles: true}
	p.id, p.sequence = int(min(b.golomb(), 64)), int(min(b.golomb(), 16))
	if p.sequence > 15 {
		p.sequence, p.err = 0, raster.Corruptf("HEVC: sequence parameter set above 15")
		return p
	}
	p.dependentSlices = b.Flag()
	p.outputFlag = b.Flag()
	p.extraSliceBits = b.Take(3)
	p.hideSigns = b.Flag()
	b.Skip(1)
	b.golomb()
	b.golomb()
	p.qp = 26 + b.signed()
	b.Skip(1) // constrained_intra_pred_flag: all is intra
	p.skipTransform = b.Flag()
	if p.qpDelta = b.Flag(); p.qpDelta {
		p.qpDeltaDepth = int(min(b.golomb(), 4))
	}
	p.chromaOffset[1], p.chromaOffset[2] = b.signed(), b.signed()
	p.sliceOffsets = b.Flag()
	b.Skip(2) // weighted prediction
	p.bypass = b.Flag()
	p.tiles, p.wavefront = b.Flag(), b.Flag()
	if p.tiles {
		p.parseTiles(b)
	}
	p.acrossSlices = b.Flag()
	if control := b.Flag(); control {
		p.overrideDeblock = b.Flag()
		p.deblock.parse(b)
	}
	if b.Flag() {
		p.lists = parseScalingLists(b)
	}
	b.Skip(1)
	b.golomb()
	p.headerExtension = b.Flag()
	p.parseExtensions(b)
	if p.err == nil && b.Overrun() {
		p.err = raster.Corruptf("HEVC: the picture parameter set ends early")
	}
	return p
}

func (d *deblocking) parse(b *bitReader) {
	if d.disabled = b.Flag(); !d.disabled {
		d.beta, d.tc = 2*b.signed(), 2*b.signed()
	}
}

func (p *pictureSet) parseTiles(b *bitReader) {
	const most = 1024 // level 6.2 has 20 columns and 22 rows
	p.numColumns, p.numRows = int(min(b.golomb(), most))+1, int(min(b.golomb(), most))+1
	if uniform := b.Flag(); !uniform {
		sizes := func(n int) []int {
			s := make([]int, n-1)
			for i := range s {
				s[i] = int(min(b.golomb(), maxSide)) + 1
			}
			return s
		}
		p.columns, p.rows = sizes(p.numColumns), sizes(p.numRows)
	}
	p.acrossTiles = b.Flag()
}

// bounds returns where the tiles begin, and the end, in coding tree blocks.
// sizes is nil for n tiles of equal size. Equations 6-3 to 6-6.
func bounds(n int, sizes []int, total int) ([]int, error) {
	at := make([]int, n+1)
	for i := range n {
		switch {
		case sizes == nil:
			at[i+1] = (i + 1) * total / n
		case i < n-1:
			at[i+1] = at[i] + sizes[i]
		default:
			at[n] = total
		}
		if at[i+1] <= at[i] {
			return nil, raster.Corruptf("HEVC: %d tiles in %d coding tree blocks", n, total)
		}
	}
	return at, nil
}

func (p *pictureSet) parseExtensions(b *bitReader) {
	if !b.Flag() {
		return
	}
	rangeExtension, multilayer, depth, screen := b.Flag(), b.Flag(), b.Flag(), b.Flag()
	b.Skip(4)
	if rangeExtension {
		p.parseRange(b)
	}
	if multilayer || depth || screen {
		p.err = raster.Unsupportedf("HEVC with layers, 3D or screen content coding")
	}
}

// parseRange reads the range extension. Section 7.3.2.3.2.
func (p *pictureSet) parseRange(b *bitReader) {
	if p.skipTransform {
		p.log2MaxSkip = 2 + int(min(b.golomb(), 3))
	}
	p.crossChroma = b.Flag()
	if p.offsetLists = b.Flag(); p.offsetLists {
		p.offsetDepth = int(min(b.golomb(), 4))
		for n := min(b.golomb(), 5) + 1; n > 0; n-- {
			p.offsetList = append(p.offsetList, [2]int{b.signed(), b.signed()})
		}
	}
	p.offsetShifts[0] = uint(min(b.golomb(), 8))
	p.offsetShifts[1] = uint(min(b.golomb(), 8))
	p.offsetShifts[2] = p.offsetShifts[1]
}
