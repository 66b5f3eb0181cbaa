package jpeg

import (
	"bytes"
	"errors"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// FuzzDecode checks that no data makes the decoder panic, return a picture of
// the wrong size, or an error of a kind that was not promised.
func FuzzDecode(f *testing.F) {
	p := ycc(40, 30, 2, 2, 1, 1, 1, 1)
	f.Add(p.encode(), uint8(1), uint8(8))
	p.interval = 2
	f.Add(p.encode(), uint8(3), uint8(40))
	p.scans = separate(3)
	f.Add(p.encode(), uint8(9), uint8(20))
	p.progressive, p.scans = true, spectral(3)
	f.Add(p.encode(), uint8(40), uint8(4))
	f.Add(p.encode(), uint8(5), uint8(4))
	f.Add(ycc(33, 17, 3, 1, 1, 2, 1, 1).encode(), uint8(9), uint8(9))
	f.Add(ycc(20, 20, 1, 1, 1, 1, 1, 1, 2, 2).encode(), uint8(2), uint8(2))
	p = ycc(24, 24, 1, 1)
	p.dnl, p.noTables, p.wideTables = true, true, true
	f.Add(p.encode(), uint8(20), uint8(20))
	f.Fuzz(func(t *testing.T, data []byte, width, height uint8) {
		d, err := NewDecoder(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			promised(t, err)
			return
		}
		info := d.Info()
		const enough = 1 << 22
		if info.Width*info.Height > enough || d.Memory(int(width), int(height)) > 16*enough {
			return
		}
		img, err := d.Decode(int(width), int(height))
		if err != nil {
			promised(t, err)
			return
		}
		if img.Model != info.Model || len(img.Pix) != img.Width*img.Height*img.Model.Bytes() {
			t.Fatalf("%d bytes for %dx%d of model %d", len(img.Pix), img.Width, img.Height, img.Model)
		}
		if img.Width < min(int(width), info.Width) || img.Height < min(int(height), info.Height) {
			t.Fatalf("%dx%d from %dx%d is below the target %dx%d", img.Width, img.Height, info.Width, info.Height, width, height)
		}
		if img.CoverX > float64(img.Width) || img.CoverY > float64(img.Height) ||
			img.CoverX <= float64(img.Width-1) || img.CoverY <= float64(img.Height-1) {
			t.Fatalf("%v x %v covered of %dx%d", img.CoverX, img.CoverY, img.Width, img.Height)
		}
	})
}

func promised(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, raster.ErrCorrupt) && !errors.Is(err, raster.ErrUnsupported) {
		t.Fatalf("error %v wraps neither ErrCorrupt nor ErrUnsupported", err)
	}
}
