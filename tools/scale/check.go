package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// localLoad is a load for the local cloud, in uploads a second.
type localLoad struct {
	rate        float64 // 0: all at once
	uploads     int
	concurrency int
}

func (l localLoad) String() string {
	if l.rate == 0 {
		return fmt.Sprintf("%d at once, %d invocations at a time", l.uploads, l.concurrency)
	}
	return fmt.Sprintf("%g a second, %d invocations at a time", l.rate, l.concurrency)
}

func checkedLoads() []localLoad {
	return []localLoad{
		{rate: 5, uploads: 300, concurrency: 1},
		{rate: 20, uploads: 1000, concurrency: 1},
		{rate: 40, uploads: 1500, concurrency: 2},
		{uploads: 300, concurrency: 2},
	}
}

// measured is what local/load prints: of each upload when it came, how long it
// was until its thumbnail was there, and how long its invocation took.
type measured struct {
	Arrivals  []time.Duration `json:"arrivals"`
	Latencies []time.Duration `json:"latencies"`
	Durations []time.Duration `json:"durations"`
}

// checked compares the local cloud with the model of it.
type checked struct {
	localLoad
	Busy             float64 // share of the time that an environment works
	Local, Simulated []time.Duration
}

// check loads the local cloud and simulates the same uploads.
func check(ctx context.Context, root string, l localLoad, seed uint64) (checked, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "-tags", "lambda.norpc", "./local/load",
		"-rate", strconv.FormatFloat(l.rate, 'g', -1, 64), "-uploads", strconv.Itoa(l.uploads), "-concurrency", strconv.Itoa(l.concurrency))
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return checked{}, fmt.Errorf("go run ./local/load: %w", err)
	}
	var m measured
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		return checked{}, fmt.Errorf("what local/load printed: %w", err)
	}
	return m.compare(l, seed), nil
}

// compare simulates the uploads of m with the service times of m.
func (m measured) compare(l localLoad, seed uint64) checked {
	c := checked{localLoad: l, Local: m.Latencies}
	for _, d := range m.Durations {
		c.Busy += d.Seconds() / float64(l.concurrency)
	}
	c.Busy /= (slices.Max(m.Arrivals) - slices.Min(m.Arrivals)).Seconds() + 1e-9
	p := &pipeline{
		random: rand.New(rand.NewPCG(seed, 1)), source: newBucket(1000, 1), destination: newBucket(1000, 1),
		function:     newFunction(l.concurrency, 1),
		notification: none{}, coldStart: none{}, service: sample(m.Durations), wake: true,
	}
	p.observe = func(d time.Duration) { c.Simulated = append(c.Simulated, d) }
	for _, at := range m.Arrivals {
		p.after(at, func(e *event) { p.upload(&event{uploaded: p.now}) }, nil)
	}
	p.run(math.MaxInt64)
	slices.Sort(c.Local)
	slices.Sort(c.Simulated)
	return c
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// BusyPercent is how much of the time an environment works, at most 100.
func (c checked) BusyPercent() float64 { return min(100*c.Busy, 100) }

// Error is the simulated quantile less the local one, as a share of it.
func (c checked) Error(q float64) float64 {
	local := quantile(c.Local, q)
	return float64(quantile(c.Simulated, q)-local) / float64(local)
}
