package main

import (
	"bufio"
	"fmt"
	"log"
	"os"

	"s3-thumbnail-creator/tools/photo"
)

// input is one file to make a thumbnail of, encoded by Pillow from a synthetic
// photograph of width x height pixels.
type input struct {
	name          string // of the row
	file          string
	width, height int
	save          string // Pillow's keyword arguments
}

var inputs = []input{
	{"6 MP JPEG", "6mp.jpg", 3000, 2000, "quality=85"},
	{"12 MP JPEG", "12mp.jpg", 4000, 3000, "quality=85"},
	{"24 MP JPEG", "24mp.jpg", 6000, 4000, "quality=82"},
	{"100 MP JPEG", "100mp.jpg", 11600, 8700, "quality=80"},
	{"12 MP progressive JPEG", "12mp-progressive.jpg", 4000, 3000, "quality=85, progressive=True"},
	{"6.7 MP PNG", "6.7mp.png", 3160, 2120, ""},
	{"3 MP WebP", "3mp.webp", 2000, 1500, "quality=80"},
	{"1 MP GIF", "1mp.gif", 1154, 866, ""},
	{"6.7 MP TIFF, LZW", "6.7mp.tif", 3160, 2120, "compression='tiff_lzw'"},
}

func makeInputs() error {
	for _, in := range inputs {
		if _, err := os.Stat(in.file); err == nil {
			continue
		}
		log.Printf("making %s", in.file)
		const ppm = "photo.ppm"
		if err := writePhoto(ppm, in.width, in.height); err != nil {
			return err
		}
		if err := command(python, "peers.py", "encode", ppm, in.file, in.save); err != nil {
			return err
		}
		if err := os.Remove(ppm); err != nil {
			return err
		}
	}
	return nil
}

// writePhoto writes a photograph as a PPM, row by row: 100 megapixels of it are
// never in memory.
func writePhoto(path string, width, height int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(w, "P6\n%d %d\n255\n", width, height)
	for row := range photo.Rows(width, height) {
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return w.Flush()
}
