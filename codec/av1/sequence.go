package av1

import (
	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/internal/planar"
)

// sequence is a sequence header. Section 5.5.
type sequence struct {
	reduced             bool // reduced_still_picture_header
	point               int  // operating_point_idc of the first operating point
	points              []operatingPoint
	model               bool // decoder_model_info_present_flag
	equalInterval       bool
	removalBits         int // lengths of fields of the decoder model
	presentationBits    int
	widthBits           int
	heightBits          int
	width, height       int // the most that a frame has
	frameIDs            bool
	frameIDBits         int
	large               bool // superblocks of 128x128
	filterIntra         bool
	edgeFilter          bool
	screenContent       int // screenChosen or the value for all frames
	integerVectors      int
	orderBits           int // 0: no order hints
	superres            bool
	cdef                bool
	restoration         bool
	grain               bool // film_grain_params_present
	depth               int
	mono                bool
	shiftX, shiftY      uint // by how much chroma is smaller
	separateChromaDelta bool
	color               planar.Color
}

// operatingPoint is what frame headers need to know of one.
type operatingPoint struct {
	idc   int
	model bool // decoder_model_present_for_this_op
}

// screenChosen says that each frame chooses: SELECT_SCREEN_CONTENT_TOOLS and
// SELECT_INTEGER_MV.
const screenChosen = 2

func parseSequence(data []byte) (*sequence, bool) {
	b := &bitReader{bitfield.Reader{Data: data}}
	s := &sequence{}
	profile := b.Take(3)
	b.Skip(1) // still_picture
	if s.reduced = b.Flag(); s.reduced {
		b.Skip(5)
	} else {
		s.parseOperatingPoints(b)
	}
	s.widthBits, s.heightBits = b.Take(4)+1, b.Take(4)+1
	s.width, s.height = b.Take(s.widthBits)+1, b.Take(s.heightBits)+1
	if !s.reduced {
		if s.frameIDs = b.Flag(); s.frameIDs {
			delta := b.Take(4)
			s.frameIDBits = delta + b.Take(3) + 3
		}
	}
	s.large, s.filterIntra, s.edgeFilter = b.Flag(), b.Flag(), b.Flag()
	s.screenContent, s.integerVectors = screenChosen, screenChosen
	if !s.reduced {
		s.parseTools(b)
	}
	s.superres, s.cdef, s.restoration = b.Flag(), b.Flag(), b.Flag()
	s.parseColor(b, profile)
	s.grain = b.Flag()
	return s, profile <= 2 && !b.Overrun()
}

// parseOperatingPoints reads the timing and the operating points.
func (s *sequence) parseOperatingPoints(b *bitReader) {
	delayBits := 0
	if timing := b.Flag(); timing {
		b.Skip(64)
		if s.equalInterval = b.Flag(); s.equalInterval {
			b.skipGolomb()
		}
		if s.model = b.Flag(); s.model {
			delayBits = b.Take(5) + 1
			b.Skip(32)
			s.removalBits, s.presentationBits = b.Take(5)+1, b.Take(5)+1
		}
	}
	displayDelay := b.Flag()
	s.points = make([]operatingPoint, b.Take(5)+1)
	for i := range s.points {
		p := &s.points[i]
		p.idc = b.Take(12)
		if level := b.Take(5); level > 7 {
			b.Skip(1)
		}
		if s.model {
			if p.model = b.Flag(); p.model {
				b.Skip(2*delayBits + 1)
			}
		}
		if displayDelay && b.Flag() {
			b.Skip(4)
		}
	}
	s.point = s.points[0].idc
}

// parseTools reads the tools of pictures that are predicted from others, and of
// screen content.
func (s *sequence) parseTools(b *bitReader) {
	b.Skip(4) // compounds, warped motion, dual filter
	orderHint := b.Flag()
	if orderHint {
		b.Skip(2)
	}
	if chosen := b.Flag(); !chosen {
		s.screenContent = b.Take(1)
	}
	if s.screenContent > 0 {
		if chosen := b.Flag(); !chosen {
			s.integerVectors = b.Take(1)
		}
	}
	if orderHint {
		s.orderBits = b.Take(3) + 1
	}
}

// identity is the matrix of red, green and blue: MC_IDENTITY.
const identity = 0

// parseColor reads the description of the samples. Section 5.5.2.
func (s *sequence) parseColor(b *bitReader, profile int) {
	const srgb, bt709, unspecified = 13, 1, 2
	s.depth = 8
	if high := b.Flag(); high {
		s.depth = 10
		if profile == 2 && b.Flag() {
			s.depth = 12
		}
	}
	s.mono = profile != 1 && b.Flag()
	c := &s.color
	c.Primaries, c.Transfer, c.Matrix = unspecified, unspecified, unspecified
	if described := b.Flag(); described {
		c.Primaries, c.Transfer, c.Matrix = b.Take(8), b.Take(8), b.Take(8)
	}
	if s.mono {
		c.FullRange = b.Flag()
		s.shiftX, s.shiftY = 1, 1
		return
	}
	if c.Primaries == bt709 && c.Transfer == srgb && c.Matrix == identity {
		c.FullRange = true
	} else {
		c.FullRange = b.Flag()
		s.parseSubsampling(b, profile)
	}
	s.separateChromaDelta = b.Flag()
}

func (s *sequence) parseSubsampling(b *bitReader, profile int) {
	switch {
	case profile == 0:
		s.shiftX, s.shiftY = 1, 1
	case profile == 2 && s.depth == 12:
		if s.shiftX = uint(b.Take(1)); s.shiftX == 1 {
			s.shiftY = uint(b.Take(1))
		}
	case profile == 2:
		s.shiftX = 1
	}
	if s.shiftX == 1 && s.shiftY == 1 {
		b.Skip(2) // chroma_sample_position
	}
}

// superblockLog2 is the logarithm of a superblock's side in 4x4 blocks.
func (s *sequence) superblockLog2() int {
	if s.large {
		return 5
	}
	return 4
}

// planes is how many planes a picture has.
func (s *sequence) planes() int {
	if s.mono {
		return 1
	}
	return 3
}

// chroma is the format of the chroma planes: 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4.
func (s *sequence) chroma() int {
	if s.mono {
		return 0
	}
	return 3 - int(s.shiftX+s.shiftY)
}
