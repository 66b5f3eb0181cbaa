package webp

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"s3-thumbnail-creator/codec/webp/vp8"
)

// Encode writes img as a lossy WebP file. quality is 1 to 100 and means what it
// does to libwebp; transparency, where there is any, is kept without loss. The
// picture is at most vp8.MaxSize pixels wide and high.
func Encode(w io.Writer, img *image.NRGBA, quality int) error {
	chunks, alpha, err := encodeFrame(img, quality)
	if err != nil {
		return err
	}
	var body []byte
	if alpha {
		body = appendChunk(body, "VP8X", extendedHeader(img.Rect.Dx(), img.Rect.Dy(), flagAlpha))
	}
	return writeFile(w, append(body, chunks...))
}

// encodeFrame returns the chunks of a picture, and whether one of them is its
// alpha.
func encodeFrame(img *image.NRGBA, quality int) (chunks []byte, hasAlpha bool, err error) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	if width < 1 || height < 1 || width > vp8.MaxSize || height > vp8.MaxSize {
		return nil, false, fmt.Errorf("encode WebP: picture of %dx%d pixels; each side must be 1 to %d", width, height, vp8.MaxSize)
	}
	alpha := alphaOf(img)
	frame, err := vp8.Encode(toPlanes(img, alpha), quality)
	if err != nil {
		return nil, false, fmt.Errorf("encode WebP of %dx%d pixels: %w", width, height, err)
	}
	if alpha != nil {
		chunks = appendChunk(chunks, "ALPH", encodeAlpha(alpha, width, height))
	}
	return appendChunk(chunks, "VP8 ", frame), alpha != nil, nil
}

// writeFile writes a file of those chunks.
func writeFile(w io.Writer, body []byte) error {
	file := make([]byte, 12, 12+len(body))
	copy(file, "RIFF")
	binary.LittleEndian.PutUint32(file[4:], uint32(4+len(body)))
	copy(file[8:], "WEBP")
	_, err := w.Write(append(file, body...))
	return err
}

// extendedHeader returns the VP8X chunk of a picture.
func extendedHeader(width, height int, flags byte) []byte {
	var x [10]byte
	x[0] = flags
	putUint24(x[4:], width-1)
	putUint24(x[7:], height-1)
	return x[:]
}

func putUint24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

// appendChunk appends a RIFF chunk, padded to an even size.
func appendChunk(dst []byte, id string, data []byte) []byte {
	dst = append(dst, id...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	dst = append(dst, data...)
	if len(data)&1 != 0 {
		dst = append(dst, 0)
	}
	return dst
}
