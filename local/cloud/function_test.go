package cloud

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

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

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
		client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(os.Getenv("BUCKET")), Key: &in.Name, Body: strings.NewReader("made")})
		return nil, err
	}
	return nil, fmt.Errorf("the tests' function does not know how to %q", in.Do)
}

// site is what most tests of functions need.
type site struct {
	*Cloud
	bucket, function, role, queue, group deployed
}

// newSite deploys a function, a bucket that it may write to, its queue and its log group.
func newSite(t *testing.T, o Options, more props) *site {
	t.Helper()
	s := &site{Cloud: start(t, o)}
	s.bucket = deploy(t, s.Cloud, "aws:s3/bucketV2:BucketV2", "bucket", props{"forceDestroy": true})
	s.queue = deploy(t, s.Cloud, "aws:sqs/queue:Queue", "failures", props{})
	s.group = deploy(t, s.Cloud, "aws:cloudwatch/logGroup:LogGroup", "logs", props{})
	s.role = deployRole(t, s.Cloud, "function", "lambda.amazonaws.com",
		allow(s.bucket.text("arn")+"/allowed/*", "s3:PutObject"),
		allow(s.queue.text("arn"), "sqs:SendMessage"),
		allow(s.group.text("arn")+":*", "logs:CreateLogStream", "logs:PutLogEvents"))
	repo := deploy(t, s.Cloud, "aws:ecr/repository:Repository", "repo", props{"forceDelete": true})
	in := props{
		"role": s.role.text("arn"), "packageType": "Image", "timeout": 30, "memorySize": 256,
		"imageUri":      pushTestImage(t, s.Cloud, repo, "one"),
		"environment":   props{"variables": props{"BUCKET": s.bucket.id}},
		"loggingConfig": props{"logFormat": "JSON", "logGroup": s.group.id},
	}
	for k, v := range more {
		in[k] = v
	}
	s.function = deploy(t, s.Cloud, "aws:lambda/function:Function", "function", in)
	return s
}

// listen lets the bucket notify the function.
func (s *site) listen(t *testing.T, prefix string) {
	t.Helper()
	deploy(t, s.Cloud, "aws:lambda/permission:Permission", "permission", props{
		"action": "lambda:InvokeFunction", "function": s.function.id, "principal": "s3.amazonaws.com",
		"sourceArn": s.bucket.text("arn"), "sourceAccount": Account,
	})
	deploy(t, s.Cloud, "aws:s3/bucketNotification:BucketNotification", "notification", props{
		"bucket":          s.bucket.id,
		"lambdaFunctions": []any{props{"lambdaFunctionArn": s.function.text("arn"), "events": []any{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}, "filterPrefix": prefix}},
	})
}

func (s *site) onFailure(t *testing.T) {
	t.Helper()
	deploy(t, s.Cloud, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "events", props{
		"functionName": s.function.id, "destinationConfig": props{"onFailure": props{"destination": s.queue.text("arn")}},
	})
}

// call invokes the function synchronously and returns its result and its error.
func (s *site) call(t *testing.T, in order) (result string, failed string) {
	t.Helper()
	payload, _ := json.Marshal(in)
	out, err := awslambda.NewFromConfig(admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: &s.function.id, Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	return string(out.Payload), aws.ToString(out.FunctionError)
}

func (s *site) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Idle(ctx); err != nil {
		t.Fatalf("events still in flight: %v", s.Leftovers())
	}
}

func TestFunctionRunsTheImage(t *testing.T) {
	s := newSite(t, Options{}, nil)
	first, failed := s.call(t, order{Do: "echo", Name: "a"})
	if failed != "" || !strings.Contains(first, `"name":"a"`) {
		t.Fatalf("result %s, error %s", first, failed)
	}
	if again, _ := s.call(t, order{Do: "echo", Name: "a"}); again != first {
		t.Errorf("a second event went to another process: %s, then %s", first, again)
	}
	env, _ := s.call(t, order{Do: "env"})
	for _, want := range []string{"AWS_LAMBDA_FUNCTION_NAME=" + s.function.id, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=" + s.Endpoint(), "BUCKET=" + s.bucket.id, "AWS_SESSION_TOKEN="} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment has no %s: %s", want, env)
		}
	}
	if strings.Contains(env, "HOME=") {
		t.Errorf("the environment has this machine's HOME: %s", env)
	}
}

