// Package sqs is the local cloud's SQS, over the wire in the AWS JSON 1.0 protocol.
package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is SQS: standard queues with visibility timeouts and long polling.
type Service struct {
	http.Handler
	account *account.Account
	iam     *iam.Service
	mu      sync.Mutex
	queues  map[string]*queue // by name
}

// Attributes are the settings of a queue that matter here.
type Attributes struct {
	VisibilityTimeout  time.Duration // how long a received message stays hidden
	MaximumMessageSize int           // bytes
}

type queue struct {
	Attributes
	policy   *iam.Policy // of the queue itself; nil lets in nobody but who has the right by a policy of his own
	name     string
	messages []*message
	arrived  chan struct{} // closed and renewed when a message arrives
}

type message struct {
	id, body, receipt string
	attributes        json.RawMessage
	sent              time.Time
	hidden            time.Time // invisible until then
	receives          int
}

// New returns the SQS of an account.
func New(a *account.Account, i *iam.Service) *Service {
	s := &Service{account: a, iam: i, queues: map[string]*queue{}}
	s.Handler = wire.JSON(a, i, "sqs", s.operations())
	return s
}

// Leftovers lists the queues that exist, and what they hold.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, q := range s.queues {
		all = append(all, fmt.Sprintf("sqs queue %s (%d messages)", name, len(q.messages)))
	}
	return all
}

// URL is a queue's URL. Like AWS's it ends in the account and the name.
func (s *Service) URL(name string) string { return s.account.Endpoint + "/" + account.ID + "/" + name }

// ARN is a queue's ARN.
func (s *Service) ARN(name string) string { return s.account.ARN("sqs", name) }

// CreateQueue is CreateQueue. The error is QueueNameExists.
func (s *Service) CreateQueue(name string, a Attributes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[name] != nil {
		return wire.Errorf(400, "QueueNameExists", "A queue already exists with the same name: %s", name)
	}
	s.queues[name] = &queue{name: name, Attributes: a, arrived: make(chan struct{})}
	return nil
}

// SetQueueAttributes is SetQueueAttributes. The error is QueueDoesNotExist.
func (s *Service) SetQueueAttributes(name string, a Attributes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return wire.Errorf(400, "QueueDoesNotExist", "The specified queue does not exist: %s", name)
	}
	q.Attributes = a
	return nil
}

// SetQueuePolicy is SetQueueAttributes for the policy; "" removes it. The errors are QueueDoesNotExist and
// MalformedPolicyDocument.
func (s *Service) SetQueuePolicy(queueURL, doc string) error {
	var p *iam.Policy
	if doc != "" {
		var err error
		if p, err = iam.ParsePolicy(doc, iam.ResourcePolicy); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	if q == nil {
		return wire.Errorf(400, "QueueDoesNotExist", "The specified queue does not exist: %s", queueURL)
	}
	q.policy = p
	return nil
}

// HasPolicy reports whether the queue has a policy.
func (s *Service) HasPolicy(queueURL string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	return q != nil && q.policy != nil
}

// MaySend returns an error unless the queue's policy lets the service send to it for the source.
func (s *Service) MaySend(queueARN, service, sourceARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := iam.Request{Action: "sqs:SendMessage", Resource: queueARN, Who: account.Principal{Service: service},
		Context: map[string]string{"aws:sourcearn": sourceARN, "aws:sourceaccount": account.ID}}
	q := s.queues[queueARN[strings.LastIndexByte(queueARN, ':')+1:]]
	if q == nil || q.policy == nil || q.policy.Decide(request) != iam.Allowed {
		return iam.AccessDenied(request.Who, request.Action, queueARN, "because the queue's policy does not allow it for "+sourceARN)
	}
	return nil
}

// HasQueue reports whether there is a queue of that name.
func (s *Service) HasQueue(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queues[name] != nil
}

// DeleteQueue is DeleteQueue; a queue that is gone already is no error.
func (s *Service) DeleteQueue(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.queues, name)
}

// Send puts a message into the queue of an ARN. Whether the sender may, is for the sender to ask.
func (s *Service) Send(queueARN, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[queueARN[strings.LastIndexByte(queueARN, ':')+1:]]
	if q == nil {
		return wire.Errorf(400, "QueueDoesNotExist", "The specified queue does not exist: %s", queueARN)
	}
	q.add(body, 0)
	return nil
}

// Messages returns the bodies of the messages in a queue, oldest first, without receiving them. queueURL may be the name.
func (s *Service) Messages(queueURL string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies := []string{}
	if q := s.queues[path.Base(queueURL)]; q != nil {
		for _, m := range q.messages {
			bodies = append(bodies, m.body)
		}
	}
	return bodies
}

type sqsInput struct {
	QueueUrl            string
	QueueName           string
	MessageBody         string
	MessageAttributes   json.RawMessage
	ReceiptHandle       string
	MaxNumberOfMessages int
	WaitTimeSeconds     int
	VisibilityTimeout   *int
	DelaySeconds        int
	AttributeNames      []string
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"SendMessage":             wire.Op(s.sendMessage),
		"ReceiveMessage":          wire.Op(s.receiveMessage),
		"DeleteMessage":           wire.Op(s.deleteMessage),
		"ChangeMessageVisibility": wire.Op(s.changeVisibility),
		"GetQueueAttributes":      wire.Op(s.queueAttributes),
		"GetQueueUrl":             wire.Op(s.queueURL),
		"PurgeQueue":              wire.Op(s.purgeQueue),
	}
}

