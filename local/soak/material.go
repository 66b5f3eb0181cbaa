package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"s3-thumbnail-creator/codec/webp"
	"s3-thumbnail-creator/local/samples"
)

// body is something to upload, and what has to become of it.
type body struct {
	about       string
	bytes       []byte
	etag        string // as S3 has it, without quotes
	contentType string
	// width, height and mean are those of the picture as it is to be seen; 0 for what gets no thumbnail.
	width, height int
	mean          [3]float64
	alpha         bool
	// rejected is what the failure queue hears of; what is no picture at all is skipped.
	rejected bool
}

// good says whether it gets thumbnails.
func (b *body) good() bool { return b.width > 0 }

// material are the bodies of a soak: pictures of every format in several colors, that each thumbnail tells which picture
// it was made from; the samples of the demo; and what is broken, too large, or no picture at all.
type material struct {
	usual, samples, broken []*body
	byETag                 map[string]*body
}

// tints are far apart from each other: see sameMean.
var tints = []color.NRGBA{{230, 60, 60, 255}, {60, 200, 60, 255}, {60, 60, 230, 255}, {220, 220, 60, 255}, {60, 210, 210, 255}, {215, 60, 215, 255}}

// encoders are the formats that can be written here. AVIF and HEIC cannot.
var encoders = []struct {
	name, contentType string
	alpha             bool
	encode            func(io.Writer, *image.NRGBA) error
}{
	{"JPEG", "image/jpeg", false, func(w io.Writer, m *image.NRGBA) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 88}) }},
	{"PNG", "image/png", true, func(w io.Writer, m *image.NRGBA) error { return png.Encode(w, m) }},
	{"GIF", "image/gif", false, func(w io.Writer, m *image.NRGBA) error {
		p := image.NewPaletted(m.Rect, palette.WebSafe)
		draw.FloydSteinberg.Draw(p, p.Rect, m, image.Point{})
		return gif.Encode(w, p, nil)
	}},
	{"WebP", "image/webp", true, func(w io.Writer, m *image.NRGBA) error { return webp.Encode(w, m, 80) }},
	{"TIFF", "image/tiff", true, func(w io.Writer, m *image.NRGBA) error {
		return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	}},
	{"BMP", "image/bmp", false, func(w io.Writer, m *image.NRGBA) error { return bmp.Encode(w, m) }},
}

// newMaterial makes the bodies. It takes about as long as samples.All.
func newMaterial() (*material, error) {
	m := &material{byETag: map[string]*body{}}
	for f, e := range encoders {
		for i, tint := range tints {
			b := &body{about: fmt.Sprintf("%s %d", e.name, i), contentType: e.contentType, alpha: i == 0 && e.alpha}
			b.width, b.height = 320+80*i+7*f, 240+50*i
			var file bytes.Buffer
			if err := e.encode(&file, gradient(b.width, b.height, tint, b.alpha)); err != nil {
				return nil, fmt.Errorf("encode a %s: %w", e.name, err)
			}
			b.bytes = file.Bytes()
			if err := b.measure(); err != nil {
				return nil, err
			}
			m.usual = append(m.usual, m.add(b))
		}
	}
	all, err := samples.All()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		b := &body{about: s.Key, bytes: s.Body, contentType: s.ContentType}
		if s.Thumbnail == "" {
			b.rejected = s.Width > 0
			m.broken = append(m.broken, m.add(b))
			continue
		}
		b.width, b.height, b.alpha = s.Width, s.Height, s.Key == "logo.png"
		if err := b.measure(); err != nil {
			return nil, err
		}
		m.samples = append(m.samples, m.add(b))
	}
	m.addBroken()
	return m, nil
}

// measure finds the mean of the picture as it is stored.
func (b *body) measure() error {
	img, _, err := image.Decode(bytes.NewReader(b.bytes))
	if err != nil {
		return fmt.Errorf("decode %s: %w", b.about, err)
	}
	b.mean = mean(img)
	return nil
}

func (m *material) add(b *body) *body {
	sum := md5.Sum(b.bytes)
	b.etag = hex.EncodeToString(sum[:])
	m.byETag[b.etag] = b
	return b
}

// addBroken adds what gets no thumbnail, beside the demo's samples of that.
func (m *material) addBroken() {
	noise := make([]byte, 3000)
	r := rand.NewChaCha8([32]byte{'n', 'o', 'i', 's', 'e'})
	r.Read(noise)
	bomb := append([]byte{}, m.usual[len(tints)].bytes[:33]...) // signature and IHDR of a PNG
	copy(bomb[16:], "\x00\x01\x00\x00\x00\x01\x00\x00")         // 65,536 pixels square
	for _, b := range []*body{
		{about: "JPEG of noise", bytes: append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), noise...), rejected: true},
		{about: "PNG of four gigapixels", bytes: bomb, rejected: true},
		{about: "noise", bytes: noise},
		{about: "film", bytes: append([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"), noise...)},
		{about: "SVG", bytes: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		{about: "nothing"},
	} {
		b.contentType = "image/jpeg"
		m.broken = append(m.broken, m.add(b))
	}
}

// pick chooses a body: most are usual, some broken, and a few of the large samples.
func (m *material) pick(r *rand.Rand) *body {
	from := m.usual
	switch p := r.Float64(); {
	case p < 0.15:
		from = m.broken
	case p < 0.18:
		from = m.samples
	}
	return from[r.IntN(len(from))]
}

// gradient paints a picture of one tint, lighter to the right and with a texture that survives no thumbnail. With alpha, its
// upper half is half transparent.
func gradient(width, height int, tint color.NRGBA, alpha bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := tint
			light := 0.8 + 0.2*float64(x)/float64(width) + 0.05*float64((x*7+y*13)%5-2)
			for _, v := range []*uint8{&c.R, &c.G, &c.B} {
				*v = uint8(min(255, float64(*v)*light))
			}
			if alpha && y < height/2 {
				c.A = 128
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// mean is the mean of each channel, 0 to 255, of a picture on white.
func mean(img image.Image) [3]float64 {
	b := img.Bounds()
	canvas := image.NewRGBA(b)
	draw.Draw(canvas, b, image.White, image.Point{}, draw.Src)
	draw.Draw(canvas, b, img, b.Min, draw.Over)
	var sum [3]float64
	for i := 0; i < len(canvas.Pix); i += 4 {
		for c := range sum {
			sum[c] += float64(canvas.Pix[i+c])
		}
	}
	for c := range sum {
		sum[c] /= float64(len(canvas.Pix) / 4)
	}
	return sum
}
