package main

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"math"
	"os"
	"slices"
	"time"
)

// psnr compares two PNG files of the same size, on white.
func psnr(a, b string) (float64, error) {
	x, err := load(a)
	if err != nil {
		return 0, err
	}
	y, err := load(b)
	if err != nil {
		return 0, err
	}
	if x.Rect != y.Rect {
		return 0, fmt.Errorf("%s has %v, %s has %v", a, x.Rect.Max, b, y.Rect.Max)
	}
	var sum float64
	for i := range x.Pix {
		d := float64(x.Pix[i]) - float64(y.Pix[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(3*len(x.Pix)/4)/max(sum, 1)), nil
}

func load(path string) (*image.RGBA, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	out := image.NewRGBA(m.Bounds())
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Over)
	return out, nil
}

func report(w io.Writer, rows []row) {
	fmt.Fprintf(w, "Measured %s, one core, thumbnails of at most 256x256 pixels.\n", time.Now().UTC().Format("2006-01-02"))
	table(w, "Median milliseconds a thumbnail (vipsthumbnail and ImageMagick with the start of their process), and ours as a ratio to the faster of Pillow and sharp",
		rows, func(r row) []float64 { return r.millis }, "%.1f",
		func(v []float64) string { return fmt.Sprintf("%.2f", v[0]/min(v[1], v[2])) })
	table(w, "Peak resident memory in MiB of a process that makes one, and ours as a ratio to vipsthumbnail",
		rows, func(r row) []float64 { return r.memory }, "%.0f",
		func(v []float64) string { return fmt.Sprintf("%.2f", v[0]/v[3]) })
	table(w, "Fidelity: PSNR in dB to Pillow's full decode and Lanczos, and ours less the best peer's",
		rows, func(r row) []float64 { return r.psnr }, "%.1f",
		func(v []float64) string { return fmt.Sprintf("%+.1f", v[0]-slices.Max(v[1:])) })
}

func table(w io.Writer, title string, rows []row, values func(row) []float64, format string, verdict func([]float64) string) {
	fmt.Fprintf(w, "\n%s:\n\n| input | ours | Pillow | sharp | vipsthumbnail | ImageMagick | ours compared |\n|---|---|---|---|---|---|---|\n", title)
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |", r.input.name)
		for _, v := range values(r) {
			fmt.Fprintf(w, " "+format+" |", v)
		}
		fmt.Fprintf(w, " %s |\n", verdict(values(r)))
	}
}
