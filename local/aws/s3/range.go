package s3

import (
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// byteRange resolves a Range header to [start,end). A header that is no single byte range is ignored, as RFC 9110 section 14.2
// wants: partial is false then.
func byteRange(header string, size int64) (start, end int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	switch {
	case !ok || !dash || first != "" && err1 != nil || last != "" && err2 != nil || first == "" && last == "" || first != "" && last != "" && to < from:
		return 0, size, false, nil
	case first == "": // the last so many bytes
		start, end = max(0, size-to), size
	case last == "":
		start, end = from, size
	default:
		start, end = from, min(size, to+1)
	}
	if start >= size {
		return 0, 0, false, wire.Errorf(416, "InvalidRange", "The requested range is not satisfiable")
	}
	return start, end, true, nil
}
