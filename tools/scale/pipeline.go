package main

import (
	"math/rand/v2"
	"time"
)

// event is a picture on its way.
type event struct {
	uploaded  time.Duration // when its upload was begun
	queued    time.Duration // when Lambda had its event
	started   time.Duration // when its invocation began
	throttles int
	failures  int
	attempts  int // of the request to S3 that is being made
}

// pipeline is the whole: clients that upload, S3, and the function.
type pipeline struct {
	clock
	random              *rand.Rand
	source, destination *bucket
	function            *function
	notification        distribution
	service             distribution
	coldStart           distribution
	wake                bool // a free environment takes the next event at once, as in the local cloud and in S3 Batch
	waiting             []*event
	finished            func()              // after each invocation; nil: nothing
	observe             func(time.Duration) // each latency; nil: nothing

	billed      time.Duration
	invocations int
	latencies   histogram
	failed      int // went to the failure queue
	expired     int // were too old
	backlog     int // events that Lambda has and that are not done
	lastDone    time.Duration
	series      []point
}

// upload begins a picture now.
func (p *pipeline) upload(e *event) {
	if !p.source.write(p.now) {
		p.after(p.upTo(firstUploadBackoff<<min(e.attempts, uploadBackoffDoubled)), p.upload, e)
		e.attempts++
		return
	}
	p.after(p.notification.draw(p.random), p.enqueue, e)
}

func (p *pipeline) enqueue(e *event) {
	e.queued = p.now
	p.backlog++
	p.try(e)
}

// try starts an invocation or puts the event back.
func (p *pipeline) try(e *event) {
	cold, ok := p.function.start(p.now)
	switch {
	case ok:
		e.started, e.attempts = p.now, 0
		p.invocations++
		var start time.Duration
		if cold {
			start = p.coldStart.draw(p.random)
		}
		p.after(start, p.read, e)
	case p.wake:
		p.waiting = append(p.waiting, e)
	case p.now-e.queued > oldestEvent:
		p.expired++
		p.backlog--
	default:
		p.after(min(firstThrottleDelay<<min(e.throttles, 16), longestDelay), p.try, e)
		e.throttles++
	}
}

// read is the requests that an invocation begins with.
func (p *pipeline) read(e *event) {
	if !p.source.read(p.now) || !p.destination.read(p.now) {
		p.refused(e, p.read)
		return
	}
	e.attempts = 0
	p.after(p.service.draw(p.random), p.write, e)
}

// write is the requests that it ends with.
func (p *pipeline) write(e *event) {
	if !p.destination.write(p.now) || !p.source.read(p.now) {
		p.refused(e, p.write)
		return
	}
	p.latencies.add(p.now - e.uploaded)
	if p.observe != nil {
		p.observe(p.now - e.uploaded)
	}
	p.lastDone = p.now
	p.backlog--
	p.end(e)
}

// refused repeats a request that S3 answered with 503, and fails the invocation
// after the last attempt.
func (p *pipeline) refused(e *event, again action) {
	if e.attempts++; e.attempts < s3Attempts {
		p.after(p.upTo(s3Backoff[e.attempts-1]), again, e)
		return
	}
	p.end(e)
	if e.failures == len(failureDelays) {
		p.failed++
		p.backlog--
		return
	}
	e.failures++
	p.after(failureDelays[e.failures-1], p.try, e)
}

func (p *pipeline) end(e *event) {
	p.billed += p.now - e.started
	p.function.end(p.now)
	if len(p.waiting) > 0 {
		next := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.try(next)
	}
	if p.finished != nil {
		p.finished()
	}
}

func (p *pipeline) upTo(d time.Duration) time.Duration {
	return time.Duration(p.random.Float64() * float64(d))
}

// point is the state of a pipeline at a time.
type point struct {
	at                  time.Duration
	busy, backlog, done int
}

// watch takes a point each step until the end.
func (p *pipeline) watch(step, end time.Duration) {
	var tick action
	tick = func(*event) {
		p.series = append(p.series, point{p.now, p.function.busy, p.backlog, p.latencies.total})
		if p.now+step <= end {
			p.after(step, tick, nil)
		}
	}
	tick(nil)
}
