package tiff

import (
	"bytes"
	"errors"
	"image"
	"maps"
	"math"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/tiff"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

func decode(t testing.TB, file []byte) (*raster.Image, raster.Info) {
	t.Helper()
	return codectest.Whole(t, NewDecoder, file)
}

// check compares a picture with its samples.
func check(t *testing.T, s *spec, m *raster.Image, pix [][]uint64, rows int) {
	t.Helper()
	if m.Width != width || m.Height != height {
		t.Errorf("%s: %d x %d", s.name, m.Width, m.Height)
		return
	}
	size := m.Model.Bytes()
	for i, p := range pix[:rows*width] {
		want, got := s.color(p), m.Pix[size*i:][:size]
		for c := range size {
			tolerance := 1.0
			if s.extra == 2 && m.Model == raster.CMYK {
				tolerance = 1.6 // ink and alpha are rounded
			}
			if s.extra == 1 && want[3] > 0 && c < 3 && m.Model != raster.CMYK {
				tolerance += 255 / want[3] // rounding before the division by alpha
			}
			if math.Abs(want[c]-float64(got[c])) > tolerance && (c == 3 || want[3] > 0 || size == 1 || m.Model == raster.CMYK) {
				t.Errorf("%s: pixel %d, %d is %v, want %.0f", s.name, i%width, i/width, got, want[:size])
				return
			}
		}
	}
}

func TestDecodesEveryLayout(t *testing.T) {
	for _, s := range specs() {
		pix := s.paint(1)
		m, info := decode(t, s.file(s.segments(pix)))
		if m.Truncated {
			t.Errorf("%s: a whole picture is truncated", s.name)
		}
		check(t, &s, m, pix, height)
		wantAlpha := s.extra > 0 && s.photometric != cmyk
		if info.Alpha != wantAlpha || info.Format != "tiff" || info.Orientation != 1 || info.Frames != 1 || info.Model != m.Model {
			t.Errorf("%s: info %+v", s.name, info)
		}
	}
}

func TestAgreesWithAnotherReader(t *testing.T) {
	for _, s := range specs() {
		file := s.file(s.segments(s.paint(2)))
		want, err := tiff.Decode(bytes.NewReader(file))
		if err != nil || s.photometric == yCbCr || s.photometric == cmyk || s.extra == 0 || s.extra == 1 || s.format > 1 || s.reversed {
			continue
		}
		m, _ := decode(t, file)
		for y := range height {
			for x := range width {
				r, g, b, a := want.At(x, y).RGBA()
				got := image.Image(m.Standard()).At(x, y)
				r2, g2, b2, a2 := got.RGBA()
				for _, d := range [4]int{int(r) - int(r2), int(g) - int(g2), int(b) - int(b2), int(a) - int(a2)} {
					if d > 300 || d < -300 {
						t.Fatalf("%s: pixel %d, %d is %v, the other reader has %v", s.name, x, y, got, want.At(x, y))
					}
				}
			}
		}
	}
}

func TestReducesAsABox(t *testing.T) {
	for _, s := range specs() {
		codectest.ReducesAsABox(t, s.name, NewDecoder, s.file(s.segments(s.paint(3))), 6, 5)
	}
}

func TestReadsMetadata(t *testing.T) {
	s := specs()[20]
	icc := bytes.Repeat([]byte{1, 2, 3}, 500)
	file := s.file(s.segments(s.paint(4)), entry{tagICC, 7, nil, icc}, entry{tagOrientation, 3, []uint64{6}, nil})
	_, info := decode(t, file)
	if !bytes.Equal(info.ICC, icc) || info.Orientation != 6 {
		t.Errorf("profile of %d bytes, orientation %d", len(info.ICC), info.Orientation)
	}
}

// TestTakesThePictureInFullResolution also reads one that follows a kind that
// cannot be decoded.
func TestTakesThePictureInFullResolution(t *testing.T) {
	s := specs()[20]
	pix, small := s.paint(5), s.paint(6)
	segments := s.segments(pix)
	reduced := part{append(s.fields(segments), entry{tagNewSubfileType, 4, []uint64{1}, nil}), s.segments(small)}
	full := part{s.fields(segments), segments}
	other := part{append([]entry{{tagCompression, 3, []uint64{34661}, nil}}, s.fields(segments)...), segments}
	for name, c := range map[string]struct {
		parts []part
		want  [][]uint64
	}{
		"reduced first":    {[]part{reduced, full}, pix},
		"reduced last":     {[]part{full, reduced}, pix},
		"reduced only":     {[]part{reduced}, small},
		"unknown first":    {[]part{other, full}, pix},
		"reduced, unknown": {[]part{reduced, other}, small},
	} {
		m, _ := decode(t, s.files(c.parts))
		s.name = name
		check(t, &s, m, c.want, height)
	}
}

func TestReadsNoFurtherThanItMust(t *testing.T) {
	s := specs()[20]
	segments := s.segments(s.paint(7))
	file := s.files([]part{{s.fields(segments), segments}})
	r := bytes.NewReader(append(file, make([]byte, 10<<20)...))
	d, err := NewDecoder(r, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(100, 100); err != nil {
		t.Fatal(err)
	}
	if read := r.Size() - int64(r.Len()); read > int64(len(file))+readAhead {
		t.Errorf("%d bytes read of a picture of %d", read, len(file))
	}
}

func TestShowsWhatPrecedesTheEnd(t *testing.T) {
	for _, s := range specs() {
		if s.planar || s.tile[0] > 0 || s.sub[0] > 0 {
			continue
		}
		pix := s.paint(8)
		segments := s.segments(pix)
		whole := s.file(segments)
		offsets := []uint64{0, 0, 1 << 30, 1 << 30, 1 << 30}
		fields := append([]entry{{tagStripOffsets, 4, offsets, nil}}, s.fields(segments)...)
		m, _ := decode(t, s.files([]part{{fields, segments}}))
		if !m.Truncated {
			t.Errorf("%s: not marked as truncated", s.name)
		}
		check(t, &s, m, pix, 2*stripRows)
		codectest.ReturnsErrorsOfTheSource(t, s.name, NewDecoder, whole, 0, 6, 20, len(whole)/2)
	}
}

// TestToleratesDamage breaks one strip, and one tile, in the middle.
func TestToleratesDamage(t *testing.T) {
	for _, compression := range []int{compressionDeflate, compressionLZW, compressionPackBits, compressionZstd} {
		s := spec{name: "damaged", bits: 8, samples: 3, photometric: rgb, extra: -1, compression: compression}
		pix := s.paint(9)
		segments := s.segments(pix)
		segments[2] = bytes.Repeat([]byte{0x80}, len(segments[2]))
		m, _ := decode(t, s.file(segments))
		if !m.Truncated {
			t.Errorf("compression %d: not marked as truncated", compression)
		}
		check(t, &s, m, pix, 2*stripRows)
		for i := 3 * stripRows * width; i < height*width; i++ {
			if want := s.color(pix[i]); float64(m.Pix[4*i]) != want[0] {
				t.Fatalf("compression %d: what follows the damage is not shown", compression)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	s := specs()[20]
	segments := s.segments(s.paint(10))
	with := func(tag uint16, values ...uint64) []byte {
		fields := append([]entry{{tag, 4, values, nil}}, s.fields(segments)...) // the first one counts
		return s.files([]part{{fields, segments}})
	}
	good := s.file(segments)
	loop := bytes.Clone(with(tagNewSubfileType, 1))
	copy(loop[len(loop)-4:], loop[4:8])
	noOffsets := s.files([]part{{s.fields(segments)[:7], nil}})
	cases := []struct {
		name string
		file []byte
		want error // nil: no error
	}{
		{"empty", nil, raster.ErrCorrupt},
		{"other format", []byte("GIF89a..............."), raster.ErrCorrupt},
		{"version", []byte("II\x2b\x00\x08\x00\x00\x00"), raster.ErrCorrupt},
		{"no directory", good[:200], raster.ErrCorrupt},
		{"directory outside", []byte("II*\x00\xff\xff\xff\xff"), raster.ErrCorrupt},
		{"directories in a circle", loop, nil},
		{"no width", with(tagImageWidth, 0), raster.ErrCorrupt},
		{"no offsets", noOffsets, raster.ErrCorrupt},
		{"offsets outside", with(tagStripOffsets, 1<<31, 1<<31, 1<<31, 1<<31, 1<<31), raster.ErrCorrupt},
		{"old JPEG without tables", with(tagCompression, 6), raster.ErrCorrupt},
		{"compression", with(tagCompression, 34712), raster.ErrUnsupported},
		{"photometric", with(tagPhotometric, 32803), raster.ErrUnsupported},
		{"bits", with(tagBitsPerSample, 17, 17, 17), raster.ErrUnsupported},
		{"unequal bits", with(tagBitsPerSample, 5, 6, 5), raster.ErrUnsupported},
		{"sample format", with(tagSampleFormat, 5), raster.ErrUnsupported},
		{"samples", with(tagSamplesPerPixel, 2), raster.ErrCorrupt},
		{"many samples", with(tagSamplesPerPixel, 65535), raster.ErrUnsupported},
		{"many tiles", s.files([]part{{append([]entry{
			{tagImageWidth, 4, []uint64{1 << 20}, nil}, {tagImageLength, 4, []uint64{1 << 20}, nil}, {tagTileWidth, 4, []uint64{1}, nil}, {tagTileLength, 4, []uint64{1}, nil}, {tagTileOffsets, 4, []uint64{8}, nil},
		}, s.fields(segments)...), segments}}), raster.ErrUnsupported},
	}
	for _, c := range cases {
		if c.want == nil {
			decode(t, c.file)
			continue
		}
		codectest.Refuses(t, c.name, NewDecoder, c.file, c.want)
	}
}

func TestHalf(t *testing.T) {
	for b, want := range map[uint16]float64{
		0: 0, 1: 1.0 / (1 << 24), 0x03ff: 1023.0 / (1 << 24), 0x0400: 1.0 / (1 << 14), 0x3555: 0.333251953125,
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := half(b); got != want {
			t.Errorf("%#04x is %v, want %v", b, got, want)
		}
	}
	if got := half(0x7c01); !math.IsNaN(got) {
		t.Errorf("0x7c01 is %v, want no number", got)
	}
}

// TestZstandardWindows has a strip that is compressed as hard as can be: the
// window is far larger than the strip.
func TestZstandardWindows(t *testing.T) {
	s := spec{name: "large window", bits: 8, samples: 3, photometric: rgb, extra: -1, compression: compressionZstd}
	pix := s.paint(13)
	plain := s
	plain.compression = compressionNone
	segments := s.segments(pix)
	for i, raw := range plain.segments(pix) {
		var b bytes.Buffer
		z, err := zstd.NewWriter(&b, zstd.WithWindowSize(16<<20))
		if err != nil {
			t.Fatal(err)
		}
		z.Write(raw[:9])
		z.Flush() // so that the length is not known when the header is written
		z.Write(raw[9:])
		z.Close()
		segments[i] = b.Bytes()
	}
	file := s.file(segments)
	m, _ := decode(t, file)
	if m.Truncated {
		t.Error("truncated")
	}
	check(t, &s, m, pix, height)
	d := codectest.Header(t, NewDecoder, file)
	estimate := d.Memory(width, height)
	used := codectest.Allocated(func() { d.Decode(width, height) })
	t.Logf("%d bytes allocated, %d estimated", used, estimate)
	if used > estimate || estimate > 8<<20 {
		t.Error("the estimate is wrong")
	}
	long := append([]byte("\x28\xb5\x2f\xfd\xa0\xff\xff\xff\x7f"), make([]byte, 40)...) // 2 GB in one piece
	for i := range segments {
		segments[i] = long
	}
	codectest.Refuses(t, "window of 2 GB", NewDecoder, s.file(segments), raster.ErrUnsupported)
}

// TestMemoryFollowsTheHeader holds that a header that lies costs nothing but
// is not believed either.
func TestMemoryFollowsTheHeader(t *testing.T) {
	s := specs()[20]
	segments := s.segments(s.paint(11))
	fields := append([]entry{{tagImageWidth, 4, []uint64{1 << 30}, nil}, {tagImageLength, 4, []uint64{1}, nil}}, s.fields(segments)...)
	file := s.files([]part{{fields, segments}})
	d, err := NewDecoder(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Memory(256, 256); n < 3<<30 {
		t.Errorf("rows of 3 GB take %d bytes", n)
	}
}

// TestRefusesTilesFarLargerThanThePicture has one tile of 2^48 pixels for one row.
func TestRefusesTilesFarLargerThanThePicture(t *testing.T) {
	s := specs()[20]
	segments := s.segments(s.paint(11))
	fields := append([]entry{{tagImageLength, 4, []uint64{1 << 20}, nil}, {tagTileWidth, 4, []uint64{1 << 24}, nil}, {tagTileLength, 4, []uint64{1 << 24}, nil}, {tagTileOffsets, 4, []uint64{8}, nil}}, s.fields(segments)...)
	file := s.files([]part{{fields, segments}})
	if _, err := NewDecoder(bytes.NewReader(file), int64(len(file))); !errors.Is(err, raster.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

// TestOverlappingStripsAreBounded gives every one of many strips the same
// bytes, of which each reads many.
func TestOverlappingStripsAreBounded(t *testing.T) {
	s := spec{name: "overlap", bits: 8, samples: 3, photometric: rgb, extra: -1, compression: compressionDeflate}
	const strips = 20000
	segment := append(s.compress(make([]byte, 3*width)), make([]byte, 1<<20)...)
	offsets, counts := make([]uint64, strips), make([]uint64, strips)
	for i := range offsets {
		offsets[i], counts[i] = 8, uint64(len(segment))
	}
	fields := append([]entry{
		{tagImageLength, 4, []uint64{strips}, nil}, {tagRowsPerStrip, 3, []uint64{1}, nil},
		{tagStripOffsets, 4, offsets, nil}, {tagStripByteCounts, 4, counts, nil},
	}, s.fields([][]byte{segment})...)
	file := s.files([]part{{fields, [][]byte{segment}}})
	m, _ := decode(t, file)
	if !m.Truncated {
		t.Error("all strips were decoded")
	}
}

// TestSourceForgets reads a long file bit by bit.
func TestSourceForgets(t *testing.T) {
	file := make([]byte, 20*readAhead)
	for i := range file {
		file[i] = byte(i / 1000)
	}
	s := &source{r: iotest.HalfReader(bytes.NewReader(file)), buf: make([]byte, 0, readAhead)}
	for at := 0; at < len(file); at += 900 {
		s.forget(uint64(at))
		b, err := s.bytes(uint64(at), 1000)
		if err != nil || !bytes.Equal(b, file[at:min(at+1000, len(file))]) {
			t.Fatalf("wrong bytes at %d (error %v)", at, err)
		}
	}
	if cap(s.buf) > readAhead {
		t.Errorf("%d bytes kept", cap(s.buf))
	}
	if b, err := s.bytes(uint64(len(file)), 5); err != nil || len(b) != 0 {
		t.Errorf("%d bytes after the end, error %v", len(b), err)
	}
}

func FuzzDecode(f *testing.F) {
	var files [][]byte
	for _, s := range specs() {
		files = append(files, s.file(s.segments(s.paint(12))))
	}
	files = slices.AppendSeq(files, maps.Values(jpegFiles(f)))
	files = slices.AppendSeq(files, maps.Values(ccittFiles(false)))
	codectest.Fuzz(f, NewDecoder, files...)
}

// BenchmarkDecode has x/image's decoder beside it, whose encoder makes the files.
func BenchmarkDecode(b *testing.B) {
	const w, h = 1600, 1200
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, scene(x, y))
		}
	}
	for name, options := range map[string]*tiff.Options{
		"uncompressed": {Compression: tiff.Uncompressed}, "Deflate": {Compression: tiff.Deflate, Predictor: true},
	} {
		var file bytes.Buffer
		if err := tiff.Encode(&file, m, options); err != nil {
			b.Fatal(err)
		}
		codectest.Benchmark(b, name, NewDecoder, file.Bytes(), 3*w*h, 256, 192)
		codectest.BenchmarkReference(b, name+"/x-image", tiff.Decode, file.Bytes(), 3*w*h)
	}
}
