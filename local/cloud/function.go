package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// reservedVariables may not be set by a deployment.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reservedVariables = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

func (s *lambdaService) resources() map[string]Resource {
	return map[string]Resource{
		"aws:lambda/function:Function":                                   s.functionResource(),
		"aws:lambda/permission:Permission":                               s.permissionResource(),
		"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": s.eventConfigResource(),
	}
}

func (s *lambdaService) functionResource() Resource {
	return Resource{
		Required: []string{"role"},
		Optional: []string{"name", "description", "packageType", "imageUri", "imageConfig", "architectures", "memorySize", "timeout", "environment",
			"ephemeralStorage", "loggingConfig", "reservedConcurrentExecutions", "tracingConfig", "publish", "skipDestroy", "kmsKeyArn", "tags"},
		Defaults: resource.PropertyMap{
			"memorySize":                   resource.NewNumberProperty(128),
			"timeout":                      resource.NewNumberProperty(3),
			"packageType":                  resource.NewStringProperty("Zip"),
			"reservedConcurrentExecutions": resource.NewNumberProperty(-1),
			"publish":                      resource.NewBoolProperty(false),
			"skipDestroy":                  resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "invokeArn", "qualifiedArn", "qualifiedInvokeArn", "lastModified", "version", "codeSha256", "sourceCodeHash",
			"sourceCodeSize", "signingJobArn", "signingProfileVersionArn", "tagsAll", "architectures", "ephemeralStorage", "loggingConfig", "tracingConfig"},
		Replace:  []string{"name", "packageType"},
		AutoName: &AutoName{Property: "name", Max: 64},
		Validate: validateFunction,
		Create:   s.createResource,
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.functions[id] != nil, nil
		},
		Update: s.updateResource,
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.deleteFunction(id)
			return nil
		},
	}
}

func validateFunction(in resource.PropertyMap) []Failure {
	bad := slices.Concat(
		inRange(in, "memorySize", 128, 10240),
		inRange(in, "timeout", 1, 900),
		inRange(in, "reservedConcurrentExecutions", -1, 1e6),
		inRange(object(in, "ephemeralStorage"), "size", 512, 10240),
		oneOf(object(in, "tracingConfig"), "mode", "Active", "PassThrough"),
		oneOf(object(in, "loggingConfig"), "logFormat", "JSON", "Text"))
	if text(in, "packageType") != "Image" && known(in, "packageType") {
		bad = append(bad, Failure{"packageType", "the local cloud runs container images only: expected Image"})
	}
	if !in.HasValue("imageUri") && !in.ContainsUnknowns() {
		bad = append(bad, Failure{"imageUri", "missing required property"})
	}
	for _, a := range texts(in, "architectures") {
		if a != "arm64" && a != "x86_64" {
			bad = append(bad, Failure{"architectures", fmt.Sprintf("expected arm64 or x86_64, got %s", a)})
		}
	}
	size := 0
	for k, v := range textMap(object(in, "environment"), "variables") {
		size += len(k) + len(v)
		if slices.Contains(reservedVariables, k) {
			bad = append(bad, Failure{"environment", "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " + k})
		}
	}
	if size > 4096 {
		bad = append(bad, Failure{"environment", fmt.Sprintf("%d bytes of environment variables exceed the 4096 that Lambda takes", size)})
	}
	return bad
}

// configOf reads a deployment's inputs.
func (s *lambdaService) configOf(in resource.PropertyMap) functionConfig {
	logging := object(in, "loggingConfig")
	c := functionConfig{
		role: text(in, "role"), image: text(in, "imageUri"), arch: "x86_64",
		memory:   int(number(in, "memorySize", 128)),
		timeout:  time.Duration(number(in, "timeout", 3)) * time.Second,
		environ:  textMap(object(in, "environment"), "variables"),
		logGroup: text(logging, "logGroup"), logFormat: text(logging, "logFormat"),
		reserved: int(number(in, "reservedConcurrentExecutions", -1)),
	}
	if a := texts(in, "architectures"); len(a) > 0 {
		c.arch = a[0]
	}
	if c.logGroup == "" {
		c.logGroup = "/aws/lambda/" + text(in, "name")
	}
	if c.logFormat == "" {
		c.logFormat = "Text"
	}
	return c
}

