package tiff

import (
	"bytes"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"s3-thumbnail-creator/codec/raster"
)

// What a Zstandard decoder keeps of what it wrote, in bytes: RFC 8878, section
// 3.1.1.1.2. The most is what Zstandard's own programs accept.
const (
	leastWindow = 1 << 20
	mostWindow  = 1 << 27
)

// zstdMemory is what the decoder takes beside the window, in bytes: 1.4 MB whatever
// the window (TestZstandardWindows prints it with -v, 2026-11-24).
const zstdMemory = 2 << 20

// zstdWindow is how much of a strip or tile has to be kept: all of it, as a power
// of two.
func (l *layout) zstdWindow() int64 {
	size := min(float64(l.rowBytes())*float64(min(l.segmentHeight, l.height)), mostWindow)
	return 1 << bits.Len64(uint64(min(max(size, leastWindow), mostWindow))-1)
}

// narrowWindow returns the data of a strip or tile, which never refers back
// further than it is long, with a window no larger than what it needs: writers
// that compress hard state up to 128 MB, whatever the length.
func narrowWindow(s *segment, window int64) (io.Reader, error) {
	const upToDescriptor = 6 // the magic number, what the header has, the window
	head, err := s.peek(zstd.HeaderMaxSize)
	if err != nil {
		return nil, err
	}
	var h zstd.Header
	if h.Decode(head) != nil || h.Skippable {
		return s, nil // the decoder finds out
	}
	if h.SingleSegment && h.FrameContentSize > uint64(window) {
		return nil, raster.Unsupportedf("tiff: Zstandard data of %d bytes in one piece, must be at most %d", h.FrameContentSize, window)
	}
	if h.SingleSegment || h.WindowSize <= uint64(window) {
		return s, nil
	}
	if head, err = s.take(upToDescriptor); err != nil || len(head) < upToDescriptor {
		return nil, end(err)
	}
	head = bytes.Clone(head)
	head[upToDescriptor-1] = byte(bits.Len64(uint64(window))-1-10) << 3
	return io.MultiReader(bytes.NewReader(head), s), nil
}
