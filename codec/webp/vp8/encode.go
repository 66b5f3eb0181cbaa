package vp8

import (
	"errors"
	"math"
)

// MaxSize is the largest width and height of a frame, in pixels.
const MaxSize = 1<<14 - 1

// ErrTooLarge says that the modes of a picture's macroblocks do not fit the
// 512 KiB that the format has for them.
var ErrTooLarge = errors.New("picture has too many macroblocks for a VP8 frame")

// Planes is a picture in YUV 4:2:0, BT.601 limited range, whose planes are
// padded to whole macroblocks of 16x16 pixels.
type Planes struct {
	Width, Height int    // pixels, 1 to MaxSize
	Y, U, V       []byte // the rows of Y are Pitch apart, those of U and V half as much
}

// NewPlanes allocates the planes of a picture.
func NewPlanes(width, height int) *Planes {
	mbw, mbh := (width+15)/16, (height+15)/16
	n := 64 * mbw * mbh
	return &Planes{Width: width, Height: height, Y: make([]byte, 4*n), U: make([]byte, n), V: make([]byte, n)}
}

// Pitch is the distance of the rows of Y, in bytes.
func (p *Planes) Pitch() int { return (p.Width + 15) &^ 15 }

// encoder holds the state of encoding one frame.
type encoder struct {
	*Planes
	mbw, mbh int
	simple   bool // no macroblock is predicted by subblocks
	index    int  // of the quantizer

	y1, y2, uv quantizer
	lambda     int64 // of what 1/256 bit costs, in 1/4096 of a squared difference
	coder      coder
	counts     tokenCounts

	neighborhood
	original workspace // the macroblock as it is in the picture

	whole, sub lumaChoice
	chroma     chromaChoice

	blocks  []codedMacroblock
	tokens  []int16 // of all blocks: context<<8 | end, then the levels before end
	skipped int     // macroblocks without coefficients
}

// codedMacroblock is what was decided for a macroblock.
type codedMacroblock struct {
	subblocks bool
	skip      bool
	luma      uint8
	chroma    uint8
	modes     [16]uint8
	tokens    int // where its tokens begin
}

// Encode encodes a picture as a key frame. quality is 1 to 100 and means what it
// does to libwebp.
func Encode(p *Planes, quality int) ([]byte, error) {
	index := quantizerIndex(quality)
	for _, simple := range []bool{false, true} {
		e := newEncoder(p, index, simple)
		e.run()
		if frame, ok := e.frame(); ok {
			return frame, nil
		}
	}
	return nil, ErrTooLarge
}

// quantizerIndex maps quality so that the size of a file grows evenly: the cube
// root of a line that is steeper above 75.
func quantizerIndex(quality int) int {
	q := float64(min(max(quality, 0), 100)) / 100
	if q < 0.75 {
		q *= 2. / 3
	} else {
		q = 2*q - 1
	}
	return int(127 * (1 - math.Cbrt(q)))
}

// chromaDC is the difference of the quantizer index for the first coefficient
// of chroma: errors there are seen on large areas.
const chromaDC = -2

func newEncoder(p *Planes, index int, simple bool) *encoder {
	e := &encoder{
		Planes: p, simple: simple, index: index,
		mbw: (p.Width + 15) / 16, mbh: (p.Height + 15) / 16,
	}
	s := quantizerSteps(index, 0, 0, 0, chromaDC, 0)
	e.y1 = newQuantizer(s.y1, 96, 110, true)
	e.y2 = newQuantizer(s.y2, 96, 108, false)
	e.uv = newQuantizer(s.uv, 110, 115, false)
	// At a high rate a bit more quarters the squared error. Coefficients are twice
	// those of an orthonormal transform, of which a step of q costs q*q/12.
	step := int64(s.y1[1])
	e.lambda = max(lambdaScale*step*step/256, 1)
	e.coder.probs = defaultCoeffProbs
	e.coder.costs.fill(&e.coder.probs)
	e.neighborhood = newNeighborhood(e.mbw)
	e.blocks = make([]codedMacroblock, 0, e.mbw*e.mbh)
	return e
}

