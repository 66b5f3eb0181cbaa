package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// outcome is what an invocation came to.
type outcome struct {
	payload []byte // the function's result, or the error as Lambda shows it
	failed  string // "", "Handled" or "Unhandled"
}

// verdict is what the log says of the outcome.
func (o outcome) verdict() string {
	if o.failed == "" {
		return "ok"
	}
	return o.failed
}

func failedOutcome(kind, format string, args ...any) outcome {
	b, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": fmt.Sprintf(format, args...)})
	if err != nil {
		panic(err) // strings are always JSON
	}
	return outcome{b, "Unhandled"}
}

// take reserves a slot of concurrency, or says that there is none (TooManyRequestsException) or no such function.
func (s *Service) take(ref string) (*function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	if f.state != "Active" {
		return nil, wire.Errorf(409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: %s", f.state)
	}
	limit := f.config.Reserved
	if limit < 0 {
		limit = s.opts.Concurrency
	}
	if f.inUse >= limit || s.running >= s.opts.Concurrency {
		return nil, wire.Errorf(429, "TooManyRequestsException", "Rate Exceeded.")
	}
	f.inUse++
	s.running++
	return f, nil
}

func (s *Service) release(f *function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.inUse--
	s.running--
	s.notify()
}

// Result is what an invocation that was waited for came to.
type Result struct {
	Payload []byte // what the function answered, or its error as Lambda shows it
	Failed  string // "", "Handled" or "Unhandled": the header X-Amz-Function-Error
}

// Invoke is Invoke with the permissions of who, for the type RequestResponse. The errors are AccessDeniedException,
// ResourceNotFoundException, ResourceConflictException and TooManyRequestsException; that of the function is none.
func (s *Service) Invoke(ctx context.Context, who account.Principal, ref string, payload []byte) (Result, error) {
	if err := s.allow(who, "InvokeFunction", ref); err != nil {
		return Result{}, err
	}
	return s.invokeAs(ctx, ref, account.RandomID(), payload)
}

// invokeAs is Invoke with the request's id, for who may.
func (s *Service) invokeAs(ctx context.Context, ref, id string, payload []byte) (Result, error) {
	if s.throttled(payload) {
		return Result{}, wire.Errorf(429, "TooManyRequestsException", "Rate Exceeded.")
	}
	f, err := s.take(ref)
	if err != nil {
		return Result{}, err
	}
	defer s.release(f)
	o := s.invoke(ctx, f, id, payload)
	return Result{o.payload, o.failed}, nil
}

// Enqueue takes an asynchronous event. It does not block.
func (s *Service) Enqueue(ref string, payload []byte) error {
	return s.enqueue(ref, account.RandomID(), payload)
}

func (s *Service) enqueue(ref, id string, payload []byte) error {
	s.mu.Lock()
	f, err := s.lookup(ref)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.count(f.name, "AsyncEventsReceived", 1)
	since := s.account.Now()
	s.account.Faults.Deliver(callOf(payload), func() {
		if err := s.begin(&asyncEvent{lambda: s, name: f.name, id: id, payload: payload, since: since}); err != nil {
			s.account.Logf("lambda %s loses event %s: %v", f.name, id, err)
		}
	})
	return nil
}

// begin carries an event out in the background.
func (s *Service) begin(e *asyncEvent) error {
	key := account.RandomID()
	s.mu.Lock()
	s.pending++
	s.waiting[key] = e
	s.mu.Unlock()
	done := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending--
		if s.account.Context().Err() == nil { // what the cloud's end has cut short is remembered
			delete(s.waiting, key)
		}
		s.notify()
	}
	if !s.account.Go(func() {
		defer done()
		e.run(s.account.Context())
	}) {
		done()
		return account.ErrClosed
	}
	return nil
}

// asyncEvent is an event in the function's queue.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
type asyncEvent struct {
	lambda  *Service `state:"-"`
	name    string   // of the function
	id      string   // request id, the same for every try
	payload []byte
	since   time.Time
	tries   int
}

// run tries the event until it succeeds, its retries are used up or it is too old, and sends it to the on-failure
// destination in the latter cases. Throttling delays an event and does not count as a try.
func (e *asyncEvent) run(ctx context.Context) {
	var last outcome
	for {
		if e.lambda.throttled(e.payload) && account.Sleep(ctx, e.lambda.opts.RetryDelay) != nil {
			return
		}
		f, err := e.await(ctx)
		if errors.Is(err, errTooOld) {
			e.giveUp(f, f.eventConfig(e.lambda), "EventAgeExceeded", last)
			return
		}
		if err != nil {
			return // the cloud closes, or the function is gone and its queue with it
		}
		config := f.eventConfig(e.lambda)
		if e.age() > config.MaxAge {
			e.lambda.release(f)
			e.giveUp(f, config, "EventAgeExceeded", last)
			return
		}
		e.lambda.count(e.name, "AsyncEventAge", float64(e.age().Milliseconds()))
		last = e.lambda.invoke(ctx, f, e.id, e.payload)
		e.lambda.release(f)
		if ctx.Err() != nil {
			return // that was no try
		}
		e.lambda.mu.Lock()
		e.tries++
		e.lambda.mu.Unlock()
		if last.failed == "" {
			return
		}
		if e.tries > config.MaxRetries {
			e.giveUp(f, config, "RetriesExhausted", last)
			return
		}
		if account.Sleep(ctx, e.lambda.opts.RetryDelay<<(e.tries-1)) != nil {
			return
		}
	}
}

