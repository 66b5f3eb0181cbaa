// Package replay brings what is in the failure queue before the function again.
package replay

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/settings"
)

// Record is a message of the failure queue: one of the function's own about a picture that no thumbnail can be made of,
// Lambda's about an event whose retries are used up, or one of EventBridge's dead letters.
type Record struct {
	Keys   []string  `json:"keys"` // of the objects it is about
	Reason string    `json:"reason"`
	Time   time.Time `json:"time"` // of the failure

	// Replay is the name of the replay in which it failed once more; "" if it has failed once only.
	Replay string `json:"replay,omitempty"`

	id, body string
}

// read reads a message. The error says that it is nothing that the function understands.
func read(m types.Message) (Record, error) {
	r := Record{id: aws.ToString(m.MessageId), body: aws.ToString(m.Body)}
	if sent, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		r.Time = time.UnixMilli(sent).UTC()
	}
	parsed, err := event.Parse([]byte(r.body))
	if err != nil {
		r.Reason = err.Error()
		return r, err
	}
	for _, j := range parsed.Jobs {
		if j.Key != "" && !slices.Contains(r.Keys, j.Key) {
			r.Keys = append(r.Keys, j.Key)
		}
	}
	r.explain(m.MessageAttributes)
	return r, nil
}

// explain finds out why and when it failed.
func (r *Record) explain(attributes map[string]types.MessageAttributeValue) {
	var told event.Told
	_ = json.Unmarshal([]byte(r.body), &told) // what is of another kind stays empty
	// Dead letters: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
	dead := func(name string) string { return aws.ToString(attributes[name].StringValue) }
	r.Replay = told.Replay
	r.Reason = cmp.Or(told.Reason,
		joined(told.RequestContext.Condition, told.ResponsePayload.ErrorMessage),
		joined(dead("ERROR_CODE"), dead("ERROR_MESSAGE")),
		"an event that was not handed over")
	for _, at := range []time.Time{told.Timestamp, told.Time} {
		if !at.IsZero() {
			r.Time = at
		}
	}
}

// joined are the texts that there are.
func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), ": ")
}

// Filter says which records are meant: those that pass all of what is set.
type Filter struct {
	Reason        string    // part of it, in capitals or not
	Key           string    // a pattern of one of the keys (settings.MatchPattern)
	After, Before time.Time // when it failed
	Again         bool      // also those that have failed in a replay before
}

// Passes reports whether the record is meant.
func (f Filter) Passes(r Record) bool {
	return (r.Replay == "" || f.Again) && strings.Contains(strings.ToLower(r.Reason), strings.ToLower(f.Reason)) &&
		(f.Key == "" || slices.ContainsFunc(r.Keys, func(key string) bool { return settings.MatchPattern(f.Key, key) })) &&
		(f.After.IsZero() || r.Time.After(f.After)) && (f.Before.IsZero() || r.Time.Before(f.Before))
}
