package conformance

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	asyncPage   = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"
	recordsPage = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
	runtimePage = "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"
)

var lambdaCases = []Case{
	{Name: "an invocation returns the result, an error says that it is one", Page: "https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html", Run: synchronous},
	{Name: "the Runtime API tells the request, its deadline and the function", Page: runtimePage, Run: runtimeHeaders},
	{Name: "an answer to another request is refused", Page: runtimePage, Run: answerAnother},
	{Name: "the environment", Page: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html", Run: environment},
	{Name: "who takes too long is ended", Page: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html", Run: timeout},
	{Name: "who takes too much memory is ended", Page: "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html", Run: outOfMemory},
	{Name: "a process that exits fails its event, and the next one has another", Page: "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-context.html", Run: exits},
	{Name: "an asynchronous event is accepted at once and tried again", Page: asyncPage, Run: asynchronous},
	{Name: "what cannot be handled leaves a record", Page: recordsPage, Run: failureRecord},
	{
		Name: "an event that is too old is given up", Page: asyncPage, LocalOnly: "the least age is a minute, and events are kept from being tried for so long only by throttling all of them",
		Run: eventAge,
	},
	{Name: "more at once than reserved is throttled", Page: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html", Run: throttled},
	{Name: "what the function writes, and a report of each event, are in its log", Page: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html", Run: functionLog},
}

// invoke invokes a function and waits for its result.
func (s *Site) invoke(t *testing.T, function, do string) *lambda.InvokeOutput {
	t.Helper()
	payload, _ := json.Marshal(map[string]string{"do": do})
	return must[*lambda.InvokeOutput](t)(s.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: payload}))
}

// sendEvent invokes a function asynchronously and returns the request's id.
func (s *Site) sendEvent(t *testing.T, function, do string) string {
	t.Helper()
	payload, _ := json.Marshal(map[string]string{"do": do})
	out := must[*lambda.InvokeOutput](t)(s.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: payload}))
	if out.StatusCode != 202 || len(out.Payload) > 0 {
		t.Errorf("an event is answered with %d: %s", out.StatusCode, out.Payload)
	}
	id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
	return id
}

// functionError is what a failed invocation returns.
type functionError struct{ ErrorType, ErrorMessage string }

func errorOf(t *testing.T, out *lambda.InvokeOutput) functionError {
	t.Helper()
	var e functionError
	if err := json.Unmarshal(out.Payload, &e); err != nil {
		t.Fatalf("%v: %s", err, out.Payload)
	}
	if aws.ToString(out.FunctionError) != "Unhandled" || out.StatusCode != 200 {
		t.Errorf("status %d, function error %q: %s", out.StatusCode, aws.ToString(out.FunctionError), out.Payload)
	}
	return e
}

func synchronous(t *testing.T, s *Site) {
	name, _ := s.function(t, nil)
	out := s.invoke(t, name, "echo")
	if string(out.Payload) != `"echo"` || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != "$LATEST" || out.StatusCode != 200 {
		t.Errorf("%+v: %s", out, out.Payload)
	}
	if e := errorOf(t, s.invoke(t, name, "fail")); e.ErrorType != "Told" || e.ErrorMessage != "told to fail" {
		t.Errorf("%+v", e)
	}
	_, err := s.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(s.Name("nofunction"))})
	refused(t, "a missing function", err, 404, "ResourceNotFoundException")
	_, err = s.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte("{")})
	refused(t, "no JSON", err, 400, "InvalidRequestContentException")
}

func runtimeHeaders(t *testing.T, s *Site) {
	name, arn := s.function(t, nil)
	out := s.invoke(t, name, "headers")
	var h map[string]string
	if err := json.Unmarshal(out.Payload, &h); err != nil {
		t.Fatalf("%v: %s", err, out.Payload)
	}
	id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
	if h["lambda-runtime-aws-request-id"] != id || id == "" || h["lambda-runtime-invoked-function-arn"] != arn || !strings.HasPrefix(h["lambda-runtime-trace-id"], "Root=1-") || !strings.HasPrefix(h["content-type"], "application/json") {
		t.Errorf("request %s of %s: %v", id, arn, h)
	}
	deadline, err1 := strconv.ParseInt(h["lambda-runtime-deadline-ms"], 10, 64)
	now, err2 := strconv.ParseInt(h["now"], 10, 64)
	if left := deadline - now; err1 != nil || err2 != nil || left <= 0 || left > 3000 {
		t.Errorf("%d ms are left of 3000: %v", left, h)
	}
}

func answerAnother(t *testing.T, s *Site) {
	name, _ := s.function(t, nil)
	var told struct{ Status int }
	out := s.invoke(t, name, "answer another")
	if err := json.Unmarshal(out.Payload, &told); err != nil || told.Status < 400 || told.Status > 499 {
		t.Errorf("%v: %s", err, out.Payload)
	}
}

