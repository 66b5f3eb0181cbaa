package samples

import "encoding/binary"

// withEXIF returns a JPEG with an APP1 segment that has the orientation and a GPS position (EXIF 2.32: the segment
// holds a TIFF structure, big-endian here).
func withEXIF(jpeg []byte, orientation uint16) []byte {
	const (
		ifd0  = 8                 // the first directory follows the TIFF header
		gps   = ifd0 + 2 + 24 + 4 // it has two entries and a link
		coord = gps + 2 + 48 + 4  // the GPS directory has four; their data follow
	)
	b := binary.BigEndian
	t := append([]byte("MM\x00*"), 0, 0, 0, ifd0)
	entry := func(tag, kind uint16, count, value uint32) {
		t = b.AppendUint16(t, tag)
		t = b.AppendUint16(t, kind)
		t = b.AppendUint32(t, count)
		t = b.AppendUint32(t, value)
	}
	const short, long, rational, ascii = 3, 4, 5, 2
	t = b.AppendUint16(t, 2)
	entry(0x0112, short, 1, uint32(orientation)<<16)
	entry(0x8825, long, 1, gps)
	t = b.AppendUint32(t, 0)
	t = b.AppendUint16(t, 4)
	entry(1, ascii, 2, uint32('N')<<24)
	entry(2, rational, 3, coord)
	entry(3, ascii, 2, uint32('E')<<24)
	entry(4, rational, 3, coord+24)
	t = b.AppendUint32(t, 0)
	for _, n := range []uint32{47, 22, 8, 9, 41, 30} { // degrees, minutes, seconds
		t = b.AppendUint32(b.AppendUint32(t, n), 1)
	}
	segment := append([]byte("Exif\x00\x00"), t...)
	out := append([]byte{}, jpeg[:2]...) // SOI
	out = append(out, 0xff, 0xe1)
	out = b.AppendUint16(out, uint16(2+len(segment)))
	out = append(out, segment...)
	return append(out, jpeg[2:]...)
}
