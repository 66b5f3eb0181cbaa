package codec

import (
	"bytes"
	"errors"
	"image"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
)

// TestEveryFormatIsBound holds that the two tables have the same formats, and
// agree on which are written.
func TestEveryFormatIsBound(t *testing.T) {
	for _, f := range format.All() {
		c, ok := bindings[f]
		if !ok || c.open == nil {
			t.Errorf("%s has no decoder", f)
		}
		if written := c.encode != nil; written != f.Written() {
			t.Errorf("%s has an encoder: %v; its row says %v", f, written, f.Written())
		}
	}
	if len(bindings) != len(format.All()) {
		t.Errorf("%d formats are bound, the table has %d", len(bindings), len(format.All()))
	}
}

func TestReadsWhatItWrites(t *testing.T) {
	for _, img := range []image.Image{image.NewNRGBA(image.Rect(0, 0, 40, 30)), image.NewGray(image.Rect(0, 0, 40, 30))} {
		for _, f := range format.Written() {
			var file bytes.Buffer
			if err := Encode(&file, img, f, 80); err != nil {
				t.Fatalf("%s of %T: %v", f, img, err)
			}
			size := int64(file.Len())
			got, whole, err := Detect(iotest.HalfReader(&file))
			if err != nil || got != f {
				t.Fatalf("%s is detected as %q, error %v", f, got, err)
			}
			d, err := NewDecoder(got, whole, size)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			if info := d.Info(); info.Format != f || info.Width != 40 || info.Height != 30 {
				t.Errorf("%s: header %+v", f, info)
			}
			if _, err := d.Decode(40, 30); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
}

func TestRefusesUnknownFormats(t *testing.T) {
	for _, text := range []string{"", "hello", strings.Repeat("<html>", 1000)} {
		if _, _, err := Detect(strings.NewReader(text)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%.10q: error %v, want ErrUnknown", text, err)
		}
	}
	if _, err := NewDecoder("xcf", strings.NewReader(""), 0); !errors.Is(err, raster.ErrUnsupported) {
		t.Errorf("decoder: error %v, want ErrUnsupported", err)
	}
	for _, f := range []format.Format{"xcf", format.TIFF} {
		if err := Encode(io.Discard, image.NewGray(image.Rect(0, 0, 1, 1)), f, 80); err == nil || !strings.Contains(err.Error(), string(f)) {
			t.Errorf("%s: error %v, want one that names it", f, err)
		}
	}
}

// TestErrorsOfDecodersAreNoDecoders holds that a header that is refused gives a
// nil interface.
func TestErrorsOfDecodersAreNoDecoders(t *testing.T) {
	for _, f := range format.All() {
		d, err := NewDecoder(f, strings.NewReader("none of them"), 12)
		if d != nil || !errors.Is(err, raster.ErrCorrupt) && !errors.Is(err, raster.ErrUnsupported) {
			t.Errorf("%s: decoder %v, error %v; want nil and one of raster's", f, d, err)
		}
	}
	lost := errors.New("connection reset")
	if _, _, err := Detect(io.MultiReader(strings.NewReader("GIF89a"), iotest.ErrReader(lost))); err != lost {
		t.Errorf("error %v, want that of the reader", err)
	}
}
