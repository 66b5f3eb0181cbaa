package heif

import (
	"bytes"
	"errors"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// decodeFile decodes without reducing.
func decodeFile(file []byte) (*raster.Image, error) {
	d, err := NewDecoder(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	return d.Decode(d.Info().Width, d.Info().Height)
}

// A cut shows the rows, and of a grid the tiles, that are whole.
func TestEveryCutOfAnAVIFIsAnErrorOrAPart(t *testing.T) {
	for _, name := range []string{"quarters.avif", "grid.avif"} {
		file := readFile(t, name)
		whole, err := decodeFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := 0
		step := 1
		if name == "grid.avif" {
			step = 7
		}
		for n := 0; n < len(file); n += step {
			m, err := decodeFile(file[:n])
			if err != nil {
				if !errors.Is(err, raster.ErrCorrupt) && !errors.Is(err, raster.ErrUnsupported) {
					t.Fatalf("%s, %d of %d bytes: %v", name, n, len(file), err)
				}
				continue
			}
			parts++
			if !m.Truncated || !bytes.Equal(window(m, 0, 0, 192, 48), window(whole, 0, 0, 192, 48)) {
				t.Fatalf("%s, %d of %d bytes: a picture that is not the upper part", name, n, len(file))
			}
		}
		if parts == 0 {
			t.Errorf("%s: no cut shows a part", name)
		}
	}
}

// Data of the right length, too, may be damaged.
func TestDamagedAVIFIsNoBlankPicture(t *testing.T) {
	file := readFile(t, "quarters.avif")
	data := bytes.Index(file, []byte("mdat")) + 4
	for at := data; at < len(file); at += 5 {
		damaged := bytes.Clone(file)
		clear(damaged[at:])
		m, err := decodeFile(damaged)
		if err == nil && bytes.Equal(m.Pix[:4], []byte{0, 0, 0, 255}) {
			t.Fatalf("zeros from byte %d of %d on: a black picture", at, len(file))
		}
	}
}

func TestAVIFGrid(t *testing.T) {
	d := openFile(t, readFile(t, "grid.avif"))
	if m := d.Memory(192, 128); m > openFile(t, readFile(t, "quarters.avif")).Memory(192, 128)+1<<20 {
		t.Errorf("a grid of 4 tiles takes %d bytes, more than one of them", m)
	}
	m, err := d.Decode(d.Info().Width, d.Info().Height)
	if err != nil {
		t.Fatal(err)
	}
	// The first three tiles are the picture of the quarters.
	tile := decodeWhole(t, open(t, "quarters.avif"))
	for _, at := range [][2]int{{0, 0}, {192, 0}, {0, 128}} {
		if !near(window(m, at[0], at[1], 192, 128), tile.Pix, 12) {
			t.Errorf("the tile at %v is another picture", at)
		}
	}
}

func TestAVIFCleanAperture(t *testing.T) {
	d := open(t, "quarters-clap.avif")
	if info := d.Info(); info.Width != 64 || info.Height != 48 {
		t.Fatalf("%dx%d pixels, want 64x48", info.Width, info.Height)
	}
	if got, want := decodeWhole(t, d), decodeWhole(t, open(t, "quarters.avif")); !near(got.Pix, window(want, 96, 64, 64, 48), 2) {
		t.Error("another part of the picture")
	}
}

// All kinds of samples are read whole.
func TestAVIFKinds(t *testing.T) {
	for _, name := range []string{"quarters.avif", "gray.avif", "420.avif", "422-10.avif", "444-12.avif", "grain.avif", "wide.avif", "tall.avif"} {
		d := open(t, name)
		m := decodeWhole(t, d)
		if m.Truncated || m.Pix[3] != 255 {
			t.Errorf("%s: truncated %v, alpha %d", name, m.Truncated, m.Pix[3])
		}
	}
}

// The signal is that of 203 cd/m². It is described in the container and in the
// coded picture.
func TestAVIFOfHighDynamicRange(t *testing.T) {
	file := readFile(t, "pq.avif")
	undescribed := bytes.Replace(file, []byte("colr"), []byte("free"), 1)
	for name, file := range map[string][]byte{"colr": file, "sequence header": undescribed} {
		p := decodeWhole(t, openFile(t, file)).Pix
		if p[0] < 189 || p[0] > 193 || p[1] < 189 || p[1] > 193 {
			t.Errorf("described by %s: %v, want about 191", name, p[:4])
		}
	}
}
