// Package events is the local cloud's EventBridge: the default bus with rules, whose targets are Lambda functions. It has
// no wire operations yet.
//
// What bites on AWS and does here: a target that the rule may not invoke gets nothing, and the event goes to the target's
// dead-letter queue, or nowhere if that queue's policy does not let EventBridge in; a rule with targets cannot be deleted.
package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/wire"
)

// principal is how EventBridge presents itself to functions and queues.
const principal = "events.amazonaws.com"

// Service is EventBridge.
type Service struct {
	account   *account.Account
	functions Functions
	queues    Queues
	metrics   Metrics
	mu        sync.Mutex
	rules     map[string]*rule // by name
}

// Functions is Lambda, as far as EventBridge needs it.
type Functions interface {
	// MayInvoke returns an error unless the function's policy lets the service invoke it for the source.
	MayInvoke(function, service, sourceARN string) error
	// Enqueue takes an asynchronous event. It does not block.
	Enqueue(function string, payload []byte) error
}

// Queues is SQS, as far as EventBridge needs it.
type Queues interface {
	// MaySend returns an error unless the queue's policy lets the service send to it for the source.
	MaySend(queueARN, service, sourceARN string) error
	Send(queueARN, body string) error
}

// Metrics is CloudWatch, as far as EventBridge needs it.
type Metrics interface {
	// Record takes a value of a metric with one dimension.
	Record(namespace, metric, dimension, of string, value float64)
}

// Target is what a rule invokes.
type Target struct {
	Function   string // its ARN
	DeadLetter string // ARN of a queue for events that cannot be handed over; "" drops them
}

type rule struct {
	name    string
	arn     string
	source  string            // the document of the pattern
	pattern Pattern           `state:"-"`
	targets map[string]Target // by id
}

// New returns the EventBridge of an account.
func New(a *account.Account, functions Functions, queues Queues, metrics Metrics) *Service {
	return &Service{account: a, functions: functions, queues: queues, metrics: metrics, rules: map[string]*rule{}}
}

// Leftovers lists the rules that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, r := range s.rules {
		all = append(all, fmt.Sprintf("events rule %s (%d targets)", name, len(r.targets)))
	}
	return all
}

// ARN is the ARN of a rule of the default bus.
func (s *Service) ARN(name string) string { return s.account.ARN("events", "rule/"+name) }

// PutRule is PutRule: it makes a rule, or changes its pattern. The error is InvalidEventPatternException.
func (s *Service) PutRule(name, pattern string) error {
	p, err := ParsePattern(pattern)
	if err != nil {
		return wire.Errorf(400, "InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rules[name]
	if r == nil {
		r = &rule{name: name, arn: s.ARN(name), targets: map[string]Target{}}
		s.rules[name] = r
	}
	r.source, r.pattern = pattern, p
	return nil
}

// HasRule reports whether there is a rule of that name.
func (s *Service) HasRule(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules[name] != nil
}

// DeleteRule is DeleteRule; a rule that is gone already is no error. The error is ValidationException where targets are
// left.
func (s *Service) DeleteRule(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rules[name]; r != nil && len(r.targets) > 0 {
		return wire.Errorf(400, "ValidationException", "Rule can't be deleted since it has targets.")
	}
	delete(s.rules, name)
	return nil
}

// PutTarget is PutTargets for one target. The error is ResourceNotFoundException, of the rule.
func (s *Service) PutTarget(ruleName, id string, t Target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rules[ruleName]
	if r == nil {
		return wire.Errorf(404, "ResourceNotFoundException", "Rule %s does not exist on EventBus default.", ruleName)
	}
	r.targets[id] = t
	return nil
}

// HasTarget reports whether the rule has a target of that id.
func (s *Service) HasTarget(ruleName, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rules[ruleName]
	if r == nil {
		return false
	}
	_, ok := r.targets[id]
	return ok
}

// RemoveTarget is RemoveTargets; a target or rule that is gone already is no error.
func (s *Service) RemoveTarget(ruleName, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rules[ruleName]; r != nil {
		delete(r.targets, id)
	}
}

// Put takes an event of an AWS service and hands it to the targets of every rule that matches. It does not block.
func (s *Service) Put(event json.RawMessage) {
	var decoded map[string]any
	if err := json.Unmarshal(event, &decoded); err != nil {
		panic(fmt.Sprintf("local cloud: an event that is no JSON: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.rules)) {
		if r := s.rules[name]; r.pattern.Matches(decoded) {
			s.count(r, "MatchedEvents")
			s.count(r, "TriggeredRules")
			for _, t := range r.targets {
				s.account.Faults.Deliver(faults.Call{Service: "events", Operation: "Invoke", Key: name}, func() { s.handOver(r, t, event) })
			}
		}
	}
}

// handOver invokes the target. What EventBridge cannot hand over here is what it does not retry either, because the
// permission or the target is missing (EventBridge user guide, "Retry policies"): it goes to the dead letters at once.
func (s *Service) handOver(r *rule, t Target, event json.RawMessage) {
	err := s.functions.MayInvoke(t.Function, principal, r.arn)
	if err == nil {
		err = s.functions.Enqueue(t.Function, event)
	}
	s.count(r, "Invocations")
	if err == nil {
		return
	}
	s.count(r, "FailedInvocations")
	if t.DeadLetter == "" {
		s.account.Logf("events %s drops an event: %v", r.arn, err)
		return
	}
	lost := s.queues.MaySend(t.DeadLetter, principal, r.arn)
	if lost == nil {
		lost = s.queues.Send(t.DeadLetter, string(event))
	}
	if lost == nil {
		s.count(r, "InvocationsSentToDlq")
	} else {
		s.count(r, "InvocationsFailedToBeSentToDlq")
	}
	s.account.Logf("events %s sends an event to %s, as %v: %v", r.arn, t.DeadLetter, err, wire.Outcome(lost))
}

// count records a metric of a rule.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (s *Service) count(r *rule, metric string) {
	s.metrics.Record("AWS/Events", metric, "RuleName", r.name, 1)
}
