package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"s3-thumbnail-creator/tools/photo"
)

// picture is one file to make a thumbnail of. make writes it to path; other
// pictures made before are in the same folder.
type picture struct {
	name, title, file string
	make              func(path string) error
	// needs is the program without which the picture is left out: "" for none.
	needs string
}

// typical is the picture by which the memory size is recommended.
const typical = "jpeg12"

const (
	heifEncoder = "heif-enc"
	pillow      = "Pillow"
)

// pictures returns all, in the order of the tables. interpreter is a Python with Pillow.
func pictures(interpreter string) []picture {
	return []picture{
		{"jpeg6", "6 MP JPEG", "6mp.jpg", jpegOfSize(3000, 2000, 2.1e6), ""},
		{"jpeg12", "12 MP JPEG", "12mp.jpg", jpegOfSize(4000, 3000, 4.0e6), ""},
		{"jpeg24", "24 MP JPEG", "24mp.jpg", jpegOfSize(6000, 4000, 8.0e6), ""},
		{"progressive12", "12 MP progressive JPEG", "12mp-progressive.jpg",
			byPillow(interpreter, "12mp.jpg", "quality='keep', progressive=True"), pillow},
		{"png", "3 MP PNG", "3mp.png", encoded(2048, 1536, func(w *bytes.Buffer, m image.Image) error { return png.Encode(w, m) }), ""},
		{"webp", "3 MP WebP", "3mp.webp", byPillow(interpreter, "3mp.png", "quality=95"), pillow},
		{"gif", "1 MP GIF", "1mp.gif", encoded(1152, 864, encodeGIF), ""},
		{"tiff", "6 MP TIFF, Deflate", "6mp.tif", encoded(3000, 2000, func(w *bytes.Buffer, m image.Image) error {
			return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}), ""},
		{"bmp", "3 MP BMP", "3mp.bmp", encoded(2048, 1536, func(w *bytes.Buffer, m image.Image) error { return bmp.Encode(w, m) }), ""},
		{"heic", "12 MP HEIC", "12mp.heic", byHEIF("12mp.jpg", "-q", "60"), heifEncoder},
		{"avif", "3 MP AVIF", "3mp.avif", byHEIF("3mp.png", "-A", "-q", "85", "-p", "speed=8"), heifEncoder},
	}
}

// makePictures makes those of names (all if there are none) that are not in dir
// yet, and returns them and the titles of those left out for want of a program.
func makePictures(dir, interpreter string, names []string) (made []picture, missing []string, err error) {
	all := pictures(interpreter)
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p picture) bool { return p.name == name }) {
			return nil, nil, fmt.Errorf("-only names %q, want some of %s", name, namesOf(all))
		}
	}
	for _, p := range all {
		path := filepath.Join(dir, p.file)
		_, statErr := os.Stat(path)
		wanted := len(names) == 0 || slices.Contains(names, p.name)
		// 12mp.jpg and 3mp.png are what others are made from.
		if !wanted && p.file != "12mp.jpg" && p.file != "3mp.png" {
			continue
		}
		if statErr != nil {
			if !available(p.needs, interpreter) {
				missing = append(missing, fmt.Sprintf("%s (made with %s)", p.title, p.needs))
				continue
			}
			log.Printf("making %s", p.file)
			if err := p.make(path); err != nil {
				return nil, nil, fmt.Errorf("make %s: %w", p.file, err)
			}
		}
		if wanted {
			made = append(made, p)
		}
	}
	return made, missing, nil
}

func namesOf(all []picture) string {
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

func available(program, interpreter string) bool {
	switch program {
	case "":
		return true
	case pillow:
		return interpreter != ""
	}
	_, err := exec.LookPath(program)
	return err == nil
}

// encoded returns a maker of a photograph in the format of encode.
func encoded(width, height int, encode func(*bytes.Buffer, image.Image) error) func(string) error {
	return func(path string) error {
		var b bytes.Buffer
		if err := encode(&b, photo.Image(width, height)); err != nil {
			return err
		}
		return os.WriteFile(path, b.Bytes(), 0o644)
	}
}

// jpegOfSize returns a maker of a baseline JPEG of the quality that comes next
// to that many bytes.
func jpegOfSize(width, height int, size float64) func(string) error {
	return encoded(width, height, func(w *bytes.Buffer, m image.Image) error {
		var nearest []byte
		for low, high := 1, 100; low <= high; {
			quality := (low + high) / 2
			w.Reset()
			if err := jpeg.Encode(w, m, &jpeg.Options{Quality: quality}); err != nil {
				return err
			}
			if off := math.Abs(float64(w.Len()) - size); nearest == nil || off < math.Abs(float64(len(nearest))-size) {
				nearest = bytes.Clone(w.Bytes())
			}
			if float64(w.Len()) < size {
				low = quality + 1
			} else {
				high = quality - 1
			}
		}
		w.Reset()
		_, err := w.Write(nearest)
		return err
	})
}

func encodeGIF(w *bytes.Buffer, m image.Image) error {
	p := image.NewPaletted(m.Bounds(), palette.Plan9)
	draw.FloydSteinberg.Draw(p, p.Rect, m, m.Bounds().Min)
	return gif.Encode(w, p, nil)
}

// byPillow returns a maker that converts another picture of the folder.
func byPillow(interpreter, from, options string) func(string) error {
	return func(path string) error {
		script := fmt.Sprintf("import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2], %s)", options)
		return run(interpreter, "-c", script, filepath.Join(filepath.Dir(path), from), path)
	}
}

func byHEIF(from string, options ...string) func(string) error {
	return func(path string) error {
		return run(heifEncoder, append(options, filepath.Join(filepath.Dir(path), from), "-o", path)...)
	}
}

func run(name string, args ...string) error {
	if text, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, text)
	}
	return nil
}

// smallJPEG is what cold starts are measured with.
func smallJPEG() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, photo.Image(640, 480), nil); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
