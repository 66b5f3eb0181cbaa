// Package delta undoes the filters of PNG and TIFF that store each byte as the
// difference from the same byte of the pixel to its left: Sub (ISO/IEC 15948,
// section 9.2) and horizontal differencing of 8-bit samples (TIFF 6.0, section
// 14).
package delta

// Undo writes to dst the bytes of a row whose differences src has, in pixels of
// n bytes. src is at least as long as dst, and may be dst.
func Undo(dst, src []byte, n int) {
	src = src[:len(dst)]
	switch n {
	case 1:
		var a uint8
		for i, v := range src {
			a += v
			dst[i] = a
		}
	case 3:
		var a0, a1, a2 uint8
		for len(dst) >= 3 && len(src) >= 3 {
			a0 += src[0]
			a1 += src[1]
			a2 += src[2]
			dst[0], dst[1], dst[2] = a0, a1, a2
			dst, src = dst[3:], src[3:]
		}
	case 4:
		var a0, a1, a2, a3 uint8
		for len(dst) >= 4 && len(src) >= 4 {
			a0 += src[0]
			a1 += src[1]
			a2 += src[2]
			a3 += src[3]
			dst[0], dst[1], dst[2], dst[3] = a0, a1, a2, a3
			dst, src = dst[4:], src[4:]
		}
	default:
		copy(dst[:min(n, len(dst))], src)
		for i := n; i < len(dst); i++ {
			dst[i] = src[i] + dst[i-n]
		}
	}
}
