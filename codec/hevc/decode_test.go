package hevc

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// units of a file in the byte stream format, each behind its length. ITU-T
// H.265, annex B.
func byteStream(file []byte) (out []byte) {
	start := -1
	flush := func(end int) {
		if start >= 0 {
			for end > start && file[end-1] == 0 {
				end--
			}
			out = binary.BigEndian.AppendUint32(out, uint32(end-start))
			out = append(out, file[start:end]...)
		}
	}
	for i := 0; i+3 <= len(file); i++ {
		if file[i] == 0 && file[i+1] == 0 && file[i+2] == 1 {
			flush(i)
			start = i + 3
		}
	}
	flush(len(file))
	return out
}

// readFile returns the units of a picture in testdata, each behind its length.
func readFile(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return byteStream(file)
}

func openFile(t testing.TB, name string) *Decoder {
	t.Helper()
	d, err := NewDecoder(nil, readFile(t, name), 4)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// files are the pictures in testdata with the checksums that make.sh prints.
var files = []struct {
	name          string
	width, height int
	chroma, depth int
	sum           uint32
}{
	{"main.hevc", 160, 120, 1, 8, 0x13ce1d47},
	{"odd.hevc", 162, 122, 1, 8, 0x3bb49b72},
	{"main10.hevc", 160, 120, 1, 10, 0x09c1a09f},
	{"gray10.hevc", 160, 120, 0, 10, 0xbffb59e9},
	{"422-10.hevc", 162, 122, 2, 10, 0x7a0fcc46},
	{"444-12.hevc", 160, 120, 3, 12, 0xfa7ae2c6},
	{"skip444.hevc", 160, 120, 3, 8, 0xc5707894},
	{"quantizers.hevc", 320, 240, 1, 8, 0x4d15d40a},
	{"slices.hevc", 416, 240, 1, 8, 0x61f6acd3},
	{"wavefront.hevc", 160, 120, 1, 8, 0x892d6d0d},
	{"lists.hevc", 160, 120, 1, 8, 0x60e3d04f},
	{"lossless.hevc", 160, 120, 1, 8, 0x02f4691b},
	{"deblock.hevc", 160, 120, 1, 8, 0xdfd082b5},
	{"tile.hevc", 512, 512, 1, 8, 0x49881b85},
}

func TestSamplesAreThoseOfOtherDecoders(t *testing.T) {
	for _, tt := range files {
		d := openFile(t, tt.name)
		i := d.Info()
		if i.Width != tt.width || i.Height != tt.height || i.Chroma != tt.chroma || i.Depth[0] != tt.depth {
			t.Errorf("%s: got %+v, want %+v", tt.name, i, tt)
		}
		if sum, rows := codectest.Checksum(t, d, true); sum != tt.sum || rows != tt.height {
			t.Errorf("%s: checksum %#08x of %d rows, want %#08x of %d", tt.name, sum, rows, tt.sum, tt.height)
		}
	}
	for _, tt := range streams {
		d, err := NewDecoder(tt.sets(), tt.data(), 4)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if sum, rows := codectest.Checksum(t, d, true); sum != tt.sum || rows != tt.height {
			t.Errorf("%s: checksum %#08x of %d rows, want %#08x of %d", tt.name, sum, rows, tt.sum, tt.height)
		}
	}
}

// What the filters leave to the next band must come even if there is none.
func TestUnfilteredPictureHasAllRows(t *testing.T) {
	for _, tt := range files {
		if sum, rows := codectest.Checksum(t, openFile(t, tt.name), false); rows != tt.height || (sum == tt.sum) != (tt.name == "lossless.hevc") {
			t.Errorf("%s: %d rows of %d, the checksum is that of the filtered picture: %v", tt.name, rows, tt.height, sum == tt.sum)
		}
	}
}

func TestTruncatedPictureShowsWhatIsThere(t *testing.T) {
	widths := map[string]int{"slices.hevc": 416, "wavefront.hevc": 160}
	for name := range widths {
		data := readFile(t, name)
		whole := samples8(t, data)
		last := 0
		for n := len(data) / 4; n < len(data); n += len(data) / 7 {
			part := samples8(t, data[:n])
			// The last eight rows are not filtered with those below.
			same := max(len(part)-lag*widths[name], 0)
			if len(part) < last || len(part) >= len(whole) || string(part[:same]) != string(whole[:same]) {
				t.Errorf("%s: %d of %d bytes: %d samples, want more than the %d of less data, and those of the whole picture",
					name, n, len(data), len(part), last)
			}
			last = len(part)
		}
		if last == 0 {
			t.Errorf("%s: nothing is shown of six sevenths of the data", name)
		}
	}
}

// samples8 returns the luma samples of a picture of 8 bits; none where there is
// an error.
func samples8(t *testing.T, data []byte) []byte {
	t.Helper()
	d, err := NewDecoder(nil, data, 4)
	if err != nil {
		t.Fatal(err)
	}
	planes, _, err := codectest.Samples(t, d, true)
	if (err == nil) != (len(planes[0]) > 0) || err != nil && !errors.Is(err, raster.ErrCorrupt) {
		t.Errorf("%d samples and %v", len(planes[0]), err)
	}
	return planes[0]
}

func TestPictureOfAnotherSliceIsMissed(t *testing.T) {
	file := readFile(t, "slices.hevc")
	all := units{file, 4}
	var data []byte
	slices := 0
	for {
		rest := all.data
		u, ok := all.next()
		if !ok {
			break
		}
		if u.kind <= unitLastSlice {
			slices++
		}
		if slices != 2 {
			data = append(data, rest[:len(rest)-len(all.data)]...)
		}
	}
	if n, whole := len(samples8(t, data)), len(samples8(t, file)); n == 0 || n > whole/2 {
		t.Errorf("without the second slice of four, %d of %d samples are shown; want those of the first", n, whole)
	}
}

func TestUnsupportedIsNamed(t *testing.T) {
	s := stream{chroma: 1, depth: [2]int{14, 14}}
	if _, err := NewDecoder(s.sets(), s.data(), 4); !errors.Is(err, raster.ErrUnsupported) {
		t.Errorf("14 bits: got %v, want ErrUnsupported", err)
	}
	s = stream{chroma: 1}
	data := s.data()
	if _, err := NewDecoder(s.sets()[:1], data, 4); !errors.Is(err, raster.ErrCorrupt) {
		t.Errorf("no picture set: got %v, want ErrCorrupt", err)
	}
	if _, err := NewDecoder(s.sets(), nil, 4); !errors.Is(err, raster.ErrCorrupt) {
		t.Errorf("no data: got %v, want ErrCorrupt", err)
	}
	data[6] &^= 4 // slice_type is behind three fields of a bit: 011 is I, 010 is P
	d, err := NewDecoder(s.sets(), data, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(true, func(*planar.Band) {}); !errors.Is(err, raster.ErrUnsupported) {
		t.Errorf("predicted picture: got %v, want ErrUnsupported", err)
	}
}

// FuzzDecode decodes damaged pictures. They must neither panic nor have rows
// out of their bounds.
func FuzzDecode(f *testing.F) {
	for _, tt := range files {
		f.Add(readFile(f, tt.name))
	}
	for _, tt := range streams {
		data := []byte(nil)
		for _, u := range tt.sets() {
			data = append(binary.BigEndian.AppendUint32(data, uint32(len(u))), u...)
		}
		f.Add(append(data, tt.data()...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := NewDecoder(nil, data, 4)
		if err != nil {
			return
		}
		i := d.Info()
		if i.Width*i.Height > 1<<20 {
			return
		}
		codectest.CheckBands(t, d, len(data)&1 == 0)
	})
}

// BenchmarkDecode decodes a tile of a phone's picture, with and without filters.
func BenchmarkDecode(b *testing.B) { codectest.BenchmarkPlanar(b, openFile(b, "tile.hevc")) }
