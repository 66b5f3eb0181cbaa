package main

import "time"

// function is Lambda: execution environments, of which there are only so many
// and which come only so fast.
type function struct {
	limit   int
	scaling allowance
	busy    int
	idle    []time.Duration // since when each idle environment is, oldest first

	peak      int
	cold      int
	atLimit   refusals
	atScaling refusals
}

func newFunction(limit int, share float64) *function {
	return &function{
		limit:   max(int(float64(limit)*share), 1),
		scaling: newAllowance(scalingPerSecond*share, scalingBurst*share),
	}
}

// start takes an environment and says whether it is a new one, or that the
// event is throttled.
func (f *function) start(now time.Duration) (cold, ok bool) {
	expired := 0
	for expired < len(f.idle) && now-f.idle[expired] > idleEnvironment {
		expired++
	}
	f.idle = f.idle[expired:]
	switch {
	case f.busy >= f.limit:
		f.atLimit.add(now)
		return false, false
	case len(f.idle) > 0: // the one that was used last
		f.idle = f.idle[:len(f.idle)-1]
	case f.scaling.take(now):
		cold = true
		f.cold++
	default:
		f.atScaling.add(now)
		return false, false
	}
	f.busy++
	f.peak = max(f.peak, f.busy)
	return cold, true
}

// end gives an environment back.
func (f *function) end(now time.Duration) {
	f.busy--
	f.idle = append(f.idle, now)
}
