package event

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Outcome is what became of a job.
type Outcome struct {
	Err       error  // the job should be tried again
	Permanent bool   // it never will succeed, and that has been reported
	Text      string // for people: one line
}

// Response is the answer to the invoker, given the outcomes of the jobs in their order.
//
// For an ordinary event an error makes Lambda invoke the function again with
// the whole event, which costs little: jobs that are done find that out at
// once. SQS is told which messages to deliver again; if that is all of them the
// answer is an error, which has the same effect also where the event source
// mapping does not report batch item failures. Batch Operations gets a result
// code per task.
func (e *Event) Response(outcomes []Outcome) ([]byte, error) {
	failed := make([]error, len(e.parts))
	var all []error
	for i, p := range e.parts {
		failed[i] = p.err
	}
	for i, o := range outcomes {
		if o.Err == nil {
			continue
		}
		all = append(all, o.Err)
		if part := e.Jobs[i].part; part >= 0 {
			failed[part] = errors.Join(failed[part], o.Err)
		}
	}
	switch e.shape {
	case queue:
		return e.queueResponse(failed)
	case batch:
		return e.batchResponse(outcomes)
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	answer := Answer{Jobs: make([]string, len(outcomes))}
	for i, o := range outcomes {
		answer.Jobs[i] = o.Text
		if o.Permanent {
			answer.Rejected++
		}
	}
	return json.Marshal(answer)
}

// Answer is the answer to an ordinary event, for whoever waits for one.
type Answer struct {
	Jobs     []string `json:"jobs"`               // for people: a line for each job
	Rejected int      `json:"rejected,omitempty"` // jobs of which a message has gone to the failure queue
}

// queueResponse is the answer to an SQS event source mapping.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func (e *Event) queueResponse(failed []error) ([]byte, error) {
	type item struct {
		ID string `json:"itemIdentifier"`
	}
	items := []item{}
	for i, err := range failed {
		if err != nil {
			items = append(items, item{e.parts[i].id})
		}
	}
	if len(items) == len(e.parts) {
		return nil, fmt.Errorf("all %d messages failed: %w", len(items), errors.Join(failed...))
	}
	return json.Marshal(map[string]any{"batchItemFailures": items})
}

// batchResponse is the answer to S3 Batch Operations.
func (e *Event) batchResponse(outcomes []Outcome) ([]byte, error) {
	type result struct {
		TaskID       string `json:"taskId"`
		ResultCode   string `json:"resultCode"`
		ResultString string `json:"resultString"`
	}
	results := make([]result, len(outcomes))
	for i, o := range outcomes {
		r := result{e.parts[i].id, "Succeeded", o.Text}
		switch {
		case o.Err != nil:
			r.ResultCode, r.ResultString = "TemporaryFailure", o.Err.Error()
		case o.Permanent:
			r.ResultCode = "PermanentFailure"
		}
		r.ResultString = clip(r.ResultString, 1024)
		results[i] = r
	}
	return json.Marshal(map[string]any{
		"invocationSchemaVersion": e.batch.SchemaVersion,
		"invocationId":            e.batch.InvocationID,
		"treatMissingKeysAs":      "TemporaryFailure",
		"results":                 results,
	})
}

// Unparsed returns the errors of the parts that could not be parsed, which no job stands for.
func (e *Event) Unparsed() []error {
	var errs []error
	for _, p := range e.parts {
		if p.err != nil {
			errs = append(errs, p.err)
		}
	}
	return errs
}