// errTooOld is the error of an event that is older than its function's configuration lets it be.
var errTooOld = errors.New("the event is too old")

func (e *asyncEvent) age() time.Duration { return e.lambda.account.Now().Sub(e.since) }

// await waits for a slot. With errTooOld it returns the function, too.
func (e *asyncEvent) await(ctx context.Context) (*function, error) {
	for throttled := false; ; {
		e.lambda.mu.Lock()
		changed := e.lambda.changed
		e.lambda.mu.Unlock()
		f, err := e.lambda.take(e.name)
		if !wire.HasCode(err, "TooManyRequestsException") && !wire.HasCode(err, "ResourceConflictException") {
			return f, err
		}
		if !throttled {
			throttled = true
			e.lambda.countThrottle(e.name, err)
		}
		if f := e.expired(); f != nil {
			return f, errTooOld
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// expired returns the function if the event is too old for it.
func (e *asyncEvent) expired() *function {
	e.lambda.mu.Lock()
	defer e.lambda.mu.Unlock()
	f, err := e.lambda.lookup(e.name)
	if err != nil || e.age() <= f.events.MaxAge {
		return nil
	}
	return f
}

// eventConfig is how the function's events are retried.
func (f *function) eventConfig(s *Service) EventConfig {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.events
}

// giveUp sends the event's record to the on-failure destination, with the permissions of the function's role.
func (e *asyncEvent) giveUp(f *function, config EventConfig, condition string, last outcome) {
	s := e.lambda
	s.count(f.name, "AsyncEventsDropped", 1)
	if config.OnFailure == "" {
		s.account.Logf("lambda %s drops event %s: %s", f.name, e.id, condition)
		return
	}
	record := map[string]any{
		"version":   "1.0",
		"timestamp": s.account.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
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
		err = s.queues.SendAs(s.roleSession(f.config.Role, f.name), config.OnFailure, string(doc))
	}
	if err != nil {
		s.count(f.name, "DestinationDeliveryFailures", 1)
	}
	s.account.Logf("lambda %s sends event %s to %s after %d tries: %v", f.name, e.id, config.OnFailure, e.tries, wire.Outcome(err))
}

// roleSession is who Lambda is when it acts for a function.
func (s *Service) roleSession(roleARN, session string) account.Principal {
	roleName := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	return account.Principal{ARN: s.account.ARN("sts", "assumed-role/"+roleName+"/"+session), Role: roleName, RoleARN: roleARN}
}

// maySend checks the role's permission for a destination.
func (s *Service) maySend(roleARN, session, queueARN string) error {
	return s.iam.Authorize(s.roleSession(roleARN, session), "sqs:SendMessage", queueARN, nil, nil)
}

// invoke runs one event in a process of the function: an idle one or a new one.
func (s *Service) invoke(ctx context.Context, f *function, id string, payload []byte) outcome {
	p, cold, err := s.instance(f)
	if err != nil {
		return failedOutcome("Runtime.InvalidEntrypoint", "RequestId: %s Error: %v", id, err)
	}
	p.started(id, cold)
	begin := time.Now()
	result, reusable := p.handle(ctx, id, payload, cold)
	p.ended(id, time.Since(begin), result)
	s.countInvocation(f, time.Since(begin), result)
	s.account.Logf("lambda %s %s %dms %s", f.name, id, time.Since(begin).Milliseconds(), result.verdict())
	s.giveBack(f, p, reusable)
	return result
}

// maxIdle is how many idle processes a function keeps. Lambda keeps more, on more machines.
const maxIdle = 8

// instance returns an idle process of the function's current generation or starts one.
func (s *Service) instance(f *function) (p *instance, cold bool, err error) {
	s.mu.Lock()
	s.invoked++
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
	p, err = s.startInstance(f.name, f.arn, config, generation)
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
func (s *Service) giveBack(f *function, p *instance, reusable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reusable && !f.deleted && p.generation == f.generation && len(f.idle) < maxIdle && !p.gone() {
		f.idle = append(f.idle, p)
		return
	}
	delete(f.all, p)
	p.kill()
}
