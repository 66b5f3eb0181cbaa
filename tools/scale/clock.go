package main

import (
	"container/heap"
	"time"
)

// clock runs a simulation: what is due next happens next.
type clock struct {
	now   time.Duration // since the beginning
	queue timeline
	count uint64
}

// due is something that happens at a time. Of two at one time the one that was
// planned first is first.
type due struct {
	at    time.Duration
	order uint64
	do    action
	event *event
}

// action is a step in the life of an event.
type action func(*event)

// after plans a step.
func (c *clock) after(d time.Duration, do action, e *event) {
	c.count++
	heap.Push(&c.queue, due{c.now + max(d, 0), c.count, do, e})
}

// run lets everything happen that was planned until the end, and returns how
// much is left.
func (c *clock) run(end time.Duration) int {
	for len(c.queue) > 0 && c.queue[0].at <= end {
		d := heap.Pop(&c.queue).(due)
		c.now = d.at
		d.do(d.event)
	}
	return len(c.queue)
}

// timeline is a heap by time.
type timeline []due

func (t timeline) Len() int { return len(t) }
func (t timeline) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].order < t[j].order
}
func (t timeline) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timeline) Push(x any)   { *t = append(*t, x.(due)) }
func (t *timeline) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = due{}
	*t = old[:len(old)-1]
	return last
}
