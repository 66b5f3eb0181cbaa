package av1

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// files are the pictures in testdata with the checksums that make.sh prints.
var files = []struct {
	name          string
	width, height int
	chroma, depth int
	sum           uint32
}{
	{"main", 160, 120, 1, 8, 0x31e9b019},
	{"coarse", 160, 120, 1, 8, 0x9e944536},
	{"fine", 64, 64, 1, 8, 0x12097d79},
	{"odd", 61, 47, 1, 8, 0x73cd4186},
	{"small", 5, 3, 3, 8, 0x3c7c9b5a},
	{"main10", 96, 72, 1, 10, 0x1c440069},
	{"gray10", 96, 72, 0, 10, 0x7e7e653a},
	{"main12", 96, 72, 1, 12, 0x0ba54717},
	{"422-10", 98, 74, 2, 10, 0xfb1c25d1},
	{"444-12", 96, 72, 3, 12, 0xcca59d29},
	{"lossless", 64, 48, 1, 8, 0xed2286b4},
	{"lossless444", 64, 48, 3, 8, 0x58e3ab34},
	{"screen", 300, 200, 1, 8, 0x1a30d16f},
	{"screen444", 300, 200, 3, 8, 0xd4ac4e87},
	{"large", 200, 140, 1, 8, 0xcf8d050d},
	{"segments", 200, 140, 1, 8, 0x25b2ff61},
	{"tiles", 280, 140, 1, 8, 0x72c9674a},
	{"superres", 161, 90, 1, 8, 0x42c78145},
	{"matrices", 160, 120, 1, 8, 0x9ebc8717},
	{"matrices444", 96, 72, 3, 8, 0x1bfb2de9},
	{"reduced", 96, 72, 1, 8, 0x79c54e34},
	{"grain", 97, 71, 1, 8, 0xb0fa69a6},
	{"grain10", 96, 72, 3, 10, 0xba0f0ba5},
	{"svt", 200, 160, 1, 8, 0xb8f9c5fd},
	{"copies", 448, 128, 1, 8, 0x4eb0447e},
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name+".obu"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t testing.TB, data []byte) *Decoder {
	t.Helper()
	d, err := NewDecoder(nil, data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSamplesAreThoseOfOtherDecoders(t *testing.T) {
	for _, tt := range files {
		d := open(t, readFile(t, tt.name))
		i := d.Info()
		if i.Width != tt.width || i.Height != tt.height || i.Chroma != tt.chroma || i.Depth[0] != tt.depth {
			t.Errorf("%s: got %+v, want %+v", tt.name, i, tt)
		}
		if sum, rows := codectest.Checksum(t, d, true); sum != tt.sum || rows != tt.height {
			t.Errorf("%s: checksum %#08x of %d rows, want %#08x of %d", tt.name, sum, rows, tt.sum, tt.height)
		}
	}
}

func TestRandomCoding(t *testing.T) {
	for _, tt := range streams {
		d := open(t, tt.data())
		height := d.Info().Height
		if sum, rows := codectest.Checksum(t, d, true); sum != tt.sum || rows != height {
			t.Errorf("%s: checksum %#08x of %d rows, want %#08x of %d", tt.name, sum, rows, tt.sum, height)
		}
	}
}

// Without filters a picture is decoded in a window, and must be what goes into
// the filters.
func TestUnfilteredPictureIsWhole(t *testing.T) {
	for _, tt := range files {
		d := open(t, readFile(t, tt.name))
		sum, rows := codectest.Checksum(t, d, false)
		if rows != tt.height {
			t.Errorf("%s: %d rows, want %d", tt.name, rows, tt.height)
		}
		if filtered := d.head.filtered(); filtered == (sum == tt.sum) {
			t.Errorf("%s: the samples are those of the filtered picture: %v, there are filters: %v", tt.name, sum == tt.sum, filtered)
		}
		d.head.deblock, d.head.grain = deblocking{}, nil
		if d.head.cdef.any() || d.head.restore.any || d.head.filtered() {
			continue // these cannot be taken out of the header alone: blocks have data for them
		}
		if same, _ := codectest.Checksum(t, d, true); same != sum {
			t.Errorf("%s: another picture where it is kept whole", tt.name)
		}
	}
}

func TestTruncatedPictureShowsWhatIsThere(t *testing.T) {
	for _, name := range []string{"main", "tiles", "segments"} {
		file := readFile(t, name)
		whole, _, _ := codectest.Samples(t, open(t, file), true)
		width := open(t, file).Info().Width
		last := 0
		for n := len(file) / 8; n < len(file); n += 7 {
			d, err := NewDecoder(nil, file[:n])
			if err != nil {
				t.Fatal(err)
			}
			part, rows, err := codectest.Samples(t, d, true)
			if (err == nil) != (rows > 0) || err != nil && !errors.Is(err, raster.ErrCorrupt) {
				t.Fatalf("%s: %d of %d bytes: %d rows and %v", name, n, len(file), rows, err)
			}
			if rows < last || rows >= d.Info().Height || string(part[0]) != string(whole[0][:rows*width]) {
				t.Errorf("%s: %d of %d bytes: %d rows, want at least the %d of less data, and those of the whole picture", name, n, len(file), rows, last)
			}
			last = rows
		}
		if last == 0 {
			t.Errorf("%s: no cut shows a part", name)
		}
	}
}

func TestUnsupportedIsNamed(t *testing.T) {
	if _, err := NewDecoder(nil, nil); !errors.Is(err, raster.ErrCorrupt) {
		t.Errorf("no data: got %v, want ErrCorrupt", err)
	}
	file := readFile(t, "screen444")
	u, rest, _ := nextUnit(file)
	for u.kind != unitSequence {
		u, rest, _ = nextUnit(rest)
	}
	sequence := append([]byte{unitSequence<<3 | 2, byte(len(u.body))}, u.body...)
	if _, err := NewDecoder(sequence, rest); err != nil {
		t.Errorf("the sequence header is in the configuration alone: %v", err)
	}
	if _, err := NewDecoder(nil, rest); !errors.Is(err, raster.ErrCorrupt) {
		t.Errorf("no sequence header: got %v, want ErrCorrupt", err)
	}
}

// FuzzDecode decodes damaged pictures. They must neither panic, nor take more
// memory than estimated, nor have rows out of their bounds.
func FuzzDecode(f *testing.F) {
	for _, tt := range files {
		f.Add(readFile(f, tt.name))
	}
	for _, tt := range streams {
		data := tt.data()
		f.Add(data[:min(len(data), 4000)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := NewDecoder(nil, data)
		if err != nil {
			return
		}
		filter := len(data)&1 == 0
		const most = 32 << 20
		if d.Memory(filter) > most {
			return
		}
		codectest.CheckBands(t, d, filter)
	})
}

// BenchmarkDecode decodes a picture with and without filters.
func BenchmarkDecode(b *testing.B) { codectest.BenchmarkPlanar(b, open(b, readFile(b, "main"))) }
