package event

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Failure is the message that is sent to the failure queue for an object of
// which no thumbnail can ever be made. Fed back to the function, as it is or
// in an SQS record, it makes the function try again.
type Failure struct {
	Bucket    string          `json:"bucket"`
	Key       string          `json:"key"`
	VersionID string          `json:"versionId,omitempty"`
	ETag      string          `json:"eTag,omitempty"`
	Kind      Kind            `json:"kind,omitempty"`
	Reason    string          `json:"reason"`
	Stage     string          `json:"stage"`            // parse, read, decode or write
	Replay    string          `json:"replay,omitempty"` // name of the replay in which it failed once more
	RequestID string          `json:"requestId"`
	Time      time.Time       `json:"time"`
	Record    json.RawMessage `json:"record,omitempty"` // what the job was made from
}

// Told is what a message of the failure queue says of why it is there, for who reads the queue: unmarshal it from the
// message, whose jobs are those that Parse returns. What the message does not say stays empty.
type Told struct {
	// Of a Failure.
	Reason, Replay string
	Time           time.Time
	// Of Lambda's record of an event whose attempts are used up.
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
	Timestamp       time.Time
	RequestContext  struct{ Condition string }    // such as RetriesExhausted
	ResponsePayload struct{ ErrorMessage string } // of the last attempt
}

// maxMessage is the largest message that a queue takes unless it is configured otherwise.
const maxMessage = 256 << 10

// maxReason keeps a reason readable.
const maxReason = 4 << 10

// Message returns the failure as JSON in ASCII, since SQS refuses some Unicode
// characters, and at most 256 KiB: a record that does not fit is left out.
func (f Failure) Message() (string, error) {
	f.Reason = clip(f.Reason, maxReason)
	if len(f.Record) > 0 && !json.Valid(f.Record) {
		// A message that was no JSON is kept as a string.
		f.Record, _ = json.Marshal(string(f.Record))
	}
	body, err := f.encode()
	if err == nil && len(body) > maxMessage {
		f.Record = nil
		body, err = f.encode()
	}
	return body, err
}

func (f Failure) encode() (string, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("encode failure message for s3://%s/%s: %w", f.Bucket, f.Key, err)
	}
	return ascii(body), nil
}

// ascii escapes everything in a JSON text that is not ASCII (RFC 8259, section
// 7). Outside strings JSON has no such characters.
func ascii(text []byte) string {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return string(out)
}

// clip cuts s to at most n bytes, at a rune's start.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
