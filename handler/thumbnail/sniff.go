package thumbnail

import (
	"bytes"
	"encoding/binary"
)

// sniffLength is how many bytes of a file Sniff looks at.
const sniffLength = 512

// Sniff names the format of a picture by the first 512 bytes of its file (less
// if it is shorter): "jpeg", "png", "gif", "webp", "bmp", "tiff", "avif",
// "heic", or "" when it is none of these.
func Sniff(head []byte) string {
	has := func(offset int, magic string) bool {
		return len(head) >= offset+len(magic) && string(head[offset:offset+len(magic)]) == magic
	}
	switch {
	case has(0, "\xff\xd8\xff"):
		return "jpeg"
	case has(0, "\x89PNG\r\n\x1a\n"):
		return "png"
	case has(0, "GIF87a"), has(0, "GIF89a"):
		return "gif"
	case has(0, "RIFF") && has(8, "WEBP"):
		return "webp"
	case has(0, "II*\x00"), has(0, "MM\x00*"), has(0, "II+\x00"), has(0, "MM\x00+"):
		return "tiff"
	case has(0, "BM") && isBitmap(head):
		return "bmp"
	case has(4, "ftyp"):
		return sniffBrands(head)
	}
	return ""
}

// isBitmap tells a BMP from a text that begins with BM by the size of its
// information header: 12 to 124 bytes.
func isBitmap(head []byte) bool {
	if len(head) < 18 {
		return false
	}
	size := binary.LittleEndian.Uint32(head[14:])
	return size >= 12 && size <= 124
}

// sniffBrands looks at the brands of an ISO base media file (ISO/IEC 14496-12,
// section 4.3): the major one first, then the compatible ones. AVIF is defined
// in AV1 Image File Format, section 7; HEIC in ISO/IEC 23008-12, annex B.
func sniffBrands(head []byte) string {
	end := min(int(binary.BigEndian.Uint32(head)), len(head))
	for i := 8; i+4 <= end; i += 4 {
		if i == 12 { // the minor version
			continue
		}
		switch brand := head[i : i+4]; {
		case bytes.Equal(brand, []byte("avif")), bytes.Equal(brand, []byte("avis")):
			return "avif"
		case bytes.Equal(brand, []byte("heic")), bytes.Equal(brand, []byte("heix")),
			bytes.Equal(brand, []byte("heim")), bytes.Equal(brand, []byte("heis")),
			bytes.Equal(brand, []byte("hevc")), bytes.Equal(brand, []byte("hevx")):
			return "heic"
		}
	}
	return ""
}
