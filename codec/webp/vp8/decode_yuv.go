package vp8

// Conversion from BT.601 limited range, in fixed point of 14 bits, with the
// offsets (16 for luma, 128 for chroma) multiplied out.
const (
	coefY  = 19077 // 1.164
	coefRV = 26149 // 1.596
	coefGU = 6419  // 0.391
	coefGV = 13320 // 0.813
	coefBU = 33050 // 2.018

	// Offsets of the products, rounding included, in 1/64.
	offR = -14234
	offG = 8708
	offB = -17685
)

// clip6 rounds sixty-fourths to a byte.
func clip6(v int32) uint8 {
	if uint32(v) < 1<<14 {
		return uint8(v >> 6)
	}
	if v < 0 {
		return 0
	}
	return 255
}

// putRGB writes an opaque pixel. The intermediate rounding is what makes
// decoders agree to the bit.
func putRGB(dst *[4]byte, y, u, v int32) {
	l := y * coefY >> 8
	dst[0] = clip6(l + v*coefRV>>8 + offR)
	dst[1] = clip6(l - u*coefGU>>8 - v*coefGV>>8 + offG)
	dst[2] = clip6(l + u*coefBU>>8 + offB)
	dst[3] = 255
}

// putRGB16 is putRGB for samples in sixteenths. The shifts are constants in
// both: by a variable one takes several instructions.
func putRGB16(dst *[4]byte, y, u, v int32) {
	l := y * coefY >> 12
	dst[0] = clip6(l + v*coefRV>>12 + offR)
	dst[1] = clip6(l - u*coefGU>>12 - v*coefGV>>12 + offG)
	dst[2] = clip6(l + u*coefBU>>12 + offB)
	dst[3] = 255
}
