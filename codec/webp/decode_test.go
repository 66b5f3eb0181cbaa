package webp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/image/webp"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reference returns the picture that libwebp made of a file.
func reference(t testing.TB, name string) *image.NRGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(readFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	n := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	if src, ok := img.(*image.NRGBA); ok {
		// Drawing would lose the colors of what is transparent.
		copy(n.Pix, src.Pix)
		return n
	}
	draw.Draw(n, n.Rect, img, img.Bounds().Min, draw.Src)
	return n
}

func newDecoder(t testing.TB, file []byte) *Decoder {
	t.Helper()
	return codectest.Header(t, NewDecoder, file)
}

func decodeWhole(t testing.TB, file []byte) *raster.Image {
	t.Helper()
	m, _ := codectest.Whole(t, NewDecoder, file)
	return m
}

// TestDecodeAsLibwebp: at full size every pixel is what libwebp decodes.
func TestDecodeAsLibwebp(t *testing.T) {
	files, err := filepath.Glob("testdata/*.webp")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".webp")
		expected := name
		switch {
		case name == "animated":
			continue
		case name == "exif-icc":
			expected = "lossy"
		case strings.HasPrefix(name, "alpha-"):
			expected = "alpha"
		}
		t.Run(name, func(t *testing.T) {
			want := reference(t, expected+".png")
			got := decodeWhole(t, readFile(t, name+".webp"))
			if got.Truncated {
				t.Error("Truncated is set")
			}
			compare(t, got, want)
		})
	}
}

// compare fails unless got is want to the byte.
func compare(t *testing.T, got *raster.Image, want *image.NRGBA) {
	t.Helper()
	if got.Width != want.Rect.Dx() || got.Height != want.Rect.Dy() {
		t.Fatalf("got %dx%d pixels, want %dx%d", got.Width, got.Height, want.Rect.Dx(), want.Rect.Dy())
	}
	for i, v := range got.Pix {
		if v != want.Pix[i] {
			t.Fatalf("sample %d of pixel %d,%d is %d, want %d", i%4, i/4%got.Width, i/4/got.Width, v, want.Pix[i])
		}
	}
}

func TestInfo(t *testing.T) {
	for name, want := range map[string]raster.Info{
		"lossy":          {Width: 83, Height: 61, Orientation: 1},
		"lossless":       {Width: 83, Height: 61, Orientation: 1},
		"lossless-alpha": {Width: 83, Height: 61, Orientation: 1, Alpha: true},
		"alpha-raw":      {Width: 83, Height: 61, Orientation: 1, Alpha: true},
		"animated":       {Width: 123, Height: 111, Orientation: 1, Alpha: true},
		"exif-icc":       {Width: 83, Height: 61, Orientation: 6},
	} {
		got := newDecoder(t, readFile(t, name+".webp")).Info()
		if got.Format != "webp" || got.Model != raster.RGBA || got.Frames != 1 {
			t.Errorf("%s: format %q, model %d, %d frames", name, got.Format, got.Model, got.Frames)
		}
		if got.Width != want.Width || got.Height != want.Height || got.Alpha != want.Alpha || got.Orientation != want.Orientation {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if hasICC := name == "exif-icc"; hasICC != (len(got.ICC) > 128) {
			t.Errorf("%s: ICC profile of %d bytes", name, len(got.ICC))
		}
	}
}

// TestAnimated: the first frame is in its place on a transparent canvas.
func TestAnimated(t *testing.T) {
	want := image.NewNRGBA(image.Rect(0, 0, 123, 111))
	frame := reference(t, "alpha.png")
	for y := range 61 {
		copy(want.Pix[want.PixOffset(10, 20+y):], frame.Pix[frame.PixOffset(0, y):][:4*83])
	}
	img := decodeWhole(t, readFile(t, "animated.webp"))
	if img.Truncated {
		t.Error("Truncated is set")
	}
	compare(t, img, want)
}

// TestReduce: a reduced picture is what libwebp decodes, box-averaged, within
// what the loop filter and the interpolation of chroma change.
func TestReduce(t *testing.T) {
	for _, name := range []string{"lossy-fine", "lossy", "lossy-strong-filter", "lossless", "lossless-palette-13", "lossless-alpha", "alpha-raw"} {
		expected := name
		if name == "alpha-raw" {
			expected = "alpha"
		}
		want := reference(t, expected+".png")
		file := readFile(t, name+".webp")
		for _, target := range [][2]int{{41, 30}, {20, 15}, {13, 10}, {10, 7}, {4, 3}, {1, 1}, {20, 61}, {83, 5}} {
			d := newDecoder(t, file)
			got, err := d.Decode(target[0], target[1])
			if err != nil {
				t.Fatal(err)
			}
			fx, fy := raster.BoxFactor(83, target[0]), raster.BoxFactor(61, target[1])
			box := codectest.Boxes(&raster.Image{Model: raster.RGBA, Width: 83, Height: 61, Pix: want.Pix}, fx, fy)
			if got.Width != box.Width || got.Height != box.Height || got.CoverX != box.CoverX || got.CoverY != box.CoverY {
				t.Fatalf("%s reduced by %dx%d: %dx%d pixels covering %v,%v; want %dx%d, %v,%v", name, fx, fy,
					got.Width, got.Height, got.CoverX, got.CoverY, box.Width, box.Height, box.CoverX, box.CoverY)
			}
			limit := 2.7
			if strings.HasPrefix(name, "lossy-strong") && min(fx, fy) >= 5 {
				limit = 6 // the filter is left out
			}
			if p := difference(got, box); p > limit {
				t.Errorf("%s reduced by %dx%d: root mean square difference %.2f, want at most %v", name, fx, fy, p, limit)
			}
		}
	}
}

// TestTruncated: of a file that ends early, the rows that are there are shown,
// and they are right; the rest is transparent.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"lossy", "lossy-partitions", "lossless", "lossless-palette-4", "alpha-raw", "animated"} {
		file := readFile(t, name+".webp")
		whole := decodeWhole(t, file)
		shown := 0
		for n := len(file) - 20; n > 0; n -= 1 + len(file)/50 {
			d, err := NewDecoder(bytes.NewReader(file[:n]), int64(len(file)))
			if err != nil {
				if !errors.Is(err, raster.ErrCorrupt) {
					t.Fatalf("%s cut to %d bytes: %v", name, n, err)
				}
				continue
			}
			img, err := d.Decode(10_000, 10_000)
			if err != nil {
				if !errors.Is(err, raster.ErrCorrupt) {
					t.Fatalf("%s cut to %d bytes: %v", name, n, err)
				}
				continue
			}
			shown++
			if n < len(file)*9/10 && name != "animated" && !img.Truncated {
				t.Errorf("%s cut to %d of %d bytes is not Truncated", name, n, len(file))
			}
			// The filter changes the last rows of macroblocks when the next is there.
			rows := 8
			for !newDecoder(t, file).Info().Alpha && rows > 0 && img.Pix[4*img.Width*rows-1] == 0 {
				rows--
			}
			if rows == 0 {
				t.Errorf("%s cut to %d bytes: no row is shown", name, n)
			}
			if !bytes.Equal(img.Pix[:4*img.Width*rows], whole.Pix[:4*img.Width*rows]) {
				t.Errorf("%s cut to %d bytes: the first %d rows differ", name, n, rows)
			}
		}
		if shown < 4 {
			t.Errorf("%s: only %d of the truncated files were shown", name, shown)
		}
	}
}

