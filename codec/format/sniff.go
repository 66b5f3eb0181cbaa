package format

import (
	"encoding/binary"
	"slices"
)

// SniffLength is how many bytes of a file Sniff looks at.
const SniffLength = 512

// Sniff names the format of a picture by the first SniffLength bytes of its file, fewer if it is shorter; "" when it is
// none that we know.
func Sniff(head []byte) Format {
	for _, r := range table {
		if r.matches(head) {
			return r.format
		}
	}
	return ""
}

// begins matches a file that begins with one of the magic strings.
func begins(magics ...string) func(head []byte) bool {
	return func(head []byte) bool {
		return slices.ContainsFunc(magics, func(magic string) bool { return has(head, 0, magic) })
	}
}

func has(head []byte, offset int, magic string) bool {
	return len(head) >= offset+len(magic) && string(head[offset:offset+len(magic)]) == magic
}

// isWebP matches a RIFF file of form WEBP (RFC 9649, section 2.4).
func isWebP(head []byte) bool { return has(head, 0, "RIFF") && has(head, 8, "WEBP") }

// isBitmap tells a BMP from a text that begins with BM by the size of its information header: 12 to 124 bytes.
func isBitmap(head []byte) bool {
	if len(head) < 18 || !has(head, 0, "BM") {
		return false
	}
	size := binary.LittleEndian.Uint32(head[14:])
	return size >= 12 && size <= 124
}

// hasBrand matches an ISO base media file (ISO/IEC 14496-12, section 4.3) whose major brand or one of whose compatible
// brands is one of those given. AVIF is defined in AV1 Image File Format, section 7; HEIC in ISO/IEC 23008-12, annex B.
func hasBrand(brands ...string) func(head []byte) bool {
	return func(head []byte) bool {
		if !has(head, 4, "ftyp") {
			return false
		}
		end := min(int(binary.BigEndian.Uint32(head)), len(head))
		for i := 8; i+4 <= end; i += 4 {
			const minorVersion = 12
			if i != minorVersion && slices.Contains(brands, string(head[i:i+4])) {
				return true
			}
		}
		return false
	}
}
