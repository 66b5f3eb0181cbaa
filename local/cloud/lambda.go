package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// lambdaService is Lambda for functions that are container images. A function is started from the very image that was pushed:
// its layers are unpacked and its entrypoint runs as a process on the Lambda Runtime API, as many at once as there are
// concurrent events. See function.go for deploying, invoke.go for events and runtime.go for the processes.
//
// What bites on AWS and does here: creating a function fails when its image or the trust of its role is missing; a new function is
// Pending, and refuses permissions and invocations, until it is Active; a process that runs out of time is killed;
// asynchronous events are retried and at last sent to the on-failure destination; a role without logs: permissions
// loses the function's log; a throttled synchronous call fails, a throttled event waits.
type lambdaService struct {
	cloud     *Cloud
	mu        sync.Mutex
	functions map[string]*function // by name
	changed   chan struct{}        // closed and renewed when a slot becomes free, an event ends or a function changes
	running   int                  // invocations of all functions
	pending   int                  // asynchronous events that are not done
	unpacked  map[string]*rootfs   // by image URI
}

// function is a Lambda function. The fields below mu of the service change under its lock.
type function struct {
	name, arn  string
	state      string // Pending, Active, Failed
	reason     string // why it failed
	updating   bool
	config     functionConfig
	permission []statement
	events     eventConfig
	generation int // counts updates: processes of an older one are not reused
	modified   time.Time
	inUse      int
	idle       []*process
	all        map[*process]bool
	deleted    bool
}

// functionConfig is what a deployment sets. It is replaced, never changed.
type functionConfig struct {
	role, image, arch   string
	memory              int // MB
	timeout             time.Duration
	environ             map[string]string
	logGroup, logFormat string
	reserved            int // concurrency; -1 for none
	files               *rootfs
}

// eventConfig is the FunctionEventInvokeConfig: how asynchronous events are retried.
type eventConfig struct {
	retries   int
	maxAge    time.Duration
	onFailure string // ARN of a queue
}

var defaultEvents = eventConfig{retries: 2, maxAge: 6 * time.Hour}

func newLambda(c *Cloud) *lambdaService {
	return &lambdaService{cloud: c, functions: map[string]*function{}, changed: make(chan struct{}), unpacked: map[string]*rootfs{}}
}

