// Package vp8 decodes and encodes the key frames of VP8 video that lossy WebP
// pictures are (RFC 6386).
//
// A frame is coded in macroblocks of 16x16 pixels, each predicted from the
// pixels above and to the left, and corrected by what a 4x4 cosine transform
// of the difference left after quantization. The loop filter that smooths the
// blocks' edges does not feed the prediction of a key frame, so that a picture
// that is reduced need not be filtered.
package vp8

import "s3-thumbnail-creator/codec/raster"

// decoder holds the state of decoding one frame.
type decoder struct {
	Header
	mbw, mbh int // macroblocks

	modes    bools // the first partition, with the modes of all macroblocks
	parts    [8]bools
	numParts int

	segments   segments
	filter     filterHeader
	steps      [numSegments]steps
	coeffs     coeffProbs
	byPosition [numTypes]positionProbs
	useSkip    bool
	skipProb   uint8

	mb macroblock
	neighborhood

	luma   [16][16]int16 // coefficients, all zero between macroblocks
	chroma [8][16]int16
	y2     [16]int16
	ends   [24]uint8 // position after the last coefficient of the luma and chroma blocks
}

// macroblock is the header of a macroblock.
type macroblock struct {
	segment   uint8
	skip      bool // no coefficients
	subblocks bool // luma is predicted by subblocks
	luma      uint8
	chroma    uint8
	modes     [16]uint8 // of the subblocks
}

// sink takes macroblocks as they are decoded.
type sink interface {
	// macroblock takes the macroblock in column x of row y from d.work.
	macroblock(d *decoder, x, y int)
	// row is called after the last macroblock of row y.
	row(d *decoder, y int)
}

// newDecoder reads the headers of a frame.
func newDecoder(data []byte) (*decoder, error) {
	h, err := ParseHeader(data)
	if err != nil {
		return nil, err
	}
	d := &decoder{Header: h, mbw: (h.Width + 15) / 16, mbh: (h.Height + 15) / 16}
	if err := d.parseFrame(data); err != nil {
		return nil, err
	}
	d.neighborhood = newNeighborhood(d.mbw)
	return d, nil
}

// decode feeds s and returns the number of rows of macroblocks that were
// there. It is an error if there was none.
func (d *decoder) decode(s sink) (rows int, err error) {
	for y := range d.mbh {
		if !d.decodeRow(s, y) {
			if y == 0 {
				return 0, raster.Corruptf("VP8 frame ends within its first row of macroblocks")
			}
			return y, nil
		}
		s.row(d, y)
	}
	return d.mbh, nil
}

// decodeRow decodes row y and reports whether all of it was there.
func (d *decoder) decodeRow(s sink, y int) bool {
	part := &d.parts[y&(d.numParts-1)]
	d.startRow(y)
	for x := range d.mbw {
		c := &d.above[x]
		d.parseModes(c)
		if d.modes.overrun() {
			return false
		}
		if !d.mb.skip {
			d.mb.skip = !d.parseResidual(part, c)
			if part.overrun() {
				return false
			}
		} else {
			d.skipResidual(c)
		}
		d.reconstruct(x, y)
		s.macroblock(d, x, y)
		d.keepEdges(c)
	}
	return true
}

// reconstruct predicts the macroblock and adds its residual.
func (d *decoder) reconstruct(x, y int) {
	w := &d.work
	d.loadEdges(x)
	hasTop, hasLeft := y > 0, x > 0
	if d.mb.subblocks {
		d.reconstructSubblocks(x, y)
	} else {
		w.predictLuma(d.mb.luma, hasTop, hasLeft)
		if !d.mb.skip {
			for i := range d.luma {
				w.addBlock(&d.luma[i], d.ends[i], subblockAt[i])
			}
		}
	}
	w.predictChroma(uAt, d.mb.chroma, hasTop, hasLeft)
	w.predictChroma(vAt, d.mb.chroma, hasTop, hasLeft)
	if !d.mb.skip {
		for i := range 4 {
			at := 4*(i&1) + 4*stride*(i>>1)
			w.addBlock(&d.chroma[i], d.ends[16+i], uAt+at)
			w.addBlock(&d.chroma[4+i], d.ends[20+i], vAt+at)
		}
	}
}

// reconstructSubblocks is reconstruct for luma that is predicted by subblocks.
func (d *decoder) reconstructSubblocks(x, y int) {
	w := &d.work
	d.loadRightEdge(x, y)
	for i, at := range subblockAt {
		w.predictSubblock(at, d.mb.modes[i])
		if !d.mb.skip {
			w.addBlock(&d.luma[i], d.ends[i], at)
		}
	}
}
