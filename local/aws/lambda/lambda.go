// Package lambda is the local cloud's Lambda, over the wire in its REST protocol.
package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is Lambda for functions that are container images. A function is started from the very image that was pushed:
// its layers are unpacked and its entrypoint runs as a process on the Lambda Runtime API, as many at once as there are
// concurrent events. See function.go for deploying, invoke.go for events and runtime.go for the processes.
//
// What bites on AWS and does here: creating a function fails when its image or the trust of its role is missing; a new function is
// Pending, and refuses permissions and invocations, until it is Active; a process that runs out of time is killed;
// asynchronous events are retried and at last sent to the on-failure destination; a role without logs: permissions
// loses the function's log; a throttled synchronous call fails, a throttled event waits.
type Service struct {
	account *account.Account
	iam     *iam.Service
	images  Images
	queues  Queues
	logs    Logs
	metrics Metrics
	opts    Options

	mu        sync.Mutex
	functions map[string]*function   // by name
	changed   chan struct{}          // closed and renewed when a slot becomes free, an event ends or a function changes
	running   int                    `state:"-"` // invocations of all functions
	pending   int                    `state:"-"` // asynchronous events that are not done
	invoked   int                    `state:"-"` // invocations that have begun
	waiting   map[string]*asyncEvent // that are not done, by a key of their own: an id may come twice
	unpacked  map[string]*rootfs     `state:"-"` // by image URI
}

// function is a Lambda function. The fields below mu of the service change under its lock.
type function struct {
	name, arn  string
	state      string // Pending, Active, Failed
	reason     string // why it failed
	updating   bool
	config     functionConfig
	permission []iam.Statement
	events     EventConfig
	generation int // counts updates: processes of an older one are not reused
	modified   time.Time
	inUse      int                `state:"-"`
	idle       []*instance        `state:"-"`
	all        map[*instance]bool `state:"-"`
	deleted    bool
}

// Config is what a deployment sets of a function.
type Config struct {
	Role         string // ARN
	ImageURI     string
	Architecture string // "x86_64" where it is empty
	MemoryMB     int
	Timeout      time.Duration
	Environment  map[string]string
	LogGroup     string // "/aws/lambda/" and the name where it is empty
	LogFormat    string // "Text", also where it is empty, or "JSON"
	Reserved     int    // concurrency; -1 for none
}

// functionConfig is a Config with its image unpacked. It is replaced, never changed.
type functionConfig struct {
	Config
	files *rootfs `state:"-"`
}

// EventConfig is the FunctionEventInvokeConfig: how asynchronous events are retried.
type EventConfig struct {
	MaxRetries int
	MaxAge     time.Duration
	OnFailure  string // ARN of a queue; "" drops the events
}

var defaultEvents = EventConfig{MaxRetries: 2, MaxAge: 6 * time.Hour}

// Images is the registry that functions are made of.
type Images interface {
	// CheckImage returns an error of the API if Lambda cannot take the image.
	CheckImage(uri string) error
	Pull(ctx context.Context, uri string) (v1.Image, error)
}

// Queues is where events go that could not be handled.
type Queues interface {
	// SendAs sends with the permissions of who.
	SendAs(who account.Principal, queueARN, body string) error
}

// Logs is where functions write.
type Logs interface {
	Write(who account.Principal, group, stream string, lines ...string) error
}

// Metrics is CloudWatch, as far as Lambda needs it.
type Metrics interface {
	// Record takes a value of a metric with one dimension, or with none where that is "".
	Record(namespace, metric, dimension, of string, value float64)
}

// Options configures Lambda.
type Options struct {
	// Pending is how long a new or updated function takes to become usable, besides pulling its image.
	Pending time.Duration
	// RetryDelay is the wait before an asynchronous event's first retry, doubled for the next.
	RetryDelay time.Duration
	// Concurrency is how many invocations run at once in all.
	Concurrency int
}

