package logs

import (
	"maps"
	"slices"
)

// largest is how much a group holds, in bytes of its messages. AWS holds more, on more machines.
const largest = 64 << 20

// grow counts a line that was written, and drops the older half of the group when it is full. The service's lock is held.
func (g *logGroup) grow(line string) {
	if g.size += len(line); g.size <= largest {
		return
	}
	left, old, touched := g.size, map[int]bool{}, map[string]bool{}
	for _, e := range g.all("") {
		if left <= largest/2 {
			break
		}
		left -= len(e.message)
		old[e.id], touched[e.stream] = true, true
	}
	g.drop(func(e logEvent) bool { return old[e.id] })
	maps.DeleteFunc(g.streams, func(name string, st *logStream) bool { return touched[name] && len(st.events) == 0 })
}

// drop removes the events that which picks. The service's lock is held.
func (g *logGroup) drop(which func(logEvent) bool) {
	for _, st := range g.streams {
		st.events = slices.DeleteFunc(st.events, func(e logEvent) bool {
			if !which(e) {
				return false
			}
			g.size -= len(e.message)
			return true
		})
	}
}
