package lambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// reservedVariables may not be set by a deployment.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reservedVariables = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

// CheckEnvironment returns what Lambda refuses of a function's variables: reserved names, and more than 4 KB in all.
func CheckEnvironment(variables map[string]string) error {
	size := 0
	for k, v := range variables {
		size += len(k) + len(v)
		if slices.Contains(reservedVariables, k) {
			//lint:ignore ST1005 AWS's own words
			return fmt.Errorf("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", k)
		}
	}
	if size > 4096 {
		return fmt.Errorf("%d bytes of environment variables exceed the 4096 that Lambda takes", size)
	}
	return nil
}

// completed returns the configuration with the defaults of what is empty.
func (c Config) completed(name string) Config {
	if c.Architecture == "" {
		c.Architecture = "x86_64"
	}
	if c.LogGroup == "" {
		c.LogGroup = "/aws/lambda/" + name
	}
	if c.LogFormat == "" {
		c.LogFormat = "Text"
	}
	return c
}

// Function is what Lambda tells of a function.
type Function struct {
	Config
	Name, ARN string
	Modified  time.Time
}

// GetFunction returns a function by its name or ARN, and whether there is one.
func (s *Service) GetFunction(ref string) (Function, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return Function{}, false
	}
	return f.public(), true
}

func (f *function) public() Function {
	return Function{Config: f.config.Config, Name: f.name, ARN: f.arn, Modified: f.modified}
}

