package job

import (
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/jpeg"
)

// wantsAll guesses from a picture's first bytes whether all of it will be read.
// A progressive JPEG need not be: its first scans hold what a thumbnail shows.
// What is no picture is not read on at all.
func wantsAll(head []byte) bool {
	switch format.Sniff(head) {
	case "":
		return false
	case format.JPEG:
		return !jpeg.Progressive(head)
	}
	return true
}