func environment(t *testing.T, s *Site) {
	name, _ := s.function(t, nil)
	var env map[string]string
	if err := json.Unmarshal(s.invoke(t, name, "environment").Payload, &env); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_REGION": s.Config().Region,
		"AWS_DEFAULT_REGION": s.Config().Region, "AWS_LAMBDA_LOG_GROUP_NAME": s.group, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "TZ": ":UTC",
		"AWS_ACCESS_KEY_ID": "true", "AWS_SECRET_ACCESS_KEY": "true", "AWS_SESSION_TOKEN": "true",
	} {
		if env[k] != want {
			t.Errorf("%s is %q, want %q", k, env[k], want)
		}
	}
	for _, k := range []string{"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT", "PATH"} {
		if env[k] == "" {
			t.Errorf("%s is not set", k)
		}
	}
}

func timeout(t *testing.T, s *Site) {
	name, _ := s.function(t, func(f *Function) { f.Timeout = time.Second })
	if e := errorOf(t, s.invoke(t, name, "sleep")); !strings.Contains(e.ErrorMessage, "Task timed out after 1.00 seconds") {
		t.Errorf("%+v", e)
	}
	if out := s.invoke(t, name, "echo"); out.FunctionError != nil {
		t.Errorf("the next event: %s", out.Payload)
	}
}

func outOfMemory(t *testing.T, s *Site) {
	name, _ := s.function(t, func(f *Function) { f.Timeout = 30 * time.Second })
	e := errorOf(t, s.invoke(t, name, "allocate"))
	if e.ErrorType != "Runtime.ExitError" && e.ErrorType != "Runtime.OutOfMemory" || !strings.Contains(e.ErrorMessage, "signal: killed") {
		t.Errorf("%+v", e)
	}
	if out := s.invoke(t, name, "echo"); out.FunctionError != nil {
		t.Errorf("the next event: %s", out.Payload)
	}
}

func exits(t *testing.T, s *Site) {
	name, _ := s.function(t, nil)
	if e := errorOf(t, s.invoke(t, name, "exit")); e.ErrorType != "Runtime.ExitError" || !strings.Contains(e.ErrorMessage, "exit status 3") {
		t.Errorf("%+v", e)
	}
	if out := s.invoke(t, name, "echo"); out.FunctionError != nil {
		t.Errorf("the next event: %s", out.Payload)
	}
}

func asynchronous(t *testing.T, s *Site) {
	// One retry: Lambda waits a minute before the first, and two before the second.
	name, _, queue := s.failing(t, 1, time.Hour, nil)
	id := s.sendEvent(t, name, "fail")
	f := s.failed(t, queue)
	if r := f.RequestContext; r.ApproximateInvokeCount != 2 || r.Condition != "RetriesExhausted" || r.RequestID != id {
		t.Errorf("%+v, want the request %s tried twice", r, id)
	}
}

func failureRecord(t *testing.T, s *Site) {
	name, arn, queue := s.failing(t, 0, time.Hour, nil)
	s.sendEvent(t, name, "fail")
	f := s.failed(t, queue)
	if r := f.RequestContext; f.Version != "1.0" || r.FunctionArn != arn+":$LATEST" || r.Condition != "RetriesExhausted" || r.ApproximateInvokeCount != 1 {
		t.Errorf("%+v", f)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", f.Timestamp); err != nil {
		t.Error(err)
	}
	if string(f.RequestPayload) != `{"do":"fail"}` {
		t.Errorf("the event is %s", f.RequestPayload)
	}
	if r := f.ResponseContext; r.StatusCode != 200 || r.ExecutedVersion != "$LATEST" || r.FunctionError != "Unhandled" || f.ResponsePayload.ErrorMessage != "told to fail" || f.ResponsePayload.ErrorType != "Told" {
		t.Errorf("the answer is %+v, %+v", r, f.ResponsePayload)
	}
}

func eventAge(t *testing.T, s *Site) {
	name, _, queue := s.failing(t, 2, time.Nanosecond, nil)
	s.sendEvent(t, name, "echo")
	f := s.failed(t, queue)
	if r := f.RequestContext; r.Condition != "EventAgeExceeded" || r.ApproximateInvokeCount != 0 || f.ResponseContext.StatusCode != 0 {
		t.Errorf("%+v", f)
	}
}

func throttled(t *testing.T, s *Site) {
	name, _ := s.function(t, func(f *Function) { f.Reserved = 0 })
	_, err := s.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"do":"echo"}`)})
	refused(t, "an invocation", err, 429, "TooManyRequestsException")
}

func functionLog(t *testing.T, s *Site) {
	name, _ := s.function(t, nil)
	out := s.invoke(t, name, "log")
	id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
	var all string
	s.await(t, "the report of the request "+id, func(ctx context.Context) (bool, error) {
		events, err := s.Logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &s.group, FilterPattern: aws.String(`"` + id + `"`)})
		if err != nil {
			return false, err
		}
		all = ""
		for _, e := range events.Events {
			all += aws.ToString(e.Message) + "\n"
		}
		return strings.Contains(all, `"platform.report"`), nil
	})
	for _, want := range []string{`"type":"platform.start"`, `"type":"platform.report"`, `"status":"success"`, `"memorySizeMB":128`, `"billedDurationMs":`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	s.await(t, "the function's own line", func(ctx context.Context) (bool, error) {
		events, err := s.Logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &s.group, FilterPattern: aws.String(`"a line of the function's own"`)})
		return err == nil && len(events.Events) > 0, err
	})
}