// New returns the Lambda of an account.
func New(a *account.Account, i *iam.Service, images Images, queues Queues, logs Logs, metrics Metrics, o Options) *Service {
	return &Service{
		account: a, iam: i, images: images, queues: queues, logs: logs, metrics: metrics, opts: o,
		functions: map[string]*function{}, changed: make(chan struct{}), unpacked: map[string]*rootfs{},
		waiting: map[string]*asyncEvent{},
	}
}

// Leftovers lists the functions that exist, their processes, and the events that are not done.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, f := range s.functions {
		all = append(all, fmt.Sprintf("lambda function %s (%d processes)", name, len(f.all)))
	}
	if s.pending > 0 {
		all = append(all, fmt.Sprintf("lambda events in flight: %d", s.pending))
	}
	return all
}

// notify wakes everyone who waits for a change. The lock is held.
func (s *Service) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitUntil waits until ready, which is called with the lock held, says so.
func (s *Service) waitUntil(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := ready(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Idle waits until no asynchronous event is in flight any more: delivered, retried and given up events are all done. Events that are
// held back by S3 do not count.
func (s *Service) Idle(ctx context.Context) error {
	return s.waitUntil(ctx, func() bool { return s.pending == 0 })
}

// lookup finds a function by its name or ARN, with or without a version. The lock is held.
func (s *Service) lookup(ref string) (*function, error) {
	name := strings.TrimPrefix(ref, s.account.ARN("lambda", "function:"))
	name, _, _ = strings.Cut(name, ":")
	if f := s.functions[name]; f != nil {
		return f, nil
	}
	return nil, wire.Errorf(404, "ResourceNotFoundException", "Function not found: %s", s.account.ARN("lambda", "function:"+name))
}

// MayInvoke checks whether the function's policy lets a service invoke it for a source.
func (s *Service) MayInvoke(ref, service, sourceARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return err
	}
	p := iam.Policy{Statement: f.permission}
	q := iam.Request{Action: "lambda:InvokeFunction", Resource: f.arn, Who: account.Principal{Service: service}, Context: map[string]string{
		"aws:sourcearn": sourceARN, "aws:sourceaccount": account.ID,
	}}
	if p.Decide(q) != iam.Allowed {
		return iam.AccessDenied(q.Who, q.Action, f.arn, "because the function's policy does not allow it for "+sourceARN)
	}
	return nil
}

// ServeHTTP serves Lambda's REST API: reading functions and invoking them.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.serve(w, r)
	s.account.Logf("lambda %s %s %v", r.Method, r.URL.Path, wire.Outcome(err))
	if out == nil && err == nil {
		return
	}
	wire.WriteJSON(w, r, out, err)
}

// serve returns the response, or nothing when it has been written already.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	who, err := s.iam.Caller(r)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if !ok || len(parts) > 2 {
		return nil, noOperation(r, "")
	}
	ref, err := url.PathUnescape(parts[0])
	if err != nil {
		return nil, wire.Errorf(400, "InvalidParameterValueException", "function name %q: %v", parts[0], err)
	}
	operation := r.Method
	if len(parts) == 2 {
		operation += " " + parts[1]
	}
	switch {
	case operation == "GET" && ref == "":
		return s.list(who)
	case operation == "GET", operation == "GET configuration":
		return s.getFunction(who, ref, operation == "GET")
	case operation == "GET policy":
		return s.getPolicy(who, ref)
	case operation == "POST invocations":
		return nil, s.serveInvoke(w, r, who, ref)
	}
	return nil, noOperation(r, operation)
}

func (s *Service) allow(who account.Principal, action, ref string) error {
	name := strings.TrimPrefix(ref, s.account.ARN("lambda", "function:"))
	err := s.iam.Authorize(who, "lambda:"+action, s.account.ARN("lambda", "function:"+name), nil, nil)
	var denied *wire.Error
	if errors.As(err, &denied) && denied.Code == "AccessDenied" {
		return wire.Errorf(403, "AccessDeniedException", "%s", denied.Message)
	}
	return err
}

