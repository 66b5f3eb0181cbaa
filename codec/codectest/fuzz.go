package codectest

import (
	"bytes"
	"errors"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// What a file of the fuzzer may take, so that it spends its time on many files.
const (
	fuzzPixels = 1 << 20
	fuzzMemory = 96 << 20 // bytes
)

// Fuzz holds that whatever a file and a target are, a decoder neither panics
// nor returns what raster.Decoder does not promise. The files, and each cut
// short, are what the fuzzer begins with.
func Fuzz[D raster.Decoder](f *testing.F, open Open[D], files ...[]byte) {
	seed(f, files)
	f.Fuzz(func(t *testing.T, file []byte, width, height uint8) {
		d, err := open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			promised(t, err)
			return
		}
		info := d.Info()
		if info.Width < 1 || info.Height < 1 || info.Frames < 1 || info.Orientation < 1 || info.Orientation > 8 {
			t.Fatalf("header %+v", info)
		}
		if info.Width > fuzzPixels/info.Height || d.Memory(int(width), int(height)) > fuzzMemory {
			return
		}
		m, err := d.Decode(int(width), int(height))
		if err != nil {
			promised(t, err)
			return
		}
		checkShape(t, m, info, int(width), int(height))
	})
}

// seed adds files, and each cut short.
func seed(f *testing.F, files [][]byte) {
	for _, file := range files {
		f.Add(file, uint8(16), uint8(12))
		f.Add(file[:len(file)*2/3], uint8(200), uint8(200))
	}
}

// promised fails for an error that raster.Decoder does not allow of a reader
// that has none.
func promised(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, raster.ErrCorrupt) && !errors.Is(err, raster.ErrUnsupported) {
		t.Fatalf("error %v wraps neither ErrCorrupt nor ErrUnsupported", err)
	}
}

func checkShape(t *testing.T, m *raster.Image, info raster.Info, width, height int) {
	t.Helper()
	if m.Model != info.Model || len(m.Pix) != m.Width*m.Height*m.Model.Bytes() {
		t.Fatalf("%d bytes for %dx%d of model %d, the header says model %d", len(m.Pix), m.Width, m.Height, m.Model, info.Model)
	}
	if m.Width < min(width, info.Width) || m.Height < min(height, info.Height) {
		t.Fatalf("%dx%d from %dx%d is below the target %dx%d", m.Width, m.Height, info.Width, info.Height, width, height)
	}
	covered := func(cover float64, size int) bool { return cover > float64(size-1) && cover <= float64(size) }
	if !covered(m.CoverX, m.Width) || !covered(m.CoverY, m.Height) {
		t.Fatalf("%v x %v covered of %dx%d", m.CoverX, m.CoverY, m.Width, m.Height)
	}
}
