package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// errClosed is the error of making something when all is being removed.
var errClosed = errors.New("the suite is being taken down")

// cleanup remembers what was made, so that all of it can be removed at any time.
type cleanup struct {
	making sync.RWMutex // held for reading while something is made: nothing is made behind remove's back
	closed bool         // with making held

	mu    sync.Mutex
	made  []thing
	tries int           // of each removal; less than 1 means 1
	pause time.Duration // between them
}

type thing struct {
	name   string
	remove func(context.Context) error
}

// make makes something. It is remembered before it is there: what a lost answer leaves behind is removed as well.
func (c *cleanup) make(name string, create func() error, remove func(context.Context) error) error {
	c.making.RLock()
	defer c.making.RUnlock()
	if c.closed {
		return errClosed
	}
	c.mu.Lock()
	c.made = append(c.made, thing{name, remove})
	c.mu.Unlock()
	if err := create(); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return nil
}

// remove removes everything, the last first, and lets nothing be made after it. The errors name what is still there.
func (c *cleanup) remove(ctx context.Context) error {
	c.making.Lock()
	c.closed = true
	c.making.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	var left []error
	for _, t := range slices.Backward(c.made) {
		if err := c.try(ctx, t); err != nil {
			left = append(left, fmt.Errorf("%s is still there: %w", t.name, err))
		}
	}
	c.made = nil
	return errors.Join(left...)
}

// try removes one thing. It tries again: a bucket may have got another object, a role be in use for a moment.
func (c *cleanup) try(ctx context.Context, t thing) error {
	for n := max(c.tries, 1); ; n-- {
		err := t.remove(ctx)
		if err == nil || n == 1 {
			return err
		}
		select {
		case <-time.After(c.pause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}