// TestReaderErrors: what the network does is told apart from what is wrong
// with the file, and a reader that gives a byte at a time is as good as any.
func TestReaderErrors(t *testing.T) {
	file := readFile(t, "exif-icc.webp")
	// The last chunk is the EXIF data; the padding after it is not read.
	for n := range len(file) - 1 {
		codectest.ReturnsErrorsOfTheSource(t, "exif-icc", NewDecoder, file, n)
	}
	d, err := NewDecoder(iotest.OneByteReader(bytes.NewReader(file)), -1)
	if err != nil {
		t.Fatal(err)
	}
	img, err := d.Decode(83, 61)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, img, reference(t, "lossy.png"))
}

// TestTrailingBytes: nothing is read after the picture.
func TestTrailingBytes(t *testing.T) {
	for _, name := range []string{"lossy", "lossless", "alpha-raw"} {
		r := io.MultiReader(bytes.NewReader(readFile(t, name+".webp")), strings.NewReader(strings.Repeat("x", 200_000)),
			iotest.ErrReader(errors.New("read too far")))
		d, err := NewDecoder(r, 300_000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(83, 61); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// riff makes a file of chunks, given as pairs of name and content.
func riff(chunks ...string) []byte {
	var body []byte
	for i := 0; i < len(chunks); i += 2 {
		body = appendChunk(body, chunks[i], []byte(chunks[i+1]))
	}
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(file, "WEBP"...), body...)
}

// TestRefused: headers that cannot be decoded are errors of the right kind.
func TestRefused(t *testing.T) {
	key := "\x10\x00\x00\x9d\x01\x2a"
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, raster.ErrCorrupt},
		{"no RIFF", []byte("RIFX\x00\x00\x00\x00WEBPVP8 "), raster.ErrCorrupt},
		{"no picture", riff("ICCP", "abc"), raster.ErrCorrupt},
		{"an inter frame", riff("VP8 ", "\x11\x00\x00\x9d\x01\x2a\x10\x00\x10\x00"), raster.ErrUnsupported},
		{"no start code", riff("VP8 ", "\x10\x00\x00\x9d\x01\x2b\x10\x00\x10\x00"), raster.ErrCorrupt},
		{"no width", riff("VP8 ", key+"\x00\x00\x10\x00"), raster.ErrCorrupt},
		{"a later version", riff("VP8 ", "\x1e\x00\x00\x9d\x01\x2a\x10\x00\x10\x00"), raster.ErrUnsupported},
		{"lossless without signature", riff("VP8L", "\x2e\x00\x00\x00\x00"), raster.ErrCorrupt},
		{"lossless of a later version", riff("VP8L", "\x2f\x00\x00\x00\x20"), raster.ErrUnsupported},
		{"a frame off the canvas", riff("VP8X", "\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00",
			"ANMF", "\x01\x00\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00\x00\x00\x00\x00VP8 \x0a\x00\x00\x00"+key+"\x10\x00\x10\x00"), raster.ErrCorrupt},
		{"a frame of another size", riff("VP8X", "\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00",
			"ANMF", "\x00\x00\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00\x00\x00\x00\x00VP8 \x0a\x00\x00\x00"+key+"\x08\x00\x10\x00"), raster.ErrCorrupt},
	} {
		codectest.Refuses(t, c.name, NewDecoder, c.file, c.want)
	}
}

