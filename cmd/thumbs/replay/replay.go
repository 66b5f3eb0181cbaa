package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/handler/event"
)

const (
	// hidden is how long a message that was received stays out of others' sight, in seconds: as long as an invocation can
	// take. A run that is longer meets those again that it has left alone, and leaves them alone again.
	hidden = 15 * 60
	// batch is how many messages SQS gives or takes at once, at most.
	batch = 10
	// pollSeconds makes SQS ask all its servers, rather than a few that may have nothing.
	pollSeconds = 1
	// DefaultConcurrency is how many invocations are under way at once.
	DefaultConcurrency = 4
)

// Queue is SQS, as far as Run needs it.
type Queue interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// Outcome is what became of a record.
type Outcome string

// The outcomes. Only what was replayed has left the queue.
const (
	Replayed Outcome = "replayed" // the function has dealt with it
	Failed   Outcome = "failed"   // it failed again, and is in the queue with what is wrong now
	Found    Outcome = "found"    // it would be replayed
)

// Options say what is replayed.
type Options struct {
	Queue       Queue
	URL         string // of the queue
	Lambda      stack.Invoker
	Function    string // its name
	Name        string // of the replay, another each time: what fails again is marked with it
	Filter      Filter
	DryRun      bool          // replay nothing
	Every       time.Duration // at least so long between the beginnings of two invocations
	Concurrency int           // 0 means DefaultConcurrency
	// Report is called for each record that is meant, by one goroutine at a time. Text is what the function says.
	Report func(r Record, outcome Outcome, text string) error
}

// Counts say what became of the messages.
type Counts struct {
	Replayed int64 `json:"replayed"`
	Failed   int64 `json:"failed"`
	Found    int64 `json:"found,omitempty"` // with DryRun
	Left     int64 `json:"left"`            // not meant, or nothing that the function understands
	Again    int64 `json:"again"`           // of these, failed in a replay before
	Full     bool  `json:"full,omitempty"`  // there may be more: as many are out of sight as SQS allows
}

// Run replays what the filter means. A message leaves the queue when, and only when, the function has answered: what it
// can never do it has put back by then, with the reason and the replay's name; what it failed to do stays as it was. When
// ctx ends Run begins no more, finishes what it has begun, and returns ctx's cause.
func Run(ctx context.Context, o Options) (Counts, error) {
	r := &run{Options: o, held: map[string]string{}, known: map[string]bool{}}
	err := r.receive(ctx)
	// However the run ends, what stays is for others to see again.
	return r.counts, cmp.Or(err, r.release(context.WithoutCancel(ctx)))
}

// run is the state of a run.
type run struct {
	Options
	mu     sync.Mutex
	counts Counts
	held   map[string]string // receipts of the messages that are out of others' sight, by their IDs
	known  map[string]bool   // IDs of the messages that have been met
}

// receive takes messages from the queue until there is none, and has those dealt with that are meant.
func (r *run) receive(ctx context.Context) error {
	pace := time.NewTicker(max(r.Every, time.Nanosecond))
	defer pace.Stop()
	running, going := errgroup.WithContext(ctx) // going ends with ctx, or with the first error
	running.SetLimit(cmp.Or(r.Concurrency, DefaultConcurrency))
	for going.Err() == nil {
		messages, err := r.take(ctx)
		if err != nil || len(messages) == 0 {
			return cmp.Or(running.Wait(), err)
		}
		for _, record := range r.meant(messages) {
			running.Go(func() error {
				select {
				case <-pace.C:
				case <-going.Done():
				}
				if err := context.Cause(going); err != nil {
					return err
				}
				return r.end(ctx, record)
			})
		}
	}
	return cmp.Or(running.Wait(), context.Cause(ctx))
}

