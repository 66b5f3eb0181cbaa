// Package event turns what Lambda is invoked with into jobs, and the outcomes
// of the jobs into the answer that the invoker expects.
//
// A payload is one of
//
//   - an S3 notification (any 2.x version), or the s3:TestEvent that S3 sends
//     when a notification is configured;
//   - S3's events from EventBridge;
//   - a batch of SQS messages, or SNS notifications, that hold any of these;
//   - a task of S3 Batch Operations (invocation schema 1.0 or 2.0);
//   - for replays: the envelope of a Lambda on-failure destination, one of our
//     own failure messages, or a Replay of any of these.
//
// Nothing of an event is believed but the bucket and the key: events arrive
// late, twice and in any order, so that what to do is decided by looking at the
// object (see package job).
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind says what an event reports of an object.
type Kind string

const (
	Made    Kind = "made"    // created, overwritten, restored from an archive
	Removed Kind = "removed" // deleted, hidden by a delete marker, or expired
	Ignored Kind = "ignored" // nothing that concerns thumbnails; Job.Err is nil and Note says what it was
)

// Job is one object to look at.
type Job struct {
	Kind      Kind
	Bucket    string
	Key       string // decoded
	VersionID string // "" where the event has none
	ETag      string // without quotes, "" where the event has none
	Size      int64  // bytes, 0 where unknown
	Sequencer string
	Listed    bool            // found by listing a bucket rather than new: it most likely has its thumbnails
	Replay    string          // name of the replay that it is part of; "" for none
	Note      string          // for Ignored: why
	Err       error           // the record is malformed; wraps ErrMalformed
	Record    json.RawMessage // what the job was made from, for the failure message

	part int // index into Event.parts: which message or task it came in
}

// ErrUnknown says that a payload is none of the kinds above.
var ErrUnknown = errors.New("unknown event")

// ErrMalformed says that a record of a known kind lacks something or holds
// nonsense. Trying again does not help.
var ErrMalformed = errors.New("malformed record")

// Event is a parsed payload.
type Event struct {
	Jobs []Job

	replay string
	shape  shape
	parts  []part // SQS messages or batch tasks
	batch  batchRequest
}

// shape is how the invoker wants to be answered.
type shape int

const (
	plain shape = iota // an error, or none
	queue              // SQS: the messages that failed
	batch              // S3 Batch Operations: a result per task
)

// part is a unit that is answered for by itself.
type part struct {
	id  string
	err error // it could not be parsed
}

// maxDepth bounds envelopes within envelopes.
const maxDepth = 8

// Parse reads a payload. An error wraps ErrUnknown and says what was expected;
// a record that is malformed is a Job with Err, and hides no other.
func Parse(payload []byte) (*Event, error) {
	e := &Event{}
	if err := e.parse(payload, 0); err != nil {
		return nil, err
	}
	return e, nil
}

// probe holds the fields by which the kinds of payload are told apart.
type probe struct {
	Records                 []json.RawMessage `json:"Records"`
	Event                   string            `json:"Event"`       // s3:TestEvent
	DetailType              string            `json:"detail-type"` // EventBridge
	InvocationSchemaVersion string            `json:"invocationSchemaVersion"`
	RequestPayload          json.RawMessage   `json:"requestPayload"` // Lambda destination
	RequestContext          json.RawMessage   `json:"requestContext"`
	Type                    string            `json:"Type"` // SNS envelope in SQS: "Notification"
	Message                 *string           `json:"Message"`
	Bucket                  json.RawMessage   `json:"bucket"` // ours
	Reason                  *string           `json:"reason"`
	Replay                  string            `json:"replay"`
	Payload                 json.RawMessage   `json:"payload"`
}

// Replay is a payload that comes again. What fails once more is marked with the replay's name (Failure.Replay), so that
// whoever replays a queue can tell it from what was there before.
type Replay struct {
	Replay  string          `json:"replay"`
	Payload json.RawMessage `json:"payload"`
}

