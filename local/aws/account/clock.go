package account

import (
	"context"
	"sync"
	"time"
)

// Clock is the time that everything in an account goes by: the machine's, and as much later as it was turned. Its zero
// value shows the machine's time. Only what waits for AWS goes by it; processes and the log's own lines go by the machine.
type Clock struct {
	mu     sync.Mutex
	ahead  time.Duration
	turned chan struct{} // closed and renewed by Turn; nil until somebody asks
}

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// At is what the clock shows when the machine's shows t: for times that come from processes, which know no other.
func (c *Clock) At(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return t.Add(c.ahead)
}

// Turn moves the clock on by d, and wakes everyone who waits by it.
func (c *Clock) Turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	if c.turned != nil {
		close(c.turned)
		c.turned = nil
	}
}

// Turned is closed when the clock is turned the next time. Who waits for a time on the clock waits for it as well.
func (c *Clock) Turned() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turned == nil {
		c.turned = make(chan struct{})
	}
	return c.turned
}

// SleepUntil waits until the clock shows t, or returns the error of a context that ends first.
func (c *Clock) SleepUntil(ctx context.Context, t time.Time) error {
	for {
		turned, left := c.Turned(), t.Sub(c.Now())
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-turned:
			timer.Stop()
		case <-timer.C:
		}
	}
}