func (s *Service) list(who account.Principal) (any, error) {
	if err := s.allow(who, "ListFunctions", "*"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []any{}
	for _, f := range s.functions {
		all = append(all, f.describe())
	}
	return map[string]any{"Functions": all}, nil
}

func (s *Service) getFunction(who account.Principal, ref string, whole bool) (any, error) {
	action := "GetFunctionConfiguration"
	if whole {
		action = "GetFunction"
	}
	if err := s.allow(who, action, ref); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	if !whole {
		return f.describe(), nil
	}
	out := map[string]any{
		"Configuration": f.describe(),
		"Code":          map[string]any{"RepositoryType": "ECR", "ImageUri": f.config.ImageURI, "ResolvedImageUri": f.config.ImageURI},
	}
	if f.config.Reserved >= 0 {
		out["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": f.config.Reserved}
	}
	return out, nil
}

func (f *function) describe() map[string]any {
	update := "Successful"
	if f.updating {
		update = "InProgress"
	}
	out := map[string]any{
		"FunctionName": f.name, "FunctionArn": f.arn, "Role": f.config.Role, "PackageType": "Image", "Version": "$LATEST",
		"MemorySize": f.config.MemoryMB, "Timeout": int(f.config.Timeout.Seconds()), "State": f.state, "LastUpdateStatus": update,
		"LastModified":  f.modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"Architectures": []string{f.config.Architecture},
		"Environment":   map[string]any{"Variables": f.config.Environment},
		"LoggingConfig": map[string]any{"LogFormat": f.config.LogFormat, "LogGroup": f.config.LogGroup},
	}
	if f.state == "Pending" {
		out["StateReason"], out["StateReasonCode"] = "The function is being created.", "Creating"
	}
	if f.state == "Failed" {
		out["StateReason"], out["StateReasonCode"] = f.reason, "InvalidImage"
	}
	return out
}

func (s *Service) getPolicy(who account.Principal, ref string) (any, error) {
	if err := s.allow(who, "GetPolicy", ref); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	if len(f.permission) == 0 {
		return nil, wire.Errorf(404, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	list := []any{}
	for _, p := range f.permission {
		conditions := map[string]any{}
		for operator, keys := range p.Condition {
			conditions[operator] = keys
		}
		list = append(list, map[string]any{
			"Sid": p.Sid, "Effect": p.Effect, "Action": p.Action[0], "Resource": p.Resource[0],
			"Principal": map[string]any{"Service": p.Principal.Named["Service"][0]}, "Condition": conditions,
		})
	}
	doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Id": "default", "Statement": list})
	if err != nil {
		return nil, err
	}
	return map[string]any{"Policy": string(doc), "RevisionId": account.RandomID()}, nil
}

// serveInvoke serves Invoke: synchronously, or asynchronously for the type Event.
func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request, who account.Principal, ref string) error {
	if err := s.allow(who, "InvokeFunction", ref); err != nil {
		return err
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return wire.Errorf(400, "InvalidRequestContentException", "read the payload: %v", err)
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		return wire.Errorf(400, "InvalidRequestContentException", "Could not parse request body into json")
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	if !slices.Contains([]string{"", "RequestResponse", "Event", "DryRun"}, kind) {
		return wire.Errorf(400, "InvalidParameterValueException", "invocation type %q: expected RequestResponse, Event or DryRun", kind)
	}
	// The function gets the same id, be it invoked at once or later.
	id := account.RandomID()
	w.Header().Set("X-Amzn-RequestId", id)
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return nil
	case "Event":
		if len(payload) > 1<<20 {
			return wire.Errorf(413, "RequestTooLargeException", "%d bytes exceed the 1048576 of an asynchronous event", len(payload))
		}
		if err := s.enqueue(ref, id, payload); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	result, err := s.invokeAs(r.Context(), ref, id, payload)
	if err != nil {
		s.countThrottle(ref, err)
		return err
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("Content-Type", "application/json")
	if result.Failed != "" {
		w.Header().Set("X-Amz-Function-Error", result.Failed)
	}
	w.WriteHeader(http.StatusOK)
	w.Write(result.Payload)
	return nil
}