// take receives messages. There are none when the queue is empty or gives no more.
func (r *run) take(ctx context.Context) ([]types.Message, error) {
	out, err := r.Queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &r.URL, MaxNumberOfMessages: batch, WaitTimeSeconds: pollSeconds, VisibilityTimeout: hidden,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
		MessageAttributeNames:       []string{"All"},
	})
	_, full := errors.AsType[*types.OverLimit](err)
	switch {
	case full:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counts.Full = true
		return nil, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("receive from %s: %w", r.URL, err)
	}
	return out.Messages, nil
}

// meant returns the records that are to be replayed of messages that were received.
func (r *run) meant(messages []types.Message) (records []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		id := aws.ToString(m.MessageId)
		r.held[id] = aws.ToString(m.ReceiptHandle)
		if r.known[id] {
			continue // it was out of sight for as long as that lasts
		}
		r.known[id] = true
		switch record, err := read(m); {
		case record.Replay == r.Name && err == nil: // it has just failed
		case err == nil && r.Filter.Passes(record):
			records = append(records, record)
		default:
			r.counts.Left++
			if record.Replay != "" {
				r.counts.Again++
			}
		}
	}
	return records
}

// verdict is what becomes of a record.
type verdict struct {
	outcome Outcome
	text    string // what the function says
	gone    bool   // the message may leave the queue
	err     error  // nothing became of it, and nothing would of the next
}

// replay brings a record before the function.
func (r *run) replay(ctx context.Context, record Record) verdict {
	if r.DryRun {
		return verdict{outcome: Found}
	}
	payload, err := json.Marshal(event.Replay{Replay: r.Name, Payload: json.RawMessage(record.body)})
	if err != nil {
		return verdict{err: fmt.Errorf("message %s: %w", record.id, err)}
	}
	out, err := stack.Invoke(ctx, r.Lambda, r.Function, payload)
	if err != nil {
		return verdict{err: err}
	}
	if aws.ToString(out.FunctionError) != "" {
		var failure struct{ ErrorMessage string }
		_ = json.Unmarshal(out.Payload, &failure) // Lambda's own form
		return verdict{outcome: Failed, text: cmp.Or(failure.ErrorMessage, string(out.Payload))}
	}
	var answer event.Answer
	if err := json.Unmarshal(out.Payload, &answer); err != nil || len(answer.Jobs) == 0 {
		return verdict{err: fmt.Errorf("the function %s answered %.200q, want its jobs: is it this project's?", r.Function, out.Payload)}
	}
	text := joined(answer.Jobs...)
	if answer.Rejected > 0 {
		return verdict{outcome: Failed, text: text, gone: true} // the function has put it back
	}
	return verdict{outcome: Replayed, text: text, gone: true}
}

// end deals with a record: it takes the message from the queue if it may leave it, and counts and reports it. What has been
// begun it finishes, though ctx may end. Its error ends the run.
func (r *run) end(ctx context.Context, record Record) error {
	v := r.replay(ctx, record)
	if v.err != nil {
		return v.err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if v.gone {
		receipt := r.held[record.id]
		_, err := r.Queue.DeleteMessage(context.WithoutCancel(ctx), &sqs.DeleteMessageInput{QueueUrl: &r.URL, ReceiptHandle: &receipt})
		if err != nil {
			return fmt.Errorf("take message %s from %s: %w", record.id, r.URL, err)
		}
		delete(r.held, record.id)
	}
	switch v.outcome {
	case Replayed:
		r.counts.Replayed++
	case Failed:
		r.counts.Failed++
	case Found:
		r.counts.Found++
	}
	return r.Report(record, v.outcome, v.text)
}

// release lets others see the messages again that are still in the queue.
func (r *run) release(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, receipt := range r.held {
		_, err := r.Queue.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &r.URL, ReceiptHandle: &receipt})
		if _, visible := errors.AsType[*types.MessageNotInflight](err); err != nil && !visible {
			return fmt.Errorf("show message %s again in %s, where it appears within %d minutes anyway: %w", id, r.URL, hidden/60, err)
		}
	}
	return nil
}
