package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// Every arrangement of components and scans shows the picture that it was made
// from, at every scale.
func TestDecodeShowsThePicture(t *testing.T) {
	tests := []struct {
		name    string
		factors []int
		least   float64 // dB
	}{
		{"gray", []int{1, 1}, 36},
		{"gray with factors", []int{2, 2}, 36},
		{"4:4:4", []int{1, 1, 1, 1, 1, 1}, 34},
		{"4:2:2", []int{2, 1, 1, 1, 1, 1}, 34},
		{"4:4:0", []int{1, 2, 1, 1, 1, 1}, 34},
		{"4:2:0", []int{2, 2, 1, 1, 1, 1}, 34},
		{"4:1:1", []int{4, 1, 1, 1, 1, 1}, 33},
		{"4:1:0", []int{4, 2, 1, 1, 1, 1}, 33},
		{"3x1", []int{3, 1, 1, 1, 1, 1}, 33},
		{"1x3", []int{1, 3, 1, 1, 1, 1}, 30},
		{"3x2 and 2x1", []int{3, 2, 2, 1, 1, 1}, 31},
		{"luma not the largest", []int{1, 1, 2, 2, 1, 2}, 26},
		{"chroma unlike", []int{2, 2, 1, 2, 2, 1}, 33},
	}
	const width, height = 141, 107
	for _, test := range tests {
		components := len(test.factors) / 2
		want := map[int][]float64{}
		to := pixel(yccPixel)
		if components == 1 {
			to = grayPixel
		}
		for _, kind := range []string{"baseline", "separate", "restarts", "progressive"} {
			p := ycc(width, height, test.factors...)
			switch kind {
			case "separate":
				p.scans = separate(components)
			case "restarts":
				p.interval = 5
			case "progressive":
				p.progressive, p.scans, p.interval = true, spectral(components), 7
			}
			data := p.encode()
			for _, scale := range []int{8, 4, 2, 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", test.name, kind, scale), func(t *testing.T) {
					img := decodeScaled(t, data, scale)
					if img.Width != ceilDiv(width*scale, 8) || img.Height != ceilDiv(height*scale, 8) || img.Truncated {
						t.Fatalf("got %dx%d, truncated %v", img.Width, img.Height, img.Truncated)
					}
					least := test.least
					if scale < 8 {
						least -= 5 // the smaller transforms are no plain averages
					}
					if want[scale] == nil {
						want[scale] = p.want(scale, to)
					}
					if db := psnr(t, img.Pix, want[scale]); db < least {
						t.Errorf("%.1f dB from the picture, want at least %.1f", db, least)
					}
				})
			}
		}
	}
}

// A progressive file whose every bit was sent gives what the same coefficients
// give in one scan, noise included: blocks that are full to the last
// coefficient, and refinements between many that are known.
func TestProgressiveEqualsBaseline(t *testing.T) {
	noise := rand.New(rand.NewPCG(3, 4))
	grain := make([]float64, 203*149)
	for i := range grain {
		grain[i] = 255 * noise.Float64()
	}
	for _, noisy := range []bool{false, true} {
		p := ycc(203, 149, 2, 2, 1, 1, 1, 1)
		p.quality = 9 // above the steps that are not waited for
		if noisy {
			p.components[0].at = func(x, y float64) float64 { return grain[int(y)*203+int(x)] }
		}
		baseline := p.encode()
		p.progressive, p.scans = true, spectral(3)
		progressive := p.encode()
		for _, scale := range []int{8, 4, 2, 1} {
			want, got := decodeScaled(t, baseline, scale), decodeScaled(t, progressive, scale)
			if !bytes.Equal(want.Pix, got.Pix) {
				t.Errorf("noise %v, scale %d/8: progressive is %.1f dB from baseline, want the same", noisy, scale,
					psnr(t, got.Pix, floats(want.Pix)))
			}
		}
	}
}

// The same coefficients in another encoder's scans, which end many blocks at a
// time.
func TestForeignProgressive(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	baseline := read("rings.jpg")
	for _, name := range []string{"rings-progressive.jpg", "rings-restarts.jpg", "rings-arithmetic.jpg", "rings-arithmetic-progressive.jpg"} {
		for _, scale := range []int{8, 4, 2, 1} {
			want, got := decodeScaled(t, baseline, scale), decodeScaled(t, read(name), scale)
			if !bytes.Equal(want.Pix, got.Pix) || got.Truncated {
				t.Errorf("%s, scale %d/8: %.1f dB from baseline, want the same", name, scale,
					psnr(t, got.Pix, floats(want.Pix)))
			}
		}
	}
}

