package main

import (
	"fmt"
	"image/color"
	"path/filepath"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

const plotWidth, plotHeight = 16 * vg.Centimeter, 9 * vg.Centimeter

// curve is one line of a plot.
type curve struct {
	name   string
	points plotter.XYs
}

// okabeIto are colors that the color blind can tell apart.
var okabeIto = []color.Color{
	color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255},
}

// draw saves curves as an SVG.
func draw(path, title, x, y string, logarithmic bool, curves ...curve) error {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Legend.Top, p.Legend.Left = true, true
	if logarithmic {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	p.Add(plotter.NewGrid())
	for i, c := range curves {
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return fmt.Errorf("plot %s: %w", c.name, err)
		}
		line.Color = okabeIto[i/2%len(okabeIto)]
		line.Width = vg.Points(1.5)
		if i%2 == 1 {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		p.Add(line)
		p.Legend.Add(c.name, line)
	}
	return p.Save(plotWidth, plotHeight, path)
}

// plots draws what docs/scale.md shows.
func plots(docs string, p page) error {
	if err := drawLatencies(filepath.Join(docs, "scale-latency.svg"), p.Loads); err != nil {
		return err
	}
	for _, s := range []struct {
		file string
		of   outcome
	}{{"scale-overload.svg", p.Remedies[len(p.Remedies)-1]}, {"scale-burst.svg", p.burst()}} {
		if err := drawSeries(filepath.Join(docs, s.file), s.of); err != nil {
			return err
		}
	}
	return drawCheck(filepath.Join(docs, "scale-check.svg"), p.Checks)
}

// burst is the largest that a new stack takes without an S3 that refuses.
func (p page) burst() outcome {
	for _, o := range p.Remedies {
		if o.burst > 0 && o.concurrency > defaultConcurrency {
			return o
		}
	}
	return p.Loads[len(p.Loads)-1]
}

func drawLatencies(path string, loads []outcome) error {
	var curves []curve
	for _, q := range []struct {
		name  string
		share float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}} {
		steady, bursts := curve{name: q.name + ", steady"}, curve{name: q.name + ", in bursts"}
		for _, o := range loads {
			to := &steady
			if o.burst > 0 {
				to = &bursts
			}
			to.points = append(to.points, plotter.XY{X: o.perMinute, Y: o.latencies.quantile(q.share).Seconds()})
		}
		curves = append(curves, steady, bursts)
	}
	return draw(path, "From upload to thumbnail", "uploads a minute", "seconds", true, curves...)
}

func drawSeries(path string, o outcome) error {
	busy, waiting := curve{name: "at work"}, curve{name: "in Lambda's queue"}
	last := min(o.lastDone, o.lastUpload+2*time.Minute)
	for _, s := range o.series {
		if s.at > last {
			break
		}
		x := s.at.Minutes()
		busy.points = append(busy.points, plotter.XY{X: x, Y: float64(s.busy * o.part)})
		waiting.points = append(waiting.points, plotter.XY{X: x, Y: float64((s.backlog - s.busy) * o.part)})
	}
	title := fmt.Sprintf("%s uploads a minute, %s, %d at once, %d partitions", o.load, o.shape(), o.concurrency, o.partitions)
	return draw(path, title, "minutes", "events", false, busy, waiting)
}

func drawCheck(path string, checks []checked) error {
	var curves []curve
	for _, c := range checks {
		for _, of := range []struct {
			name   string
			sorted []time.Duration
		}{{c.String(), c.Local}, {"the same, simulated", c.Simulated}} {
			line := curve{name: of.name}
			for i := 0; i <= 200; i++ {
				q := float64(i) / 200
				line.points = append(line.points, plotter.XY{X: quantile(of.sorted, q).Seconds() * 1000, Y: q})
			}
			curves = append(curves, line)
		}
	}
	return draw(path, "The local cloud and the model of it", "milliseconds from upload to thumbnail", "share", false, curves...)
}
