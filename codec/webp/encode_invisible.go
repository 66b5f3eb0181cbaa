package webp

import "s3-thumbnail-creator/codec/webp/vp8"

// flatten replaces what is invisible, where alpha is 0, by what costs least to
// code: in blocks of 8x8 pixels the average of the visible ones, or the color of
// the block to the left where there are none.
func flatten(p *vp8.Planes, alpha []byte) {
	pitch := p.Pitch()
	for y := 0; y < p.Height; y += 8 {
		last := [3]byte{128, 128, 128}
		for x := 0; x < p.Width; x += 8 {
			width, height := min(8, p.Width-x), min(8, p.Height-y)
			luma := block{p.Y[y*pitch+x:], pitch, width, height}
			visible := func(i, j int) bool { return alpha[(y+j)*p.Width+x+i] != 0 }
			last[0] = luma.flatten(visible, last[0])

			// A sample of chroma is visible if one of its four pixels is.
			right, bottom := width-1, height-1
			visible4 := func(i, j int) bool {
				l, r, t, b := 2*i, min(2*i+1, right), 2*j, min(2*j+1, bottom)
				return visible(l, t) || visible(r, t) || visible(l, b) || visible(r, b)
			}
			at := y/2*(pitch/2) + x/2
			u := block{p.U[at:], pitch / 2, (width + 1) / 2, (height + 1) / 2}
			v := block{p.V[at:], pitch / 2, (width + 1) / 2, (height + 1) / 2}
			last[1] = u.flatten(visible4, last[1])
			last[2] = v.flatten(visible4, last[2])
		}
	}
}

// block is a part of a plane.
type block struct {
	pix                  []byte
	pitch, width, height int
}

// flatten gives the samples that are not visible the average of those that are,
// or fallback, and returns the value.
func (b block) flatten(visible func(x, y int) bool, fallback byte) byte {
	sum, n := 0, 0
	for y := range b.height {
		for x := range b.width {
			if visible(x, y) {
				sum += int(b.pix[y*b.pitch+x])
				n++
			}
		}
	}
	if n == b.width*b.height {
		return byte(sum / n)
	}
	v := fallback
	if n > 0 {
		v = byte(sum / n)
	}
	for y := range b.height {
		for x := range b.width {
			if !visible(x, y) {
				b.pix[y*b.pitch+x] = v
			}
		}
	}
	return v
}
