package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestWaitingTimes compares a pipeline that is a queue before servers with
// Erlang's formula for the mean wait in M/M/c.
func TestWaitingTimes(t *testing.T) {
	const mean, arrivals = 100 * time.Millisecond, 150_000
	for _, c := range []struct {
		servers int
		load    float64
	}{{1, 0.5}, {2, 0.8}, {10, 0.9}} {
		p := quiet(c.servers)
		p.service = exponential(mean)
		rate := c.load * float64(c.servers) / mean.Seconds()
		var sum time.Duration
		p.observe = func(d time.Duration) { sum += d }
		at := time.Duration(0)
		for range arrivals {
			at += time.Duration(p.random.ExpFloat64() / rate * float64(time.Second))
			p.after(at, func(*event) { p.upload(&event{uploaded: p.now}) }, nil)
		}
		p.run(math.MaxInt64)
		got := sum.Seconds() / arrivals
		want := erlangWait(c.servers, c.load)*mean.Seconds() + mean.Seconds()
		if math.Abs(got-want)/want > 0.05 {
			t.Errorf("%d servers at %v: %.4f s in the system, want %.4f", c.servers, c.load, got, want)
		}
	}
}

// erlangWait is the mean wait in M/M/c in units of the service time (Erlang C).
func erlangWait(servers int, load float64) float64 {
	a, sum, term := load*float64(servers), 0.0, 1.0
	for k := range servers {
		if k > 0 {
			term *= a / float64(k)
		}
		sum += term
	}
	last := term * a / float64(servers) / (1 - load)
	return last / (sum + last) / (float64(servers) * (1 - load))
}

type exponential time.Duration

func (e exponential) draw(r *rand.Rand) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(e))
}

// quiet is a pipeline with nothing but environments and their work.
func quiet(servers int) *pipeline {
	return &pipeline{
		random: rand.New(rand.NewPCG(7, 7)), source: newBucket(1000, 1), destination: newBucket(1000, 1),
		function: newFunction(servers, 1), notification: none{}, coldStart: none{}, service: none{}, wake: true,
	}
}

func TestPartIsLikeTheWhole(t *testing.T) {
	whole := scenario{perMinute: 60_000, burst: 6 * time.Second, minutes: 3, concurrency: 1000, partitions: 2, part: 1}
	part := whole
	part.part = 10
	a, b := whole.run(1), part.run(2)
	for _, q := range []float64{0.5, 0.9, 0.99} {
		x, y := a.latencies.quantile(q).Seconds(), b.latencies.quantile(q).Seconds()
		if math.Abs(x-y)/x > 0.15 {
			t.Errorf("quantile %v: %.2f s of the whole, %.2f s of a part", q, x, y)
		}
	}
}

func TestEveryUploadEnds(t *testing.T) {
	s := scenario{perMinute: 30_000, burst: time.Second, minutes: 2, concurrency: 50, partitions: 1, part: 10}
	o := s.run(3)
	if done := o.latencies.total + o.failed + o.expired; done != o.uploads || o.uploads == 0 {
		t.Errorf("%d of %d uploads ended", done, o.uploads)
	}
	if o.backlog != 0 || o.function.busy != 0 {
		t.Errorf("%d events and %d invocations are left", o.backlog, o.function.busy)
	}
	if f := o.first(); f == nil {
		t.Error("no limit was reached with 50 environments for 30,000 uploads a second")
	}
}

func TestSplitUnderPressure(t *testing.T) {
	b := newBucket(1, 1)
	for now := time.Duration(0); now < partitionSplit+time.Minute; now += time.Second {
		for range writesPerPartition + 100 {
			b.write(now)
		}
	}
	if b.partitions != 2 || b.writes.perSecond != 2*writesPerPartition {
		t.Errorf("%d partitions, %v writes a second after %v of pressure", b.partitions, b.writes.perSecond, partitionSplit)
	}
}

func TestScalingRate(t *testing.T) {
	f := newFunction(5000, 1)
	started := func(now time.Duration) (n int) {
		for {
			if _, ok := f.start(now); !ok {
				return n
			}
			n++
		}
	}
	if n := started(0); n != scalingBurst {
		t.Errorf("%d environments at once, want %d", n, scalingBurst)
	}
	if n := started(3 * time.Second); n != 3*scalingPerSecond {
		t.Errorf("%d more after three seconds, want %d", n, 3*scalingPerSecond)
	}
}