func (s *lambdaService) leftovers() []string {
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
func (s *lambdaService) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitUntil waits until ready, which is called with the lock held, says so.
func (s *lambdaService) waitUntil(ctx context.Context, ready func() bool) error {
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
// held by HoldEvents do not count.
func (c *Cloud) Idle(ctx context.Context) error {
	return c.lambda.waitUntil(ctx, func() bool { return c.lambda.pending == 0 })
}

// lookup finds a function by its name or ARN, with or without a version. The lock is held.
func (s *lambdaService) lookup(ref string) (*function, error) {
	name := strings.TrimPrefix(ref, s.cloud.arn("lambda", "function:"))
	name, _, _ = strings.Cut(name, ":")
	if f := s.functions[name]; f != nil {
		return f, nil
	}
	return nil, failure(404, "ResourceNotFoundException", "Function not found: %s", s.cloud.arn("lambda", "function:"+name))
}

// mayInvoke checks whether the function's policy lets a service invoke it for a source.
func (s *lambdaService) mayInvoke(ref, service, sourceARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return err
	}
	p := policy{Statement: f.permission}
	q := request{Action: "lambda:InvokeFunction", Resource: f.arn, Who: principal{Service: service}, Context: map[string]string{
		"aws:sourcearn": sourceARN, "aws:sourceaccount": Account,
	}}
	if p.decide(q) != allowed {
		return accessDenied(q.Who, q.Action, f.arn, "because the function's policy does not allow it for "+sourceARN)
	}
	return nil
}

// ServeHTTP serves Lambda's REST API: reading functions and invoking them.
func (s *lambdaService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.serve(w, r)
	s.cloud.logf("lambda %s %s %v", r.Method, r.URL.Path, errOr(err, "ok"))
	if out == nil && err == nil {
		return
	}
	writeJSON(w, r, out, err)
}

// serve returns the response, or nothing when it has been written already.
func (s *lambdaService) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	who, err := s.cloud.iam.caller(r)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if !ok || len(parts) > 2 {
		return nil, failure(404, "UnknownOperationException", "the local cloud's Lambda has no %s %s: add it to local/cloud/lambda.go", r.Method, r.URL.Path)
	}
	ref, err := url.PathUnescape(parts[0])
	if err != nil {
		return nil, failure(400, "InvalidParameterValueException", "function name %q: %v", parts[0], err)
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
	return nil, failure(404, "UnknownOperationException", "the local cloud's Lambda has no %s %s: functions are changed by deploying, see local/cloud/function.go", r.Method, r.URL.Path)
}

func (s *lambdaService) allow(who principal, action, ref string) error {
	name := strings.TrimPrefix(ref, s.cloud.arn("lambda", "function:"))
	err := s.cloud.iam.authorize(who, "lambda:"+action, s.cloud.arn("lambda", "function:"+name), nil, nil)
	if hasCode(err, "AccessDenied") {
		return failure(403, "AccessDeniedException", "%s", err.(*apiError).Message)
	}
	return err
}

func (s *lambdaService) list(who principal) (any, error) {
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

func (s *lambdaService) getFunction(who principal, ref string, whole bool) (any, error) {
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
		"Code":          map[string]any{"RepositoryType": "ECR", "ImageUri": f.config.image, "ResolvedImageUri": f.config.image},
	}
	if f.config.reserved >= 0 {
		out["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": f.config.reserved}
	}
	return out, nil
}

func (f *function) describe() map[string]any {
	update := "Successful"
	if f.updating {
		update = "InProgress"
	}
	out := map[string]any{
		"FunctionName": f.name, "FunctionArn": f.arn, "Role": f.config.role, "PackageType": "Image", "Version": "$LATEST",
		"MemorySize": f.config.memory, "Timeout": int(f.config.timeout.Seconds()), "State": f.state, "LastUpdateStatus": update,
		"LastModified":  f.modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"Architectures": []string{f.config.arch},
		"Environment":   map[string]any{"Variables": f.config.environ},
		"LoggingConfig": map[string]any{"LogFormat": f.config.logFormat, "LogGroup": f.config.logGroup},
	}
	if f.state == "Pending" {
		out["StateReason"], out["StateReasonCode"] = "The function is being created.", "Creating"
	}
	if f.state == "Failed" {
		out["StateReason"], out["StateReasonCode"] = f.reason, "InvalidImage"
	}
	return out
}

func (s *lambdaService) getPolicy(who principal, ref string) (any, error) {
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
		return nil, failure(404, "ResourceNotFoundException", "The resource you requested does not exist.")
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
	return map[string]any{"Policy": string(doc), "RevisionId": requestID()}, nil
}

// serveInvoke serves Invoke: synchronously, or asynchronously for the type Event.
func (s *lambdaService) serveInvoke(w http.ResponseWriter, r *http.Request, who principal, ref string) error {
	if err := s.allow(who, "InvokeFunction", ref); err != nil {
		return err
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return failure(400, "InvalidRequestContentException", "read the payload: %v", err)
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		return failure(400, "InvalidRequestContentException", "Could not parse request body into json")
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	if !slices.Contains([]string{"", "RequestResponse", "Event", "DryRun"}, kind) {
		return failure(400, "InvalidParameterValueException", "invocation type %q: expected RequestResponse, Event or DryRun", kind)
	}
	w.Header().Set("X-Amzn-RequestId", requestID())
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return nil
	case "Event":
		if len(payload) > 1<<20 {
			return failure(413, "RequestTooLargeException", "%d bytes exceed the 1048576 of an asynchronous event", len(payload))
		}
		if err := s.enqueue(ref, payload); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	f, err := s.take(ref)
	if err != nil {
		return err
	}
	result := s.invoke(r.Context(), f, requestID(), payload)
	s.release(f)
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("Content-Type", "application/json")
	if result.failed != "" {
		w.Header().Set("X-Amz-Function-Error", result.failed)
	}
	w.WriteHeader(http.StatusOK)
	w.Write(result.payload)
	return nil
}
