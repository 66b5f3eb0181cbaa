package main

import (
	"context"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"s3-thumbnail-creator/local/aws/s3"
)

// Sample is how things stood at one moment. Rates are those since the sample before.
type Sample struct {
	Seconds     float64 `json:"seconds"` // since the begin
	Uploads     float64 `json:"uploadsPerSecond"`
	Invocations float64 `json:"invocationsPerSecond"`
	Requests    float64 `json:"s3RequestsPerSecond"`
	Waiting     int     `json:"eventsWaiting"`
	P50         float64 `json:"p50Ms"` // from the answer to an upload until its thumbnail was there, of the last that were watched
	P90         float64 `json:"p90Ms"`
	P99         float64 `json:"p99Ms"`
	CloudMB     float64 `json:"cloudMB"`     // resident memory of this process: the cloud, the uploads, and Pulumi's program
	HeapMB      float64 `json:"cloudHeapMB"` // of which Go objects, garbage included
	Processes   int     `json:"functionProcesses"`
	FunctionMB  float64 `json:"functionsMB"`       // resident memory of all of the function's processes
	LargestMB   float64 `json:"largestFunctionMB"` // of the largest of them
	Faults      int     `json:"faultsSoFar"`
}

// watcher takes samples.
type watcher struct {
	load     *load
	began    time.Time
	last     time.Time
	requests atomic.Int64
	before   struct{ uploads, invocations, requests int64 }
}

func newWatcher(l *load) *watcher {
	w := &watcher{load: l, began: time.Now(), last: time.Now()}
	l.cloud.S3.Observe(func(c s3.Call) {
		if c.Status != 0 {
			w.requests.Add(1)
		}
	})
	return w
}

// run takes a sample every so often until ctx ends, and hands each to take.
func (w *watcher) run(ctx context.Context, every time.Duration, take func(Sample)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			take(w.sample())
		}
	}
}

func (w *watcher) sample() Sample {
	now, stats := time.Now(), w.load.cloud.Lambda.Stats()
	elapsed := now.Sub(w.last).Seconds()
	rate := func(before *int64, value int64) float64 {
		r := float64(value-*before) / elapsed
		*before = value
		return r
	}
	latencies := w.load.latest()
	s := Sample{
		Seconds:     now.Sub(w.began).Seconds(),
		Uploads:     rate(&w.before.uploads, w.load.uploads.Load()),
		Invocations: rate(&w.before.invocations, int64(stats.Invocations)),
		Requests:    rate(&w.before.requests, w.requests.Load()),
		Waiting:     stats.Pending,
		P50:         percentile(latencies, 0.5), P90: percentile(latencies, 0.9), P99: percentile(latencies, 0.99),
		CloudMB: residentMB(os.Getpid()), HeapMB: heapMB(), Processes: len(stats.Processes),
	}
	for _, pid := range stats.Processes {
		mb := residentMB(pid)
		s.FunctionMB += mb
		s.LargestMB = max(s.LargestMB, mb)
	}
	for _, r := range w.load.cloud.Faults.State().Rules {
		s.Faults += r.Struck
	}
	w.last = now
	return s
}

// residentMB is the resident memory of a process in megabytes, where the system tells (Linux); 0 elsewhere.
func residentMB(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return float64(pages*os.Getpagesize()) / 1e6
}

func heapMB() float64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()) / 1e6
}
