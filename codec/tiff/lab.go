package tiff

import "math"

// A picture of CIE L*a*b* is averaged in that space, which is even to the eye,
// and only what is left of it is converted to sRGB. It is averaged in ICC's
// encoding, where a* and b* have 128 added (photometric 9); where they have a
// sign (photometric 8: TIFF 6.0, section 23), flipping that bit comes to the
// same.

// isLab says whether the picture is L*a*b*.
func (l *layout) isLab() bool { return l.photometric == cieLab || l.photometric == iccLab }

// addLabOffset brings pixels of size samples to ICC's encoding.
func addLabOffset(out, lab []byte, size int) []byte {
	copy(out, lab)
	for i := 0; i+size <= len(out); i += size {
		out[i+1] ^= 0x80
		out[i+2] ^= 0x80
	}
	return out
}

// labFloat returns what brings sample number k of a picture in floating point
// to 8 bits as a picture with whole numbers has it.
func (l *layout) labFloat(k int) func(float64) uint8 {
	if k == 0 {
		return func(v float64) uint8 { return uint8(min(max(v, 0), 100)*2.55 + 0.5) }
	}
	offset := 0
	if l.photometric == iccLab {
		offset = 128
	}
	return func(v float64) uint8 { return uint8(int(math.Round(min(max(v, -128), 127))) + offset) }
}
