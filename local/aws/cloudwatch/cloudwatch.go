// Package cloudwatch is the rest of the local cloud's CloudWatch, besides logs: metrics, alarms that act on them, and
// dashboards. Over the wire it speaks all three protocols that its clients do: query (SDKs of before 2025), JSON and CBOR.
//
// Metrics come from AWS's services, from log lines in the embedded metric format and from PutMetricData, and are counted by
// the minute. Alarms are looked at every second, where AWS does it every minute; they go by the cloud's clock.
package cloudwatch

import (
	"net/http"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is CloudWatch. See metrics.go for values, alarm.go and evaluate.go for alarms.
type Service struct {
	http.Handler
	account    *account.Account
	iam        *iam.Service
	metrics    *Metrics
	topics     Topics
	forgotten  time.Time `state:"-"` // when old values were last dropped
	mu         sync.Mutex
	alarms     map[string]*alarm // by name
	dashboards map[string]dashboard
}

// Topics is SNS, as far as CloudWatch needs it.
type Topics interface {
	// PublishFor publishes for a service, which acts for the source, if the topic's policy lets it.
	PublishFor(service, sourceARN, topicARN, subject, message string) error
}

// New returns the CloudWatch of an account.
func New(a *account.Account, i *iam.Service, metrics *Metrics, topics Topics) *Service {
	s := &Service{
		account: a, iam: i, metrics: metrics, topics: topics, forgotten: a.Now(),
		alarms: map[string]*alarm{}, dashboards: map[string]dashboard{},
	}
	s.Handler = wire.Handler(a, i, wire.API{
		Package: "cloudwatch", Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/", Operations: s.operations(),
	})
	return s
}

// Leftovers lists the alarms and dashboards that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.alarms {
		all = append(all, "cloudwatch alarm "+name)
	}
	for name := range s.dashboards {
		all = append(all, "cloudwatch dashboard "+name)
	}
	return all
}

// Tick evaluates the alarms, and drops what is too old once in an hour.
func (s *Service) Tick() {
	if now := s.account.Now(); now.Sub(s.forgotten) > time.Hour {
		s.metrics.forget()
		s.forgotten = now
	}
	s.evaluateAll()
}
