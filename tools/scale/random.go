package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// distribution draws durations.
type distribution interface {
	draw(*rand.Rand) time.Duration
}

// uniform is evenly spread from least to most.
type uniform struct{ least, most time.Duration }

func (u uniform) draw(r *rand.Rand) time.Duration {
	return u.least + time.Duration(r.Float64()*float64(u.most-u.least))
}

// lognormal is given by its median and its 90th percentile.
type lognormal struct{ median, high time.Duration }

// z90 is the 90th percentile of the standard normal distribution.
const z90 = 1.2815515655446004

func (l lognormal) draw(r *rand.Rand) time.Duration {
	sigma := math.Log(float64(l.high)/float64(l.median)) / z90
	return time.Duration(float64(l.median) * math.Exp(sigma*r.NormFloat64()))
}

// sample draws one of the durations that were measured.
type sample []time.Duration

func (s sample) draw(r *rand.Rand) time.Duration { return s[r.IntN(len(s))] }

// none is no time at all.
type none struct{}

func (none) draw(*rand.Rand) time.Duration { return 0 }