// lambdaScale weighs bits against errors, in 1/4096 of a squared step a bit. In
// theory it is 119 (see newEncoder); a bit less suits the eye.
const lambdaScale = 96

// run decides on all macroblocks.
func (e *encoder) run() {
	// The costs follow the probabilities that the macroblocks so far suggest.
	interval := max(e.mbw*e.mbh/8, 96)
	for y := range e.mbh {
		e.startRow(y)
		for x := range e.mbw {
			if n := len(e.blocks); n > 0 && n%interval == 0 {
				e.coder.adapt(&e.counts)
			}
			e.macroblock(x, y)
		}
	}
	e.coder.adapt(&e.counts)
}

// macroblock decides on the macroblock in column x of row y.
func (e *encoder) macroblock(x, y int) {
	e.loadOriginal(x, y)
	e.loadEdges(x)
	c := &e.above[x]
	m := codedMacroblock{tokens: len(e.tokens)}

	e.chooseWhole(c, x > 0, y > 0)
	if !e.simple {
		e.loadRightEdge(x, y)
		e.chooseSubblocks(c)
	}
	luma := &e.whole
	if !e.simple && e.sub.score < e.whole.score {
		luma = &e.sub
		m.subblocks = true
	}
	e.store(&luma.pixels)
	m.luma, m.modes = luma.mode, luma.modes
	e.chooseChroma(c, x > 0, y > 0)
	m.chroma = e.chroma.mode

	m.skip = luma.empty && e.chroma.empty
	e.keepContexts(c, &m, luma)
	if m.skip {
		e.skipped++
	} else {
		e.keepTokens(luma, m.subblocks)
	}
	e.blocks = append(e.blocks, m)
	e.keepEdges(c)
}

// loadOriginal copies the macroblock from the picture.
func (e *encoder) loadOriginal(x, y int) {
	pitch := e.Pitch()
	for i := range 16 {
		copy(e.original[yAt+i*stride:yAt+i*stride+16], e.Y[(16*y+i)*pitch+16*x:])
	}
	pitch /= 2
	for i := range 8 {
		copy(e.original[uAt+i*stride:uAt+i*stride+8], e.U[(8*y+i)*pitch+8*x:])
		copy(e.original[vAt+i*stride:vAt+i*stride+8], e.V[(8*y+i)*pitch+8*x:])
	}
}

// store puts the chosen luma into the workspace.
func (e *encoder) store(pixels *[256]byte) {
	for i := range 16 {
		copy(e.work[yAt+i*stride:], pixels[16*i:16*i+16])
	}
}

// keepContexts notes the modes and which blocks have coefficients, for the
// macroblocks below and to the right.
func (e *encoder) keepContexts(c *column, m *codedMacroblock, luma *lumaChoice) {
	l := &e.left
	for i := range 4 {
		c.modes[i] = m.modes[12+i]
		l.modes[i] = m.modes[4*i+3]
	}
	c.nzY, l.y = luma.nzAbove, luma.nzLeft
	c.nzU, c.nzV, l.u, l.v = e.chroma.nzU, e.chroma.nzV, e.chroma.leftU, e.chroma.leftV
	if !m.subblocks {
		c.nzY2, l.y2 = luma.nzY2, luma.nzY2
	}
}

// keepTokens appends the levels of the macroblock to those of the frame and
// counts their tokens.
func (e *encoder) keepTokens(luma *lumaChoice, subblocks bool) {
	kind, first := typeY1, 0
	if !subblocks {
		e.keepBlock(typeY2, &luma.y2, 0)
		kind, first = typeY1AfterY2, 1
	}
	for i := range luma.blocks {
		e.keepBlock(kind, &luma.blocks[i], first)
	}
	for i := range e.chroma.blocks {
		e.keepBlock(typeUV, &e.chroma.blocks[i], 0)
	}
}

func (e *encoder) keepBlock(kind int, b *block, first int) {
	levels := b.levels[first:max(b.end, first)]
	e.tokens = append(e.tokens, int16(b.ctx<<8|b.end))
	e.tokens = append(e.tokens, levels...)
	e.counts.add(kind, b.ctx, levels, first, b.end)
}
