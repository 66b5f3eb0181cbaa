package main

import (
	"math"
	"time"

	"s3-thumbnail-creator/tools/prices"
)

// backfill is what S3 Batch Operations makes of existing objects: it keeps as
// many invocations under way as it may.
type backfill struct {
	concurrency, partitions int
	minutes, part           int
}

// backfilled is a backfill's outcome: how fast it was in its first five minutes
// and in its last.
type backfilled struct {
	backfill
	*pipeline
	early, late float64 // objects a second, of the whole
}

func (b backfill) run(seed uint64) backfilled {
	p := scenario{concurrency: b.concurrency, partitions: b.partitions, part: b.part}.newPipeline(seed)
	end := time.Duration(b.minutes) * time.Minute
	p.notification, p.wake = none{}, true
	p.watch(time.Second, end)
	p.finished = func() {
		if p.now < end {
			p.enqueue(&event{uploaded: p.now})
		}
	}
	for range p.function.limit {
		p.enqueue(&event{})
	}
	p.run(math.MaxInt64)
	const window = 5 * 60 // points
	rate := func(from, to point) float64 {
		return float64(to.done-from.done) / (to.at - from.at).Seconds() * float64(b.part)
	}
	s := p.series
	return backfilled{b, p, rate(s[0], s[window]), rate(s[len(s)-1-window], s[len(s)-1])}
}

// took returns how long n objects take: the simulated time, and the rest at the
// last rate.
func (b backfilled) took(n float64) time.Duration {
	done := float64(b.series[len(b.series)-1].done * b.part)
	return time.Duration(b.minutes)*time.Minute + time.Duration((n-done)/b.late*float64(time.Second))
}

// dollars prices n objects, the job included.
func (b backfilled) dollars(n float64) float64 {
	return n/1e6*b.dollarsPerMillion() + prices.PerBatchJob + n*prices.PerBatchObject
}

func backfills() []backfill {
	return []backfill{
		{concurrency: 900, partitions: 1, minutes: 75, part: 10},
		{concurrency: 900, partitions: 8, minutes: 15, part: 10},
		{concurrency: 9000, partitions: 32, minutes: 15, part: 50},
	}
}