func TestFunctionErrors(t *testing.T) {
	s := newSite(t, Options{}, props{"timeout": 1})
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
	log := strings.Join(s.LogLines(s.group.id), "\n")
	for _, want := range []string{"about to fail", "Task timed out", `"type":"platform.report"`, `"status":"error"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
}

func TestFunctionHasItsRolesPermissionsOnly(t *testing.T) {
	s := newSite(t, Options{}, nil)
	if out, failed := s.call(t, order{Do: "put", Name: "allowed/x"}); failed != "" {
		t.Errorf("an allowed write: %s", out)
	}
	out, failed := s.call(t, order{Do: "put", Name: "elsewhere/x"})
	if failed == "" || !strings.Contains(out, "AccessDenied") || !strings.Contains(out, "s3:PutObject on resource: "+s.bucket.text("arn")+"/elsewhere/x") {
		t.Errorf("a write that the role does not allow: %s", out)
	}
}

func TestLogsNeedPermission(t *testing.T) {
	s := newSite(t, Options{}, nil)
	deploy(t, s.Cloud, "aws:iam/rolePolicy:RolePolicy", "nologs", props{"role": s.role.id, "policy": statements(props{"Effect": "Deny", "Action": "logs:*", "Resource": "*"})})
	if out, failed := s.call(t, order{Do: "echo"}); failed != "" {
		t.Errorf("without logs: %s", out)
	}
	if lines := s.LogLines(s.group.id); len(lines) != 0 {
		t.Errorf("logged without permission: %q", lines)
	}
}

func TestNotificationChain(t *testing.T) {
	s := newSite(t, Options{}, nil)
	in := props{
		"bucket":          s.bucket.id,
		"lambdaFunctions": []any{props{"lambdaFunctionArn": s.function.text("arn"), "events": []any{"s3:ObjectCreated:*"}}},
	}
	refused := func(when string) {
		t.Helper()
		if _, err := tryDeploy(s.Cloud, "aws:s3/bucketNotification:BucketNotification", "n", in); err == nil || !strings.Contains(err.Error(), "Unable to validate the following destination configurations") {
			t.Errorf("%s: error %v, want a refusal of the destination", when, err)
		}
	}
	permission := func(source, account string) deployed {
		return deploy(t, s.Cloud, "aws:lambda/permission:Permission", "p", props{
			"action": "lambda:InvokeFunction", "function": s.function.text("arn"), "principal": "s3.amazonaws.com", "sourceArn": source, "sourceAccount": account,
		})
	}
	refused("without a permission")
	p := permission("arn:aws:s3:::another-bucket", Account)
	refused("with the permission of another bucket")
	p.delete(t)
	p = permission(s.bucket.text("arn"), "999999999999")
	refused("with the permission of another account")
	p.delete(t)

	s.listen(t, "in/")
	client := s3Client(admin(s.Cloud))
	put(t, client, s.bucket.id, "elsewhere", "not notified of")
	put(t, client, s.bucket.id, "in/a b+ü.jpg", "notified of")
	s.onFailure(t)
	s.idle(t)
	// The function writes to the key of the event as it stands there, in a place that its role does not allow.
	if m := s.Messages(s.queue.text("url")); len(m) != 1 || !strings.Contains(m[0], `"key":"in/a+b%2B%C3%BC.jpg"`) {
		t.Errorf("messages %q, want one about the URL-encoded key", m)
	}
}

func TestFailedEventsReachTheQueue(t *testing.T) {
	s := newSite(t, Options{}, nil)
	s.onFailure(t)
	client := awslambda.NewFromConfig(admin(s.Cloud))
	_, err := client.Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: &s.function.id, InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{"Do":"fail","Name":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	s.idle(t)
	m := s.Messages(s.queue.text("url"))
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
		record.RequestContext.FunctionArn != s.function.text("arn")+":$LATEST" || record.RequestPayload.Name != "x" ||
		record.ResponseContext.FunctionError != "Unhandled" || record.ResponsePayload.ErrorMessage != "told to fail" {
		t.Errorf("record %s", m[0])
	}
}

func TestEventConfigNeedsPermissionToSend(t *testing.T) {
	s := newSite(t, Options{}, nil)
	other := deploy(t, s.Cloud, "aws:sqs/queue:Queue", "other", props{})
	_, err := tryDeploy(s.Cloud, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "events", props{
		"functionName": s.function.id, "destinationConfig": props{"onFailure": props{"destination": other.text("arn")}},
	})
	if !hasCode(err, "InvalidParameterValueException") {
		t.Errorf("a destination that the role may not send to: %v", err)
	}
}

func TestHeldEventsAreArranged(t *testing.T) {
	s := newSite(t, Options{}, nil)
	s.listen(t, "in/")
	client := s3Client(admin(s.Cloud))
	s.HoldEvents()
	for _, key := range []string{"in/1", "in/2"} {
		put(t, client, s.bucket.id, key, key)
	}
	if _, err := client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &s.bucket.id, Key: aws.String("in/1")}); err != nil {
		t.Fatal(err)
	}
	var names []string
	n := s.ReleaseEvents(func(events []Event) []Event {
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
	s := newSite(t, Options{}, props{"reservedConcurrentExecutions": 1})
	f, err := s.lambda.take(s.function.id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = awslambda.NewFromConfig(admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: &s.function.id, Payload: []byte(`{"Do":"echo"}`)})
	if code(err) != "TooManyRequestsException" {
		t.Errorf("a second event at once: %v", err)
	}
	// Asynchronous events wait for their turn.
	for range 3 {
		if err := s.lambda.enqueue(s.function.id, []byte(`{"Do":"echo"}`)); err != nil {
			t.Fatal(err)
		}
	}
	s.lambda.release(f)
	s.idle(t)
	done := 0
	for _, l := range s.LogLines(s.group.id) {
		if strings.Contains(l, "platform.report") {
			done++
		}
	}
	if done != 3 {
		t.Errorf("%d of 3 throttled events were handled", done)
	}
}

func TestAccountConcurrencyLimitsReservations(t *testing.T) {
	c := start(t, Options{AccountConcurrency: 10})
	r := deployRole(t, c, "r", "lambda.amazonaws.com")
	repo := deploy(t, c, "aws:ecr/repository:Repository", "repo", props{"forceDelete": true})
	_, err := tryDeploy(c, "aws:lambda/function:Function", "f", props{
		"role": r.text("arn"), "packageType": "Image", "imageUri": pushTestImage(t, c, repo, "one"), "reservedConcurrentExecutions": 5,
	})
	if err == nil || !strings.Contains(err.Error(), "UnreservedConcurrentExecution below its minimum value") {
		t.Errorf("reserving 5 of 10: %v", err)
	}
}

func TestPendingFunctionRefusesPermissions(t *testing.T) {
	s := newSite(t, Options{}, nil)
	s.lambda.mu.Lock()
	s.lambda.functions[s.function.id].state = "Pending"
	s.lambda.mu.Unlock()
	_, err := tryDeploy(s.Cloud, "aws:lambda/permission:Permission", "p", props{"action": "lambda:InvokeFunction", "function": s.function.id, "principal": "s3.amazonaws.com"})
	var e *apiError
	if !errors.As(err, &e) || e.Code != "ResourceConflictException" {
		t.Errorf("a permission on a pending function: %v", err)
	}
	_, err = awslambda.NewFromConfig(admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: &s.function.id})
	if code(err) != "ResourceConflictException" {
		t.Errorf("invoking a pending function: %v", err)
	}
}

func TestCreatingFunctionChecks(t *testing.T) {
	s := newSite(t, Options{}, nil)
	image := s.function.text("imageUri")
	stranger := deployRole(t, s.Cloud, "stranger", "ec2.amazonaws.com")
	for name, c := range map[string]struct {
		in   props
		want string
	}{
		"no such image":       {props{"role": s.role.text("arn"), "imageUri": image[:len(image)-4] + "0000"}, "Provide a valid source image"},
		"another registry":    {props{"role": s.role.text("arn"), "imageUri": "registry.example.org/x@sha256:00"}, "is not valid"},
		"distrustful role":    {props{"role": stranger.text("arn"), "imageUri": image}, "cannot be assumed by Lambda"},
		"reserved variable":   {props{"role": s.role.text("arn"), "imageUri": image, "environment": props{"variables": props{"AWS_REGION": "x"}}}, "AWS_REGION"},
		"too little memory":   {props{"role": s.role.text("arn"), "imageUri": image, "memorySize": 64}, "memorySize"},
		"environment too big": {props{"role": s.role.text("arn"), "imageUri": image, "environment": props{"variables": props{"X": strings.Repeat("x", 5000)}}}, "4096"},
	} {
		c.in["packageType"] = "Image"
		if _, err := tryDeploy(s.Cloud, "aws:lambda/function:Function", "f", c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestUpdatingFunctionStartsNewProcesses(t *testing.T) {
	s := newSite(t, Options{}, nil)
	before, _ := s.call(t, order{Do: "echo"})
	s.lambda.mu.Lock()
	f := s.lambda.functions[s.function.id]
	s.lambda.mu.Unlock()
	idle, _, err := s.lambda.process(f)
	if err != nil {
		t.Fatal(err)
	}
	busy, _, err := s.lambda.process(f)
	if err != nil {
		t.Fatal(err)
	}
	s.lambda.giveBack(f, idle, true)
	in := s.function.out.Copy()
	in["memorySize"] = resource.NewNumberProperty(512)
	if _, err := s.function.r.Update(context.Background(), s.function.id, s.function.out, in); err != nil {
		t.Fatal(err)
	}
	s.lambda.giveBack(f, busy, true) // it was at work during the update
	if after, _ := s.call(t, order{Do: "echo"}); after == before || strings.Contains(after, fmt.Sprintf(`"pid":%d}`, busy.cmd.Process.Pid)) {
		t.Errorf("the process from before the update handled an event: %s", after)
	}
	env, _ := s.call(t, order{Do: "env"})
	if !strings.Contains(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512") {
		t.Errorf("the update has not arrived: %s", env)
	}
	got, err := awslambda.NewFromConfig(admin(s.Cloud)).GetFunction(context.Background(), &awslambda.GetFunctionInput{FunctionName: &s.function.id})
	if err != nil || *got.Configuration.MemorySize != 512 || got.Configuration.State != lambdatypes.StateActive {
		t.Errorf("GetFunction: %+v, %v", got, err)
	}
}

func TestDeletingFunctionEndsItsProcesses(t *testing.T) {
	s := newSite(t, Options{}, nil)
	s.call(t, order{Do: "echo"})
	s.lambda.mu.Lock()
	var running []*process
	for p := range s.lambda.functions[s.function.id].all {
		running = append(running, p)
	}
	s.lambda.mu.Unlock()
	s.function.delete(t)
	if len(running) != 1 {
		t.Fatalf("%d processes", len(running))
	}
	select {
	case <-running[0].exited:
	case <-time.After(10 * time.Second):
		t.Error("the process of a deleted function still runs")
	}
}
