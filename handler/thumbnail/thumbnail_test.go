package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

func makeOne(t *testing.T, file []byte, v settings.Variant) (*Result, image.Image) {
	t.Helper()
	result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := image.Decode(bytes.NewReader(result.Thumbnails[0].Body))
	if err != nil {
		t.Fatal(err)
	}
	return result, m
}

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exifOrientation is an EXIF block with nothing but the orientation.
func exifOrientation(v byte) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, v, 0, 0, 0, 0, 0, 0}
}

// withExif returns the JPEG or PNG file with an EXIF block.
func withExif(file, exif []byte) []byte {
	if format.Sniff(file) == "jpeg" {
		body := append([]byte("Exif\x00\x00"), exif...)
		segment := append([]byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
		return bytes.Join([][]byte{file[:2], segment, file[2:]}, nil)
	}
	chunk := append([]byte{0, 0, 0, byte(len(exif))}, append([]byte("eXIf"), exif...)...)
	sum := crc32.ChecksumIEEE(chunk[4:])
	chunk = append(chunk, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	const afterHeader = 8 + 25
	return bytes.Join([][]byte{file[:afterHeader], chunk, file[afterHeader:]}, nil)
}

// quarters has another color in each corner, so that no two orientations look
// alike.
func quarters(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{40, 40, 40, 255}
			if x >= width/2 {
				c.R = 220
			}
			if y >= height/2 {
				c.G = 220
			}
			if x < width/4 && y < height/4 {
				c.B = 250
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

// undo makes of an upright picture the one that must be stored with the
// orientation to be shown upright again.
var undo = map[int]func(image.Image) *image.NRGBA{
	1: imaging.Clone, 2: imaging.FlipH, 3: imaging.Rotate180, 4: imaging.FlipV,
	5: imaging.Transpose, 6: imaging.Rotate90, 7: imaging.Transverse, 8: imaging.Rotate270,
}

func TestEveryOrientationIsShownUpright(t *testing.T) {
	for _, v := range []settings.Variant{
		{Name: "inside", Width: 80, Height: 80, Fit: settings.Inside, Format: format.PNG},
		{Name: "cover", Width: 40, Height: 70, Fit: settings.Cover, Format: format.PNG},
		{Name: "fill", Width: 90, Height: 30, Fit: settings.Fill, Format: format.PNG},
	} {
		upright := quarters(320, 240)
		_, want := makeOne(t, pngFile(t, upright), v)
		for orientation := 1; orientation <= 8; orientation++ {
			stored := undo[orientation](upright)
			for name, file := range map[string][]byte{"jpeg": jpegFile(t, stored), "png": pngFile(t, stored)} {
				result, got := makeOne(t, withExif(file, exifOrientation(byte(orientation))), v)
				if s := result.Source; s.Width != 320 || s.Height != 240 || s.Orientation != orientation {
					t.Errorf("%s, orientation %d: source is %+v", name, orientation, s)
				}
				if got.Bounds() != want.Bounds() {
					t.Errorf("%s, orientation %d, %s: %v, want %v", name, orientation, v.Name, got.Bounds(), want.Bounds())
					continue
				}
				if p := psnr(imaging.Clone(got).Pix, imaging.Clone(want).Pix); p < 30 {
					t.Errorf("%s, orientation %d, %s: PSNR %.1f dB to the upright picture", name, orientation, v.Name, p)
				}
			}
		}
	}
}

func TestMetadataIsStripped(t *testing.T) {
	exif := append(exifOrientation(6), "GPS 52.5 N"...)
	for _, file := range [][]byte{jpegFile(t, quarters(64, 64)), pngFile(t, quarters(64, 64))} {
		result, _ := makeOne(t, withExif(file, exif), settings.DefaultVariant())
		if body := result.Thumbnails[0].Body; bytes.Contains(body, []byte("GPS")) || bytes.Contains(body, []byte("Exif")) {
			t.Errorf("%s: metadata of the source is in the thumbnail", result.Source.Format)
		}
	}
}

func TestAllVariantsFromOneRead(t *testing.T) {
	file := pngFile(t, quarters(400, 300))
	variants := []settings.Variant{
		{Name: "large", Width: 200, Height: 200, Fit: settings.Inside, Format: settings.Same, Quality: 80},
		{Name: "square", Width: 64, Height: 64, Fit: settings.Cover, Format: format.JPEG, Quality: 80},
		{Name: "strip", Width: 100, Height: 10, Fit: settings.Fill, Format: format.WebP, Quality: 80},
	}
	result, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), variants, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"large png 200x150 image/png", "square jpeg 64x64 image/jpeg", "strip webp 100x10 image/webp"}
	for i, th := range result.Thumbnails {
		got := fmt.Sprintf("%s %s %dx%d %s", th.Variant.Name, th.Format, th.Width, th.Height, th.Format.MediaType())
		if got != want[i] || format.Sniff(th.Body) != th.Format {
			t.Errorf("thumbnail %d is %s (content %s), want %s", i, got, format.Sniff(th.Body), want[i])
		}
	}
	if result.Source.BytesRead > int64(len(file)) {
		t.Errorf("read %d bytes of a file of %d", result.Source.BytesRead, len(file))
	}
}

func TestDegenerateSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 20000}, {20000, 1}, {2, 3}, {257, 1}} {
		file := pngFile(t, image.NewGray(image.Rect(0, 0, size[0], size[1])))
		for _, fit := range []settings.Fit{settings.Inside, settings.Cover, settings.Fill} {
			for _, f := range []format.Format{format.JPEG, format.PNG, format.GIF, format.WebP} {
				_, m := makeOne(t, file, settings.Variant{Name: "v", Width: 256, Height: 256, Fit: fit, Format: f, Quality: 80})
				if b := m.Bounds(); b.Dx() < 1 || b.Dy() < 1 || b.Dx() > 256 || b.Dy() > 256 {
					t.Errorf("%v as %s, %s: %v", size, fit, f, b)
				}
			}
		}
	}
}

