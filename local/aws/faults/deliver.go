package faults

import (
	"context"
	"time"
)

// delivery is an event that is held back.
type delivery struct {
	service string
	reorder bool // until the next event of the service
	timer   *time.Timer
	hand    func()
}

// Deliver hands an event over by calling hand: once, or as the faults say twice, later, or after the next event of the
// service. It does not block: what comes later is handed over by another goroutine.
func (s *Set) Deliver(c Call, hand func()) {
	if s == nil {
		hand()
		return
	}
	_, twice := s.Strike(c, Duplicate)
	hit, late := s.Strike(c, Delay, Reorder)
	if !late || !s.hold(c.Service, hit, hand) {
		hand()
	}
	if twice {
		hand()
	}
	s.release(func(d *delivery) bool { return d.reorder && d.service == c.Service && !(late && hit.Fault == Reorder) })
}

// hold keeps an event back, and says whether it does.
func (s *Set) hold(service string, hit Hit, hand func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.through {
		return false
	}
	d := &delivery{service: service, reorder: hit.Fault == Reorder, hand: hand}
	s.held[d] = true
	d.timer = time.AfterFunc(hit.Duration, func() { s.release(func(other *delivery) bool { return other == d }) })
	return true
}

// release hands over the events that which picks. One that is handed over counts as held until that is done.
func (s *Set) release(which func(*delivery) bool) {
	var out []*delivery
	s.mu.Lock()
	for d := range s.held {
		if s.held[d] && which(d) {
			s.held[d] = false
			d.timer.Stop()
			out = append(out, d)
		}
	}
	s.mu.Unlock()
	for _, d := range out {
		d.hand()
	}
	if len(out) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range out {
		delete(s.held, d)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// flush hands over everything that is held back.
func (s *Set) flush() { s.release(func(*delivery) bool { return true }) }

// Through hands over everything that is held back, and holds nothing back any more until the function that it returns is
// called.
func (s *Set) Through() (again func()) {
	s.mu.Lock()
	s.through = true
	s.mu.Unlock()
	s.flush()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.through = false
	}
}

// Held is how many events are held back.
func (s *Set) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

// Close drops what is held back, and all rules.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.held {
		d.timer.Stop()
	}
	clear(s.held)
	s.rules, s.through = nil, true
}

// Idle waits until no event is held back.
func (s *Set) Idle(ctx context.Context) error {
	for {
		s.mu.Lock()
		n, changed := len(s.held), s.changed
		s.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
