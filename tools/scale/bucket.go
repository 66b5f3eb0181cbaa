package main

import "time"

// allowance is a token bucket: perSecond refilled continuously, up to burst.
type allowance struct {
	perSecond, burst float64
	left             float64
	at               time.Duration
}

func newAllowance(perSecond, burst float64) allowance {
	return allowance{perSecond: perSecond, burst: burst, left: burst}
}

// take takes one, or says that there is none.
func (a *allowance) take(now time.Duration) bool {
	a.left = min(a.burst, a.left+a.perSecond*(now-a.at).Seconds())
	a.at = now
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}

// refusals counts what a limit refused.
type refusals struct {
	n     int
	first time.Duration
}

func (r *refusals) add(now time.Duration) {
	if r.n == 0 {
		r.first = now
	}
	r.n++
}

// bucket is one of S3: as many requests a second as its partitions take, keys
// evenly spread over them, and twice the partitions when more were asked for
// long enough.
type bucket struct {
	reads, writes             allowance
	refusedReads, refusedPuts refusals
	partitions                int

	pressed     bool
	since       time.Duration // of the pressure
	lastRefusal time.Duration
}

// newBucket makes a bucket that has partitions; share divides its limits where a
// simulation is a part of the whole.
func newBucket(partitions int, share float64) *bucket {
	n := float64(partitions) * share
	return &bucket{
		reads:      newAllowance(n*readsPerPartition, n*readsPerPartition),
		writes:     newAllowance(n*writesPerPartition, n*writesPerPartition),
		partitions: partitions,
	}
}

// read asks for a GET or HEAD, write for a PUT. False is the answer 503.
func (b *bucket) read(now time.Duration) bool  { return b.ask(&b.reads, &b.refusedReads, now) }
func (b *bucket) write(now time.Duration) bool { return b.ask(&b.writes, &b.refusedPuts, now) }

func (b *bucket) ask(a *allowance, r *refusals, now time.Duration) bool {
	if a.take(now) {
		return true
	}
	r.add(now)
	// A minute without a refusal is the end of the pressure.
	if !b.pressed || now-b.lastRefusal > time.Minute {
		b.pressed, b.since = true, now
	}
	b.lastRefusal = now
	if now-b.since >= partitionSplit {
		b.split(now)
	}
	return false
}

func (b *bucket) split(now time.Duration) {
	b.partitions *= 2
	for _, a := range []*allowance{&b.reads, &b.writes} {
		a.perSecond *= 2
		a.burst *= 2
	}
	b.since = now
}