// with runs f on a queue, with the lock held, if the caller may do the action.
func (s *Service) with(who account.Principal, action, queueURL string, f func(*queue) (any, error)) (any, error) {
	name := path.Base(queueURL)
	if err := s.iam.Authorize(who, "sqs:"+action, s.ARN(name), nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return nil, wire.Errorf(400, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist: %s", queueURL)
	}
	return f(q)
}

func sum(s string) string {
	d := md5.Sum([]byte(s))
	return hex.EncodeToString(d[:])
}

func (s *Service) sendMessage(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "SendMessage", in.QueueUrl, func(q *queue) (any, error) {
		if n := len(in.MessageBody); n == 0 || n > q.MaximumMessageSize {
			return nil, wire.Errorf(400, "com.amazonaws.sqs#InvalidParameterValue", "One or more parameters are invalid. Reason: Message must have 1 to %d bytes, has %d.", q.MaximumMessageSize, n)
		}
		m := q.add(in.MessageBody, time.Duration(in.DelaySeconds)*time.Second)
		m.attributes = in.MessageAttributes
		return map[string]any{"MessageId": m.id, "MD5OfMessageBody": sum(m.body)}, nil
	})
}

func (q *queue) add(body string, delay time.Duration) *message {
	now := time.Now()
	m := &message{id: account.RandomID(), body: body, sent: now, hidden: now.Add(delay)}
	q.messages = append(q.messages, m)
	close(q.arrived)
	q.arrived = make(chan struct{})
	return m
}

func (s *Service) receiveMessage(ctx context.Context, who account.Principal, in sqsInput) (any, error) {
	deadline := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		var arrived chan struct{}
		wake := deadline
		out, err := s.with(who, "ReceiveMessage", in.QueueUrl, func(q *queue) (any, error) {
			arrived = q.arrived
			visibility := q.VisibilityTimeout
			if in.VisibilityTimeout != nil {
				visibility = time.Duration(*in.VisibilityTimeout) * time.Second
			}
			got := q.receive(max(1, in.MaxNumberOfMessages), visibility)
			for _, m := range q.messages {
				if m.hidden.Before(wake) {
					wake = m.hidden
				}
			}
			return got, nil
		})
		if err != nil {
			return nil, err
		}
		if got := out.([]any); len(got) > 0 || !time.Now().Before(deadline) {
			return map[string]any{"Messages": got}, nil
		}
		t := time.NewTimer(time.Until(wake))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-arrived:
		case <-t.C:
		}
		t.Stop()
	}
}

// receive takes up to n visible messages and hides them for a while.
func (q *queue) receive(n int, visibility time.Duration) []any {
	got := []any{}
	now := time.Now()
	for _, m := range q.messages {
		if len(got) == min(n, 10) {
			break
		}
		if m.hidden.After(now) {
			continue
		}
		m.hidden, m.receipt = now.Add(visibility), account.RandomID()
		m.receives++
		entry := map[string]any{
			"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": sum(m.body),
			"Attributes": map[string]string{
				"SentTimestamp":           strconv.FormatInt(m.sent.UnixMilli(), 10),
				"ApproximateReceiveCount": strconv.Itoa(m.receives),
				"SenderId":                "AIDALOCAL",
			},
		}
		if len(m.attributes) > 0 {
			entry["MessageAttributes"] = m.attributes
		}
		got = append(got, entry)
	}
	return got
}

func (s *Service) deleteMessage(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "DeleteMessage", in.QueueUrl, func(q *queue) (any, error) {
		q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == in.ReceiptHandle && m.receipt != "" })
		return nil, nil
	})
}

func (s *Service) changeVisibility(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "ChangeMessageVisibility", in.QueueUrl, func(q *queue) (any, error) {
		for _, m := range q.messages {
			if m.receipt == in.ReceiptHandle && m.receipt != "" && in.VisibilityTimeout != nil {
				m.hidden = time.Now().Add(time.Duration(*in.VisibilityTimeout) * time.Second)
			}
		}
		close(q.arrived)
		q.arrived = make(chan struct{})
		return nil, nil
	})
}

func (s *Service) queueAttributes(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueAttributes", in.QueueUrl, func(q *queue) (any, error) {
		hidden, now := 0, time.Now()
		for _, m := range q.messages {
			if m.hidden.After(now) {
				hidden++
			}
		}
		return map[string]any{"Attributes": map[string]string{
			"QueueArn":                              s.ARN(q.name),
			"ApproximateNumberOfMessages":           strconv.Itoa(len(q.messages) - hidden),
			"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
			"VisibilityTimeout":                     strconv.Itoa(int(q.VisibilityTimeout.Seconds())),
		}}, nil
	})
}

func (s *Service) queueURL(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueUrl", in.QueueName, func(q *queue) (any, error) {
		return map[string]any{"QueueUrl": s.URL(q.name)}, nil
	})
}

func (s *Service) purgeQueue(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "PurgeQueue", in.QueueUrl, func(q *queue) (any, error) {
		q.messages = nil
		return nil, nil
	})
}
