//go:build unix

package thumbnail

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"s3-thumbnail-creator/settings"
)

// The limits of a function of 256 MB; see config.Limits.
const (
	bombResident = 256 << 20
	bombBudget   = 180 << 20
	bombPixels   = 200_000_000
)

// bombs are small files that make careless decoders allocate gigabytes or run
// for ever. Where a Go decoder was hit, its issue is named.
func bombs(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"GIF of 34 bytes, 65535x65535 (golang/go#79063)": []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x01\x04\x00;"),
		"GIF frame larger than its canvas":               []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x01\x04\x00;"),
		"GIF of 100,000 frames of a pixel":               gifFrames(2000, 1500, 1, 100_000),
		"GIF of frames that are taken back, 3300x3300":   gifFrames(3300, 3300, 3300, 100),
		"WebP of 100,000 frames of a pixel, 16000x12000": webpFrames(16000, 12000, 100_000),
		"WebP of 100,000 frames of a pixel":              webpFrames(2000, 1500, 100_000),
		"BMP of 54 bytes, 16384x16384 (golang/go#80169)": bmpHeader(16384, 16384, 24, 0),
		"BMP of 2^31-1 pixels a side":                    bmpHeader(1<<31-1, 1<<31-1, 24, 0),
		"BMP with 2^32-1 colors":                         bmpHeader(10, 10, 8, 1<<32-1),
		"PNG of 2^31-1 pixels a side (golang/go#12512)":  pngChunks(pngHeader(1<<31-1, 1<<31-1, 8, 6)),
		"PNG with a chunk of 2 GiB":                      append(pngChunks(pngHeader(16, 16, 8, 2)), 0x7f, 0xff, 0xff, 0xff, 'I', 'D', 'A', 'T'),
		"PNG whose pixels inflate a thousandfold":        pngChunks(pngHeader(14000, 14000, 8, 0), chunk("IDAT", deflated(t, nil, 14000*14001))),
		"PNG, interlaced, as large":                      pngChunks(interlaced(pngHeader(14000, 14000, 8, 0)), chunk("IDAT", deflated(t, nil, 14000*14001))),
		"PNG whose profile inflates to 100 MB":           pngChunks(pngHeader(16, 16, 8, 2), chunk("iCCP", deflated(t, []byte("p\x00\x00"), 100<<20)), chunk("IDAT", deflated(t, nil, 16*49))),
		"WebP, lossless, 16384x16384 (golang/go#10790)":  webpFile("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0}),
		"WebP canvas of 2^24 pixels a side":              webpFile("VP8X", []byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
		"TIFF whose directories form a loop":             tiffFile(8),
		"TIFF of 2^32-1 pixels a side":                   tiffFile(0, 256, 1<<32-1, 257, 1<<32-1, 273, 8, 279, 1<<32-1),
		"TIFF with 2^32-1 bytes in one strip":            tiffFile(0, 256, 13000, 257, 13000, 262, 1, 258, 8, 273, 8, 279, 1<<32-1, 278, 13000),
		"TIFF of 1-pixel tiles":                          tiffFile(0, 256, 14000, 257, 14000, 262, 1, 258, 8, 322, 1, 323, 1, 324, 8, 325, 1<<20),
		"JPEG of 65500x65500":                            resized(jpegFile(t, image.NewGray(image.Rect(0, 0, 16, 16))), 65500),
		"JPEG of 14000x14000 and one block":              resized(jpegFile(t, image.NewGray(image.Rect(0, 0, 16, 16))), 14000),
		"JPEG, progressive, with 5000 scans":             manyScans(14000, 5000),
	}
}

// TestBombs makes a thumbnail of each in a process of its own, under a hard
// limit on its data, and looks at how much memory it took in the end.
func TestBombs(t *testing.T) {
	if path := os.Getenv("BOMB"); path != "" {
		explode(path)
	}
	for name, data := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/bomb"
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			runLimited(t, "TestBombs", "BOMB="+path)
		})
	}
}

// runLimited runs a test of this package in a process of its own, which calls
// limitProcess, and returns what it prints. The process must succeed and stay
// within the memory that there is.
func runLimited(t *testing.T, test string, env ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+test+"$")
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	peak := peakMemory(c.ProcessState)
	if peak > bombResident {
		t.Errorf("took %d MiB, at most %d are to be had", peak>>20, bombResident>>20)
	}
	t.Logf("%d MiB, %s", peak>>20, bytes.TrimSpace(out))
	return out
}

// limitProcess puts this process under a hard limit.
func limitProcess() {
	const data = bombResident + 128<<20 // Go maps its heap in parts of 64 MiB
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: data, Max: data}); err != nil {
		fail(err)
	}
	debug.SetMemoryLimit(bombResident * 85 / 100)
}

// fail ends a process under the limit.
func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}

func bombLimits() Limits {
	return Limits{MaxPixels: bombPixels, Memory: bombBudget, MaxFrames: settings.MaxFrames}
}

// bombVariant is the default one, which moves where the picture does.
func bombVariant() settings.Variant {
	v := settings.DefaultVariant()
	v.Animated = settings.All
	return v
}

// peakMemory is the most memory that an ended process had resident, in bytes.
// getrusage gives kilobytes on Linux and the BSDs, bytes on macOS.
func peakMemory(p *os.ProcessState) int64 {
	peak := int64(p.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return peak
	}
	return peak << 10
}

