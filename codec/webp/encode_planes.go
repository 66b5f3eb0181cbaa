package webp

import (
	"image"

	"s3-thumbnail-creator/codec/webp/vp8"
)

// toPlanes converts to YUV 4:2:0 (BT.601, limited range), padded by repeating
// the last column and row. alpha is nil for an opaque picture.
func toPlanes(img *image.NRGBA, alpha []byte) *vp8.Planes {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	p := vp8.NewPlanes(width, height)
	pitch := p.Pitch()
	half := pitch / 2
	for y := range height {
		row := img.Pix[y*img.Stride:][:4*width]
		out := p.Y[y*pitch:][:pitch]
		for x := range width {
			c := row[4*x : 4*x+4 : 4*x+4]
			out[x] = byte((16839*int(c[0]) + 33059*int(c[1]) + 6420*int(c[2]) + 16<<16 + 1<<15) >> 16)
		}
	}
	for y := range (height + 1) / 2 {
		top := img.Pix[2*y*img.Stride:][:4*width]
		bottom := top
		if 2*y+1 < height {
			bottom = img.Pix[(2*y+1)*img.Stride:][:4*width]
		}
		u, v := p.U[y*half:][:half], p.V[y*half:][:half]
		for x := range (width + 1) / 2 {
			u[x], v[x] = chroma(top, bottom, 2*x, min(2*x+1, width-1))
		}
	}
	if alpha != nil {
		flatten(p, alpha)
	}
	pad(p.Y, pitch, width, height)
	pad(p.U, half, (width+1)/2, (height+1)/2)
	pad(p.V, half, (width+1)/2, (height+1)/2)
	return p
}

// chroma averages the four pixels in columns left and right of two rows,
// weighted by their alpha: the color of invisible pixels must not bleed.
func chroma(top, bottom []byte, left, right int) (u, v byte) {
	var r, g, b, alpha int
	for _, c := range [4][]byte{top[4*left:], top[4*right:], bottom[4*left:], bottom[4*right:]} {
		a := int(c[3])
		r += a * int(c[0])
		g += a * int(c[1])
		b += a * int(c[2])
		alpha += a
	}
	if alpha == 0 {
		return 128, 128
	}
	// Averages in 1/16.
	r, g, b = (16*r+alpha/2)/alpha, (16*g+alpha/2)/alpha, (16*b+alpha/2)/alpha
	const half = 128<<20 + 1<<19
	u = byte((-9719*r - 19081*g + 28800*b + half) >> 20)
	v = byte((28800*r - 24116*g - 4684*b + half) >> 20)
	return u, v
}

// pad repeats the last column and row of a plane's width x height values.
func pad(plane []byte, pitch, width, height int) {
	for y := range height {
		row := plane[y*pitch:][:pitch]
		for x := width; x < pitch; x++ {
			row[x] = row[width-1]
		}
	}
	last := plane[(height-1)*pitch : height*pitch]
	for y := height; y*pitch < len(plane); y++ {
		copy(plane[y*pitch:], last)
	}
}
