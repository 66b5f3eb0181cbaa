package av1

import (
	"s3-thumbnail-creator/codec/av1/internal/grain"
	"s3-thumbnail-creator/codec/raster"
)

// header is what a frame header says of a frame that is not predicted from
// others. Section 5.9.
type header struct {
	width, height  int // luma samples as they are coded, before super-resolution
	upscaled       int // the width after it
	denominator    int // of super-resolution, 8 (none) to 16
	columns, rows  int // in 4x4 blocks, even: MiCols, MiRows
	adapt          bool
	screenContent  bool
	blockCopy      bool // allow_intrabc
	tiles          tiling
	quantizer      quantizer
	segments       segmentation
	deltaQ         bool // delta_q_present
	deltaQShift    int  // delta_q_res
	deltaLF        bool // delta_lf_present
	deltaLFShift   int
	deltaLFMulti   bool
	lossless       [maxSegments]bool
	codedLossless  bool // all segments are
	deblock        deblocking
	cdef           cdefParams
	restore        restorationParams
	selectTx       bool          // TX_MODE_SELECT, else the largest transforms are used
	reducedTxTypes bool          // reduced_tx_set
	grain          *grain.Params // nil: none
}

// Frame types. Section 6.8.2.
const (
	keyFrame       = 0
	intraOnlyFrame = 2
)

// allFrames is refresh_frame_flags with all its bits.
const allFrames = 0xff

// parseHeader reads uncompressed_header. Section 5.9.2.
func parseHeader(b *bitReader, s *sequence, u *unit) (*header, error) {
	h := &header{}
	kind, shown, showable, resilient := keyFrame, true, false, true
	if !s.reduced {
		if existing := b.Flag(); existing {
			return nil, raster.Corruptf("AV1: a frame is shown that was not there before")
		}
		kind, shown = b.Take(2), b.Flag()
		if shown && s.model && !s.equalInterval {
			b.Skip(s.presentationBits)
		}
		if !shown {
			showable = b.Flag()
		}
		if kind != keyFrame && kind != intraOnlyFrame {
			return nil, raster.Unsupportedf("AV1: the first frame is predicted from others, must be a key frame or an intra-only frame")
		}
		if kind != keyFrame || !shown {
			resilient = b.Flag()
		}
	}
	h.adapt = !b.Flag()
	h.parseScreenContent(b, s)
	sized := false
	if !s.reduced {
		b.Skip(s.frameIDBits)
		sized = b.Flag()
		b.Skip(s.orderBits)
		if s.model {
			skipRemovalTimes(b, s, u)
		}
		if kind != keyFrame || !shown {
			if b.Take(8) != allFrames && resilient && s.orderBits > 0 {
				b.Skip(8 * s.orderBits)
			}
		}
	}
	h.parseSize(b, s, sized)
	if h.screenContent && h.upscaled == h.width {
		h.blockCopy = b.Flag()
	}
	if !s.reduced && h.adapt {
		b.Skip(1) // disable_frame_end_update_cdf
	}
	if err := h.tiles.parse(b, s, h); err != nil {
		return nil, err
	}
	h.parseQuantization(b, s)
	h.parseFilters(b, s)
	if s.grain && (shown || showable) {
		h.grain = parseGrain(b, s)
	}
	if b.Overrun() {
		return nil, raster.Corruptf("AV1: the data ends within the frame header")
	}
	return h, nil
}

func (h *header) parseScreenContent(b *bitReader, s *sequence) {
	h.screenContent = s.screenContent == 1
	if s.screenContent == screenChosen {
		h.screenContent = b.Flag()
	}
	if h.screenContent && s.integerVectors == screenChosen {
		b.Skip(1) // force_integer_mv, which is 1 for the frames that we read
	}
}

// skipRemovalTimes leaves out buffer_removal_time.
func skipRemovalTimes(b *bitReader, s *sequence, u *unit) {
	if present := b.Flag(); !present {
		return
	}
	for _, p := range s.points {
		inside := unit{extended: true, temporal: u.temporal, layer: u.layer}
		if p.model && inside.in(p.idc) {
			b.Skip(s.removalBits)
		}
	}
}

// parseSize reads frame_size, superres_params and render_size.
func (h *header) parseSize(b *bitReader, s *sequence, sized bool) {
	h.upscaled, h.height = s.width, s.height
	if sized {
		h.upscaled, h.height = b.Take(s.widthBits)+1, b.Take(s.heightBits)+1
	}
	const numerator, least, fieldBits, narrowest = 8, 9, 3, 16
	h.denominator = numerator
	if s.superres && b.Flag() {
		h.denominator = b.Take(fieldBits) + least
	}
	h.width = max((h.upscaled*numerator+h.denominator/2)/h.denominator, min(h.upscaled, narrowest))
	h.columns, h.rows = (h.width+7)>>3<<1, (h.height+7)>>3<<1
	if different := b.Flag(); different {
		b.Skip(32) // render_size: how large it is to be shown
	}
}

// parseQuantization reads what the quantizers of blocks come from.
func (h *header) parseQuantization(b *bitReader, s *sequence) {
	h.quantizer.parse(b, s)
	h.segments.parse(b)
	if h.quantizer.base > 0 {
		h.deltaQ = b.Flag()
	}
	if h.deltaQ {
		h.deltaQShift = b.Take(2)
		if !h.blockCopy {
			h.deltaLF = b.Flag()
		}
		if h.deltaLF {
			h.deltaLFShift, h.deltaLFMulti = b.Take(2), b.Flag()
		}
	}
	h.codedLossless = true
	for i := range h.lossless {
		h.lossless[i] = h.segments.index(i, h.quantizer.base) == 0 && h.quantizer.offsets == [3][2]int{}
		h.codedLossless = h.codedLossless && h.lossless[i]
	}
}

// parseFilters reads the parameters of the loop filters, and the transform mode.
func (h *header) parseFilters(b *bitReader, s *sequence) {
	unfiltered := h.codedLossless || h.blockCopy
	h.cdef.damping = 3
	if !unfiltered {
		h.deblock.parse(b, s)
		if s.cdef {
			h.cdef.parse(b, s)
		}
	}
	if s.restoration && !h.blockCopy && !(h.codedLossless && h.width == h.upscaled) {
		h.restore.parse(b, s)
	}
	if !h.codedLossless {
		h.selectTx = b.Flag()
	}
	h.reducedTxTypes = b.Flag()
}
