package raster

import "encoding/binary"

// Orientation returns the value 1-8 of the orientation tag in an EXIF block
// (a TIFF structure, with or without the leading "Exif\0\0"), or 1 where
// there is none or the block is damaged. Source: Exif 2.32, section 4.6.2 and
// tag 274 in table 4; TIFF 6.0, section 2.
func Orientation(exif []byte) int {
	const tagOrientation = 274
	if len(exif) >= 6 && string(exif[:6]) == "Exif\x00\x00" {
		exif = exif[6:]
	}
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	ifd := uint64(order.Uint32(exif[4:]))
	if ifd+2 > uint64(len(exif)) {
		return 1
	}
	entries := exif[ifd+2:]
	for n := int(order.Uint16(exif[ifd:])); n > 0 && len(entries) >= 12; n-- {
		if order.Uint16(entries) == tagOrientation {
			// A SHORT by the standard; some writers make it a LONG or a BYTE.
			v := uint32(order.Uint16(entries[8:]))
			switch order.Uint16(entries[2:]) {
			case 1:
				v = uint32(entries[8])
			case 4:
				v = order.Uint32(entries[8:])
			}
			if v >= 1 && v <= 8 {
				return int(v)
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}
