package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"s3-thumbnail-creator/tools/prices"
)

// scenario is a load on a stack.
type scenario struct {
	load      string
	perMinute float64
	burst     time.Duration // each minute's uploads come within its first burst; 0: all the time
	minutes   int

	concurrency int // the account's quota, or reservedConcurrency
	partitions  int // of each bucket

	// Only one of part uploads is simulated, against limits that are as much
	// smaller: where both are large, times are alike.
	part int
}

// outcome is what became of a scenario; counts are of the part that was simulated.
type outcome struct {
	scenario
	*pipeline
	uploads    int
	lastUpload time.Duration
}

// shape says how the uploads come.
func (s scenario) shape() string {
	if s.burst == 0 {
		return "steady"
	}
	return fmt.Sprintf("in bursts of %.0f s", s.burst.Seconds())
}

// newPipeline makes the pipeline of a scenario.
func (s scenario) newPipeline(seed uint64) *pipeline {
	share := 1 / float64(s.part)
	return &pipeline{
		random: rand.New(rand.NewPCG(seed, 1)),
		source: newBucket(s.partitions, share), destination: newBucket(s.partitions, share),
		function:     newFunction(s.concurrency, share),
		notification: notification, service: service, coldStart: coldStart,
	}
}

// run simulates it until everything is done.
func (s scenario) run(seed uint64) outcome {
	p := s.newPipeline(seed)
	end := time.Duration(s.minutes) * time.Minute
	p.watch(time.Second, 2*end)
	o := outcome{scenario: s, pipeline: p}
	window := s.burst
	if window == 0 {
		window = time.Minute
	}
	mean := time.Duration(float64(window) / s.perMinute * float64(s.part))
	p.arrive(mean, window, end, func(at time.Duration) {
		o.uploads++
		o.lastUpload = at
		p.upload(&event{uploaded: at})
	})
	p.run(math.MaxInt64)
	return o
}

// arrive lets uploads come at random moments, in exponentially distributed
// times of which only the first window of each minute counts.
func (p *pipeline) arrive(mean, window, end time.Duration, upload func(at time.Duration)) {
	var plan, come action
	plan = func(*event) {
		at := p.now + time.Duration(p.random.ExpFloat64()*float64(mean))
		for at%time.Minute >= window {
			at += time.Minute - window // what is left of the time goes on in the next minute
		}
		if at < end {
			p.after(at-p.now, come, nil)
		}
	}
	come = func(*event) {
		upload(p.now)
		plan(nil)
	}
	plan(nil)
}

// dollarsPerMillion prices what a pipeline took, for a million thumbnails.
func (p *pipeline) dollarsPerMillion() float64 {
	thumbnails := float64(max(p.latencies.total, 1))
	n := float64(p.invocations) / thumbnails
	return prices.Usage{
		GBSeconds: prices.GBSeconds(memoryMB, p.billed) / thumbnails,
		Reads:     n * (sourceReads + destinationReads), Writes: n, LogBytes: n * logBytes,
	}.Dollars(1e6)
}

// limit is something that can hold a pipeline back.
type limit struct {
	refusals
	name, change string
}

// first returns the limit that was reached first; nil where there was none.
func (p *pipeline) first() (first *limit) {
	for _, l := range []limit{
		{p.source.refusedPuts, "S3: uploads to one partition", "keys under several prefixes; clients that try again"},
		{p.destination.refusedPuts, "S3: thumbnails to one partition", "keys under several prefixes"},
		{p.source.refusedReads, "S3: reads from one partition", "keys under several prefixes"},
		{p.destination.refusedReads, "S3: looks at one partition", "keys under several prefixes"},
		{p.function.atLimit, "Lambda: concurrent executions", "a larger quota, asked for in time"},
		{p.function.atScaling, "Lambda: how fast it scales", "nothing: events wait in its queue"},
	} {
		if l.n > 0 && (first == nil || l.first < first.first) {
			first = &l
		}
	}
	return first
}

// loads are the scenarios with which a new stack in an old account begins.
func loads() (all []scenario) {
	for _, load := range []scenario{
		{load: "10", perMinute: 10, part: 1},
		{load: "1,000", perMinute: 1e3, part: 1},
		{load: "100,000", perMinute: 1e5, part: 1},
		{load: "1,000,000", perMinute: 1e6, part: 20},
	} {
		for _, burst := range []time.Duration{0, 6 * time.Second} {
			s := load
			s.burst, s.minutes, s.concurrency, s.partitions = burst, 10, defaultConcurrency, 1
			all = append(all, s)
		}
	}
	return all
}

// remedies are scenarios with what their first limits ask for, and one with less.
func remedies() []scenario {
	const burst = 6 * time.Second
	return []scenario{
		{load: "1,000", perMinute: 1e3, minutes: 10, concurrency: newAccountConcurrency, partitions: 1, part: 1},
		{load: "1,000", perMinute: 1e3, burst: burst, minutes: 10, concurrency: newAccountConcurrency, partitions: 1, part: 1},
		{load: "100,000", perMinute: 1e5, burst: burst, minutes: 10, concurrency: 4000, partitions: 8, part: 1},
		{load: "1,000,000", perMinute: 1e6, minutes: 10, concurrency: 5000, partitions: 8, part: 20},
		{load: "1,000,000", perMinute: 1e6, burst: burst, minutes: 10, concurrency: 30000, partitions: 64, part: 20},
		{load: "1,000,000", perMinute: 1e6, minutes: 90, concurrency: 5000, partitions: 1, part: 200},
	}
}
