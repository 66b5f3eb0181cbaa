package hevc

import (
	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/raster"
)

// slice is what is used of a slice segment header. ITU-T H.265, sections 7.3.6
// and 7.4.7.
type slice struct {
	first     bool // first_slice_segment_in_pic_flag
	dependent bool
	segment   int // address of the segment's first coding tree block
	address   int // address of the slice's first coding tree block (SliceAddrRs)

	offsets      [3]bool // sample adaptive offset
	qp           int
	chromaOffset [3]int // with those of the picture set
	cuOffsets    bool   // cu_chroma_qp_offset_enabled_flag
	deblock      deblocking
	across       bool // slice_loop_filter_across_slices_enabled_flag
	data         int  // index of the first byte behind the header
}

const sliceI = 2

// peekSlice returns the picture set that a slice refers to.
func peekSlice(u unit) (first bool, pictureSet int) {
	b := &bitReader{bitfield.Reader{Data: unescape(nil, u.body[:min(len(u.body), 16)])}}
	first = b.Flag()
	if u.kind >= unitBLA && u.kind <= unitLastIRAP {
		b.Skip(1)
	}
	return first, int(min(b.golomb(), 64))
}

// parseSlice reads a slice segment header from data without emulation
// prevention. before is the segment before it, nil for the first.
func parseSlice(data []byte, kind int, seq *sequenceSet, pic *pictureSet, before *slice) (*slice, error) {
	b := &bitReader{bitfield.Reader{Data: data}}
	s := &slice{first: b.Flag()}
	if kind >= unitBLA && kind <= unitLastIRAP {
		b.Skip(1)
	}
	b.golomb()
	if !s.first {
		if pic.dependentSlices {
			s.dependent = b.Flag()
		}
		size := 1<<seq.log2Tree - 1
		total := ((seq.width + size) >> seq.log2Tree) * ((seq.height + size) >> seq.log2Tree)
		s.segment = b.Take(bitfield.Width(total))
	}
	if s.dependent {
		if before == nil {
			return nil, raster.Corruptf("HEVC: a dependent slice segment without a slice")
		}
		first, segment := s.first, s.segment
		*s = *before
		s.first, s.dependent, s.segment = first, true, segment
	} else {
		s.address = s.segment
		if err := s.parseIndependent(b, kind, seq, pic); err != nil {
			return nil, err
		}
	}
	if pic.tiles || pic.wavefront {
		// Substreams follow each other without gaps; where one ends the
		// arithmetic decoder knows.
		if n := b.golomb(); n > 0 {
			size := int(min(b.golomb(), 31)) + 1
			b.Skip(size * int(min(n, 1<<20)))
		}
	}
	if pic.headerExtension {
		b.Skip(8 * int(min(b.golomb(), 256)))
	}
	if b.Skip(1); b.Overrun() { // alignment_bit_equal_to_one
		return nil, raster.Corruptf("HEVC: a slice header ends early")
	}
	s.data = b.Align()
	return s, nil
}

func (s *slice) parseIndependent(b *bitReader, kind int, seq *sequenceSet, pic *pictureSet) error {
	b.Skip(pic.extraSliceBits)
	if b.golomb() != sliceI {
		return raster.Unsupportedf("HEVC picture that is predicted from others")
	}
	if pic.outputFlag {
		b.Skip(1)
	}
	if kind != unitIDR && kind != unitIDRNoLP {
		skipReferences(b, seq)
	}
	if seq.offsets {
		s.offsets[0] = b.Flag()
		if seq.chroma != 0 {
			s.offsets[1] = b.Flag()
			s.offsets[2] = s.offsets[1]
		}
	}
	s.qp = pic.qp + b.signed()
	s.chromaOffset = pic.chromaOffset
	if pic.sliceOffsets {
		s.chromaOffset[1] += b.signed()
		s.chromaOffset[2] += b.signed()
	}
	if pic.offsetLists {
		s.cuOffsets = b.Flag()
	}
	s.deblock = pic.deblock
	if pic.overrideDeblock && b.Flag() {
		s.deblock = deblocking{}
		s.deblock.parse(b)
	}
	s.across = pic.acrossSlices
	if s.across && (s.offsets[0] || s.offsets[1] || !s.deblock.disabled) {
		s.across = b.Flag()
	}
	if lowest := -6 * (seq.depth[0] - 8); s.qp < lowest || s.qp > 51 {
		return raster.Corruptf("HEVC: slice quantizer %d, want %d to 51", s.qp, lowest)
	}
	return nil
}

// skipReferences reads what the header of a picture that may refer to others
// has, if it does not.
func skipReferences(b *bitReader, seq *sequenceSet) {
	b.Skip(seq.pocBits)
	n := len(seq.shortTermSets)
	if inSequence := b.Flag(); !inSequence {
		skipShortTermSet(b, n, n, seq.shortTermSets)
	} else if n > 1 {
		b.Skip(bitfield.Width(n))
	}
	if seq.longTerm {
		listed := 0
		if seq.longTermSets > 0 {
			listed = int(min(b.golomb(), 33))
		}
		for i := listed + int(min(b.golomb(), 33)); i > 0; i-- {
			if listed > 0 {
				listed--
				b.Skip(bitfield.Width(seq.longTermSets))
			} else {
				b.Skip(seq.pocBits + 1)
			}
			if b.Flag() {
				b.golomb()
			}
		}
	}
	if seq.temporalMotion {
		b.Skip(1)
	}
}
