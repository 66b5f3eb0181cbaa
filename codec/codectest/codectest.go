// Package codectest holds what the tests of all decoders share: how a file is
// decoded whole and reduced, what a damaged one and a broken transfer must
// give, the body of the fuzz targets and that of the benchmarks.
package codectest

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"s3-thumbnail-creator/codec/raster"
)

// Open is the constructor of a format's decoder: NewDecoder in most packages.
type Open[D raster.Decoder] func(r io.Reader, size int64) (D, error)

// Header reads the header of a file that has a good one.
func Header[D raster.Decoder](t testing.TB, open Open[D], file []byte) D {
	t.Helper()
	d, err := open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whole decodes a good file without reduction.
func Whole[D raster.Decoder](t testing.TB, open Open[D], file []byte) (*raster.Image, raster.Info) {
	t.Helper()
	d := Header(t, open, file)
	info := d.Info()
	m, err := d.Decode(info.Width, info.Height)
	if err != nil {
		t.Fatal(err)
	}
	return m, info
}

// Boxes averages a picture by boxes of fx times fy pixels: what a decoder that
// reduces has to return.
func Boxes(m *raster.Image, fx, fy int) *raster.Image {
	red := raster.NewReducer(m.Model, m.Width, m.Height, fx, fy)
	add := map[raster.Model]func(x, y int, row []byte){
		raster.Gray: red.AddGray, raster.RGBA: red.AddRGBA, raster.CMYK: red.AddCMYK,
	}[m.Model]
	stride := m.Width * m.Model.Bytes()
	for y := range m.Height {
		add(0, y, m.Pix[y*stride:][:stride])
	}
	return red.Image()
}

// ReducesAsABox holds that a good file decoded for a target is the boxes of the
// whole picture.
func ReducesAsABox[D raster.Decoder](t *testing.T, name string, open Open[D], file []byte, targetWidth, targetHeight int) {
	t.Helper()
	whole, info := Whole(t, open, file)
	got, err := Header(t, open, file).Decode(targetWidth, targetHeight)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want := Boxes(whole, raster.BoxFactor(info.Width, targetWidth), raster.BoxFactor(info.Height, targetHeight))
	if got.Truncated || got.CoverX != want.CoverX || got.CoverY != want.CoverY || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("%s: differs from the boxes of the whole picture", name)
	}
}

// attempt opens and decodes, and returns the error of whichever fails.
func attempt[D raster.Decoder](open Open[D], r io.Reader, size int64) error {
	d, err := open(r, size)
	if err == nil {
		_, err = d.Decode(256, 256)
	}
	return err
}

// Refuses holds that a file gives an error of the kind that is wanted, in its
// header or its pixels.
func Refuses[D raster.Decoder](t *testing.T, name string, open Open[D], file []byte, want error) {
	t.Helper()
	if err := attempt(open, bytes.NewReader(file), int64(len(file))); !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", name, err, want)
	}
}

// ReturnsErrorsOfTheSource holds that a transfer that breaks off after some
// bytes is reported as that, whatever was decoded, and not as a damaged picture.
func ReturnsErrorsOfTheSource[D raster.Decoder](t *testing.T, name string, open Open[D], file []byte, after ...int) {
	t.Helper()
	failure := errors.New("connection reset")
	for _, n := range after {
		r := io.MultiReader(bytes.NewReader(file[:min(n, len(file))]), iotest.ErrReader(failure))
		if err := attempt(open, r, 0); !errors.Is(err, failure) || errors.Is(err, raster.ErrCorrupt) {
			t.Errorf("%s after %d bytes: error %v, want that of the source", name, n, err)
		}
	}
}

// Allocated returns the bytes that f allocates.
func Allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
