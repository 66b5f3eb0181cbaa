// Package sns is the local cloud's SNS: topics, subscriptions and policies that are stored and validated. Nothing is published:
// alarms never change state here. It has no wire operations yet.
package sns

import (
	"sync"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is SNS.
type Service struct {
	account       *account.Account
	mu            sync.Mutex
	topics        map[string]bool // by ARN
	subscriptions map[string]bool // by ARN
}

// New returns the SNS of an account.
func New(a *account.Account) *Service {
	return &Service{account: a, topics: map[string]bool{}, subscriptions: map[string]bool{}}
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
	s.topics[s.ARN(name)] = true
	return s.ARN(name)
}

// HasTopic reports whether there is a topic of that ARN.
func (s *Service) HasTopic(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics[arn]
}

// DeleteTopic is DeleteTopic; a topic that is gone already is no error.
func (s *Service) DeleteTopic(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, arn)
}

// topic returns NotFound if there is no such topic. The lock is held.
func (s *Service) topic(arn string) error {
	if !s.topics[arn] {
		return wire.Errorf(404, "NotFound", "Topic does not exist: %s", arn)
	}
	return nil
}

// Subscribe is Subscribe: it returns the subscription's ARN. The error is NotFound, of the topic.
func (s *Service) Subscribe(topicARN string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.topic(topicARN); err != nil {
		return "", err
	}
	arn := topicARN + ":" + account.RandomID()
	s.subscriptions[arn] = true
	return arn, nil
}

// Unsubscribe is Unsubscribe; a subscription that is gone already is no error.
func (s *Service) Unsubscribe(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subscriptions, arn)
}

// SetTopicPolicy is SetTopicAttributes for the policy. The errors are MalformedPolicyDocument and NotFound.
func (s *Service) SetTopicPolicy(topicARN, doc string) error {
	if _, err := iam.ParsePolicy(doc, iam.ResourcePolicy); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topic(topicARN)
}
