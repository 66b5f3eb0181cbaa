// Package sns is the local cloud's SNS, over the wire in the query protocol: topics, and subscriptions to them by e-mail,
// SQS and Lambda. What would leave the machine, as mails do, is written to the cloud's log and shown by Deliveries.
package sns

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is SNS. What bites on AWS and does here: who subscribes by e-mail is sent nothing until the subscription is
// confirmed; a queue or function whose policy does not let the topic in is sent nothing, ever.
type Service struct {
	http.Handler
	account       *account.Account
	iam           *iam.Service
	queues        Queues
	functions     Functions
	mu            sync.Mutex
	topics        map[string]*topic        // by ARN
	subscriptions map[string]*subscription // by ARN
	deliveries    []Delivery
}

// Queues is SQS, as far as SNS needs it.
type Queues interface {
	// MaySend returns an error unless the queue's policy lets the service send to it for the source.
	MaySend(queueARN, service, sourceARN string) error
	Send(queueARN, body string) error
}

// Functions is Lambda, as far as SNS needs it.
type Functions interface {
	// MayInvoke returns an error unless the function's policy lets the service invoke it for the source.
	MayInvoke(function, service, sourceARN string) error
	// Enqueue takes an asynchronous event. It does not block.
	Enqueue(function string, payload []byte) error
}

type topic struct {
	arn         string
	displayName string
	policy      *iam.Policy // nil is SNS's own: the account
	policyDoc   string
}

type subscription struct {
	Subscription
	arn, topic string
	token      string // that confirms it; "" once it is
}

// Subscription is where a topic's messages are sent.
type Subscription struct {
	Protocol string // email, email-json, sqs, lambda ...
	Endpoint string // an address or an ARN
	Raw      bool   // the message alone, without SNS's envelope
}

// Delivery is a message that was sent to a subscription.
type Delivery struct {
	At                 time.Time
	Subscription       string // ARN
	Protocol, Endpoint string
	Subject, Message   string
}

// New returns the SNS of an account, whose topics send to these queues and functions.
func New(a *account.Account, i *iam.Service, queues Queues, functions Functions) *Service {
	s := &Service{account: a, iam: i, queues: queues, functions: functions, topics: map[string]*topic{}, subscriptions: map[string]*subscription{}}
	s.Handler = wire.Handler(a, i, wire.API{Package: "sns", Namespace: "http://sns.amazonaws.com/doc/2010-03-31/", Operations: s.operations()})
	return s
}

// Leftovers lists the topics and subscriptions that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for arn := range s.topics {
		all = append(all, "sns topic "+arn)
	}
	for arn := range s.subscriptions {
		all = append(all, "sns subscription "+arn)
	}
	return all
}

// ARN is the ARN of a topic.
func (s *Service) ARN(name string) string { return s.account.ARN("sns", name) }

// CreateTopic is CreateTopic: it returns the topic's ARN, also where the topic is there already.
func (s *Service) CreateTopic(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := s.ARN(name)
	if s.topics[arn] == nil {
		s.topics[arn] = &topic{arn: arn}
	}
	return arn
}

// HasTopic reports whether there is a topic of that ARN.
func (s *Service) HasTopic(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics[arn] != nil
}

// DeleteTopic is DeleteTopic; a topic that is gone already is no error.
func (s *Service) DeleteTopic(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, arn)
}

// topic returns a topic, or NotFound. The lock is held.
func (s *Service) topic(arn string) (*topic, error) {
	if t := s.topics[arn]; t != nil {
		return t, nil
	}
	return nil, wire.Errorf(404, "NotFound", "Topic does not exist: %s", arn)
}

// SetTopicPolicy is SetTopicAttributes for the policy. The errors are MalformedPolicyDocument and NotFound.
func (s *Service) SetTopicPolicy(topicARN, doc string) error {
	p, err := iam.ParsePolicy(doc, iam.ResourcePolicy)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(topicARN)
	if err == nil {
		t.policy, t.policyDoc = p, doc
	}
	return err
}

// protocols are those that a subscription can have.
var protocols = []string{"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}

// Subscribe is Subscribe: it returns the subscription's ARN. One by e-mail is sent a mail with a token, and nothing else
// until it is confirmed with it. The errors are InvalidParameter, and NotFound of the topic.
func (s *Service) Subscribe(topicARN string, sub Subscription) (string, error) {
	if !slices.Contains(protocols, sub.Protocol) || sub.Endpoint == "" {
		return "", wire.Errorf(400, "InvalidParameter", "Invalid parameter: Protocol %q and Endpoint %q: expected one of %v and an endpoint", sub.Protocol, sub.Endpoint, protocols)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.topic(topicARN); err != nil {
		return "", err
	}
	for arn, other := range s.subscriptions {
		if other.topic == topicARN && other.Protocol == sub.Protocol && other.Endpoint == sub.Endpoint {
			return arn, nil
		}
	}
	one := &subscription{Subscription: sub, arn: topicARN + ":" + account.RandomID(), topic: topicARN}
	if strings.HasPrefix(sub.Protocol, "email") {
		one.token = account.RandomHex(64)
		s.deliver(one, "AWS Notification - Subscription Confirmation",
			fmt.Sprintf("You have chosen to subscribe to the topic: %s. To confirm: aws sns confirm-subscription --topic-arn %s --token %s", topicARN, topicARN, one.token))
	}
	s.subscriptions[one.arn] = one
	return one.arn, nil
}

// Confirm is ConfirmSubscription: it returns the subscription's ARN. The error is InvalidParameter.
func (s *Service) Confirm(topicARN, token string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn, sub := range s.subscriptions {
		if sub.topic == topicARN && token != "" && sub.token == token {
			sub.token = ""
			return arn, nil
		}
	}
	return "", wire.Errorf(400, "InvalidParameter", "Invalid parameter: Invalid token")
}

// Unsubscribe is Unsubscribe; a subscription that is gone already is no error.
func (s *Service) Unsubscribe(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subscriptions, arn)
}

// Deliveries returns what was sent to subscriptions, the oldest first.
func (s *Service) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}
