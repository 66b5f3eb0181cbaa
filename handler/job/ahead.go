package job

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/format"
)

// wantsAll guesses from a picture's first bytes whether all of it will be read.
// A progressive JPEG need not be: its first scans hold what a thumbnail shows.
// What is no picture is not read on at all.
func wantsAll(head []byte) bool {
	switch format.Sniff(head) {
	case "":
		return false
	case format.JPEG:
		return !progressive(head)
	}
	return true
}

// progressive walks the marker segments of a JPEG (T.81, annex B) to its frame
// header. If that lies beyond head, the answer is no.
func progressive(head []byte) bool {
	for i := 2; i+4 <= len(head); {
		if head[i] != 0xFF {
			return false
		}
		switch marker := head[i+1]; {
		case marker == 0xFF: // fill byte
			i++
			continue
		case marker == 0xC2 || marker == 0xC6 || marker == 0xCA || marker == 0xCE:
			return true
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC, marker == 0xDA:
			return false
		}
		i += 2 + int(binary.BigEndian.Uint16(head[i+2:]))
	}
	return false
}
