package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"s3-thumbnail-creator/codec/raster"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t testing.TB, name string) raster.Decoder {
	t.Helper()
	file := readFile(t, name)
	d, err := NewDecoder(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// readable returns the files that this build reads.
func readable(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return filepath.Ext(name) == ".heic" && !readHEIC })
}

func TestColors(t *testing.T) {
	for _, name := range readable("quarters.heic", "quarters-bt709-limited.heic", "quarters.avif") {
		m, err := open(t, name).Decode(192, 128)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for at, want := range map[[2]int][3]int{
			{16, 12}: {40, 40, 250}, {160, 20}: {220, 40, 40}, {40, 100}: {40, 220, 40}, {160, 100}: {220, 220, 40},
		} {
			p := m.Pix[4*(at[1]*192+at[0]):]
			for c := range 3 {
				if d := int(p[c]) - want[c]; d > 10 || d < -10 {
					t.Errorf("%s: pixel %v is %v, want about %v", name, at, p[:4], want)
					break
				}
			}
			if p[3] != 255 {
				t.Errorf("%s: pixel %v has alpha %d", name, at, p[3])
			}
		}
	}
}

func TestDecodeReduces(t *testing.T) {
	m, err := open(t, "quarters.avif").Decode(24, 16)
	if err != nil {
		t.Fatal(err)
	}
	if m.Width != 48 || m.Height != 32 {
		t.Errorf("for 24x16 got %dx%d, want 48x32", m.Width, m.Height)
	}
}

func TestHeader(t *testing.T) {
	tests := []struct {
		name                       string
		width, height, orientation int
		alpha                      bool
	}{
		{"quarters.heic", 192, 128, 1, false},
		{"quarters.avif", 192, 128, 1, false},
		{"quarters-irot1.avif", 192, 128, 8, false},
		{"quarters-imir1.avif", 192, 128, 2, false},
		{"quarters-irot3-imir0.avif", 192, 128, 7, false},
		{"alpha.avif", 192, 128, 1, true},
	}
	for _, tt := range tests {
		if len(readable(tt.name)) == 0 {
			continue
		}
		info := open(t, tt.name).Info()
		if info.Width != tt.width || info.Height != tt.height || info.Orientation != tt.orientation || info.Alpha != tt.alpha {
			t.Errorf("%s: got %dx%d, orientation %d, alpha %v; want %+v", tt.name, info.Width, info.Height, info.Orientation, info.Alpha, tt)
		}
	}
}

func TestAlpha(t *testing.T) {
	m, err := open(t, "alpha.avif").Decode(192, 128)
	if err != nil {
		t.Fatal(err)
	}
	if top, bottom := m.Pix[4*(20*192+80)+3], m.Pix[4*(100*192+80)+3]; top != 255 || bottom != 0 {
		t.Errorf("alpha is %d above and %d below, want 255 and 0", top, bottom)
	}
}

// The decoders allocate by the size in the frame, limits are checked against
// the size in the header.
func TestFrameLargerThanTheHeaderSaysIsCorrupt(t *testing.T) {
	for _, name := range readable("quarters.avif", "alpha.avif", "quarters.heic") {
		file := readFile(t, name)
		at := bytes.Index(file, []byte("ispe"))
		binary.BigEndian.PutUint32(file[at+8:], 8)
		binary.BigEndian.PutUint32(file[at+12:], 8)
		_, err := NewDecoder(bytes.NewReader(file), 0)
		if !errors.Is(err, raster.ErrCorrupt) || !strings.Contains(err.Error(), "a frame of 192x128") {
			t.Errorf("%s: got %v, want ErrCorrupt that names the frame's size", name, err)
		}
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	for _, name := range []string{"quarters.heic", "quarters.avif"} {
		file := readFile(t, name)
		for n := 0; n < len(file)-8; n += 17 {
			d, err := NewDecoder(bytes.NewReader(file[:n]), 0)
			if err == nil {
				continue // the header is whole
			}
			if d != nil || !errors.Is(err, raster.ErrCorrupt) && !errors.Is(err, raster.ErrUnsupported) {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
		}
	}
	lost := errors.New("connection reset")
	if _, err := NewDecoder(io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(lost)), 0); err != lost {
		t.Errorf("reader's error: got %v, want it unchanged", err)
	}
}

func openFile(t testing.TB, file []byte) raster.Decoder {
	t.Helper()
	d, err := NewDecoder(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decodeWhole decodes without reducing.
func decodeWhole(t testing.TB, d raster.Decoder) *raster.Image {
	t.Helper()
	m, err := d.Decode(d.Info().Width, d.Info().Height)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// window returns pixels of a picture.
func window(m *raster.Image, x, y, width, height int) (pix []byte) {
	for row := range height {
		pix = append(pix, m.Pix[4*((y+row)*m.Width+x):][:4*width]...)
	}
	return pix
}

// near tells that bytes differ by no more than most, but for a hundredth of them:
// colors are clipped behind the average, and a window may begin within a sample
// of chroma.
func near(a, b []byte, most int) bool {
	if len(a) != len(b) {
		return false
	}
	far := 0
	for i, v := range a {
		if d := int(v) - int(b[i]); d > most || d < -most {
			far++
		}
	}
	return far*100 <= len(a)
}
