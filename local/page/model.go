package page

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/settings"
)

// What is kept for the page is bounded; what is older is forgotten here, not in the cloud.
const (
	maxPictures = 5000
	maxLines    = 2000             // of the function's log
	maxLine     = 8 << 10          // bytes of a line
	maxProgress = 80               // lines of an operation
	maxFailures = 200              // of the failure queue
	calm        = time.Second / 10 // between two updates of a browser
)

// State is what became of a picture.
type State string

// The states of a picture, in the order in which one goes through them.
const (
	Waiting  State = "waiting"  // it was uploaded, and the function has not finished with it
	Retrying State = "retrying" // an attempt failed, and Lambda will make another
	Made     State = "made"     // it has its thumbnails
	None     State = "none"     // it has none, and Reason says why
	Removed  State = "removed"  // it was deleted
)

// Picture is an object of the source bucket and all that is known of it.
type Picture struct {
	Key        string             `json:"key"`
	State      State              `json:"state"`
	Reason     string             `json:"reason,omitempty"`
	Size       int64              `json:"size,omitempty"` // bytes
	Source     *deploy.Shape      `json:"source,omitempty"`
	Thumbnails []deploy.Thumbnail `json:"thumbnails,omitempty"`
	Requests   int                `json:"requests"` // of S3, by the function
	Stages     []Stage            `json:"stages,omitempty"`
	Total      float64            `json:"total,omitempty"` // milliseconds
	Version    int                `json:"version"`         // counts uploads and thumbnails, so that a browser loads none from its cache
	Changes    []Change           `json:"changes,omitempty"`

	since time.Time // when it began to wait
	rev   uint64
}

// Stage is a part of the function's work on a picture.
type Stage struct {
	Name string  `json:"name"`
	MS   float64 `json:"ms"`
}

// Line is one of the function's log. The lines of an invocation have its ID, and that of each of its pictures has the picture's key.
type Line struct {
	Text string `json:"text"`
	ID   string `json:"id,omitempty"`
	Key  string `json:"key,omitempty"`
	rev  uint64
}

// model is what the page shows. Whatever changes gets the next revision, and a browser that has seen a revision is sent what is newer:
// a slow one skips what it has missed, and nothing is kept for it.
type model struct {
	mu       sync.Mutex
	rev      uint64
	changed  chan struct{} // closed and renewed with each revision
	pictures map[string]*Picture
	order    []string          // keys, oldest first
	keys     map[string]string // of pictures, by their thumbnails' keys
	lines    []Line

	stack    deploy.Stack
	function settings.Function

	outputs   section[map[string]any]
	operation section[Operation]
	failures  section[Failures]
	alarms    section[[]Alarm]
	form      section[int] // counts changes of the settings
}

// section is a part of the page that is sent as a whole.
type section[T any] struct {
	value T
	rev   uint64
}

func newModel() *model {
	return &model{
		changed: make(chan struct{}), pictures: map[string]*Picture{}, keys: map[string]string{},
		function: settings.DefaultFunction(),
		rev:      1, form: section[int]{1, 1},
	}
}

// change runs f, which may change the model, and returns the revision of what it changes. f is told that revision.
func (m *model) change(f func(rev uint64)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rev++
	f(m.rev)
	close(m.changed)
	m.changed = make(chan struct{})
}

// set replaces a section.
func set[T any](m *model, s *section[T], value T) {
	m.change(func(rev uint64) { s.value, s.rev = value, rev })
}

// deployed tells the model what the stack is now.
func (m *model) deployed(outputs map[string]any, f settings.Function) {
	m.change(func(rev uint64) {
		m.outputs.value, m.outputs.rev = outputs, rev
		if !reflect.DeepEqual(f, m.function) { // a form that somebody is filling in is left alone otherwise
			m.form.value, m.form.rev = m.form.value+1, rev
		}
		m.function = f
		m.stack = deploy.StackOf(outputs)
	})
}

// buckets returns the stack's, "" before there are any.
func (m *model) buckets() deploy.Stack {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stack
}

// picture returns the picture of a key, made if need be. The lock is held.
func (m *model) picture(key string, rev uint64) *Picture {
	p := m.pictures[key]
	if p == nil {
		p = &Picture{Key: key, State: Waiting}
		m.pictures[key] = p
		m.order = append(m.order, key)
		m.forget()
	}
	for _, v := range m.function.Variants {
		if thumb, err := v.ThumbnailKey(key); err == nil {
			m.keys[thumb] = key
		}
	}
	p.rev = rev
	return p
}

// forget drops the oldest pictures beyond maxPictures. The lock is held.
func (m *model) forget() {
	for len(m.order) > maxPictures {
		delete(m.pictures, m.order[0])
		m.order = m.order[1:]
	}
	if len(m.keys) > 4*maxPictures {
		m.keys = map[string]string{}
	}
}

