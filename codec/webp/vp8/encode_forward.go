package vp8

// forwardDCT transforms the difference of the 4x4 pixels at the start of src
// and pred, whose rows are stride apart. It is scaled so that inverseDCT gives
// the difference back.
func forwardDCT(src, pred []byte, out *[16]int32) {
	var t [16]int32
	src, pred = src[:3*stride+4], pred[:3*stride+4]
	for i := range 4 {
		s := src[i*stride : i*stride+4 : i*stride+4]
		p := pred[i*stride : i*stride+4 : i*stride+4]
		d0, d1 := int32(s[0])-int32(p[0]), int32(s[1])-int32(p[1])
		d2, d3 := int32(s[2])-int32(p[2]), int32(s[3])-int32(p[3])
		a0, a1, a2, a3 := d0+d3, d1+d2, d1-d2, d0-d3
		// cos(pi/8) and sin(pi/8) times sqrt(2), in 1/4096.
		t[4*i] = (a0 + a1) * 8
		t[4*i+1] = (a2*2217 + a3*5352 + 1812) >> 9
		t[4*i+2] = (a0 - a1) * 8
		t[4*i+3] = (a3*2217 - a2*5352 + 937) >> 9
	}
	for i := range 4 {
		a0, a1 := t[i]+t[12+i], t[4+i]+t[8+i]
		a2, a3 := t[4+i]-t[8+i], t[i]-t[12+i]
		out[i] = (a0 + a1 + 7) >> 4
		out[4+i] = (a2*2217 + a3*5352 + 12000) >> 16
		if a3 != 0 {
			out[4+i]++
		}
		out[8+i] = (a0 - a1 + 7) >> 4
		out[12+i] = (a3*2217 - a2*5352 + 51000) >> 16
	}
}

// forwardWHT transforms the first coefficients of 16 blocks.
func forwardWHT(dc *[16]int32, out *[16]int32) {
	var t [16]int32
	for i := range 4 {
		d := dc[4*i : 4*i+4 : 4*i+4]
		a0, a1, a2, a3 := d[0]+d[2], d[1]+d[3], d[1]-d[3], d[0]-d[2]
		t[4*i], t[4*i+1], t[4*i+2], t[4*i+3] = a0+a1, a3+a2, a3-a2, a0-a1
	}
	for i := range 4 {
		a0, a1 := t[i]+t[8+i], t[4+i]+t[12+i]
		a2, a3 := t[4+i]-t[12+i], t[i]-t[8+i]
		out[i], out[4+i], out[8+i], out[12+i] = (a0+a1)>>1, (a3+a2)>>1, (a3-a2)>>1, (a0-a1)>>1
	}
}

// quantizer turns coefficients of one kind of block into levels, and back.
type quantizer struct {
	step  [16]int32 // in zigzag order
	scale [16]int32 // 1<<16 / step
	bias  [16]int32 // what is added before rounding down, in 1/65536 level
	boost [16]int32 // what is added to the magnitude of high frequencies
	least [16]int32 // magnitudes below this become 0
}

// newQuantizer returns a quantizer with the given rounding, in 1/256 level, of
// the first coefficient and the others. Rounding down more than half costs a
// little quality and saves more bits.
func newQuantizer(step [2]int32, roundDC, roundAC int32, sharpen bool) quantizer {
	var q quantizer
	for n := range 16 {
		s, round := step[1], roundAC
		if n == 0 {
			s, round = step[0], roundDC
		}
		q.step[n], q.scale[n], q.bias[n] = s, 1<<16/s, round<<8
		if sharpen {
			at := int(zigzag[n])
			q.boost[n] = int32(sharpening[at>>2+at&3]) * s >> 11
		}
		q.least[n] = (1<<16-q.bias[n]+q.scale[n]-1)/q.scale[n] - q.boost[n]
	}
	return q
}

// sharpening is how much high frequencies are favored, by the sum of their
// numbers; they are what quantization takes first.
var sharpening = [7]uint8{0, 30, 60, 90, 90, 90, 90}

// quantize writes the levels of coeffs from position first on to levels, in
// zigzag order, and what they stand for to out; both must be zero before. It
// returns the position after the last level that is not zero, or first.
func (q *quantizer) quantize(coeffs *[16]int32, levels, out *[16]int16, first int) int {
	end := first
	for n := first; n < 16; n++ {
		at := zigzag[n]
		c := coeffs[at]
		sign := c >> 31
		v := (c ^ sign) - sign
		if v < q.least[n] {
			continue
		}
		v = min(((v+q.boost[n])*q.scale[n]+q.bias[n])>>16, maxLevel)
		v = (v ^ sign) - sign
		end = n + 1
		levels[n] = int16(v)
		out[at] = int16(v * q.step[n])
	}
	return end
}