// checkConfig makes the checks that CreateFunction and UpdateFunctionCode make at once.
func (s *Service) checkConfig(name string, c Config) error {
	if err := CheckEnvironment(c.Environment); err != nil {
		return wire.Errorf(400, "InvalidParameterValueException", "%v", err)
	}
	k, _, err := s.iam.Assume(c.Role, "lambda.amazonaws.com", name, map[string]string{"aws:SourceArn": s.account.ARN("lambda", "function:"+name)})
	if err != nil {
		return wire.Errorf(400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	}
	s.iam.EndSession(k)
	if err := s.images.CheckImage(c.ImageURI); err != nil {
		return err
	}
	if c.Reserved > 0 {
		keep := min(100, s.opts.Concurrency)
		if c.Reserved > s.opts.Concurrency-keep {
			return wire.Errorf(400, "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep)
		}
	}
	return nil
}

// CreateFunction is CreateFunction: the function is Pending until its image is unpacked; see WaitUntilActive.
func (s *Service) CreateFunction(name string, c Config) error {
	c = c.completed(name)
	if err := s.checkConfig(name, c); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[name] != nil {
		return wire.Errorf(409, "ResourceConflictException", "Function already exist: %s", name)
	}
	f := &function{
		name: name, arn: s.account.ARN("lambda", "function:"+name), state: "Pending", config: functionConfig{Config: c},
		events: defaultEvents, modified: s.account.Now(), all: map[*instance]bool{},
	}
	if !s.account.Go(func() {
		s.prepare(s.account.Context(), f, c, func(err error) {
			f.state = "Active"
			if err != nil {
				f.state, f.reason = "Failed", err.Error()
			}
		})
	}) {
		return account.ErrClosed
	}
	s.functions[name] = f
	return nil
}

// prepare fetches the image of a configuration and makes it the function's. done is called with the lock held.
func (s *Service) prepare(ctx context.Context, f *function, c Config, done func(error)) {
	files, err := s.unpack(ctx, c.ImageURI)
	if err == nil {
		err = account.Sleep(ctx, s.opts.Pending)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return // the cloud ends: a function that is Pending is Pending when it comes back
	}
	if err == nil {
		f.config = functionConfig{c, files}
		f.generation++
		f.modified = s.account.Now()
		for _, p := range f.idle {
			delete(f.all, p)
			p.kill()
		}
		f.idle = nil
	}
	done(err)
	s.notify()
}

// WaitUntilActive waits until a new function is usable. The error says why one has failed.
func (s *Service) WaitUntilActive(ctx context.Context, name string) (Function, error) {
	s.mu.Lock()
	f, err := s.lookup(name)
	s.mu.Unlock()
	if err != nil {
		return Function{}, err
	}
	if err := s.waitUntil(ctx, func() bool { return f.state != "Pending" }); err != nil {
		return Function{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.state == "Failed" {
		return Function{}, fmt.Errorf("unexpected state 'Failed': %s", f.reason)
	}
	return f.public(), nil
}

// UpdateFunction is UpdateFunctionConfiguration and UpdateFunctionCode in one. It returns when the function runs the new
// configuration; what runs already ends with the old one.
func (s *Service) UpdateFunction(ctx context.Context, name string, c Config) (Function, error) {
	c = c.completed(name)
	if err := s.checkConfig(name, c); err != nil {
		return Function{}, err
	}
	s.mu.Lock()
	f, err := s.lookup(name)
	if err == nil && f.updating {
		err = wire.Errorf(409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: %s", f.arn)
	}
	if err == nil {
		f.updating = true
	}
	s.mu.Unlock()
	if err != nil {
		return Function{}, err
	}
	var failed error
	s.prepare(ctx, f, c, func(err error) { f.updating, failed = false, err })
	if failed != nil {
		return Function{}, failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.public(), nil
}

// DeleteFunction is DeleteFunction: it ends the function's processes. A function that is gone already is no error.
func (s *Service) DeleteFunction(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[name]
	if f == nil {
		return
	}
	f.deleted = true
	for p := range f.all {
		p.kill()
	}
	delete(s.functions, name)
	s.notify()
}

// Permission is a statement of a function's policy: what a service may do with it, and for whom.
type Permission struct {
	StatementID   string
	Action        string // lambda:InvokeFunction
	Principal     string // s3.amazonaws.com
	SourceARN     string // may be empty
	SourceAccount string // may be empty
}

// AddPermission is AddPermission; ref is the function's name or ARN. The errors are ResourceNotFoundException, and
// ResourceConflictException for a function that is not Active or has that statement already.
func (s *Service) AddPermission(ref string, p Permission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return err
	}
	if f.state != "Active" {
		return wire.Errorf(409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: %s", f.state)
	}
	st := iam.Statement{
		Sid: p.StatementID, Effect: "Allow",
		Action: iam.OneOrMore[string]{p.Action}, Resource: iam.OneOrMore[string]{f.arn},
		Principal: &iam.Principals{Named: map[string]iam.OneOrMore[string]{"Service": {p.Principal}}},
		Condition: map[string]map[string]iam.OneOrMore[string]{},
	}
	if v := p.SourceARN; v != "" {
		st.Condition["ArnLike"] = map[string]iam.OneOrMore[string]{"AWS:SourceArn": {v}}
	}
	if v := p.SourceAccount; v != "" {
		st.Condition["StringEquals"] = map[string]iam.OneOrMore[string]{"AWS:SourceAccount": {v}}
	}
	if slices.ContainsFunc(f.permission, func(o iam.Statement) bool { return o.Sid == st.Sid }) {
		return wire.Errorf(409, "ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
	}
	f.permission = append(f.permission, st)
	return nil
}

// HasPermission reports whether a function's policy has a statement.
func (s *Service) HasPermission(ref, statementID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	return err == nil && slices.ContainsFunc(f.permission, func(st iam.Statement) bool { return st.Sid == statementID })
}

// RemovePermission is RemovePermission; a statement or function that is gone already is no error.
func (s *Service) RemovePermission(ref, statementID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, err := s.lookup(ref); err == nil {
		f.permission = slices.DeleteFunc(f.permission, func(st iam.Statement) bool { return st.Sid == statementID })
	}
}

// PutEventConfig is PutFunctionEventInvokeConfig, which checks that the function's role may send to the destination.
// ref is the function's name or ARN.
func (s *Service) PutEventConfig(ref string, c EventConfig) error {
	if c.OnFailure != "" && !strings.HasPrefix(c.OnFailure, "arn:aws:sqs:") {
		return errors.New("the local cloud sends failed events to SQS queues only: add other destinations to asyncEvent.giveUp in local/aws/lambda/invoke.go")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(ref)
	if err != nil {
		return err
	}
	if c.OnFailure != "" {
		if err := s.maySend(f.config.Role, f.name, c.OnFailure); err != nil {
			return wire.Errorf(400, "InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on %s: %v", c.OnFailure, err)
		}
	}
	f.events = c
	return nil
}

// DeleteEventConfig is DeleteFunctionEventInvokeConfig: the defaults apply again.
func (s *Service) DeleteEventConfig(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, err := s.lookup(ref); err == nil {
		f.events = defaultEvents
	}
}