// TestBombs: files of a few bytes that claim to be huge cost nothing before
// the claim was looked at.
func TestBombs(t *testing.T) {
	lossy := "\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"
	lossless := "\x2f\xff\xff\xff\x1f"
	for name, file := range map[string][]byte{
		"lossy":          riff("VP8 ", lossy),
		"lossless":       riff("VP8L", lossless),
		"lying chunk":    []byte("RIFF\xff\xff\xff\xffWEBPVP8 \xf0\xff\xff\xff" + lossy),
		"lying alpha":    []byte("RIFF\xff\xff\xff\xffWEBPVP8X\x0a\x00\x00\x00\x18\x00\x00\x00\xff\xff\xff\xff\xff\xffALPH\xf0\xff\xff\xff"),
		"huge profile":   []byte("RIFF\xff\xff\xff\xffWEBPICCP\x00\x00\x40\x00abc"),
		"nested frames":  riff("VP8X", "\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff", "ANMF", strings.Repeat("ANMF\x10\x00\x00\x00", 40)),
		"endless chunks": []byte("RIFF\xff\xff\xff\xffWEBP" + strings.Repeat("XXXX\x00\x00\x00\x00", 100_000)),
	} {
		for _, size := range []int64{int64(len(file)), -1} {
			if n := codectest.Allocated(func() {
				NewDecoder(bytes.NewReader(file), size)
			}); n > 300<<10 {
				t.Errorf("%s: %d bytes allocated to read the header", name, n)
			}
		}
	}
	// The picture's one color takes no bits: it is there, and all right. What
	// it costs is what was announced.
	one := riff("VP8L", "\x2f\xff\xcf\xff\x03\x88\x88\x08")
	d := newDecoder(t, one)
	if info := d.Info(); info.Width != 4096 || info.Height != 4096 {
		t.Fatalf("%dx%d pixels", info.Width, info.Height)
	}
	if n, m := codectest.Allocated(func() { d.Decode(100, 100) }), d.Memory(100, 100); n > m {
		t.Errorf("%d bytes allocated, Memory says %d", n, m)
	}
}

// TestMemory: Decode allocates what Memory says, and when it reduces that is
// far less than the picture.
func TestMemory(t *testing.T) {
	for name, alpha := range map[string]bool{"opaque": false, "alpha": true} {
		var file bytes.Buffer
		if err := Encode(&file, scene(1600, 1300, alpha), 60); err != nil {
			t.Fatal(err)
		}
		for _, target := range []int{2000, 400, 256, 60} {
			d := newDecoder(t, file.Bytes())
			n := codectest.Allocated(func() {
				if _, err := d.Decode(target, target); err != nil {
					t.Fatal(err)
				}
			})
			m := d.Memory(target, target)
			if n > m || m > 2*n+1<<20 && !alpha {
				t.Errorf("%s, target %d: %d bytes allocated, Memory says %d", name, target, n, m)
			}
			if target <= 256 && !alpha && m > 1600*1300 {
				t.Errorf("%s, target %d: Memory is %d", name, target, m)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob("testdata/*.webp")
	if err != nil {
		f.Fatal(err)
	}
	var files [][]byte
	for _, name := range names {
		files = append(files, readFile(f, filepath.Base(name)))
	}
	codectest.Fuzz(f, NewDecoder, files...)
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name   string
		alpha  bool
		target int
	}{{"whole", false, 1600}, {"reduced", false, 256}, {"alpha", true, 256}} {
		var file bytes.Buffer
		if err := Encode(&file, scene(1600, 1200, c.alpha), 82); err != nil {
			b.Fatal(err)
		}
		codectest.Benchmark(b, c.name, NewDecoder, file.Bytes(), 1600*1200, c.target, c.target)
		codectest.BenchmarkReference(b, c.name+"/x-image", webp.Decode, file.Bytes(), 1600*1200)

	}
}
