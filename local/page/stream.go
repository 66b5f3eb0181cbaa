package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// update is what a browser is sent: everything at first, then whatever is newer than what it has. Pictures and lines add to those
// before or replace them; a section that is there replaces the one before.
type update struct {
	First     bool           `json:"first,omitempty"`
	Limits    *limits        `json:"limits,omitempty"`
	Pictures  []*Picture     `json:"pictures,omitempty"`
	Lines     []Line         `json:"lines,omitempty"`
	Outputs   map[string]any `json:"outputs,omitempty"`
	Operation *Operation     `json:"operation,omitempty"`
	Failures  *Failures      `json:"failures,omitempty"`
	Alarms    []Alarm        `json:"alarms,omitempty"`
	Form      int            `json:"form,omitempty"`
}

// limits are how much a browser keeps, which is no more than what is kept here.
type limits struct {
	Pictures int `json:"pictures"`
	Lines    int `json:"lines"`
}

// newer returns what has changed after a revision, the present revision, and a channel that is closed with the next one.
func (m *model) newer(than uint64) (update, uint64, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var u update
	for _, key := range m.order {
		if p := m.pictures[key]; p.rev > than {
			own := *p // what it points to is replaced, never changed
			u.Pictures = append(u.Pictures, &own)
		}
	}
	first, _ := slices.BinarySearchFunc(m.lines, than, func(l Line, than uint64) int {
		if l.rev > than {
			return 1
		}
		return -1
	})
	u.Lines = slices.Clone(m.lines[first:])
	if m.outputs.rev > than {
		u.Outputs = m.outputs.value
	}
	if m.operation.rev > than {
		own := m.operation.value
		u.Operation = &own
	}
	if m.failures.rev > than {
		own := m.failures.value
		u.Failures = &own
	}
	if m.alarms.rev > than {
		u.Alarms = m.alarms.value
	}
	if m.form.rev > than {
		u.Form = m.form.value
	}
	return u, m.rev, m.changed
}

// keepAlive is how often a stream on which nothing happens shows that it is alive, and finds out whether the browser is.
const keepAlive = 15 * time.Second

// serveStream sends updates as server-sent events until the browser goes or the page closes.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (p *Page) serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	u, seen, changed := p.model.newer(0)
	u.First, u.Limits = true, &limits{maxPictures, maxLines}
	for {
		text, err := json.Marshal(u)
		if err != nil {
			p.logf("an update for the page: %v", err)
			return
		}
		if send(w, control, "data: %s\n\n", text) != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-time.After(keepAlive):
				if send(w, control, ": still here\n\n") != nil {
					return
				}
			case <-r.Context().Done():
				return
			case <-p.closing:
				return
			}
		}
		// Much changes at once where many pictures are made: what comes within a moment goes in one.
		select {
		case <-time.After(calm):
		case <-r.Context().Done():
			return
		}
		u, seen, changed = p.model.newer(seen)
	}
}

// send writes to a stream. A browser that takes nothing for a while is given up.
func send(w http.ResponseWriter, control *http.ResponseController, format string, args ...any) error {
	if err := control.SetWriteDeadline(time.Now().Add(keepAlive)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return err
	}
	return control.Flush()
}
