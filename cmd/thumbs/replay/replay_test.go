package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/handler/event"
)

// message is the function's own about a key.
func message(key string) string {
	body, err := event.Failure{Bucket: "b", Key: key, Reason: "corrupt", Kind: event.Made}.Message()
	if err != nil {
		panic(err)
	}
	return body
}

// queue is a queue whose messages are numbered as they come.
type queue struct {
	mu      sync.Mutex
	bodies  map[string]string // by ID
	order   []string          // IDs of those that can be seen
	hidden  map[string]bool
	deleted []string
	err     error         // of a receive when nothing can be seen
	redo    int           // so many times, what is hidden can be seen again when nothing else can
	late    chan struct{} // is waited for when nothing can be seen; nil for not
}

var _ Queue = (*queue)(nil)

func newQueue(bodies ...string) *queue {
	q := &queue{bodies: map[string]string{}, hidden: map[string]bool{}}
	for _, body := range bodies {
		q.send(body)
	}
	return q
}

func (q *queue) send(body string) {
	id := strconv.Itoa(len(q.bodies))
	q.bodies[id] = body
	q.order = append(q.order, id)
}

func (q *queue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 && q.late != nil {
		q.mu.Unlock()
		<-q.late
		q.mu.Lock()
	}
	if len(q.order) == 0 && q.redo > 0 {
		q.redo--
		for id := range q.hidden {
			q.order = append(q.order, id)
		}
	}
	if len(q.order) == 0 && q.err != nil {
		return nil, q.err
	}
	out := &sqs.ReceiveMessageOutput{}
	for len(q.order) > 0 && len(out.Messages) < int(in.MaxNumberOfMessages) {
		id := q.order[0]
		q.order = q.order[1:]
		q.hidden[id] = true
		out.Messages = append(out.Messages, types.Message{MessageId: &id, ReceiptHandle: aws.String("receipt " + id), Body: aws.String(q.bodies[id])})
	}
	return out, ctx.Err()
}

func (q *queue) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := strings.TrimPrefix(*in.ReceiptHandle, "receipt ")
	if !q.hidden[id] {
		return nil, fmt.Errorf("message %s is not out of sight", id)
	}
	delete(q.hidden, id)
	q.deleted = append(q.deleted, id)
	return nil, ctx.Err()
}

func (q *queue) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := strings.TrimPrefix(*in.ReceiptHandle, "receipt ")
	if !q.hidden[id] || in.VisibilityTimeout != 0 {
		return nil, &types.MessageNotInflight{}
	}
	delete(q.hidden, id)
	q.order = append(q.order, id)
	return nil, nil
}

// function is a function that the test plays.
type function func(key string) (event.Answer, error)

var _ stack.Invoker = function(nil)

func (f function) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	parsed, err := event.Parse(in.Payload)
	if err != nil {
		return nil, err
	}
	if parsed.Jobs[0].Replay != "monday" {
		return nil, fmt.Errorf("the event is not marked: %s", in.Payload)
	}
	answer, err := f(parsed.Jobs[0].Key)
	payload, _ := json.Marshal(answer)
	return &lambda.InvokeOutput{Payload: payload}, err
}

func replayAll(ctx context.Context, q *queue, f function) (Counts, error) {
	return Run(ctx, Options{
		Queue: q, URL: "u", Lambda: f, Function: "fn", Name: "monday", Concurrency: 2,
		Report: func(Record, Outcome, string) error { return nil },
	})
}

var fine = event.Answer{Jobs: []string{"created"}}

// TestNothingLeavesBeforeSuccess: a message is deleted after the function has answered, and what was not begun, or has no
// answer, can be seen by others again, however the run ends.
func TestNothingLeavesBeforeSuccess(t *testing.T) {
	denied := errors.New("AccessDenied")
	for name, interrupt := range map[string]bool{"interrupted": true, "denied": false} {
		t.Run(name, func(t *testing.T) {
			var bodies []string
			for i := range 50 {
				bodies = append(bodies, message(fmt.Sprintf("%02d", i)))
			}
			q := newQueue(bodies...)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			counts, err := replayAll(ctx, q, func(key string) (event.Answer, error) {
				q.mu.Lock()
				defer q.mu.Unlock()
				if slices.Contains(q.deleted, key) {
					t.Errorf("message %s left the queue before the answer", key)
				}
				switch {
				case key >= "20" && !interrupt:
					return event.Answer{}, denied
				case key == "20":
					cancel(context.Canceled)
				}
				return fine, nil
			})
			if interrupt && !errors.Is(err, context.Canceled) || !interrupt && !errors.Is(err, denied) {
				t.Errorf("error %v", err)
			}
			if int(counts.Replayed) != len(q.deleted) || len(q.deleted) < 19 || len(q.deleted)+len(q.order) != 50 || len(q.hidden) > 0 {
				t.Errorf("%d replayed; %d have left, %d can be seen, %d are out of sight", counts.Replayed, len(q.deleted), len(q.order), len(q.hidden))
			}
			if _, err := replayAll(t.Context(), q, func(string) (event.Answer, error) { return fine, nil }); err != nil || len(q.deleted) != 50 {
				t.Errorf("afterwards %d have left, %v", len(q.deleted), err)
			}
		})
	}
}

