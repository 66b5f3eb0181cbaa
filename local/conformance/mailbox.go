package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// mailbox is a function that fails on every event, with a queue where what has failed arrives: so the suite gets to see the
// events themselves.
type mailbox struct {
	once     sync.Once
	function string // ARN
	url      string // of the queue
	arrived  []failure
}

// failure is the record that Lambda sends to an on-failure destination.
type failure struct {
	Version, Timestamp string
	RequestContext     struct {
		RequestID, FunctionArn, Condition string
		ApproximateInvokeCount            int
	}
	RequestPayload  json.RawMessage
	ResponseContext struct {
		StatusCode                     int
		ExecutedVersion, FunctionError string
	}
	ResponsePayload struct{ ErrorType, ErrorMessage string }
}

// function makes a function of the suite.
func (s *Site) function(t *testing.T, change func(*Function)) (name, arn string) {
	t.Helper()
	f := Function{Name: s.Name("probe"), RoleARN: s.role, LogGroup: s.group, Timeout: 3 * time.Second, MemoryMB: 128, Reserved: -1}
	if change != nil {
		change(&f)
	}
	return f.Name, must[string](t)(s.Function(t.Context(), f))
}

// failing makes a function with a queue for what it fails on.
func (s *Site) failing(t *testing.T, retries int, age time.Duration, change func(*Function)) (name, functionARN, queueURL string) {
	t.Helper()
	url, queueARN, err := s.Queue(t.Context(), s.Name("failures"), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	name, functionARN = s.function(t, change)
	if err := s.EventConfig(t.Context(), name, retries, age, queueARN); err != nil {
		t.Fatal(err)
	}
	return name, functionARN, url
}

// box returns the mailbox, made at its first use.
func (s *Site) box(t *testing.T) *mailbox {
	t.Helper()
	s.mail.once.Do(func() { _, s.mail.function, s.mail.url = s.failing(t, 0, time.Hour, nil) })
	if s.mail.url == "" {
		t.Fatal("the mailbox could not be made")
	}
	return &s.mail
}

// letter waits for an event whose text has all the words in it. Others are kept for those who want them.
func (s *Site) letter(t *testing.T, words ...string) json.RawMessage {
	t.Helper()
	b := s.box(t)
	var found json.RawMessage
	look := func() bool {
		for i, f := range b.arrived {
			if containsAll(string(f.RequestPayload), words) {
				found = f.RequestPayload
				b.arrived = append(b.arrived[:i], b.arrived[i+1:]...)
				return true
			}
		}
		return false
	}
	s.await(t, "an event about "+strings.Join(words, ", "), func(ctx context.Context) (bool, error) {
		if look() {
			return true, nil
		}
		f, err := s.collect(ctx, b.url)
		if f != nil {
			b.arrived = append(b.arrived, *f)
		}
		return look(), err
	})
	return found
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// collect takes the next record from a queue, nil if there is none.
func (s *Site) collect(ctx context.Context, url string) (*failure, error) {
	out, err := s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 5})
	if err != nil || len(out.Messages) == 0 {
		return nil, err
	}
	m := out.Messages[0]
	var f failure
	if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &f); err != nil {
		return nil, err
	}
	_, err = s.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
	return &f, err
}

// failed waits for the next record in a queue.
func (s *Site) failed(t *testing.T, url string) failure {
	t.Helper()
	var f *failure
	s.await(t, "a failed event in the queue", func(ctx context.Context) (bool, error) {
		var err error
		f, err = s.collect(ctx, url)
		return f != nil, err
	})
	return *f
}