// call learns from a request to S3: which pictures there are, and what the function asks for.
func (m *model) call(c s3.Call) {
	st := m.buckets()
	byFunction := c.Role != "" && c.Status == 0 && (c.Bucket == st.Source || c.Bucket == st.Destination) && c.Key != ""
	byUser := c.Role == "" && c.Bucket == st.Source
	if st.Source == "" || !byFunction && !byUser {
		return
	}
	m.change(func(rev uint64) {
		switch {
		case byFunction:
			m.count(c, rev)
		case c.Operation == "DeleteObject" && c.Status == 204:
			p := m.picture(c.Key, rev)
			p.State, p.Reason, p.Thumbnails = Removed, "", nil
			p.Version++
		case c.Operation != "PutObject" && c.Operation != "CopyObject" && c.Operation != "CompleteMultipartUpload":
		case c.Status == 0:
			// Not when it is answered: the function may have its event before that.
			p := m.picture(c.Key, rev)
			*p = Picture{Key: c.Key, State: Waiting, Version: p.Version + 1, Changes: p.Changes, Thumbnails: p.Thumbnails, since: time.Now(), rev: rev}
		case c.Status >= 300:
			p := m.picture(c.Key, rev)
			p.State, p.Reason = None, fmt.Sprintf("S3 did not take the upload: HTTP status %d", c.Status)
		}
	})
}

// count adds a request of the function to the picture that it is about. The lock is held.
func (m *model) count(c s3.Call, rev uint64) {
	key := c.Key
	if c.Bucket == m.stack.Destination {
		key = m.keys[c.Key]
	}
	if p := m.pictures[key]; p != nil {
		p.Requests++
		p.rev = rev
	}
}

// line learns from a line of the function's log.
func (m *model) line(group, text string) {
	m.mu.Lock()
	ours := group == m.stack.LogGroup
	m.mu.Unlock()
	if !ours {
		return
	}
	parsed, ok := deploy.ParseLine(text)
	l := lineOf(text, parsed)
	m.change(func(rev uint64) {
		if ok && parsed.Outcome != "" {
			m.outcome(parsed.Job, rev)
		}
		if len(m.lines) == maxLines {
			m.lines = slices.Delete(m.lines, 0, maxLines/10)
		}
		l.rev = rev
		m.lines = append(m.lines, l)
	})
}

// lineOf says whom a line is about. What is no JSON is about nobody.
func lineOf(text string, parsed deploy.Line) Line {
	return Line{Text: clip(text, maxLine), Key: parsed.Key, ID: parsed.Invocation()}
}

// linesOf returns those lines of a whole log that are about a picture, or about an invocation that worked on it, at most maxLines.
func linesOf(key string, log []string) []Line {
	about := map[string]bool{}
	all := make([]Line, len(log))
	for i, text := range log {
		parsed, _ := deploy.ParseLine(text)
		if all[i] = lineOf(text, parsed); all[i].Key == key {
			about[all[i].ID] = true
		}
	}
	all = slices.DeleteFunc(all, func(l Line) bool { return l.Key != key && (l.ID == "" || !about[l.ID]) })
	return all[max(0, len(all)-maxLines):]
}

// outcome keeps what the function says of a picture. The lock is held.
func (m *model) outcome(j deploy.Job, rev uint64) {
	p := m.picture(j.Key, rev)
	p.Reason = ""
	switch j.Outcome {
	case "created", "unchanged":
		p.State = Made
	case "gone":
		p.State, p.Thumbnails = Removed, nil
	case "failed":
		p.State, p.Reason = Retrying, j.Error
	default: // skipped, rejected
		p.State, p.Reason, p.Thumbnails = None, j.Reason, nil
	}
	p.Version++
	if j.Size > 0 {
		p.Size = j.Size
	}
	if j.Source != nil {
		p.Source = j.Source
	}
	if j.Thumbnails != nil {
		p.Thumbnails = j.Thumbnails
	}
	if j.Outcome == "unchanged" && p.Thumbnails == nil {
		p.Thumbnails = m.expected(j.Key)
	}
	p.Total, p.Stages = j.Total, stagesOf(j)
}

// expected are the thumbnails that a picture has by the settings, of which nothing but the keys is known. The lock is held.
func (m *model) expected(key string) []deploy.Thumbnail {
	var all []deploy.Thumbnail
	for _, v := range m.function.Variants {
		if thumb, err := v.ThumbnailKey(key); err == nil {
			all = append(all, deploy.Thumbnail{Variant: v.Name, Key: thumb})
		}
	}
	return all
}

func stagesOf(j deploy.Job) []Stage {
	var all []Stage
	for _, s := range []Stage{{"fetch", j.Fetch}, {"decode", j.Decode}, {"resize", j.Resize}, {"encode", j.Encode}, {"store", j.Store}} {
		if s.MS > 0 {
			all = append(all, s)
		}
	}
	return all
}

// latest returns the last n pictures that have thumbnails, newest first.
func (m *model) latest(n int) []Picture {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Picture
	for _, key := range slices.Backward(m.order) {
		if p := m.pictures[key]; p.State == Made && len(all) < n {
			all = append(all, *p)
		}
	}
	return all
}

// await waits until done, which is called with each change of the picture, says so.
func (m *model) await(quit <-chan struct{}, key string, done func(Picture) bool) bool {
	for {
		m.mu.Lock()
		changed := m.changed
		p := m.pictures[key]
		if p == nil || done(*p) {
			m.mu.Unlock()
			return p != nil
		}
		m.mu.Unlock()
		select {
		case <-changed:
		case <-quit:
			return false
		}
	}
}

// clip cuts a text to at most n bytes, at a character's start.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