// createResource creates the function and waits until it is Active, as the AWS provider does.
func (s *lambdaService) createResource(ctx context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	if err := s.cloud.iam.awaitRole(ctx, text(in, "role")); err != nil {
		return "", nil, err
	}
	name := text(in, "name")
	f, err := s.createFunction(name, s.configOf(in))
	if err != nil {
		return "", nil, fmt.Errorf("creating Lambda Function (%s): %w", name, err)
	}
	if err := s.waitUntil(ctx, func() bool { return f.state != "Pending" }); err != nil {
		return "", nil, fmt.Errorf("waiting for Lambda Function (%s) create: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.state == "Failed" {
		delete(s.functions, name)
		return "", nil, fmt.Errorf("waiting for Lambda Function (%s) create: unexpected state 'Failed': %s", name, f.reason)
	}
	return name, s.outputs(f, in), nil
}

// checkConfig makes the checks that CreateFunction and UpdateFunctionCode make at once.
func (s *lambdaService) checkConfig(name string, c functionConfig) error {
	k, _, err := s.cloud.iam.assume(c.role, "lambda.amazonaws.com", name, map[string]string{"aws:SourceArn": s.cloud.arn("lambda", "function:"+name)})
	if err != nil {
		return failure(400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	}
	s.cloud.iam.endSession(k)
	if err := s.cloud.ecr.checkImage(c.image); err != nil {
		return err
	}
	if c.reserved > 0 {
		keep := min(100, s.cloud.opts.AccountConcurrency)
		if c.reserved > s.cloud.opts.AccountConcurrency-keep {
			return failure(400, "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep)
		}
	}
	return nil
}

// createFunction is CreateFunction: the function is Pending until its image is unpacked.
func (s *lambdaService) createFunction(name string, c functionConfig) (*function, error) {
	if err := s.checkConfig(name, c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[name] != nil {
		return nil, failure(409, "ResourceConflictException", "Function already exist: %s", name)
	}
	f := &function{
		name: name, arn: s.cloud.arn("lambda", "function:"+name), state: "Pending", config: c,
		events: defaultEvents, modified: time.Now(), all: map[*process]bool{},
	}
	if !s.cloud.spawn(func() {
		s.prepare(s.cloud.ctx, f, c, func(err error) {
			f.state = "Active"
			if err != nil {
				f.state, f.reason = "Failed", err.Error()
			}
		})
	}) {
		return nil, errClosed
	}
	s.functions[name] = f
	return f, nil
}

// prepare fetches the image of a configuration and makes it the function's. done is called with the lock held.
func (s *lambdaService) prepare(ctx context.Context, f *function, c functionConfig, done func(error)) {
	files, err := s.unpack(ctx, c.image)
	if err == nil {
		err = sleep(ctx, s.cloud.opts.FunctionPending)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		c.files = files
		f.config = c
		f.generation++
		f.modified = time.Now()
		for _, p := range f.idle {
			delete(f.all, p)
			p.kill()
		}
		f.idle = nil
	}
	done(err)
	s.notify()
}

func (s *lambdaService) updateResource(ctx context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
	c := s.configOf(in)
	if err := s.cloud.iam.awaitRole(ctx, c.role); err != nil {
		return nil, err
	}
	if err := s.checkConfig(id, c); err != nil {
		return nil, fmt.Errorf("updating Lambda Function (%s): %w", id, err)
	}
	s.mu.Lock()
	f, err := s.lookup(id)
	if err == nil && f.updating {
		err = failure(409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: %s", f.arn)
	}
	if err == nil {
		f.updating = true
	}
	s.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("updating Lambda Function (%s): %w", id, err)
	}
	var failed error
	s.prepare(ctx, f, c, func(err error) { f.updating, failed = false, err })
	if failed != nil {
		return nil, fmt.Errorf("updating Lambda Function (%s): %w", id, failed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outputs(f, in), nil
}

func (s *lambdaService) deleteFunction(name string) {
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

// outputs are the function's outputs. The lock is held.
func (s *lambdaService) outputs(f *function, in resource.PropertyMap) resource.PropertyMap {
	digest := f.config.image[strings.LastIndexAny(f.config.image, "@:")+1:]
	invoke := "arn:aws:apigateway:" + s.cloud.opts.Region + ":lambda:path/2015-03-31/functions/"
	out := map[string]any{
		"arn": f.arn, "invokeArn": invoke + f.arn + "/invocations",
		"qualifiedArn": f.arn + ":$LATEST", "qualifiedInvokeArn": invoke + f.arn + ":$LATEST/invocations",
		"lastModified": f.modified.UTC().Format("2006-01-02T15:04:05.000-0700"), "version": "$LATEST",
		"codeSha256": digest, "sourceCodeHash": digest, "sourceCodeSize": 0, "signingJobArn": "", "signingProfileVersionArn": "",
		"tagsAll": tagsAll(in), "architectures": []any{f.config.arch},
		"loggingConfig": map[string]any{"logFormat": f.config.logFormat, "logGroup": f.config.logGroup},
	}
	if !in.HasValue("ephemeralStorage") {
		out["ephemeralStorage"] = map[string]any{"size": 512}
	}
	if !in.HasValue("tracingConfig") {
		out["tracingConfig"] = map[string]any{"mode": "PassThrough"}
	}
	return merge(in, out)
}

func (s *lambdaService) permissionResource() Resource {
	return Resource{
		Required: []string{"action", "function", "principal"},
		Optional: []string{"sourceArn", "sourceAccount", "statementId"},
		Computed: []string{"statementIdPrefix"},
		Replace:  []string{"action", "function", "principal", "sourceArn", "sourceAccount", "statementId"},
		AutoName: &AutoName{Property: "statementId", Max: 100},
		Validate: func(in resource.PropertyMap) []Failure {
			var bad []Failure
			if a := text(in, "action"); known(in, "action") && !strings.HasPrefix(a, "lambda:") {
				bad = append(bad, Failure{"action", fmt.Sprintf("expected an action like lambda:InvokeFunction, got %q", a)})
			}
			if v := text(in, "sourceAccount"); known(in, "sourceAccount") && (len(v) != 12 || strings.Trim(v, "0123456789") != "") {
				bad = append(bad, Failure{"sourceAccount", fmt.Sprintf("expected an account id of 12 digits, got %q", v)})
			}
			return bad
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			if err := s.addPermission(in); err != nil {
				return "", nil, fmt.Errorf("adding Lambda Permission (%s/%s): %w", text(in, "function"), text(in, "statementId"), err)
			}
			return text(in, "statementId"), merge(in, map[string]any{"statementIdPrefix": ""}), nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			f, err := s.lookup(text(state, "function"))
			return state, err == nil && slices.ContainsFunc(f.permission, func(st statement) bool { return st.Sid == id }), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if f, err := s.lookup(text(state, "function")); err == nil {
				f.permission = slices.DeleteFunc(f.permission, func(st statement) bool { return st.Sid == id })
			}
			return nil
		},
	}
}

// addPermission is AddPermission.
func (s *lambdaService) addPermission(in resource.PropertyMap) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(text(in, "function"))
	if err != nil {
		return err
	}
	if f.state != "Active" {
		return failure(409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: %s", f.state)
	}
	st := statement{
		Sid: text(in, "statementId"), Effect: "Allow",
		Action: oneOrMore[string]{text(in, "action")}, Resource: oneOrMore[string]{f.arn},
		Principal: &principals{Named: map[string]oneOrMore[string]{"Service": {text(in, "principal")}}},
		Condition: map[string]map[string]oneOrMore[string]{},
	}
	if v := text(in, "sourceArn"); v != "" {
		st.Condition["ArnLike"] = map[string]oneOrMore[string]{"AWS:SourceArn": {v}}
	}
	if v := text(in, "sourceAccount"); v != "" {
		st.Condition["StringEquals"] = map[string]oneOrMore[string]{"AWS:SourceAccount": {v}}
	}
	if slices.ContainsFunc(f.permission, func(o statement) bool { return o.Sid == st.Sid }) {
		return failure(409, "ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
	}
	f.permission = append(f.permission, st)
	return nil
}

func (s *lambdaService) eventConfigResource() Resource {
	return Resource{
		Required: []string{"functionName"},
		Optional: []string{"maximumRetryAttempts", "maximumEventAgeInSeconds", "destinationConfig", "qualifier"},
		Defaults: resource.PropertyMap{"maximumRetryAttempts": resource.NewNumberProperty(2)},
		Replace:  []string{"functionName", "qualifier"},
		Validate: func(in resource.PropertyMap) []Failure {
			return slices.Concat(inRange(in, "maximumRetryAttempts", 0, 2), inRange(in, "maximumEventAgeInSeconds", 60, 21600))
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			return text(in, "functionName"), in, s.putEventConfig(in)
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return in, s.putEventConfig(in)
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if f, err := s.lookup(id); err == nil {
				f.events = defaultEvents
			}
			return nil
		},
	}
}

// putEventConfig is PutFunctionEventInvokeConfig, which checks that the function's role may send to the destination.
func (s *lambdaService) putEventConfig(in resource.PropertyMap) error {
	destinations := object(in, "destinationConfig")
	c := eventConfig{
		retries:   int(number(in, "maximumRetryAttempts", 2)),
		maxAge:    time.Duration(number(in, "maximumEventAgeInSeconds", 21600)) * time.Second,
		onFailure: text(object(destinations, "onFailure"), "destination"),
	}
	if destinations.HasValue("onSuccess") || c.onFailure != "" && !strings.HasPrefix(c.onFailure, "arn:aws:sqs:") {
		return errors.New("the local cloud sends failed events to SQS queues only: add other destinations to asyncEvent.giveUp in local/cloud/invoke.go")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookup(text(in, "functionName"))
	if err != nil {
		return err
	}
	if c.onFailure != "" {
		if err := s.maySend(f.config.role, f.name, c.onFailure); err != nil {
			return failure(400, "InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on %s: %v", c.onFailure, err)
		}
	}
	f.events = c
	return nil
}
