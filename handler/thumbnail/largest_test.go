//go:build unix

package thumbnail

import (
	"bufio"
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"testing"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

// largest is a kind of picture of which the largest that is accepted is made.
type largest struct {
	format format.Format
	name   string
	// write writes a picture, or where data is false no more than its header. All
	// of it is coded, so that all that a decoder allocates is used.
	write func(w io.Writer, width, height int, data bool)
	// height is that of a picture that grows to the side, 0 for a square.
	height int
	most   int // pixels a side, by the format
	moves  bool
	// file is a picture that is there, instead: the thumbnail grows.
	file string
}

var largestPictures = []largest{
	{format: format.JPEG, name: "baseline", write: writeJPEG(0xc0), height: 3000, most: 65535},
	{format: format.JPEG, name: "progressive", write: writeJPEG(0xc2), most: 65535},
	{format: format.PNG, name: "16 bits", write: writePNG(0), height: 4, most: 1<<31 - 1},
	{format: format.PNG, name: "interlaced", write: writePNG(1), height: 8, most: 1<<31 - 1},
	{format: format.GIF, name: "still", write: writeGIF, height: 500, most: 65535},
	{format: format.GIF, name: "moving", write: writeGIF, most: 65535, moves: true},
	{format: format.WebP, name: "lossless", write: writeLosslessWebP, height: 2000, most: 16384},
	{format: format.BMP, name: "32 bits", write: writeBMP, height: 4, most: 1<<31 - 1},
	{format: format.TIFF, name: "one strip", write: writeTIFF(1 << 20), height: 64, most: 1<<31 - 1},
	{format: format.TIFF, name: "rows", write: writeTIFF(1), height: 4, most: 1<<31 - 1},
	{format: format.AVIF, name: "8 bits", file: "large-8.avif"},
	{format: format.AVIF, name: "10 bits", file: "large-10.avif"},
	{format: format.HEIC, name: "8 bits", file: "large.heic"},
}

// TestLargest makes a thumbnail of the largest picture of each kind that the
// limits of a function accept, in a process of its own under a hard limit, and
// looks at what it took.
func TestLargest(t *testing.T) {
	if path := os.Getenv("LARGEST"); path != "" {
		makeLargest(path)
	}
	missing := map[format.Format]bool{}
	for _, f := range format.All() {
		missing[f] = true
	}
	for _, kind := range largestPictures {
		delete(missing, kind.format)
		t.Run(string(kind.format)+" "+kind.name, func(t *testing.T) {
			t.Parallel()
			path, side := kind.find(t)
			out := runLimited(t, "TestLargest", "LARGEST="+path, "LARGEST_SIDE="+strconv.Itoa(side))
			if !bytes.Contains(out, []byte("made from")) {
				t.Fatalf("no thumbnail: %s", out)
			}
		})
	}
	for f := range missing {
		t.Errorf("no picture of the format %s", f)
	}
}

// find returns the largest picture that is accepted, and the side of the box of
// its thumbnail, 0 for the default.
func (l largest) find(t *testing.T) (path string, side int) {
	t.Helper()
	if l.file != "" {
		path = "testdata/" + l.file
		side = search(1<<14, func(side int) bool {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			return l.accepted(t, f, side)
		})
		return path, max(side, 1)
	}
	size := func(side int) (width, height int) {
		if l.height > 0 {
			return side, l.height
		}
		return side, side
	}
	best := search(l.most, func(side int) bool {
		var b bytes.Buffer
		width, height := size(side)
		l.write(&b, width, height, false)
		return l.accepted(t, &b, 0)
	})
	if best == 0 {
		t.Fatal("no size is accepted")
	}
	path = t.TempDir() + "/largest"
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	width, height := size(best)
	l.write(w, width, height, true)
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path, 0
}

// search returns the largest of the numbers from 1 to most that are good, of
// which all smaller ones are, too.
func search(most int, good func(int) bool) int {
	best := 0
	for step := 1 << 30; step > 0; step /= 2 {
		if next := best + step; next <= most && good(next) {
			best = next
		}
	}
	return best
}

// accepted tells whether the limits accept a picture, by its header.
func (l largest) accepted(t *testing.T, r io.Reader, side int) bool {
	t.Helper()
	decoder, err := open(&source{ctx: t.Context(), r: r}, 0)
	if err != nil {
		return false // by the format's own limits
	}
	variants := []settings.Variant{largestVariant(side)}
	plans, width, height := planAll(variants, decoder.Info())
	limits := bombLimits()
	if limits.check(decoder, variants, plans, width, height) != nil {
		return false
	}
	if !l.moves {
		return true
	}
	a := newAnimation(t.Context(), decoder, variants, plans, limits, &Result{})
	a.memory += a.decoder.FramesMemory(width, height)
	a.frames = 2
	still, _ := a.overLimit()
	return !still
}

func largestVariant(side int) settings.Variant {
	v := bombVariant()
	if side > 0 {
		v.Width, v.Height = side, side
	}
	return v
}

// makeLargest is the process under the limit.
func makeLargest(path string) {
	limitProcess()
	side, _ := strconv.Atoi(os.Getenv("LARGEST_SIDE"))
	f, err := os.Open(path)
	if err != nil {
		fail(err)
	}
	info, err := f.Stat()
	if err != nil {
		fail(err)
	}
	result, err := Make(context.Background(), f, info.Size(), []settings.Variant{largestVariant(side)}, bombLimits())
	if err != nil {
		fail(err)
	}
	s, small := result.Source, result.Thumbnails[0]
	fmt.Printf("made from %dx%d: %dx%d, %d frames, truncated: %v %s\n", s.Width, s.Height, small.Width, small.Height, small.Frames, s.Truncated, s.StillBecause)
	os.Exit(0)
}

// repeat writes n bytes of a pattern.
func repeat(w io.Writer, pattern string, n int) {
	block := bytes.Repeat([]byte(pattern), 1<<12)
	for ; n > 0; n -= len(block) {
		_, _ = w.Write(block[:min(n, len(block))])
	}
}

// writeJPEG writes three components of 4:2:0, whose blocks have a first
// coefficient that goes up and down and no others. kind is the frame's marker.
func writeJPEG(kind byte) func(w io.Writer, width, height int, data bool) {
	return func(w io.Writer, width, height int, data bool) {
		b := append([]byte("\xff\xd8\xff\xdb\x00\x43\x00"), bytes.Repeat([]byte{8}, 64)...)
		b = append(b, 0xff, kind, 0, 17, 8, byte(height>>8), byte(height), byte(width>>8), byte(width), 3)
		b = append(b, "\x01\x22\x00\x02\x11\x00\x03\x11\x00"...)
		for class := range byte(2) { // one code of one bit: a difference of one bit, and the end of a block
			b = append(b, 0xff, 0xc4, 0, 20, class<<4, 1)
			b = append(append(b, make([]byte, 15)...), 1-class)
		}
		units := (width + 15) / 16 * ((height + 15) / 16)
		b = append(b, "\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00"...)
		if kind == 0xc0 {
			_, _ = w.Write(append(b, 0, 63, 0))
			if data { // 010 000 for each two blocks
				repeat(w, "\x41\x04\x10", (18*units+7)/8)
			}
		} else {
			_, _ = w.Write(append(b, 0, 0, 0))
			if data { // 01 00
				repeat(w, "\x44", (12*units+7)/8)
				for component := range byte(3) {
					_, _ = w.Write([]byte{0xff, 0xda, 0, 8, 1, component + 1, 0, 1, 63, 0})
					repeat(w, "\x00", (4*units+7)/8)
				}
			}
		}
		_, _ = w.Write([]byte{0xff, 0xd9})
	}
}

// writePNG writes 16 bits of red, green, blue and alpha.
func writePNG(interlace byte) func(w io.Writer, width, height int, data bool) {
	return func(w io.Writer, width, height int, data bool) {
		header := bytes.Clone(pngHeader(uint32(width), uint32(height), 16, 6)[8:21])
		header[12] = interlace
		_, _ = w.Write(pngChunks(chunk("IHDR", header)))
		var body bytes.Buffer
		z, _ := zlib.NewWriterLevel(&body, zlib.BestSpeed)
		if data {
			repeat(z, "\x00", 8*width*height+2*height+15)
		}
		_ = z.Close()
		_, _ = w.Write(binary.BigEndian.AppendUint32(nil, uint32(body.Len())))
		sum := crc32.NewIEEE()
		to := io.MultiWriter(w, sum)
		_, _ = to.Write([]byte("IDAT"))
		_, _ = to.Write(body.Bytes())
		_, _ = w.Write(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
		_, _ = w.Write(chunk("IEND", nil))
	}
}

// writeGIF writes two frames, of which the first is to be taken back.
func writeGIF(w io.Writer, width, height int, data bool) {
	_, _ = w.Write(gifScreen(width, height))
	for range 2 {
		_, _ = w.Write(gifFrame(width, height))
		if !data {
			continue
		}
		blocks := &subBlocks{w: w}
		z := lzw.NewWriter(blocks, lzw.LSB, 2)
		repeat(z, "\x01\x00\x01\x01", width*height)
		_ = z.Close()
		blocks.close()
	}
	_, _ = w.Write([]byte(";"))
}

// subBlocks writes the blocks of at most 255 bytes that the data of a GIF is
// made of.
type subBlocks struct {
	w io.Writer
	b []byte
}

func (s *subBlocks) WriteByte(c byte) error {
	_, err := s.Write([]byte{c})
	return err
}

func (s *subBlocks) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	for len(s.b) >= 255 {
		_, _ = s.w.Write(append([]byte{255}, s.b[:255]...))
		s.b = append(s.b[:0], s.b[255:]...)
	}
	return len(p), nil
}

func (s *subBlocks) close() {
	_, _ = s.w.Write(append([]byte{byte(len(s.b))}, s.b...))
	if len(s.b) > 0 {
		_, _ = s.w.Write([]byte{0})
	}
}

// writeLosslessWebP writes a picture of one color, whose pixels take no bits.
func writeLosslessWebP(w io.Writer, width, height int, _ bool) {
	pixel := []byte("\x2f\x00\x00\x00\x00\x88\x88\x08")
	binary.LittleEndian.PutUint32(pixel[1:], uint32(width-1)|uint32(height-1)<<14)
	_, _ = w.Write(webpFile("VP8L", pixel))
}

// writeBMP writes 32 bits of which 8 are alpha.
func writeBMP(w io.Writer, width, height int, data bool) {
	b := bmpHeader(uint32(width), uint32(height), 32, 0)
	b[10], b[14] = 14+124, 124
	masks := make([]byte, 124-40)
	for i, mask := range []uint32{0xff0000, 0xff00, 0xff, 0xff000000} {
		binary.LittleEndian.PutUint32(masks[4*i:], mask)
	}
	b[30] = 3 // masks
	copy(masks[16:], "BGRs")
	_, _ = w.Write(append(b, masks...))
	if data {
		repeat(w, "\x10\x20\x30\x40", 4*width*height)
	}
}

// writeTIFF writes four samples of 16 bits, deflated in strips of some rows.
func writeTIFF(rows int) func(w io.Writer, width, height int, data bool) {
	return func(w io.Writer, width, height int, data bool) {
		rows := min(rows, height)
		count := (height + rows - 1) / rows
		var strip bytes.Buffer
		z, _ := zlib.NewWriterLevel(&strip, zlib.BestSpeed)
		if data {
			repeat(z, "\x11\x22", 8*width*rows)
		}
		_ = z.Close()
		const entries = 10
		end := uint32(8 + 2 + 12*entries + 4)
		bits, offsets, counts := end, end+8, end+8+4*uint32(count)
		start := counts + 4*uint32(count)
		place, length := offsets, counts
		if count == 1 {
			place, length = start, uint32(strip.Len())
		}
		b := []byte("II*\x00\x08\x00\x00\x00\x0a\x00")
		for _, e := range [entries][4]uint32{
			{256, 4, 1, uint32(width)}, {257, 4, 1, uint32(height)}, {258, 3, 4, bits}, {259, 3, 1, 8}, {262, 3, 1, 2},
			{273, 4, uint32(count), place}, {277, 3, 1, 4}, {278, 4, 1, uint32(rows)}, {279, 4, uint32(count), length},
			{338, 3, 1, 2},
		} {
			b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
			b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
			b = binary.LittleEndian.AppendUint32(b, e[2])
			b = binary.LittleEndian.AppendUint32(b, e[3])
		}
		b = append(b, "\x00\x00\x00\x00\x10\x00\x10\x00\x10\x00\x10\x00"...)
		for i := range count {
			b = binary.LittleEndian.AppendUint32(b, start+uint32(i*strip.Len()))
		}
		for range count {
			b = binary.LittleEndian.AppendUint32(b, uint32(strip.Len()))
		}
		_, _ = w.Write(b)
		if data {
			for range count {
				_, _ = w.Write(strip.Bytes())
			}
		}
	}
}
