package logs

import "slices"

// largest is how much a group holds, in bytes of its messages. AWS holds more, on more machines.
const largest = 64 << 20

// grow counts lines that were written, and drops the older half of the group when it is full. The service's lock is held.
func (g *logGroup) grow(lines ...string) {
	for _, l := range lines {
		g.size += len(l)
	}
	if g.size <= largest {
		return
	}
	dropped := map[string]*logStream{}
	for _, e := range g.all("") {
		if g.size <= largest/2 {
			break
		}
		st := g.streams[e.stream]
		g.size -= len(st.events[0].message)
		st.events = st.events[1:]
		dropped[e.stream] = st
	}
	for _, st := range dropped {
		st.events = slices.Clone(st.events) // lets go of what was dropped
		if len(st.events) == 0 {
			delete(g.streams, st.name)
		}
	}
}
