package main

import (
	_ "embed"
	"fmt"
	"os"
	"text/template"
	"time"
)

// page is what docs/scale.md is made of.
type page struct {
	Seed      uint64
	Checks    []checked
	Loads     []outcome
	Remedies  []outcome
	Backfills []backfilled
}

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("docs/scale.md").Funcs(template.FuncMap{
	"seconds": seconds, "ms": func(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()*1000) },
	"percent": func(share float64) string { return fmt.Sprintf("%+.0f %%", 100*share) },
	"limits":  func() limits { return theLimits },
}).Parse(pageText))

// limits are the constants that the page names.
type limits struct {
	Concurrency, ScalingBurst, Writes, Reads int
	Split                                    time.Duration
	Service                                  lognormal
	MemoryMB                                 int
}

var theLimits = limits{
	defaultConcurrency, scalingBurst, writesPerPartition, readsPerPartition, partitionSplit, service, memoryMB,
}

// Median and High are the times of the page.
func (l lognormal) Median() time.Duration { return l.median }
func (l lognormal) High() time.Duration   { return l.high }

func (p page) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pageTemplate.Execute(f, p); err != nil {
		return err
	}
	return f.Close()
}

// seconds shows a time with two or three digits.
func seconds(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Quantile is of the time from upload to thumbnail.
func (o outcome) Quantile(q float64) string { return seconds(o.latencies.quantile(q)) }

// Load, Shape, Concurrency and Partitions are what was simulated.
func (o outcome) Load() string     { return o.load }
func (o outcome) Shape() string    { return o.shape() }
func (o outcome) Concurrency() int { return o.concurrency }
func (o outcome) Partitions() int  { return o.partitions }

// Peak is how many invocations there were at once.
func (o outcome) Peak() int { return o.function.peak * o.part }

// Lost is how many pictures have no thumbnail at the end.
func (o outcome) Lost() int { return (o.failed + o.expired) * o.part }

// Drained is how long after the last upload the last thumbnail came.
func (o outcome) Drained() string { return seconds(max(o.lastDone-o.lastUpload, 0)) }

// Price is in dollars a million.
func (o outcome) Price() string { return fmt.Sprintf("%.2f", o.dollarsPerMillion()) }

// First names the limit that was reached first, and Change what is to be done.
func (o outcome) First() string {
	if l := o.first(); l != nil {
		return l.name
	}
	return "none"
}

func (o outcome) Change() string {
	if l := o.first(); l != nil {
		return l.change
	}
	return ""
}

// A billion is what a backfill of the page has.
const billion = 1e9

func (b backfilled) Concurrency() int { return b.concurrency }
func (b backfilled) Partitions() int  { return b.partitions }
func (b backfilled) Early() string    { return fmt.Sprintf("%.0f", b.early) }
func (b backfilled) Late() string     { return fmt.Sprintf("%.0f", b.late) }
func (b backfilled) Took() string     { return seconds(b.took(billion)) }
func (b backfilled) Price() string    { return fmt.Sprintf("%.0f", b.dollars(billion)) }
func (b backfilled) First() string {
	if l := b.first(); l != nil {
		return l.name
	}
	return "none"
}

// LocalQuantile and SimulatedQuantile are of the time from upload to thumbnail.
func (c checked) LocalQuantile(q float64) time.Duration     { return quantile(c.Local, q) }
func (c checked) SimulatedQuantile(q float64) time.Duration { return quantile(c.Simulated, q) }