// TestWhatComesMeanwhile: what fails again is put into the queue by the function, and is no part of the run; neither is a
// message that appears a second time, as they do when a run is long.
func TestWhatComesMeanwhile(t *testing.T) {
	q := newQueue(message("a"), `nonsense`, message("b"))
	q.redo, q.late = 3, make(chan struct{})
	invoked := map[string]int{}
	counts, err := replayAll(t.Context(), q, func(key string) (event.Answer, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		if invoked[key]++; key == "b" {
			body, _ := event.Failure{Bucket: "b", Key: key, Reason: "corrupt", Replay: "monday"}.Message()
			q.send(body)
			close(q.late)
			return event.Answer{Jobs: []string{"rejected: corrupt"}, Rejected: 1}, nil
		}
		return fine, nil
	})
	if err != nil || counts != (Counts{Replayed: 1, Failed: 1, Left: 1}) || invoked["a"] != 1 || invoked["b"] != 1 {
		t.Errorf("counts %+v, invocations %v, %v", counts, invoked, err)
	}
	if slices.Sort(q.deleted); !slices.Equal(q.deleted, []string{"0", "2"}) || len(q.order) != 2 {
		t.Errorf("%q have left, %q can be seen", q.deleted, q.order)
	}
}

// TestReplayWaitsForRoom: a function that is throttled is asked again, but not when the run was interrupted.
func TestReplayWaitsForRoom(t *testing.T) {
	q := newQueue(message("a"))
	throttled := 2
	counts, err := replayAll(t.Context(), q, func(string) (event.Answer, error) {
		if throttled--; throttled >= 0 {
			return event.Answer{}, &lambdatypes.TooManyRequestsException{}
		}
		return fine, nil
	})
	if err != nil || counts.Replayed != 1 {
		t.Errorf("counts %+v, %v", counts, err)
	}
	q = newQueue(message("a"))
	ctx, cancel := context.WithCancelCause(t.Context())
	counts, err = replayAll(ctx, q, func(string) (event.Answer, error) {
		cancel(context.Canceled)
		return event.Answer{}, &lambdatypes.TooManyRequestsException{}
	})
	if !errors.Is(err, context.Canceled) || len(q.order) != 1 {
		t.Errorf("interrupted: counts %+v, %v, %q can be seen", counts, err, q.order)
	}
}

// TestFullQueue: SQS gives no more when too many messages are out of sight.
func TestFullQueue(t *testing.T) {
	q := newQueue(message("a"))
	q.err = &types.OverLimit{}
	counts, err := replayAll(t.Context(), q, func(string) (event.Answer, error) { return fine, nil })
	if err != nil || !counts.Full || counts.Replayed != 1 {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

// TestReasonOfDeadLetter: EventBridge says why in attributes of the message.
func TestReasonOfDeadLetter(t *testing.T) {
	text := func(s string) types.MessageAttributeValue { return types.MessageAttributeValue{StringValue: &s} }
	r, err := read(types.Message{
		Body:              aws.String(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"a b"}}}`),
		Attributes:        map[string]string{"SentTimestamp": "1782820800000"},
		MessageAttributes: map[string]types.MessageAttributeValue{"ERROR_CODE": text("NO_PERMISSIONS"), "ERROR_MESSAGE": text("not allowed")},
	})
	if err != nil || r.Reason != "NO_PERMISSIONS: not allowed" || !slices.Equal(r.Keys, []string{"a b"}) || r.Time.Format("2006-01-02") != "2026-06-30" {
		t.Errorf("record %+v, %v", r, err)
	}
}
