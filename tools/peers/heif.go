package main

import (
	_ "embed"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed heic.py
var heicScript []byte

// coded is a HEIC or an AVIF to make a thumbnail of, encoded from a synthetic
// photograph of width x height pixels.
type coded struct {
	name          string // of the row
	file          string
	width, height int
	encode        func(c coded, png string) error
}

// The sizes are those of phones: a HEIC is a grid of squares of 512 pixels.
var codedPictures = []coded{
	{"12 MP HEIC, a grid, with its thumbnail", "12mp-thumb.heic", 4032, 3024, grid(8, true)},
	{"12 MP HEIC, a grid", "12mp-grid.heic", 4032, 3024, grid(8, false)},
	{"12 MP HEIC, a grid, 10 bits", "12mp-10.heic", 4032, 3024, grid(10, false)},
	{"12 MP HEIC, in one piece", "12mp.heic", 4032, 3024, tool("heif-enc", "-q", "60", "-p", "preset=superfast", "-o")},
	{"48 MP HEIC, a grid", "48mp.heic", 8064, 6048, grid(8, false)},
	{"1 MP AVIF", "1mp.avif", 1152, 864, tool("avifenc", avifOptions...)},
	{"1 MP AVIF, 10 bits", "1mp-10.avif", 1152, 864, tool("avifenc", append([]string{"-d", "10"}, avifOptions...)...)},
	{"12 MP AVIF", "12mp.avif", 4032, 3024, tool("avifenc", avifOptions...)},
	{"12 MP AVIF, 10 bits", "12mp-10.avif", 4032, 3024, tool("avifenc", append([]string{"-d", "10"}, avifOptions...)...)},
	{"12 MP AVIF, a grid", "12mp-grid.avif", 4032, 3024, tool("avifenc", append([]string{"--grid", "4x3"}, avifOptions...)...)},
}

// avifOptions are the quality of most pictures on the web.
var avifOptions = []string{"-y", "420", "-s", "8", "--min", "20", "--max", "28", "-o"}

// tool encodes with a program whose last argument is the file to write, before
// that to read.
func tool(name string, args ...string) func(coded, string) error {
	return func(c coded, png string) error {
		return command(name, append(slices.Clone(args), c.file, png)...)
	}
}

// grid encodes tiles with x265 and puts them together.
func grid(depth int, thumbnail bool) func(coded, string) error {
	return func(c coded, png string) error {
		const side = 512
		if err := command(python, "heic.py", "tiles", png, "tiles.y4m", strconv.Itoa(side)); err != nil {
			return err
		}
		args := []string{
			"heic.py", "grid", c.file, strconv.Itoa(c.width), strconv.Itoa(c.height), strconv.Itoa(side),
			strconv.Itoa(depth), "tiles.hevc",
		}
		if err := x265("tiles", depth); err != nil {
			return err
		}
		if thumbnail {
			if err := command(python, "heic.py", "small", png, "thumb.y4m", "320", "240"); err != nil {
				return err
			}
			if err := x265("thumb", depth); err != nil {
				return err
			}
			args = append(args, "thumb.hevc", "320", "240")
		}
		return command(python, args...)
	}
}

func x265(name string, depth int) error {
	defer os.Remove(name + ".y4m")
	return command("x265", "--log-level", "error", "--no-progress", "--preset", "superfast", "--input", name+".y4m", "--keyint", "1", "--no-info", "--crf", "24",
		"--range", "full", "--output-depth", strconv.Itoa(depth), "-o", name+".hevc")
}

func makeCoded() error {
	for _, c := range codedPictures {
		if _, err := os.Stat(c.file); err == nil {
			continue
		}
		log.Printf("making %s", c.file)
		png := fmt.Sprintf("photo-%d.png", c.width)
		if _, err := os.Stat(png); err != nil {
			if err := writePhoto("photo.ppm", c.width, c.height); err != nil {
				return err
			}
			if err := command(python, "peers.py", "encode", "photo.ppm", png, "compress_level=1"); err != nil {
				return err
			}
		}
		if err := c.encode(c, png); err != nil {
			return err
		}
	}
	return nil
}

// decoded decodes a HEIC or AVIF whole, with the program made for it.
func decoded(file, out string) []string {
	if (coded{file: file}).isAVIF() {
		return []string{"avifdec", file, out}
	}
	return []string{"heif-convert", file, out}
}

// codedRow is what was measured of a coded picture: by peer, not a number where
// that does not read it.
type codedRow struct {
	coded
	first, warm, vips, sharp, whole float64   // milliseconds
	memory                          []float64 // of ours, vipsthumbnail, sharp and the whole decode
	psnr                            []float64 // of ours, vipsthumbnail and sharp
}

// measureCoded prints the tables of HEIC and AVIF.
func measureCoded(w io.Writer, all []peer, repeat int) error {
	var rows []codedRow
	for _, c := range codedPictures {
		log.Printf("measuring %s", c.name)
		r := codedRow{coded: c, sharp: math.NaN()}
		if err := r.time(all, repeat); err != nil {
			return err
		}
		if err := r.compare(all); err != nil {
			return err
		}
		rows = append(rows, r)
	}
	reportCoded(w, rows)
	return nil
}

// whole is the program that only decodes a picture, as a peer.
var whole = peer{name: "the decoder", once: func(file, _ string) []string { return decoded(file, "whole.y4m") }}

// time measures milliseconds; all are the peers in the order of the function of
// that name.
func (r *codedRow) time(all []peer, repeat int) (err error) {
	ours, sharp, vips := all[0], all[2], all[3]
	if r.warm, err = ours.time(r.file, repeat); err != nil {
		return err
	}
	ours.bench = nil // a process for each
	if r.first, err = ours.time(r.file, repeat); err != nil {
		return err
	}
	if r.vips, err = vips.time(r.file, repeat); err != nil {
		return err
	}
	if r.isAVIF() {
		if r.sharp, err = sharp.time(r.file, repeat); err != nil {
			return err
		}
	}
	r.whole, err = whole.time(r.file, repeat)
	return err
}

func (c coded) isAVIF() bool { return strings.HasSuffix(c.file, ".avif") }

// compare measures memory and fidelity.
func (r *codedRow) compare(all []peer) error {
	if _, err := onOneCore(decoded(r.file, "whole.png")); err != nil {
		return err
	}
	if err := command(python, "peers.py", "reference", "whole.png", "reference.png"); err != nil {
		return err
	}
	for _, p := range []peer{all[0], all[3], all[2]} {
		memory, fidelity := math.NaN(), math.NaN()
		if p.name != "sharp" || r.isAVIF() { // its build has no HEVC
			var err error
			if memory, err = p.peak(r.file, "out.png"); err != nil {
				return err
			}
			if fidelity, err = psnr("out.png", "reference.png"); err != nil {
				return err
			}
		}
		r.memory, r.psnr = append(r.memory, memory), append(r.psnr, fidelity)
	}
	memory, err := whole.peak(r.file, "whole.y4m")
	r.memory = append(r.memory, memory)
	return err
}

func reportCoded(w io.Writer, rows []codedRow) {
	fmt.Fprintf(w, "\nHEIC and AVIF, %s: median milliseconds, of the first picture of a process with its start, and of further ones; the whole decode (heif-convert, avifdec) writes what it decoded:\n\n",
		time.Now().UTC().Format("2006-01-02"))
	fmt.Fprint(w, "| input | ours, first | ours, further | vipsthumbnail, first | sharp, further | whole decode | first to vipsthumbnail | further to sharp |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |%s\n", r.name, cells("%.0f", r.first, r.warm, r.vips, r.sharp, r.whole)+
			cells("%.2f", r.first/r.vips, r.warm/r.sharp))
	}
	fmt.Fprint(w, "\nPeak resident memory in MiB, and PSNR in dB to the whole decode and Lanczos:\n\n| input | MiB: ours | vipsthumbnail | sharp | whole decode | dB: ours | vipsthumbnail | sharp |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |%s\n", r.name, cells("%.0f", r.memory...)+cells("%.1f", r.psnr...))
	}
}

// cells formats cells of a table, each with the bar behind it.
func cells(format string, values ...float64) string {
	var b strings.Builder
	for _, v := range values {
		text := fmt.Sprintf(format, v)
		if math.IsNaN(v) {
			text = "–"
		}
		b.WriteString(" " + text + " |")
	}
	return b.String()
}
