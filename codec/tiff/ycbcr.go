package tiff

// yccTables convert YCbCr to RGB by the coefficients of luma and the values of
// black and white: TIFF 6.0, section 21. Numbers are in 1/65536.
type yccTables struct {
	luma        [256]int32
	redToRed    [256]int32 // what Cr adds to red
	redToGreen  [256]int32
	blueToGreen [256]int32
	blueToBlue  [256]int32
}

func newYCCTables(coefficients, reference []float64) *yccTables {
	red, green, blue := coefficients[0], coefficients[1], coefficients[2]
	if green <= 0.01 || red < 0 || red > 1 || blue < 0 || blue > 1 {
		red, green, blue = 0.299, 0.587, 0.114
	}
	scale := func(i int, full float64) float64 {
		if d := reference[i+1] - reference[i]; d >= 1 {
			return full / d
		}
		return 1
	}
	// Far more than a sample can say, and still far from overflow.
	fix := func(v float64) int32 { return int32(min(max(v, -2000), 2000)*65536/4) * 4 }
	t := &yccTables{}
	for i := range 256 {
		v := float64(i)
		cb := (v - reference[2]) * scale(2, 127)
		cr := (v - reference[4]) * scale(4, 127)
		t.luma[i] = fix((v-reference[0])*scale(0, 255) + 0.5)
		t.redToRed[i] = fix(cr * (2 - 2*red))
		t.blueToBlue[i] = fix(cb * (2 - 2*blue))
		t.redToGreen[i] = fix(-cr * (2 - 2*red) * red / green)
		t.blueToGreen[i] = fix(-cb * (2 - 2*blue) * blue / green)
	}
	return t
}

func (t *yccTables) pixel(out, ycc []byte) {
	y, b, r := t.luma[ycc[0]], ycc[1], ycc[2]
	out[0] = clamp((y + t.redToRed[r]) >> 16)
	out[1] = clamp((y + t.redToGreen[r] + t.blueToGreen[b]) >> 16)
	out[2] = clamp((y + t.blueToBlue[b]) >> 16)
}

func clamp(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

func (t *yccTables) convert(out, ycc []byte) []byte {
	for i := 0; i+3 <= len(out); i += 3 {
		t.pixel(out[i:i+3:i+3], ycc[i:i+3:i+3])
	}
	return out
}

func (t *yccTables) convertAlpha(out, ycc []byte) []byte {
	for i := 0; i+4 <= len(out); i += 4 {
		t.pixel(out[i:i+3:i+3], ycc[i:i+3:i+3])
		out[i+3] = ycc[i+3]
	}
	return out
}

// blockReader spreads blocks of subX times subY samples of luma, followed by
// one pair of chroma, to samples for each pixel.
type blockReader struct{ subX, subY int }

// row writes row number i of a row of blocks to out, as far as it reaches.
func (b *blockReader) row(out, blocks []byte, i int) {
	size := b.subX*b.subY + 2
	for ; len(blocks) >= size && len(out) > 0; blocks = blocks[size:] {
		luma := blocks[i*b.subX : (i+1)*b.subX]
		cb, cr := blocks[size-2], blocks[size-1]
		for _, y := range luma {
			if len(out) < 3 {
				return
			}
			out[0], out[1], out[2] = y, cb, cr
			out = out[3:]
		}
	}
}