func (e *Event) parse(payload []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: more than %d envelopes within each other", ErrUnknown, maxDepth)
	}
	var p probe
	if err := json.Unmarshal(payload, &p); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok || len(payload) == 0 {
			return fmt.Errorf("%w: not JSON: %w", ErrUnknown, err)
		}
		return unknown(payload)
	}
	switch {
	case p.Records != nil:
		return e.parseRecords(p.Records, depth)
	case p.Event == "s3:TestEvent":
		e.add(Job{Kind: Ignored, Note: "s3:TestEvent"}, payload)
	case p.DetailType != "":
		e.add(fromBridge(payload, p.DetailType), payload)
	case p.InvocationSchemaVersion != "":
		return e.parseBatch(payload, p.InvocationSchemaVersion, depth)
	case p.RequestContext != nil && p.RequestPayload != nil:
		return e.parse(p.RequestPayload, depth+1)
	case p.Type == "Notification" && p.Message != nil:
		return e.parse([]byte(*p.Message), depth+1)
	case p.Replay != "" && p.Payload != nil:
		e.replay = p.Replay
		return e.parse(p.Payload, depth+1)
	case p.Bucket != nil && p.Reason != nil:
		return e.parseFailure(payload, depth)
	default:
		return unknown(payload)
	}
	return nil
}

// parseRecords reads the Records that S3, SQS and SNS all call theirs.
func (e *Event) parseRecords(records []json.RawMessage, depth int) error {
	for _, raw := range records {
		var r struct {
			EventSource  string  `json:"eventSource"`
			EventSource2 string  `json:"EventSource"` // SNS spells it so
			MessageID    string  `json:"messageId"`
			Body         *string `json:"body"`
			SNS          *struct {
				Message string `json:"Message"`
			} `json:"Sns"`
			S3 json.RawMessage `json:"s3"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			e.add(Job{Err: fmt.Errorf("%w: %w", ErrMalformed, err)}, raw)
			continue
		}
		switch {
		case r.S3 != nil:
			e.add(fromNotification(raw), raw)
		case r.Body != nil && r.MessageID != "":
			e.parseMessage(r.MessageID, *r.Body, depth)
		case r.SNS != nil:
			if err := e.parse([]byte(r.SNS.Message), depth+1); err != nil {
				e.add(Job{Err: fmt.Errorf("%w: SNS message: %w", ErrMalformed, err)}, raw)
			}
		default:
			e.add(Job{Err: fmt.Errorf("%w: eventSource %q: want a record with s3, with messageId and body (SQS), or with Sns",
				ErrMalformed, r.EventSource+r.EventSource2)}, raw)
		}
	}
	return nil
}

// parseMessage reads one SQS message. What it cannot read fails that message
// alone: SQS delivers it again and at last to the queue's own dead letters.
func (e *Event) parseMessage(id, body string, depth int) {
	if depth > 0 {
		// A replayed batch: its messages are long deleted, nobody asks for them.
		if err := e.parse([]byte(body), depth+1); err != nil {
			e.add(Job{Err: fmt.Errorf("%w: SQS message %s: %w", ErrMalformed, id, err)}, []byte(body))
		}
		return
	}
	e.shape = queue
	e.parts = append(e.parts, part{id: id})
	if err := e.parse([]byte(body), depth+1); err != nil {
		e.parts[len(e.parts)-1].err = fmt.Errorf("SQS message %s: %w", id, err)
	}
}

// add appends a job that belongs to the part being parsed.
func (e *Event) add(j Job, raw []byte) {
	j.Record, j.Replay = json.RawMessage(raw), e.replay
	j.part = len(e.parts) - 1
	if j.Err == nil && j.Kind != Ignored {
		switch {
		case j.Bucket == "":
			j.Err = fmt.Errorf("%w: it names no bucket", ErrMalformed)
		case j.Key == "":
			j.Err = fmt.Errorf("%w: it names no key", ErrMalformed)
		case !utf8.ValidString(j.Key):
			j.Err = fmt.Errorf("%w: key %q is not UTF-8", ErrMalformed, j.Key)
		case strings.HasSuffix(j.Key, "/"):
			j.Kind, j.Note = Ignored, "folder marker"
		}
	}
	e.Jobs = append(e.Jobs, j)
}

// unknown is the error for a payload that is none of ours; it shows how the payload begins.
func unknown(payload []byte) error {
	return fmt.Errorf("%w: want an S3 notification, S3's events from EventBridge, SQS or SNS records that hold either, "+
		"an S3 Batch Operations task, a Lambda on-failure record or a failure message of this function; got %.200q", ErrUnknown, payload)
}
