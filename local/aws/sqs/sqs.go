// Package sqs is the local cloud's SQS, over the wire in the AWS JSON 1.0 protocol and in the query protocol, which SDKs
// spoke until 2023 (boto3 before 1.28).
package sqs

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is SQS: standard queues with visibility timeouts, long polling and retention. See message.go for what is in
// them and api.go for the operations.
type Service struct {
	http.Handler
	account *account.Account
	iam     *iam.Service
	keys    Keys
	metrics Metrics
	mu      sync.Mutex
	queues  map[string]*queue // by name
}

// Keys is KMS, as far as SQS needs it.
type Keys interface {
	// Authorize returns an error unless who may do the operations with a key through a service.
	Authorize(who account.Principal, key, via string, context map[string]string, operations ...string) error
}

// Metrics is CloudWatch, as far as SQS needs it.
type Metrics interface {
	// Record takes a value of a metric with one dimension.
	Record(namespace, metric, dimension, of string, value float64)
}

// Attributes are the settings of a queue that matter here.
type Attributes struct {
	VisibilityTimeout  time.Duration // how long a received message stays hidden
	MaximumMessageSize int           // bytes
	Retention          time.Duration // how long a message is kept; 0 means DefaultRetention
	Delay              time.Duration // how long a new message stays hidden
	WaitTime           time.Duration // how long a receiver waits that does not say
	KMSKey             string        // ARN of the key that encrypts messages; "" for SQS's own
}

// DefaultRetention is how long SQS keeps a message where nothing else is said.
const DefaultRetention = 4 * 24 * time.Hour

type queue struct {
	Attributes
	policy    *iam.Policy // of the queue itself; nil lets in nobody but who has the right by a policy of his own
	policyDoc string
	name      string
	created   time.Time
	messages  []*message
	arrived   chan struct{} // closed and renewed when a message arrives
	sampled   sample        // the metrics as they were published last
}

// New returns the SQS of an account.
func New(a *account.Account, i *iam.Service, keys Keys, metrics Metrics) *Service {
	s := &Service{account: a, iam: i, keys: keys, metrics: metrics, queues: map[string]*queue{}}
	s.Handler = wire.Handler(a, i, wire.API{Package: "sqs", Namespace: "http://queue.amazonaws.com/doc/2012-11-05/", Operations: s.operations()})
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

// nameOf is the name in a queue's ARN.
func nameOf(queueARN string) string { return queueARN[strings.LastIndexByte(queueARN, ':')+1:] }

// fault is an error with the code that the JSON protocol has, qualified, and that of the query protocol.
func fault(code, query, format string, args ...any) error {
	e := wire.Errorf(400, "com.amazonaws.sqs#"+code, format, args...)
	e.Query = query
	return e
}

// noQueue is the error of a queue that does not exist.
func noQueue(ref string) error {
	return fault("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist: %s", ref)
}

// CreateQueue is CreateQueue. The error is QueueNameExists.
func (s *Service) CreateQueue(name string, a Attributes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(name, a)
}

// create is CreateQueue with the lock held.
func (s *Service) create(name string, a Attributes) error {
	if s.queues[name] != nil {
		return fault("QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name: %s", name)
	}
	a.Retention = cmp.Or(a.Retention, DefaultRetention)
	s.queues[name] = &queue{name: name, Attributes: a, created: s.account.Now(), arrived: make(chan struct{})}
	return nil
}

// SetQueueAttributes is SetQueueAttributes. The error is QueueDoesNotExist.
func (s *Service) SetQueueAttributes(name string, a Attributes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return noQueue(name)
	}
	a.Retention = cmp.Or(a.Retention, DefaultRetention)
	q.Attributes = a
	return nil
}

// SetQueuePolicy is SetQueueAttributes for the policy; "" removes it. The errors are QueueDoesNotExist and
// MalformedPolicyDocument.
func (s *Service) SetQueuePolicy(queueURL, doc string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	if q == nil {
		return noQueue(queueURL)
	}
	return q.setPolicy(doc)
}

func (q *queue) setPolicy(doc string) error {
	if doc == "" {
		q.policy, q.policyDoc = nil, ""
		return nil
	}
	p, err := iam.ParsePolicy(doc, iam.ResourcePolicy)
	if err == nil {
		q.policy, q.policyDoc = p, doc
	}
	return err
}

// HasPolicy reports whether the queue has a policy.
func (s *Service) HasPolicy(queueURL string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	return q != nil && q.policy != nil
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

// MaySend returns an error unless the queue's policy lets the service send to it for the source, and the policy of the key
// that the queue is encrypted with lets the service use that.
func (s *Service) MaySend(queueARN, service, sourceARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := iam.Request{Action: "sqs:SendMessage", Resource: queueARN, Who: account.Principal{Service: service},
		Context: map[string]string{"aws:sourcearn": sourceARN, "aws:sourceaccount": account.ID}}
	q := s.queues[nameOf(queueARN)]
	if q == nil || q.policy == nil || q.policy.Decide(request) != iam.Allowed {
		return iam.AccessDenied(request.Who, request.Action, queueARN, "because the queue's policy does not allow it for "+sourceARN)
	}
	return s.mayUseKey(request.Who, q, sending...)
}

// SendAs puts a message into the queue of an ARN with the permissions of who. The error is QueueDoesNotExist, or one of
// IAM's or KMS's.
func (s *Service) SendAs(who account.Principal, queueARN, body string) error {
	_, err := s.with(who, "SendMessage", nameOf(queueARN), func(q *queue) (any, error) {
		if err := s.mayUseKey(who, q, sending...); err != nil {
			return nil, err
		}
		s.add(q, body, 0)
		return nil, nil
	})
	return err
}

// Send puts a message into the queue of an ARN. Whether the sender may, is for the sender to ask.
func (s *Service) Send(queueARN, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[nameOf(queueARN)]
	if q == nil {
		return noQueue(queueARN)
	}
	s.add(q, body, 0)
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

// Tick removes the messages that are older than their queue keeps them, and publishes the queues' metrics.
func (s *Service) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		oldest := s.account.Now().Add(-q.Retention)
		q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.sent.Before(oldest) })
		s.publish(q)
	}
}
