package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
)

// outcome is what an invocation came to.
type outcome struct {
	payload []byte // the function's result, or the error as Lambda shows it
	failed  string // "", "Handled" or "Unhandled"
}

func failedOutcome(kind, format string, args ...any) outcome {
	b, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": fmt.Sprintf(format, args...)})
	if err != nil {
		panic(err) // strings are always JSON
	}
	return outcome{b, "Unhandled"}
}

// take reserves a slot of concurrency, or says that there is none (TooManyRequestsException) or no such function.
func (s *lambdaService) take(ref string) (*function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	if f.state != "Active" {
		return nil, failure(409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: %s", f.state)
	}
	limit := f.config.reserved
	if limit < 0 {
		limit = s.cloud.opts.AccountConcurrency
	}
	if f.inUse >= limit || s.running >= s.cloud.opts.AccountConcurrency {
		return nil, failure(429, "TooManyRequestsException", "Rate Exceeded.")
	}
	f.inUse++
	s.running++
	return f, nil
}

func (s *lambdaService) release(f *function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.inUse--
	s.running--
	s.notify()
}

// enqueue takes an asynchronous event. It does not block.
func (s *lambdaService) enqueue(ref string, payload []byte) error {
	s.mu.Lock()
	f, err := s.lookup(ref)
	if err == nil {
		s.pending++
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	e := &asyncEvent{lambda: s, name: f.name, id: requestID(), payload: payload, since: time.Now()}
	done := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending--
		s.notify()
	}
	if !s.cloud.spawn(func() {
		defer done()
		e.run(s.cloud.ctx)
	}) {
		done()
		return errClosed
	}
	return nil
}

// asyncEvent is an event in the function's queue.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
type asyncEvent struct {
	lambda  *lambdaService
	name    string // of the function
	id      string // request id, the same for every try
	payload []byte
	since   time.Time
	tries   int
}

// run tries the event until it succeeds, its retries are used up or it is too old, and sends it to the on-failure
// destination in the latter cases. Throttling delays an event and does not count as a try.
func (e *asyncEvent) run(ctx context.Context) {
	var last outcome
	for {
		f, err := e.await(ctx)
		if err != nil {
			return // the cloud closes, or the function is gone and its queue with it
		}
		e.lambda.mu.Lock()
		config := f.events
		e.lambda.mu.Unlock()
		if time.Since(e.since) > config.maxAge {
			e.lambda.release(f)
			e.giveUp(f, config, "EventAgeExceeded", last)
			return
		}
		e.tries++
		last = e.lambda.invoke(ctx, f, e.id, e.payload)
		e.lambda.release(f)
		if last.failed == "" {
			return
		}
		if e.tries > config.retries {
			e.giveUp(f, config, "RetriesExhausted", last)
			return
		}
		if sleep(ctx, e.lambda.cloud.opts.RetryDelay<<(e.tries-1)) != nil {
			return
		}
	}
}

// await waits for a slot.
func (e *asyncEvent) await(ctx context.Context) (*function, error) {
	for {
		e.lambda.mu.Lock()
		changed := e.lambda.changed
		e.lambda.mu.Unlock()
		f, err := e.lambda.take(e.name)
		if !hasCode(err, "TooManyRequestsException") && !hasCode(err, "ResourceConflictException") {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// giveUp sends the event's record to the on-failure destination, with the permissions of the function's role.
func (e *asyncEvent) giveUp(f *function, config eventConfig, condition string, last outcome) {
	s := e.lambda
	if config.onFailure == "" {
		s.cloud.logf("lambda %s drops event %s: %s", f.name, e.id, condition)
		return
	}
	record := map[string]any{
		"version":   "1.0",
		"timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId": e.id, "functionArn": f.arn + ":$LATEST", "condition": condition, "approximateInvokeCount": e.tries,
		},
		"requestPayload": json.RawMessage(e.payload),
	}
	if e.tries > 0 {
		record["responseContext"] = map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": last.failed}
		record["responsePayload"] = json.RawMessage(last.payload)
	}
	doc, err := json.Marshal(record)
	if err == nil {
		err = s.send(f, config.onFailure, string(doc))
	}
	s.cloud.logf("lambda %s sends event %s to %s after %d tries: %v", f.name, e.id, config.onFailure, e.tries, errOr(err, "ok"))
}

// send puts a message into a destination queue.
func (s *lambdaService) send(f *function, queueARN, body string) error {
	if err := s.maySend(f.config.role, f.name, queueARN); err != nil {
		return err
	}
	name := queueARN[strings.LastIndexByte(queueARN, ':')+1:]
	s.cloud.sqs.mu.Lock()
	defer s.cloud.sqs.mu.Unlock()
	q := s.cloud.sqs.queues[path.Base(name)]
	if q == nil {
		return failure(400, "QueueDoesNotExist", "The specified queue does not exist: %s", queueARN)
	}
	q.add(body, 0)
	return nil
}

// maySend checks the role's permission for a destination.
func (s *lambdaService) maySend(roleARN, session, queueARN string) error {
	roleName := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	who := principal{ARN: s.cloud.arn("sts", "assumed-role/"+roleName+"/"+session), Role: roleName, RoleARN: roleARN}
	return s.cloud.iam.authorize(who, "sqs:SendMessage", queueARN, nil, nil)
}

// invoke runs one event in a process of the function: an idle one or a new one.
func (s *lambdaService) invoke(ctx context.Context, f *function, id string, payload []byte) outcome {
	p, cold, err := s.process(f)
	if err != nil {
		return failedOutcome("Runtime.InvalidEntrypoint", "RequestId: %s Error: %v", id, err)
	}
	p.started(id, cold)
	begin := time.Now()
	result, reusable := p.handle(ctx, id, payload, cold)
	p.ended(id, time.Since(begin), result)
	s.cloud.logf("lambda %s %s %dms %s", f.name, id, time.Since(begin).Milliseconds(), errOr(nilIfEmpty(result.failed), "ok"))
	s.giveBack(f, p, reusable)
	return result
}

func nilIfEmpty(s string) error {
	if s == "" {
		return nil
	}
	return fmt.Errorf("%s", s)
}

// maxIdle is how many idle processes a function keeps. Lambda keeps more, on more machines.
const maxIdle = 8

// process returns an idle process of the function's current generation or starts one.
func (s *lambdaService) process(f *function) (p *process, cold bool, err error) {
	s.mu.Lock()
	for len(f.idle) > 0 {
		p := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if !p.gone() {
			s.mu.Unlock()
			return p, false, nil
		}
	}
	config, generation := f.config, f.generation
	s.mu.Unlock()
	p, err = startProcess(s.cloud, f.name, f.arn, config, generation)
	if err != nil {
		return nil, true, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.deleted {
		p.kill()
		return nil, true, fmt.Errorf("the function was deleted")
	}
	f.all[p] = true
	return p, true, nil
}

// giveBack keeps a process for the next event, or ends it.
func (s *lambdaService) giveBack(f *function, p *process, reusable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reusable && !f.deleted && p.generation == f.generation && len(f.idle) < maxIdle && !p.gone() {
		f.idle = append(f.idle, p)
		return
	}
	delete(f.all, p)
	p.kill()
}
