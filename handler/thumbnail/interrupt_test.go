package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"s3-thumbnail-creator/codec/format"
	ourgif "s3-thumbnail-creator/codec/gif"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/codec/webp"
	"s3-thumbnail-creator/settings"
)

// smallFiles are pictures of each format that can be written here, and one of several frames.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	photo := texture(160, 120).Standard()
	paletted := ourgif.Quantize(photo.(*image.NRGBA))
	files := map[string][]byte{"JPEG": jpegFile(t, photo), "PNG": pngFile(t, photo)}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"GIF": func(f *bytes.Buffer) error { return gif.Encode(f, paletted, nil) },
		"GIF, 2 frames": func(f *bytes.Buffer) error {
			return gif.EncodeAll(f, &gif.GIF{Image: []*image.Paletted{paletted, paletted}, Delay: []int{1, 1}})
		},
		"PNG, palette":  func(f *bytes.Buffer) error { return png.Encode(f, paletted) },
		"WebP":          func(f *bytes.Buffer) error { return webp.Encode(f, photo.(*image.NRGBA), 80) },
		"WebP lossless": func(f *bytes.Buffer) error { return webp.Encode(f, photo.(*image.NRGBA), 100) },
		"TIFF":          func(f *bytes.Buffer) error { return tiff.Encode(f, photo, &tiff.Options{Compression: tiff.Deflate}) },
		"TIFF, raw":     func(f *bytes.Buffer) error { return tiff.Encode(f, photo, nil) },
		"BMP":           func(f *bytes.Buffer) error { return bmp.Encode(f, photo) },
	} {
		var f bytes.Buffer
		if err := write(&f); err != nil {
			t.Fatal(err)
		}
		files[name] = f.Bytes()
	}
	return files
}

// failsAt is a reader that fails at a byte of the file. It notes whether it was asked to go on from there.
type failsAt struct {
	file  []byte
	at    int
	err   error
	asked bool
}

func (r *failsAt) Read(p []byte) (int, error) {
	if r.at == 0 {
		r.asked = true
		return 0, r.err
	}
	n := copy(p[:min(len(p), r.at)], r.file)
	r.file, r.at = r.file[n:], r.at-n
	return n, nil
}

// TestBrokenTransferIsNoDamagedPicture: an error of the reader is Make's error, in whatever words the reader says it,
// wherever it comes, unless the thumbnail was finished by then.
func TestBrokenTransferIsNoDamagedPicture(t *testing.T) {
	variants := []settings.Variant{settings.DefaultVariant()}
	for name, file := range smallFiles(t) {
		for _, broken := range []error{
			errors.New("connection reset"), io.ErrUnexpectedEOF, fmt.Errorf("read s3://b/k: %w", io.ErrUnexpectedEOF),
			fmt.Errorf("read s3://b/k: %w", io.EOF), io.EOF, // io.EOF, but earlier than the size says
		} {
			for at := 0; at < len(file); at += 1 + len(file)/97 {
				r := &failsAt{file: file, at: at, err: broken}
				_, err := Make(t.Context(), r, int64(len(file)), variants, Limits{})
				switch {
				case !r.asked && err != nil:
					t.Fatalf("%s, fails at %d of %d with %v: %v though the reader had not failed", name, at, len(file), broken, err)
				case r.asked && err == nil:
					t.Fatalf("%s, fails at %d of %d with %v: a thumbnail was made", name, at, len(file), broken)
				case r.asked && (errors.Is(err, ErrRejected) || errors.Is(err, ErrNotImage)):
					t.Fatalf("%s, fails at %d of %d with %v: the picture is blamed: %v", name, at, len(file), broken, err)
				}
			}
		}
	}
}

// stuck is a decoder that takes no notice of any context.
type stuck struct{ free chan struct{} }

func (stuck) Info() raster.Info {
	return raster.Info{Format: "bmp", Width: 1, Height: 1, Orientation: 1}
}
func (stuck) Memory(_, _ int) int64 { return 0 }
func (s stuck) Decode(_, _ int) (*raster.Image, error) {
	<-s.free
	return nil, raster.ErrCorrupt
}

// replaceDecoder puts another decoder in the place of all for the time of a test.
func replaceDecoder(t *testing.T, d raster.Decoder) {
	old := newDecoder
	newDecoder = func(format.Format, io.Reader, int64) (raster.Decoder, error) { return d, nil }
	t.Cleanup(func() { newDecoder = old })
}

var bmpHead = []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00")

// TestMakeReturnsWhenItsTimeIsUp: whatever a decoder does. What is left running is said.
func TestMakeReturnsWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := stuck{make(chan struct{})}
		replaceDecoder(t, d)
		defer close(d.free)
		tooLate := errors.New("too late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, tooLate)
		defer cancel()
		began := time.Now()
		_, err := Make(ctx, bytes.NewReader(bmpHead), 0, []settings.Variant{settings.DefaultVariant()}, Limits{})
		if !errors.Is(err, ErrAbandoned) || !errors.Is(err, tooLate) {
			t.Errorf("error %v, want ErrAbandoned and the context's cause", err)
		}
		if took := time.Since(began); took != time.Second+grace {
			t.Errorf("returned after %v, want %v after the end of its context", took, grace)
		}
	})
}

// TestOurDecodersStop: they notice the end of the context themselves, so that nothing is left running.
func TestOurDecodersStop(t *testing.T) {
	for name, file := range smallFiles(t) {
		ctx, cancel := context.WithCancel(t.Context())
		r := io.TeeReader(bytes.NewReader(file), writerFunc(func([]byte) { cancel() }))
		_, err := Make(ctx, r, int64(len(file)), []settings.Variant{settings.DefaultVariant()}, Limits{})
		if err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, ErrAbandoned)) {
			t.Errorf("%s: error %v, want that of the context", name, err)
		}
		cancel()
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// panics is a decoder with a bug.
type panics struct{ stuck }

func (panics) Decode(_, _ int) (*raster.Image, error) { panic("index out of range") }

func TestPanicIsThePicturesFault(t *testing.T) {
	replaceDecoder(t, panics{})
	_, err := Make(t.Context(), bytes.NewReader(bmpHead), 0, []settings.Variant{settings.DefaultVariant()}, Limits{})
	p, ok := errors.AsType[*PanicError](err)
	if !ok || !errors.Is(err, ErrRejected) || p.Value != "index out of range" || !bytes.Contains([]byte(p.Stack), []byte("panics")) {
		t.Errorf("error %v (%+v)", err, p)
	}
}
