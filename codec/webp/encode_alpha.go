package webp

import (
	"image"
	"math"

	"s3-thumbnail-creator/codec/webp/vp8l"
)

// alphaOf returns the alpha plane of img, or nil where it is opaque.
func alphaOf(img *image.NRGBA) []byte {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	opaque := byte(255)
	for y := range height {
		row := img.Pix[y*img.Stride:][:4*width]
		for x := 3; x < len(row); x += 4 {
			opaque &= row[x]
		}
	}
	if opaque == 255 {
		return nil
	}
	plane := make([]byte, 0, width*height)
	for y := range height {
		row := img.Pix[y*img.Stride:][:4*width]
		for x := 3; x < len(row); x += 4 {
			plane = append(plane, row[x])
		}
	}
	return plane
}

// encodeAlpha returns the ALPH chunk of a plane, without loss.
func encodeAlpha(plane []byte, width, height int) []byte {
	const compressed = 1
	kind := bestFilter(plane, width)
	data := vp8l.EncodeAlpha(applyFilter(kind, plane, width), width, height)
	if len(data) >= len(plane) {
		return append([]byte{0}, plane...)
	}
	return append([]byte{compressed | kind<<2}, data...)
}

// bestFilter returns the filter that leaves the least entropy.
func bestFilter(plane []byte, width int) byte {
	best, least := byte(filterNone), math.Inf(1)
	for kind := byte(filterNone); kind <= filterGradient; kind++ {
		var counts [256]int
		for _, v := range applyFilter(kind, plane, width) {
			counts[v]++
		}
		bits := 0.0
		for _, n := range counts {
			if n > 0 {
				bits -= float64(n) * math.Log2(float64(n)/float64(len(plane)))
			}
		}
		if bits < least {
			best, least = kind, bits
		}
	}
	return best
}

// applyFilter replaces values by their differences from predictions; see
// unfilter.
func applyFilter(kind byte, plane []byte, width int) []byte {
	if kind == filterNone {
		return plane
	}
	out := make([]byte, len(plane))
	out[0] = plane[0]
	for i := 1; i < width; i++ {
		out[i] = plane[i] - plane[i-1]
	}
	for at := width; at < len(plane); at += width {
		row, above, o := plane[at:at+width], plane[at-width:at], out[at:at+width]
		switch kind {
		case filterHorizontal:
			o[0] = row[0] - above[0]
			for i := 1; i < width; i++ {
				o[i] = row[i] - row[i-1]
			}
		case filterVertical:
			for i, v := range row {
				o[i] = v - above[i]
			}
		case filterGradient:
			o[0] = row[0] - above[0]
			for i := 1; i < width; i++ {
				p := int(row[i-1]) + int(above[i]) - int(above[i-1])
				o[i] = row[i] - byte(min(max(p, 0), 255))
			}
		}
	}
	return out
}
