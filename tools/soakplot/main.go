// Command soakplot draws what `make soak` has measured: rates, latencies and memory over time, one below the other.
package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

const usage = `Usage: soakplot DATA.json PICTURE.png

Draws the samples that local/soak has written.
`

// sample holds the numbers of one sample by their names in the file; see local/soak/watch.go.
type sample map[string]float64

// curve is one line of a diagram.
type curve struct {
	field, label string
	color        color.RGBA
}

// diagram is one of those below each other. They share the axis of time.
type diagram struct {
	unit   string
	curves []curve
}

// Colors that people who tell few colors tell apart (Okabe and Ito).
var (
	blue   = color.RGBA{0, 114, 178, 255}
	orange = color.RGBA{230, 159, 0, 255}
	green  = color.RGBA{0, 158, 115, 255}
	red    = color.RGBA{213, 94, 0, 255}
)

var diagrams = []diagram{
	{"per second", []curve{{"uploadsPerSecond", "uploads", blue}, {"invocationsPerSecond", "invocations", orange}}},
	{"events waiting", []curve{{"eventsWaiting", "events that Lambda has not done", blue}}},
	{"ms to the thumbnail", []curve{{"p50Ms", "median", blue}, {"p90Ms", "90th percentile", orange}, {"p99Ms", "99th percentile", red}}},
	{"MB resident", []curve{{"cloudMB", "cloud", blue}, {"functionsMB", "functions together", orange}, {"largestFunctionMB", "largest function", red}, {"cloudHeapMB", "Go heap of the cloud", green}}},
}

// Sizes of the picture.
const (
	width  = 8 * vg.Inch
	height = 2 * vg.Inch // of one diagram
	dpi    = 110
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "soakplot:", err)
		os.Exit(1)
	}
}

// run draws the picture of a file.
func run(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var data struct {
		Samples []sample `json:"samples"`
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if len(data.Samples) < 2 {
		return fmt.Errorf("%s has %d samples: want two or more, as a soak of a few seconds writes", from, len(data.Samples))
	}
	canvas := vgimg.NewWith(vgimg.UseWH(width, height*vg.Length(len(diagrams))), vgimg.UseDPI(dpi))
	var rows [][]*plot.Plot
	for _, d := range diagrams {
		p, err := d.plot(data.Samples)
		if err != nil {
			return err
		}
		rows = append(rows, []*plot.Plot{p})
	}
	rows[len(rows)-1][0].X.Label.Text = "seconds"
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: vg.Points(6), PadRight: vg.Points(10)}
	for i, c := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(c[0])
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// plot draws the curves of the samples. A percentile of nothing is left out.
func (d diagram) plot(samples []sample) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text = d.unit
	p.X.Min, p.X.Max, p.Y.Min = 0, samples[len(samples)-1]["seconds"], 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for _, c := range d.curves {
		var points plotter.XYs
		for _, s := range samples {
			y, ok := s[c.field]
			if !ok {
				return nil, fmt.Errorf("a sample has no %s: it was written by another version of local/soak", c.field)
			}
			if y == 0 && d.unit == "ms to the thumbnail" {
				continue
			}
			points = append(points, plotter.XY{X: s["seconds"], Y: y})
		}
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.field, err)
		}
		line.Color = c.color
		p.Add(line)
		p.Legend.Add(c.label, line)
	}
	p.Y.Max *= 1.2 + 0.12*float64(len(d.curves)) // room for the legend
	return p, nil
}
