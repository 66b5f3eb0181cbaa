// Package logs is the local cloud's CloudWatch Logs, over the wire in the AWS JSON 1.1 protocol.
package logs

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is CloudWatch Logs. Groups are made by deploying only: who writes to a group that does not exist, or
// may not write, loses the lines, as functions do on AWS.
type Service struct {
	http.Handler
	account *account.Account
	iam     *iam.Service
	keys    Keys
	metrics Metrics
	mu      sync.Mutex
	groups  map[string]*logGroup
	last    int                      // id of the newest event
	observe func(group, line string) `state:"-"`
}

// Keys is KMS, as far as CloudWatch Logs needs it.
type Keys interface {
	// Authorize returns an error unless who may do the operations with a key through a service.
	Authorize(who account.Principal, key, via string, context map[string]string, operations ...string) error
}

// Metrics is CloudWatch, as far as CloudWatch Logs needs it.
type Metrics interface {
	// RecordEmbedded takes the metrics that a line has in the embedded metric format, if it has any.
	RecordEmbedded(line string)
}

type logGroup struct {
	name      string
	created   time.Time
	retention int    // days; 0 keeps for ever
	key       string // ARN of the KMS key; "" for none
	streams   map[string]*logStream
	size      int // of its messages, in bytes
}

type logStream struct {
	name    string
	created time.Time
	events  []logEvent
}

type logEvent struct {
	at      time.Time
	message string
	id      int // tells it from every other event
}

// New returns the CloudWatch Logs of an account.
func New(a *account.Account, i *iam.Service, keys Keys, metrics Metrics) *Service {
	s := &Service{account: a, iam: i, keys: keys, metrics: metrics, groups: map[string]*logGroup{}}
	s.Handler = wire.Handler(a, i, wire.API{Package: "logs", Operations: s.operations()})
	return s
}

// Leftovers lists the log groups that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.groups {
		all = append(all, "log group "+name)
	}
	return all
}

// ARN is the ARN of a log group.
func (s *Service) ARN(group string) string { return s.account.ARN("logs", "log-group:"+group) }

// Write appends lines to a stream with the permissions of who. It makes the stream at the first line; the group has to be there.
func (s *Service) Write(who account.Principal, group, stream string, lines ...string) error {
	target := s.ARN(group) + ":log-stream:" + stream
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := s.iam.Authorize(who, action, target, nil, nil); err != nil {
			return err
		}
	}
	now := s.account.Now()
	events := make([]logEvent, len(lines))
	for i, l := range lines {
		events[i] = logEvent{at: now, message: l}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(group)
	if err != nil {
		return err
	}
	s.append(g, g.stream(stream, now), events)
	return nil
}

// append adds events to a stream of a group. The lock is held.
func (s *Service) append(g *logGroup, st *logStream, events []logEvent) {
	for _, e := range events {
		s.last++
		e.id = s.last
		st.events = append(st.events, e)
		s.metrics.RecordEmbedded(e.message)
		if s.observe != nil {
			s.observe(g.name, e.message)
		}
		g.grow(e.message)
	}
}

// Observe makes the service tell f of every line that is written, in the order of writing. f is called by one goroutine at a time and
// must not call the service; nil ends it.
func (s *Service) Observe(f func(group, line string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observe = f
}

// CreateLogGroup is CreateLogGroup. The error is ResourceAlreadyExistsException.
func (s *Service) CreateLogGroup(name string) error { return s.CreateEncryptedLogGroup(name, "") }

// CreateEncryptedLogGroup is CreateLogGroup with the ARN of a KMS key. The error may be that of AssociateKmsKey, too.
func (s *Service) CreateEncryptedLogGroup(name, key string) error {
	if err := s.checkKey(name, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] != nil {
		return wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log group already exists: %s", name)
	}
	s.groups[name] = &logGroup{name: name, key: key, created: s.account.Now(), streams: map[string]*logStream{}}
	return nil
}

// checkKey returns InvalidParameterException unless CloudWatch Logs, which acts for itself, may use the key for the group.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func (s *Service) checkKey(group, key string) error {
	if key == "" {
		return nil
	}
	who := account.Principal{Service: "logs." + s.account.Region + ".amazonaws.com"}
	err := s.keys.Authorize(who, key, "", map[string]string{"aws:logs:arn": s.ARN(group)}, "Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey")
	if err != nil {
		return wire.Errorf(400, "InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used with Arn '%s': %v", s.ARN(group), err)
	}
	return nil
}

// AssociateKmsKey is AssociateKmsKey, or for "" DisassociateKmsKey. The errors are ResourceNotFoundException and
// InvalidParameterException.
func (s *Service) AssociateKmsKey(name, key string) error {
	if err := s.checkKey(name, key); err != nil {
		return err
	}
	return s.change(name, func(g *logGroup) { g.key = key })
}

// PutRetentionPolicy is PutRetentionPolicy, or for 0 days DeleteRetentionPolicy. The error is ResourceNotFoundException.
func (s *Service) PutRetentionPolicy(name string, days int) error {
	return s.change(name, func(g *logGroup) { g.retention = days })
}

// change changes a group with the lock held.
func (s *Service) change(name string, f func(*logGroup)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(name)
	if err == nil {
		f(g)
	}
	return err
}

// Tick removes the events that are older than their group keeps them.
func (s *Service) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		if g.retention == 0 {
			continue
		}
		oldest := s.account.Now().AddDate(0, 0, -g.retention)
		g.drop(func(e logEvent) bool { return e.at.Before(oldest) })
	}
}

// HasLogGroup reports whether there is a group of that name.
func (s *Service) HasLogGroup(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.groups[name] != nil
}

// DeleteLogGroup is DeleteLogGroup; a group that is gone already is no error.
func (s *Service) DeleteLogGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

func (s *Service) group(name string) (*logGroup, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log group does not exist: %s", name)
}

// stream returns a stream, made if need be.
func (g *logGroup) stream(name string, now time.Time) *logStream {
	if g.streams[name] == nil {
		g.streams[name] = &logStream{name: name, created: now}
	}
	return g.streams[name]
}

// Lines returns every line of a log group, in the order of writing; nil when there is no such group.
func (s *Service) Lines(group string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[group]
	if g == nil {
		return nil
	}
	lines := []string{}
	for _, e := range g.all("") {
		lines = append(lines, e.message)
	}
	return lines
}

type streamEvent struct {
	logEvent
	stream string
}

// all returns the events of the streams that begin with prefix, oldest first.
func (g *logGroup) all(prefix string) []streamEvent {
	var all []streamEvent
	for _, name := range slices.Sorted(maps.Keys(g.streams)) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		for _, e := range g.streams[name].events {
			all = append(all, streamEvent{e, name})
		}
	}
	slices.SortStableFunc(all, func(a, b streamEvent) int { return a.at.Compare(b.at) })
	return all
}
