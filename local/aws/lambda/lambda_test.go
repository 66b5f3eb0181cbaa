package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/wire"
)

// TestMain lets the test binary be the function of the images that the tests push: started by the local Lambda it speaks the
// Runtime API instead of running tests.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		runtime.Start(testFunction)
		return
	}
	os.Exit(m.Run())
}

// order is an event of the tests' function: what it is to do.
type order struct {
	Do      string // echo, fail, exit, sleep, put, env
	Name    string
	Records []struct {
		S3 struct{ Object struct{ Key string } }
	}
}

// testFunction is the function of the tests' images. It runs in a process of its own: see TestMain.
func testFunction(ctx context.Context, in order) (any, error) {
	if len(in.Records) > 0 {
		in.Do, in.Name = "put", in.Records[0].S3.Object.Key
	}
	switch in.Do {
	case "echo":
		return map[string]any{"name": in.Name, "pid": os.Getpid()}, nil
	case "fail":
		fmt.Println("about to fail")
		return nil, errors.New("told to fail")
	case "exit":
		os.Exit(3)
	case "sleep":
		<-time.After(time.Minute)
	case "env":
		return os.Environ(), nil
	case "put":
		cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRetryMaxAttempts(1))
		if err != nil {
			return nil, err
		}
		client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
		_, err = client.PutObject(ctx, &awss3.PutObjectInput{Bucket: sdk.String(os.Getenv("BUCKET")), Key: &in.Name, Body: strings.NewReader("made")})
		return nil, err
	}
	return nil, fmt.Errorf("the tests' function does not know how to %q", in.Do)
}

func TestFunctionRunsTheImage(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	first, failed := s.call(t, order{Do: "echo", Name: "a"})
	if failed != "" || !strings.Contains(first, `"name":"a"`) {
		t.Fatalf("result %s, error %s", first, failed)
	}
	if again, _ := s.call(t, order{Do: "echo", Name: "a"}); again != first {
		t.Errorf("a second event went to another process: %s, then %s", first, again)
	}
	env, _ := s.call(t, order{Do: "env"})
	for _, want := range []string{"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=" + s.Endpoint(), "BUCKET=" + bucket, "AWS_SESSION_TOKEN="} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment has no %s: %s", want, env)
		}
	}
	if strings.Contains(env, "HOME=") {
		t.Errorf("the environment has this machine's HOME: %s", env)
	}
}

