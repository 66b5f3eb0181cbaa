package vp8

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// HeaderSize is the number of bytes that ParseHeader looks at.
const HeaderSize = 10

// Header is the uncompressed part of a key frame's header (RFC 6386 section
// 9.1).
type Header struct {
	Width, Height  int // pixels, 1 to 16383
	firstPartition int // bytes
	version        int
}

// ParseHeader reads the first HeaderSize bytes of a frame. Errors wrap
// raster.ErrCorrupt or, for a frame that is no key frame or of a later
// version, raster.ErrUnsupported.
func ParseHeader(data []byte) (Header, error) {
	if len(data) < HeaderSize {
		return Header{}, raster.Corruptf("VP8 frame of %d bytes ends within its header of %d", len(data), HeaderSize)
	}
	tag := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	if data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
		return Header{}, raster.Corruptf("VP8 frame starts with % x, not with the start code 9d 01 2a", data[3:6])
	}
	if tag&1 != 0 {
		return Header{}, raster.Unsupportedf("VP8 frame is an inter frame; only key frames stand alone")
	}
	h := Header{
		Width:          int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff),
		Height:         int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff),
		firstPartition: tag >> 5,
		version:        tag >> 1 & 7,
	}
	if h.version > 3 {
		return Header{}, raster.Unsupportedf("VP8 frame of version %d; 0 to 3 are defined", h.version)
	}
	if h.Width == 0 || h.Height == 0 {
		return Header{}, raster.Corruptf("VP8 frame of %dx%d pixels", h.Width, h.Height)
	}
	return h, nil
}

const numSegments = 4

// segments says how the four segments of a frame differ (RFC 6386 section
// 9.3).
type segments struct {
	enabled, updateMap bool
	absolute           bool // quantizer and filter are values, not differences
	quantizer, filter  [numSegments]int
	treeProbs          [3]uint8
}

// filterHeader describes the loop filter (RFC 6386 section 9.6).
type filterHeader struct {
	simple           bool
	level, sharpness int
	deltas           bool
	refDelta         int // of intra frames
	modeDelta        int // of macroblocks predicted by subblocks
}

// steps are the quantizer steps of a segment: of the first coefficient of a
// block and of the others.
type steps struct{ y1, y2, uv [2]int32 }

// parseFrame reads what precedes the macroblocks (RFC 6386 section 9.2 and
// following) and finds the partitions.
func (d *decoder) parseFrame(data []byte) error {
	first := min(HeaderSize+d.firstPartition, len(data))
	d.modes = newBools(padded(data), HeaderSize, first)
	b := &d.modes
	b.literal(2) // color space and clamping: of no consequence to decoding
	d.parseSegments(b)
	d.parseFilter(b)
	d.numParts = 1 << b.literal(2)
	d.parseQuantizers(b)
	b.flag(128) // refresh entropy: for the frames that follow
	d.coeffs = defaultCoeffProbs
	for t := range d.coeffs {
		for band := range d.coeffs[t] {
			for c := range d.coeffs[t][band] {
				for n, p := range coeffUpdateProbs[t][band][c] {
					if b.flag(p) {
						d.coeffs[t][band][c][n] = uint8(b.literal(8))
					}
				}
			}
		}
	}
	for t := range d.byPosition {
		for n := range d.byPosition[t] {
			d.byPosition[t][n] = &d.coeffs[t][bandOf[n]]
		}
	}
	d.useSkip = b.flag(128)
	if d.useSkip {
		d.skipProb = uint8(b.literal(8))
	}
	if b.overrun() {
		return raster.Corruptf("VP8 frame header of %d bytes ends early", first-HeaderSize)
	}
	return d.findPartitions(data, first)
}

// findPartitions splits what follows the first partition (RFC 6386 section
// 9.5). Partitions that the data does not reach are empty.
func (d *decoder) findPartitions(data []byte, at int) error {
	sizes := data[at:]
	at += 3 * (d.numParts - 1)
	if len(data) <= at {
		return raster.Corruptf("VP8 frame ends before the first of its %d token partitions", d.numParts)
	}
	all := padded(data)
	for i := range d.numParts {
		end := len(data) // the last one takes the rest
		if i < d.numParts-1 {
			s := sizes[3*i : 3*i+3]
			end = min(end, at+(int(s[0])|int(s[1])<<8|int(s[2])<<16))
		}
		d.parts[i] = newBools(all, at, end)
		at = end
	}
	return nil
}

func (d *decoder) parseSegments(b *bools) {
	s := &d.segments
	for i := range s.treeProbs {
		s.treeProbs[i] = 255
	}
	s.enabled = b.flag(128)
	if !s.enabled {
		return
	}
	s.updateMap = b.flag(128)
	if b.flag(128) {
		s.absolute = b.flag(128)
		for i := range s.quantizer {
			s.quantizer[i] = b.optional(7)
		}
		for i := range s.filter {
			s.filter[i] = b.optional(6)
		}
	}
	if s.updateMap {
		for i := range s.treeProbs {
			if b.flag(128) {
				s.treeProbs[i] = uint8(b.literal(8))
			}
		}
	}
}

func (d *decoder) parseFilter(b *bools) {
	f := &d.filter
	f.simple = b.flag(128)
	f.level = b.literal(6)
	f.sharpness = b.literal(3)
	f.deltas = b.flag(128)
	if !f.deltas || !b.flag(128) {
		return
	}
	for i := range 4 {
		if b.flag(128) {
			if v := b.signed(6); i == 0 {
				f.refDelta = v
			}
		}
	}
	for i := range 4 {
		if b.flag(128) {
			if v := b.signed(6); i == 0 {
				f.modeDelta = v
			}
		}
	}
}

func (d *decoder) parseQuantizers(b *bools) {
	base := b.literal(7)
	y1dc, y2dc, y2ac := b.optional(4), b.optional(4), b.optional(4)
	uvdc, uvac := b.optional(4), b.optional(4)
	for i := range d.steps {
		q := base
		if d.segments.enabled {
			q = d.segments.quantizer[i]
			if !d.segments.absolute {
				q += base
			}
		}
		d.steps[i] = quantizerSteps(q, y1dc, y2dc, y2ac, uvdc, uvac)
	}
}

// quantizerSteps returns the steps for index q with the frame's differences
// for the kinds of coefficients (RFC 6386 sections 9.6 and 14.1).
func quantizerSteps(q, y1dc, y2dc, y2ac, uvdc, uvac int) steps {
	dc := func(q int) int32 { return int32(dcSteps[min(max(q, 0), 127)]) }
	ac := func(q int) int32 { return int32(acSteps[min(max(q, 0), 127)]) }
	return steps{
		y1: [2]int32{dc(q + y1dc), ac(q)},
		y2: [2]int32{2 * dc(q+y2dc), max(ac(q+y2ac)*155/100, 8)},
		uv: [2]int32{min(dc(q+uvdc), 132), ac(q + uvac)},
	}
}