// At full scale the result is the standard library's but for rounding.
func TestAgainstStandardLibrary(t *testing.T) {
	src := image.NewGray(image.Rect(0, 0, 157, 91))
	for i := range src.Pix {
		src.Pix[i] = uint8(min(max(wave(float64(i%157), float64(i/157)), 0), 255))
	}
	for _, quality := range []int{30, 75, 99} {
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, src, &stdjpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		want, err := stdjpeg.Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		got := decodeScaled(t, b.Bytes(), 8)
		for i, v := range got.Pix {
			x, y := i%157, i/157
			w := int(color.GrayModel.Convert(want.At(x, y)).(color.Gray).Y)
			if d := int(v) - w; d < -1 || d > 1 {
				t.Fatalf("quality %d: pixel %d,%d is %d, want %d", quality, x, y, v, w)
			}
		}
	}
}

func TestSyntax(t *testing.T) {
	tests := map[string]func(p *testPicture){
		"16-bit quantization":    func(p *testPicture) { p.wideTables = true },
		"no Huffman tables":      func(p *testPicture) { p.noTables = true },
		"long codes":             func(p *testPicture) { p.longCodes = true },
		"height told afterwards": func(p *testPicture) { p.dnl = true },
		"height told afterwards, with restarts": func(p *testPicture) {
			p.dnl, p.interval = true, 3
		},
		"fill bytes and garbage": func(p *testPicture) {
			p.segments = []byte{0xFF, 0xFF, 0xFF, markerCOM, 0, 4, 1, 2, 77, 88, 99, 0xFF, 0, 3, 0xFF, markerTEM}
		},
		"two components": func(p *testPicture) { p.components = p.components[:2] },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := ycc(100, 75, 1, 1, 1, 1, 1, 1)
			change(p)
			to := pixel(yccPixel)
			if len(p.components) == 2 {
				to = grayPixel
			}
			data := p.encode()
			for _, scale := range []int{8, 1} {
				if db := psnr(t, decodeScaled(t, data, scale).Pix, p.want(scale, to)); db < 30 {
					t.Errorf("scale %d/8: %.1f dB from the picture", scale, db)
				}
			}
		})
	}
}

func adobe(transform byte) []byte {
	return append([]byte{0xFF, markerAPPE, 0, 14}, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform)...)
}

var jfif = []byte("\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")

