// Package samples makes the pictures that the demo and the end-to-end tests upload. They are computed, not stored:
// the repository needs no binary files, and every run has the same bytes. They look like what people upload
// (gradients, edges, texture) because noise would tell nothing about a decoder's speed or a resizer's quality.
package samples

import (
	"bytes"
	"fmt"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/disintegration/imaging"
	"golang.org/x/image/tiff"
	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/codec/webp"
)

// Sample is one object to upload.
type Sample struct {
	// Key is the object's key, ContentType what the uploader claims it to be.
	Key, ContentType string
	// About says in a few words what is special about it.
	About string
	Body  []byte
	// Width and Height are those of the picture as it is to be seen, in pixels; 0 if it is none.
	Width, Height int
	// Thumbnail is the key of the thumbnail that the project's default settings make of it; "" if it gets none.
	Thumbnail string
}

// Settings for encoders: what cameras and export dialogs use.
const (
	jpegQuality = 88
	webpQuality = 80
)

// All returns every sample. It takes two or three seconds of computing.
func All() ([]Sample, error) {
	makers := []func() (Sample, error){
		photo, portrait, awkwardKey, logo, animation, webpPicture, scan, notAPicture, damaged,
	}
	all := make([]Sample, len(makers))
	var group errgroup.Group
	for i, maker := range makers {
		group.Go(func() (err error) {
			all[i], err = maker()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("make the sample pictures: %w", err)
	}
	return all, nil
}

// photo is a twelve-megapixel JPEG, as a phone makes it.
func photo() (Sample, error) {
	body, err := encodeJPEG(landscape(4000, 3000, 1))
	return Sample{
		Key: "holiday/lake.jpg", ContentType: "image/jpeg", About: "12-megapixel JPEG",
		Body: body, Width: 4000, Height: 3000, Thumbnail: "holiday/thumb-lake.jpg",
	}, err
}

// portrait is a picture that lies on its side in the file; its EXIF orientation, 6, says that it has to be turned
// a quarter clockwise. It carries a GPS position, which nobody should find in the thumbnail.
func portrait() (Sample, error) {
	body, err := encodeJPEG(counterclockwise(landscape(1200, 1600, 2)))
	if err != nil {
		return Sample{}, err
	}
	return Sample{
		Key: "portrait.jpg", ContentType: "image/jpeg", About: "EXIF orientation 6, GPS position",
		Body: withEXIF(body, 6), Width: 1200, Height: 1600, Thumbnail: "thumb-portrait.jpg",
	}, nil
}

// awkwardKey is a picture whose key needs every kind of care: a folder, a space, a plus, a letter beyond ASCII.
func awkwardKey() (Sample, error) {
	body, err := encodeJPEG(landscape(1500, 1000, 3))
	return Sample{
		Key: "Gr\u00fc\u00dfe 2026/a+b photo.jpg", ContentType: "image/jpeg", About: "space, plus, slash, umlaut in the key",
		Body: body, Width: 1500, Height: 1000, Thumbnail: "Gr\u00fc\u00dfe 2026/thumb-a+b photo.jpg",
	}, err
}

// logo is a PNG with every degree of transparency.
func logo() (Sample, error) {
	var buf bytes.Buffer
	err := png.Encode(&buf, emblem(900))
	return Sample{
		Key: "logo.png", ContentType: "image/png", About: "PNG with alpha",
		Body: buf.Bytes(), Width: 900, Height: 900, Thumbnail: "thumb-logo.png",
	}, err
}

// animation is a GIF of a few frames.
func animation() (Sample, error) {
	const width, height = 480, 320
	var g gif.GIF
	for frame := range 4 {
		p := image.NewPaletted(image.Rect(0, 0, width, height), palette.WebSafe)
		draw.FloydSteinberg.Draw(p, p.Bounds(), landscape(width, height, uint64(10+frame)), image.Point{})
		g.Image = append(g.Image, p)
		g.Delay = append(g.Delay, 20)
	}
	var buf bytes.Buffer
	err := gif.EncodeAll(&buf, &g)
	return Sample{
		Key: "animation.gif", ContentType: "image/gif", About: "GIF of four frames",
		Body: buf.Bytes(), Width: width, Height: height, Thumbnail: "thumb-animation.gif",
	}, err
}

// webpPicture is a lossy WebP, as browsers and messengers save them.
func webpPicture() (Sample, error) {
	var buf bytes.Buffer
	err := webp.Encode(&buf, imaging.Clone(landscape(1600, 1067, 4)), webpQuality)
	return Sample{
		Key: "web/hills.webp", ContentType: "image/webp", About: "WebP",
		Body: buf.Bytes(), Width: 1600, Height: 1067, Thumbnail: "web/thumb-hills.webp",
	}, err
}

// scan is a format that browsers do not show: its thumbnail is a JPEG, and says so in its name.
func scan() (Sample, error) {
	var buf bytes.Buffer
	err := tiff.Encode(&buf, landscape(1240, 1754, 5), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	return Sample{
		Key: "scan.tiff", ContentType: "image/tiff", About: "TIFF, becomes JPEG",
		Body: buf.Bytes(), Width: 1240, Height: 1754, Thumbnail: "thumb-scan.tiff.jpg",
	}, err
}

// notAPicture is a text that claims to be a picture, by name and by type.
func notAPicture() (Sample, error) {
	return Sample{
		Key: "notes.jpg", ContentType: "image/jpeg", About: "text, whatever its name says",
		Body: []byte("Things to buy: milk, bread, a camera.\n"),
	}, nil
}

// damaged is a PNG whose pixels were lost.
func damaged() (Sample, error) {
	body, err := encodePNGHeader(640, 480)
	return Sample{
		Key: "damaged.png", ContentType: "image/png", About: "PNG that ends after its header",
		Body: body, Width: 640, Height: 480,
	}, err
}

func encodeJPEG(img image.Image) ([]byte, error) {
	var buf bytes.Buffer
	err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality})
	return buf.Bytes(), err
}

// encodePNGHeader returns a PNG up to the start of its pixel data: signature and IHDR.
func encodePNGHeader(width, height int) ([]byte, error) {
	var buf bytes.Buffer
	err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)))
	const header = 8 + 4 + 4 + 13 + 4 // signature; length, type, data and checksum of IHDR
	return buf.Bytes()[:header], err
}