func TestFunctionErrors(t *testing.T) {
	s := newSite(t, aws.Options{}, func(c *lambda.Config) { c.Timeout = time.Second })
	if out, failed := s.call(t, order{Do: "fail"}); failed != "Unhandled" || !strings.Contains(out, "told to fail") {
		t.Errorf("failing: %s, %s", failed, out)
	}
	if out, failed := s.call(t, order{Do: "exit"}); failed != "Unhandled" || !strings.Contains(out, "exit status 3") {
		t.Errorf("exiting: %s, %s", failed, out)
	}
	if out, failed := s.call(t, order{Do: "sleep"}); failed != "Unhandled" || !strings.Contains(out, "Task timed out after 1.00 seconds") {
		t.Errorf("running out of time: %s, %s", failed, out)
	}
	if out, failed := s.call(t, order{Do: "echo"}); failed != "" {
		t.Errorf("the next event after all that: %s, %s", failed, out)
	}
	log := strings.Join(s.Logs.Lines(group), "\n")
	for _, want := range []string{"about to fail", "Task timed out", `"type":"platform.report"`, `"status":"error"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
}

func TestFunctionHasItsRolesPermissionsOnly(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	if out, failed := s.call(t, order{Do: "put", Name: "allowed/x"}); failed != "" {
		t.Errorf("an allowed write: %s", out)
	}
	out, failed := s.call(t, order{Do: "put", Name: "elsewhere/x"})
	if failed == "" || !strings.Contains(out, "AccessDenied") || !strings.Contains(out, "s3:PutObject on resource: "+s.S3.ARN(bucket)+"/elsewhere/x") {
		t.Errorf("a write that the role does not allow: %s", out)
	}
}

func TestLogsNeedPermission(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	if err := s.IAM.PutRolePolicy(s.role.Name, "nologs", awstest.Policy(awstest.Doc{"Effect": "Deny", "Action": "logs:*", "Resource": "*"})); err != nil {
		t.Fatal(err)
	}
	if out, failed := s.call(t, order{Do: "echo"}); failed != "" {
		t.Errorf("without logs: %s", out)
	}
	if lines := s.Logs.Lines(group); len(lines) != 0 {
		t.Errorf("logged without permission: %q", lines)
	}
}

func TestNotificationChain(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	refused := func(when string) {
		t.Helper()
		if err := s.notify(""); err == nil || !strings.Contains(err.Error(), "Unable to validate the following destination configurations") {
			t.Errorf("%s: error %v, want a refusal of the destination", when, err)
		}
	}
	refused("without a permission")
	s.permit(t, "arn:aws:s3:::another-bucket", account.ID)
	refused("with the permission of another bucket")
	s.Lambda.RemovePermission(function, "permission")
	s.permit(t, s.S3.ARN(bucket), "999999999999")
	refused("with the permission of another account")
	s.Lambda.RemovePermission(function, "permission")

	s.listen(t, "in/")
	client := awstest.S3(awstest.Admin(s.Cloud))
	awstest.Put(t, client, bucket, "elsewhere", "not notified of")
	awstest.Put(t, client, bucket, "in/a b+ü.jpg", "notified of")
	s.onFailure(t)
	s.idle(t)
	// The function writes to the key of the event as it stands there, in a place that its role does not allow.
	if m := s.SQS.Messages(failures); len(m) != 1 || !strings.Contains(m[0], `"key":"in/a+b%2B%C3%BC.jpg"`) {
		t.Errorf("messages %q, want one about the URL-encoded key", m)
	}
}

func TestFailedEventsReachTheQueue(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.onFailure(t)
	client := awslambda.NewFromConfig(awstest.Admin(s.Cloud))
	_, err := client.Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: sdk.String(function), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{"Do":"fail","Name":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	s.idle(t)
	m := s.SQS.Messages(failures)
	if len(m) != 1 {
		t.Fatalf("messages %q, want one", m)
	}
	var record struct {
		Version        string
		RequestContext struct {
			RequestID, FunctionArn, Condition string
			ApproximateInvokeCount            int
		}
		RequestPayload  order
		ResponseContext struct {
			StatusCode    int
			FunctionError string
		}
		ResponsePayload struct{ ErrorMessage string }
	}
	if err := json.Unmarshal([]byte(m[0]), &record); err != nil {
		t.Fatal(err)
	}
	if record.Version != "1.0" || record.RequestContext.Condition != "RetriesExhausted" || record.RequestContext.ApproximateInvokeCount != 3 ||
		record.RequestContext.FunctionArn != s.arn()+":$LATEST" || record.RequestPayload.Name != "x" ||
		record.ResponseContext.FunctionError != "Unhandled" || record.ResponsePayload.ErrorMessage != "told to fail" {
		t.Errorf("record %s", m[0])
	}
}

func TestEventConfigNeedsPermissionToSend(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	err := s.Lambda.PutEventConfig(function, lambda.EventConfig{OnFailure: s.SQS.ARN("other")})
	if !wire.HasCode(err, "InvalidParameterValueException") {
		t.Errorf("a destination that the role may not send to: %v", err)
	}
}

func TestHeldEventsAreArranged(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.listen(t, "in/")
	client := awstest.S3(awstest.Admin(s.Cloud))
	s.S3.HoldEvents()
	for _, key := range []string{"in/1", "in/2"} {
		awstest.Put(t, client, bucket, key, key)
	}
	if _, err := client.DeleteObject(context.Background(), &awss3.DeleteObjectInput{Bucket: sdk.String(bucket), Key: sdk.String("in/1")}); err != nil {
		t.Fatal(err)
	}
	var names []string
	n := s.S3.ReleaseEvents(func(events []s3.Event) []s3.Event {
		for _, e := range events {
			names = append(names, e.Name+" "+e.Key)
		}
		slices.Reverse(events)
		return append(events, events...)
	})
	if want := "ObjectCreated:Put in/1, ObjectCreated:Put in/2, ObjectRemoved:Delete in/1"; strings.Join(names, ", ") != want || n != 6 {
		t.Errorf("released %d events, %v; want %s, twice", n, names, want)
	}
	s.idle(t)
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	s := newSite(t, aws.Options{}, func(c *lambda.Config) { c.Reserved = 1 })
	release, err := s.Lambda.Take(function)
	if err != nil {
		t.Fatal(err)
	}
	_, err = awslambda.NewFromConfig(awstest.Admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: sdk.String(function), Payload: []byte(`{"Do":"echo"}`)})
	if awstest.Code(err) != "TooManyRequestsException" {
		t.Errorf("a second event at once: %v", err)
	}
	// Asynchronous events wait for their turn.
	for range 3 {
		if err := s.Lambda.Enqueue(function, []byte(`{"Do":"echo"}`)); err != nil {
			t.Fatal(err)
		}
	}
	release()
	s.idle(t)
	done := 0
	for _, l := range s.Logs.Lines(group) {
		if strings.Contains(l, "platform.report") {
			done++
		}
	}
	if done != 3 {
		t.Errorf("%d of 3 throttled events were handled", done)
	}
}

func TestAccountConcurrencyLimitsReservations(t *testing.T) {
	s := newSite(t, aws.Options{AccountConcurrency: 10}, nil)
	s.config.Reserved = 5
	if err := s.Lambda.CreateFunction("other", s.config); err == nil || !strings.Contains(err.Error(), "UnreservedConcurrentExecution below its minimum value") {
		t.Errorf("reserving 5 of 10: %v", err)
	}
}

func TestPendingFunctionRefusesPermissions(t *testing.T) {
	s := newSite(t, aws.Options{FunctionPending: time.Hour}, nil)
	err := s.Lambda.AddPermission(function, lambda.Permission{StatementID: "p", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com"})
	if !wire.HasCode(err, "ResourceConflictException") {
		t.Errorf("a permission on a pending function: %v", err)
	}
	_, err = awslambda.NewFromConfig(awstest.Admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: sdk.String(function)})
	if awstest.Code(err) != "ResourceConflictException" {
		t.Errorf("invoking a pending function: %v", err)
	}
}

func TestCreatingFunctionChecks(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	stranger := awstest.Role(t, s.Cloud, "stranger", "ec2.amazonaws.com")
	for name, c := range map[string]struct {
		change func(*lambda.Config)
		want   string
	}{
		"no such image":       {func(c *lambda.Config) { c.ImageURI = c.ImageURI[:len(c.ImageURI)-4] + "0000" }, "Provide a valid source image"},
		"another registry":    {func(c *lambda.Config) { c.ImageURI = "registry.example.org/x@sha256:00" }, "is not valid"},
		"distrustful role":    {func(c *lambda.Config) { c.Role = stranger.ARN }, "cannot be assumed by Lambda"},
		"reserved variable":   {func(c *lambda.Config) { c.Environment = map[string]string{"AWS_REGION": "x"} }, "AWS_REGION"},
		"environment too big": {func(c *lambda.Config) { c.Environment = map[string]string{"X": strings.Repeat("x", 5000)} }, "4096"},
	} {
		cfg := s.config
		c.change(&cfg)
		if err := s.Lambda.CreateFunction("f", cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestUpdatingFunctionStartsNewProcesses(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	before, _ := s.call(t, order{Do: "echo"})
	_, idle, err := s.Lambda.Occupy(function)
	if err != nil {
		t.Fatal(err)
	}
	pid, busy, err := s.Lambda.Occupy(function)
	if err != nil {
		t.Fatal(err)
	}
	idle()
	s.config.MemoryMB = 512
	if _, err := s.Lambda.UpdateFunction(t.Context(), function, s.config); err != nil {
		t.Fatal(err)
	}
	busy() // it was at work during the update
	if after, _ := s.call(t, order{Do: "echo"}); after == before || strings.Contains(after, fmt.Sprintf(`"pid":%d}`, pid)) {
		t.Errorf("the process from before the update handled an event: %s", after)
	}
	env, _ := s.call(t, order{Do: "env"})
	if !strings.Contains(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512") {
		t.Errorf("the update has not arrived: %s", env)
	}
	got, err := awslambda.NewFromConfig(awstest.Admin(s.Cloud)).GetFunction(context.Background(), &awslambda.GetFunctionInput{FunctionName: sdk.String(function)})
	if err != nil || *got.Configuration.MemorySize != 512 || got.Configuration.State != lambdatypes.StateActive {
		t.Errorf("GetFunction: %+v, %v", got, err)
	}
}

func TestDeletingFunctionEndsItsProcesses(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.call(t, order{Do: "echo"})
	running := s.Lambda.Exited(function)
	s.Lambda.DeleteFunction(function)
	if len(running) != 1 {
		t.Fatalf("%d processes", len(running))
	}
	select {
	case <-running[0]:
	case <-time.After(10 * time.Second):
		t.Error("the process of a deleted function still runs")
	}
}