func TestColorModels(t *testing.T) {
	invert := func(c []float64) []float64 {
		return []float64{255 - c[0], 255 - c[1], 255 - c[2], 255 - c[3]}
	}
	rgb := func(c []float64) []float64 { return append(c[:3:3], 255) }
	tests := []struct {
		name     string
		count    int
		ids      string
		segments []byte
		model    raster.Model
		to       pixel
	}{
		{"YCbCr by default", 3, "\x01\x02\x03", nil, raster.RGBA, yccPixel},
		{"YCbCr by odd names", 3, "\x00\x07\x09", nil, raster.RGBA, yccPixel},
		{"YCbCr by Adobe", 3, "RGB", adobe(1), raster.RGBA, yccPixel},
		{"YCbCr by JFIF", 3, "RGB", jfif, raster.RGBA, yccPixel},
		{"RGB by Adobe", 3, "\x01\x02\x03", adobe(0), raster.RGBA, rgb},
		{"RGB by names", 3, "RGB", nil, raster.RGBA, rgb},
		{"CMYK", 4, "CMYK", nil, raster.CMYK, invert},
		{"CMYK by Adobe", 4, "\x01\x02\x03\x04", adobe(0), raster.CMYK, invert},
		{"YCCK", 4, "\x01\x02\x03\x04", adobe(2), raster.CMYK, func(c []float64) []float64 {
			// Adobe's C, M, Y are inverted, which makes them R, G, B of the YCbCr.
			return append(yccPixel(c)[:3:3], 255-c[3])
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := ycc(90, 60, 1, 1, 1, 1, 1, 1, 1, 1)
			p.components = p.components[:test.count]
			for i := range p.components {
				p.components[i].id = test.ids[i]
			}
			p.segments = test.segments
			img := decodeScaled(t, p.encode(), 8)
			if img.Model != test.model {
				t.Fatalf("model %d, want %d", img.Model, test.model)
			}
			if db := psnr(t, img.Pix, p.want(8, test.to)); db < 33 {
				t.Errorf("%.1f dB from the picture", db)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	exif := "\xFF\xE1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	part := func(number, count byte, data string) string {
		s := "ICC_PROFILE\x00" + string([]byte{number, count}) + data
		return string([]byte{0xFF, markerAPP2, 0, byte(len(s) + 2)}) + s
	}
	p := ycc(70, 50, 2, 2, 1, 1, 1, 1)
	p.progressive, p.scans = true, spectral(3)
	p.segments = []byte(exif + part(2, 2, "world") + part(1, 2, "hello "))
	d, err := NewDecoder(bytes.NewReader(p.encode()), 0)
	if err != nil {
		t.Fatal(err)
	}
	got := d.Info()
	if got.Format != "jpeg" || got.Width != 70 || got.Height != 50 || got.Frames != 1 ||
		got.Model != raster.RGBA || got.Alpha || got.Orientation != 6 || !got.Progressive ||
		string(got.ICC) != "hello world" {
		t.Errorf("got %+v", got)
	}

	p = ycc(70, 50, 1, 1)
	p.segments = []byte(part(1, 2, "half of it"))
	if d, err = NewDecoder(bytes.NewReader(p.encode()), 0); err != nil {
		t.Fatal(err)
	}
	if got = d.Info(); got.ICC != nil || got.Orientation != 1 || got.Progressive || got.Model != raster.Gray {
		t.Errorf("got %+v", got)
	}
}

func TestUnsupported(t *testing.T) {
	sof := func(marker, bits byte, components byte) []byte {
		data := []byte{0xFF, markerSOI, 0xFF, marker, 0, 8 + 3*components, bits, 0, 9, 0, 9, components}
		for i := range components {
			data = append(data, i, 0x11, 0)
		}
		return data
	}
	tests := []struct {
		data []byte
		say  string
	}{
		{sof(0xC1, 12, 3), "12 bits"},
		{sof(0xC3, 8, 3), "lossless"},
		{sof(0xC5, 8, 3), "hierarchical"},
		{sof(markerDHP, 8, 3), "hierarchical"},
		{sof(markerLS, 8, 3), "JPEG-LS"},
		{sof(0xC0, 8, 5), "5 components"},
	}
	for _, test := range tests {
		_, err := NewDecoder(bytes.NewReader(test.data), 0)
		if !errors.Is(err, raster.ErrUnsupported) || !strings.Contains(fmt.Sprint(err), test.say) {
			t.Errorf("%s: got %v", test.say, err)
		}
	}
}

// The part of the last column and row that the picture covers is told, also
// after a further reduction by a box.
func TestCover(t *testing.T) {
	p := ycc(1001, 523, 2, 2, 1, 1, 1, 1)
	data := p.encode()
	tests := []struct{ targetX, targetY, width, height, factor int }{
		{100, 52, 126, 66, 8},
		{10, 6, 126 / 6, ceilDiv(66, 5), 8},
		{150, 78, 251, 131, 4},
		{900, 470, 1001, 523, 1},
	}
	for _, test := range tests {
		d, err := NewDecoder(bytes.NewReader(data), 0)
		if err != nil {
			t.Fatal(err)
		}
		img, err := d.Decode(test.targetX, test.targetY)
		if err != nil {
			t.Fatal(err)
		}
		if img.Width != test.width || img.Height != test.height {
			t.Errorf("for %dx%d: %dx%d, want %dx%d", test.targetX, test.targetY, img.Width, img.Height, test.width, test.height)
			continue
		}
		boxX := float64(ceilDiv(1001, test.factor) / test.targetX / 2)
		boxY := float64(ceilDiv(523, test.factor) / test.targetY / 2)
		wantX := 1001 / float64(test.factor) / max(boxX, 1)
		wantY := 523 / float64(test.factor) / max(boxY, 1)
		if math.Abs(img.CoverX-wantX) > 1e-9 || math.Abs(img.CoverY-wantY) > 1e-9 {
			t.Errorf("for %dx%d: covers %v x %v, want %v x %v", test.targetX, test.targetY, img.CoverX, img.CoverY, wantX, wantY)
		}
	}
}

// Decoders share their buffers one after the other, never at once.
func TestConcurrentDecoding(t *testing.T) {
	p := ycc(320, 200, 2, 2, 1, 1, 1, 1)
	baseline := p.encode()
	p.progressive, p.scans = true, spectral(3)
	files := [][]byte{baseline, p.encode()}
	want := [][]byte{decodeScaled(t, files[0], 2).Pix, decodeScaled(t, files[1], 2).Pix}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 20 {
				d, err := NewDecoder(bytes.NewReader(files[i%2]), 0)
				if err != nil {
					t.Error(err)
					return
				}
				img, err := d.decodeAt(2, 320, 200)
				if err != nil || !bytes.Equal(img.Pix, want[i%2]) {
					t.Errorf("a picture decoded beside others differs (error %v)", err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestDecodeTwice(t *testing.T) {
	d, err := NewDecoder(bytes.NewReader(ycc(20, 20, 1, 1).encode()), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(20, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(20, 20); err == nil {
		t.Error("a second Decode gave no error")
	}
}
