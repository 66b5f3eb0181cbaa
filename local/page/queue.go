package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"s3-thumbnail-creator/handler/event"
)

// Failures is what there is in the failure queue: the newest messages, and how many in all.
type Failures struct {
	Newest []Failure `json:"newest"`
	All    int       `json:"all"`
}

// Failure is a message of the failure queue.
type Failure struct {
	ID     string    `json:"id"`
	Sent   time.Time `json:"sent"`
	Keys   []string  `json:"keys"` // of the pictures that it is about
	Reason string    `json:"reason"`
}

// lookEvery is how often the queue and the alarms are looked at.
const lookEvery = time.Second / 4

// look keeps the failures and the alarms of the page up to date until the page closes.
func (p *Page) look() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var newest string
	var all int
	for {
		select {
		case <-tick.C:
		case <-p.closing:
			return
		}
		messages, n := p.cloud().SQS.Look(p.model.buckets().FailureQueue, maxFailures)
		first := ""
		if len(messages) > 0 {
			first = messages[0].ID
		}
		if first != newest || n != all {
			newest, all = first, n
			f := Failures{All: n, Newest: []Failure{}}
			for _, m := range messages {
				f.Newest = append(f.Newest, parseFailure(m.ID, m.Sent, m.Body))
			}
			p.model.failed(f)
		}
		p.model.alarmed(p.cloud().CloudWatch)
	}
}

// parseFailure reads a message of the failure queue: the function's own, or Lambda's record of an event that failed in every attempt.
func parseFailure(id string, sent time.Time, body string) Failure {
	f := Failure{ID: id, Sent: sent, Keys: []string{}}
	var told event.Told
	_ = json.Unmarshal([]byte(body), &told) // what is no JSON has no reason
	f.Reason = cmp.Or(told.Reason, told.ResponsePayload.ErrorMessage, told.RequestContext.Condition, clip(body, 200))
	if e, err := event.Parse([]byte(body)); err == nil {
		for _, j := range e.Jobs {
			if j.Key != "" {
				f.Keys = append(f.Keys, j.Key)
			}
		}
	}
	return f
}

// failed keeps the failures, and lets each picture that the function has said nothing final of know its reason: an event may have
// failed without a word, as when the function runs out of memory.
func (m *model) failed(f Failures) {
	m.change(func(rev uint64) {
		m.failures.value, m.failures.rev = f, rev
		for _, failure := range f.Newest {
			for _, key := range failure.Keys {
				if p := m.pictures[key]; p != nil && (p.State == Retrying || p.State == Waiting && !p.since.After(failure.Sent)) {
					p.State, p.Reason, p.rev = None, failure.Reason, rev
				}
			}
		}
	})
}

// errNoMessage says that a message is not in the queue any more.
var errNoMessage = errors.New("no such message in the failure queue: it has been replayed or taken already")

// replay takes a message out of the failure queue and gives it to the function, which tries again. If the function does not take it,
// it is back in the queue.
func (p *Page) replay(id string) error {
	st := p.model.buckets()
	sqs := p.cloud().SQS
	body, found := sqs.Take(st.FailureQueue, id)
	if !found {
		return errNoMessage
	}
	for _, key := range parseFailure(id, time.Time{}, body).Keys {
		p.model.retried(key)
	}
	if err := p.cloud().Lambda.Enqueue(st.Function, []byte(body)); err != nil {
		return errors.Join(fmt.Errorf("replay a failure: %w", err), sqs.Send(sqs.ARN(path.Base(st.FailureQueue)), body))
	}
	return nil
}

// retried lets a picture wait again.
func (m *model) retried(key string) {
	m.change(func(rev uint64) {
		if p := m.pictures[key]; p != nil {
			p.State, p.Reason, p.Requests, p.rev, p.since = Waiting, "", 0, rev, time.Now()
		}
	})
}
