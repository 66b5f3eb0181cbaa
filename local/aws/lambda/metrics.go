package lambda

import (
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// count records a metric of a function, and of all functions.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (s *Service) count(function, metric string, value float64) {
	s.metrics.Record("AWS/Lambda", metric, "FunctionName", function, value)
	s.metrics.Record("AWS/Lambda", metric, "", "", value)
}

// countInvocation records what CloudWatch is told of an invocation. Its concurrency is that at its end, itself included.
func (s *Service) countInvocation(f *function, took time.Duration, result outcome) {
	errors := 0.0
	if result.failed != "" {
		errors = 1
	}
	s.mu.Lock()
	own, all := f.inUse, s.running
	s.mu.Unlock()
	s.count(f.name, "Invocations", 1)
	s.count(f.name, "Errors", errors)
	s.count(f.name, "Throttles", 0)
	s.count(f.name, "Duration", float64(took.Microseconds())/1000)
	s.metrics.Record("AWS/Lambda", "ConcurrentExecutions", "FunctionName", f.name, float64(own))
	s.metrics.Record("AWS/Lambda", "ConcurrentExecutions", "", "", float64(all))
}

// countThrottle records that an invocation found no free slot, if err says so.
func (s *Service) countThrottle(ref string, err error) {
	s.mu.Lock()
	f, missing := s.lookup(ref)
	s.mu.Unlock()
	if missing == nil && wire.HasCode(err, "TooManyRequestsException") {
		s.count(f.name, "Throttles", 1)
	}
}

// Tick wakes the events that wait, as one may have become too old.
func (s *Service) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending > 0 {
		s.notify()
	}
}