func TestLimitsAreCheckedFromTheHeader(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 1000, 500))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rand.Uint32())
	}
	file := pngFile(t, noise)
	const aBuffer = 1 << 17
	header := io.MultiReader(bytes.NewReader(file[:aBuffer]), iotest.ErrReader(errors.New("read the picture")))
	tests := []struct {
		name   string
		src    io.Reader
		size   int64
		limits Limits
		want   string
	}{
		{"bytes", io.MultiReader(bytes.NewReader(file[:format.SniffLength]), iotest.ErrReader(errors.New("read on"))), 5000, Limits{MaxBytes: 4999}, "5000 bytes, the limit is 4999"},
		{"bytes of a file that says less", bytes.NewReader(file), 10, Limits{MaxBytes: 10_000}, "more than 10000 bytes"},
		{"pixels", header, 0, Limits{MaxPixels: 499_999}, "1000x500 is 0.5 megapixels"},
		{"memory", bytes.NewReader(file), int64(len(file)), Limits{Memory: 1000}, "MiB of memory"},
	}
	for _, tt := range tests {
		_, err := Make(t.Context(), tt.src, tt.size, []settings.Variant{settings.DefaultVariant()}, tt.limits)
		if !errors.Is(err, ErrTooLarge) || !errors.Is(err, ErrRejected) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want ErrTooLarge with %q", tt.name, err, tt.want)
		}
	}
}

func TestErrorsTellWhatToDo(t *testing.T) {
	file := jpegFile(t, quarters(300, 300))
	broken := errors.New("connection reset")
	tests := []struct {
		name string
		src  io.Reader
		want error
	}{
		{"text", strings.NewReader("hello, world"), ErrNotImage},
		{"nothing", strings.NewReader(""), ErrNotImage},
		{"a JPEG's first bytes", bytes.NewReader(file[:100]), ErrCorrupt},
		{"connection lost in the header", io.MultiReader(bytes.NewReader(file[:100]), iotest.ErrReader(broken)), broken},
		{"connection lost in the picture", io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(broken)), broken},
	}
	for _, tt := range tests {
		_, err := Make(t.Context(), tt.src, 0, []settings.Variant{settings.DefaultVariant()}, Limits{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if tt.want == broken && errors.Is(err, ErrRejected) {
			t.Errorf("%s: rejected for good: %v", tt.name, err)
		}
	}
	film := strings.NewReader("\x00\x00\x00\x18ftypmp42" + strings.Repeat("and so on ", 100))
	if _, err := Make(t.Context(), film, 1<<40, []settings.Variant{settings.DefaultVariant()}, Limits{MaxBytes: 1 << 20}); !errors.Is(err, ErrNotImage) {
		t.Errorf("a film longer than a picture may be: got %v, want ErrNotImage", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, bytes.NewReader(file), 0, []settings.Variant{settings.DefaultVariant()}, Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v", err)
	}
}

func TestTruncatedFilesShowWhatIsThere(t *testing.T) {
	m := texture(400, 300).Standard()
	for _, file := range [][]byte{jpegFile(t, m), pngFile(t, m)} {
		result, thumb := makeOne(t, file[:len(file)*2/3], settings.Variant{Name: "v", Width: 100, Height: 100, Fit: settings.Inside, Format: format.PNG})
		if !result.Source.Truncated {
			t.Errorf("%s: not reported as truncated", result.Source.Format)
		}
		_, want := makeOne(t, file, settings.Variant{Name: "v", Width: 100, Height: 100, Fit: settings.Inside, Format: format.PNG})
		top := image.Rect(0, 0, 100, 30)
		if p := psnr(imaging.Crop(thumb, top).Pix, imaging.Crop(want, top).Pix); p < 35 {
			t.Errorf("%s: the upper part differs from the whole picture's: PSNR %.1f dB", result.Source.Format, p)
		}
	}
}