// explode makes the thumbnail and ends the process: with 0 if it was made or
// rejected.
func explode(path string) {
	limitProcess()
	file, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	began := time.Now()
	result, err := Make(context.Background(), bytes.NewReader(file), int64(len(file)), []settings.Variant{bombVariant()}, bombLimits())
	switch {
	case err == nil:
		fmt.Printf("made from %dx%d in %v %s\n", result.Source.Width, result.Source.Height, time.Since(began), result.Source.StillBecause)
	case errors.Is(err, ErrRejected):
		fmt.Printf("rejected in %v: %v\n", time.Since(began), err)
	default:
		fail(fmt.Errorf("neither made nor rejected: %w", err))
	}
	os.Exit(0)
}

// gifFrames has frames of side x side pixels, of which only the first row is
// there, each to be taken back when it was shown.
func gifFrames(width, height, side uint16, count int) []byte {
	b := gifScreen(int(width), int(height))
	var row bytes.Buffer
	z := lzw.NewWriter(&row, lzw.LSB, 2)
	_, _ = z.Write(make([]byte, side))
	_ = z.Close()
	frame := append(gifFrame(int(side), int(side)), byte(row.Len()))
	frame = append(append(frame, row.Bytes()...), 0)
	return append(b, bytes.Repeat(frame, count)...)
}

// gifScreen is the header of a GIF, with a palette of two colors.
func gifScreen(width, height int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("GIF89a"), uint16(width))
	b = binary.LittleEndian.AppendUint16(b, uint16(height))
	return append(b, "\x80\x00\x00\x00\x00\x00\xff\xff\xff"...)
}

// gifFrame is the header of a frame at 0, 0 that is to be taken back when it was
// shown, up to its data.
func gifFrame(width, height int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("!\xf9\x04\x0c\x01\x00\x00\x00,\x00\x00\x00\x00"), uint16(width))
	return append(binary.LittleEndian.AppendUint16(b, uint16(height)), 0, 2)
}

// webpFrames has lossless frames of one pixel.
func webpFrames(width, height, count int) []byte {
	pixel := []byte("\x2f\x00\x00\x00\x00\x88\x88\x08")
	head := make([]byte, 16)
	head[12] = 10
	body := append(webpFile("VP8L", pixel)[12:], 0)[:16]
	frame := append(webpFile("ANMF", append(head, body...))[12:], 0)[:8+16+16]
	canvas := []byte{2, 0, 0, 0, byte(width - 1), byte((width - 1) >> 8), 0, byte(height - 1), byte((height - 1) >> 8), 0}
	return append(webpFile("VP8X", canvas), bytes.Repeat(frame, count)...)
}

func bmpHeader(width, height uint32, bits uint16, colors uint32) []byte {
	b := append([]byte("BM"), make([]byte, 12)...)
	b[10] = 54
	for _, v := range []uint32{40, width, height, uint32(bits)<<16 | 1, 0, 0, 0, 0, colors, 0} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func pngHeader(width, height uint32, depth, colorType byte) []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return chunk("IHDR", append(b, depth, colorType, 0, 0, 0))
}

func interlaced(header []byte) []byte {
	body := bytes.Clone(header[8:21])
	body[12] = 1
	return chunk("IHDR", body)
}

func pngChunks(chunks ...[]byte) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join(chunks, nil)...)
}

// deflated is head and n zero bytes compressed.
func deflated(t testing.TB, head []byte, n int) []byte {
	t.Helper()
	b := bytes.NewBuffer(bytes.Clone(head))
	w := zlib.NewWriter(b)
	zeros := make([]byte, 1<<20)
	for ; n > 0; n -= len(zeros) {
		if _, err := w.Write(zeros[:min(n, len(zeros))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func webpFile(kind string, body []byte) []byte {
	b := append([]byte("RIFF\xff\xff\xff\x7fWEBP"), kind...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(body))), body...)
}

// tiffFile has one directory of LONG values, given as tag and value in turn,
// and the offset of a next one.
func tiffFile(next uint32, entries ...uint32) []byte {
	b := append([]byte("II*\x00\x08\x00\x00\x00"), byte(len(entries)/2), 0)
	for i := 0; i+1 < len(entries); i += 2 {
		b = binary.LittleEndian.AppendUint16(b, uint16(entries[i]))
		b = append(b, 4, 0, 1, 0, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, entries[i+1])
	}
	return binary.LittleEndian.AppendUint32(b, next)
}

// resized changes the size in a baseline JPEG's frame header.
func resized(file []byte, size uint16) []byte {
	at := bytes.Index(file, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(file[at+5:], size)
	binary.BigEndian.PutUint16(file[at+7:], size)
	return file
}

// manyScans is a progressive JPEG that refines the same coefficient over and
// over, with no data in any scan.
func manyScans(size uint16, scans int) []byte {
	b := []byte("\xff\xd8\xff\xdb\x00\x43\x00")
	b = append(b, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xff, 0xc2, 0, 11, 8, byte(size>>8), byte(size), byte(size>>8), byte(size), 1, 1, 0x11, 0)
	for class := range byte(2) { // a table of one code, of one bit
		b = append(b, 0xff, 0xc4, 0, 20, class<<4, 1)
		b = append(b, make([]byte, 16)...)
	}
	b = append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 1)
	for range scans {
		b = append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0x10)
	}
	return append(b, 0xff, 0xd9)
}
