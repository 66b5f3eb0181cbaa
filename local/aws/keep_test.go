package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/cloudwatch"
	"s3-thumbnail-creator/local/aws/codebuild"
	"s3-thumbnail-creator/local/aws/events"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/sns"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/local/aws/state"
)

// TestMain lets the test binary be a function that takes any event.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		runtime.Start(func(context.Context, json.RawMessage) error { return nil })
		return
	}
	os.Exit(m.Run())
}

// TestEveryServiceIsRemembered: each service of a Cloud, and each field of a service that is memory, is a root of its or says that
// it is none.
func TestEveryServiceIsRemembered(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	snapshot := awstest.Must[*state.Snapshot](t)(c.Snapshot())
	cloud := reflect.ValueOf(c).Elem()
	for i := range cloud.NumField() {
		field := cloud.Type().Field(i)
		if !field.IsExported() || field.Name == "Faults" { // whose rules come from options
			continue
		}
		s, ok := cloud.Field(i).Interface().(state.Service)
		if !ok {
			t.Errorf("%s is no state.Service", field.Name)
			continue
		}
		if _, ok := snapshot.Services[strings.ToLower(field.Name)]; !ok {
			t.Errorf("the snapshot has no %s: add it to Cloud.services", field.Name)
		}
		s.Remember(func(roots ...any) error {
			forgotten(t, field.Name, reflect.ValueOf(s).Elem(), roots)
			return nil
		})
	}
}

// forgotten reports the fields of a service that are memory and no roots.
func forgotten(t *testing.T, name string, v reflect.Value, roots []any) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch field.Type.Kind() {
		case reflect.Interface, reflect.Func, reflect.Chan, reflect.Pointer:
			continue // other services, and what is no data
		}
		if field.Type == reflect.TypeFor[sync.Mutex]() || field.Name == "opts" || field.Tag.Get("state") == "-" {
			continue
		}
		address := v.Field(i).Addr().UnsafePointer()
		if !slices.ContainsFunc(roots, func(r any) bool { return reflect.ValueOf(r).UnsafePointer() == address }) {
			t.Errorf("%s.%s is neither a root of Remember nor has the tag state:\"-\"", name, field.Name)
		}
	}
}

// furnish puts something of everything into a cloud.
func furnish(t *testing.T, c *aws.Cloud) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	role := awstest.Role(t, c, "role", "lambda.amazonaws.com", awstest.Allow("*", "logs:*", "sqs:SendMessage"))
	check(c.SQS.CreateQueue("queue", sqs.Attributes{VisibilityTimeout: time.Minute, MaximumMessageSize: 1 << 18}))
	check(c.SQS.SetQueuePolicy("queue", awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": c.SQS.ARN("queue")})))
	check(c.SQS.Send(c.SQS.ARN("queue"), "a message"))
	check(c.Logs.CreateLogGroup("group"))
	check(c.Logs.Write(account.Deployer, "group", "stream", "a line"))
	check(c.Lambda.CreateFunction("function", lambda.Config{
		Role: role.ARN, ImageURI: awstest.PushTestBinary(t, c, "repo"), MemoryMB: 128, Timeout: time.Minute, Reserved: -1, LogGroup: "group",
	}))
	f, err := c.Lambda.WaitUntilActive(t.Context(), "function")
	check(err)
	awstest.Bucket(t, c, "bucket")
	check(c.Lambda.AddPermission("function", lambda.Permission{StatementID: "s", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", SourceARN: c.S3.ARN("bucket")}))
	check(c.S3.PutConfiguration("bucket", s3.Notifications{Functions: []s3.Notification{{ID: "n", Function: f.ARN, Events: []string{"s3:ObjectCreated:*"}}}}))
	check(c.S3.PutConfiguration("bucket", s3.Versioning("Enabled")))
	c.S3.HoldEvents()
	client := awstest.S3(awstest.Admin(c))
	awstest.Put(t, client, "bucket", "key", "old")
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: sdk.String("bucket"), Key: sdk.String("key"),
		Body: strings.NewReader(strings.Repeat("new", 1000)), Metadata: map[string]string{"owner": "me"}})
	check(err)
	check(c.Events.PutRule("rule", `{"source": ["aws.s3"]}`))
	check(c.Events.PutTarget("rule", "target", events.Target{Function: f.ARN}))
	check(c.CodeBuild.CreateProject(codebuild.Project{Name: "project", Role: role.ARN, Timeout: time.Hour}))
	topic := c.SNS.CreateTopic("topic")
	_, err = c.SNS.Subscribe(topic, sns.Subscription{Protocol: "email", Endpoint: "a@example.com"})
	check(err)
	check(c.CloudWatch.PutMetricAlarm(cloudwatch.Alarm{AlarmName: "alarm", Namespace: "N", MetricName: "M", Statistic: "Sum", Period: 60,
		EvaluationPeriods: 1, ComparisonOperator: "GreaterThanThreshold"}))
	_, err = c.KMS.CreateKey("")
	check(err)
}

func TestCloudComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	first := awstest.Start(t, aws.Options{})
	furnish(t, first)
	before := describe(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := awstest.Must[*state.Snapshot](t)(first.Snapshot()).Write(dir); err != nil {
		t.Fatal(err)
	}
	second := awstest.Start(t, aws.Options{State: awstest.Must[*state.Snapshot](t)(state.Read(dir))})
	if _, err := second.Lambda.WaitUntilActive(t.Context(), "function"); err != nil {
		t.Fatal(err)
	}
	if after := describe(t, second); !slices.Equal(after, before) {
		t.Errorf("the cloud came back as\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if n := second.S3.ReleaseEvents(nil); n != 2 {
		t.Errorf("%d events were held back, want 2", n)
	}
	if err := second.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines := second.Logs.Lines("group"); len(lines) < 3 {
		t.Errorf("the function did not handle the events: %q", lines)
	}
	client := awstest.S3(awstest.Admin(second))
	out, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: sdk.String("bucket"), Key: sdk.String("key")})
	if err != nil || out.Metadata["owner"] != "me" || *out.ContentLength != 3000 {
		t.Errorf("the object came back as %+v, %v", out, err)
	}
}

// describe tells of everything that is in a cloud.
func describe(t *testing.T, c *aws.Cloud) []string {
	t.Helper()
	s := awstest.Must[*state.Snapshot](t)(c.Snapshot())
	all := c.Leftovers()
	for name, roots := range s.Services {
		if name == "lambda" || name == "logs" { // the function is Pending again, and begins to log
			continue
		}
		for _, r := range roots {
			all = append(all, name+" "+string(r))
		}
	}
	f, _ := c.Lambda.GetFunction("function")
	all = append(all, fmt.Sprintf("%+v %v", f.Config, f.Modified.UTC()), fmt.Sprint(c.Lambda.HasPermission("function", "s"), c.Logs.Lines("group")[:1]))
	all = slices.DeleteFunc(all, func(l string) bool { return strings.HasPrefix(l, "lambda function") }) // with the number of processes
	slices.Sort(all)
	return all
}

// TestEventsSurviveTheEnd: what Lambda has not done when the cloud is closed is done by the next.
func TestEventsSurviveTheEnd(t *testing.T) {
	dir := t.TempDir()
	first := awstest.Start(t, aws.Options{FunctionPending: time.Hour})
	role := awstest.Role(t, first, "role", "lambda.amazonaws.com", awstest.Allow("*", "logs:*"))
	if err := first.Logs.CreateLogGroup("group"); err != nil {
		t.Fatal(err)
	}
	err := first.Lambda.CreateFunction("function", lambda.Config{
		Role: role.ARN, ImageURI: awstest.PushTestBinary(t, first, "repo"), MemoryMB: 128, Timeout: time.Minute, Reserved: -1, LogGroup: "group",
	})
	if err == nil {
		err = first.Lambda.Enqueue("function", []byte("{}")) // it waits for the function, which stays Pending
	}
	if err == nil {
		err = first.Close()
	}
	if err == nil {
		err = awstest.Must[*state.Snapshot](t)(first.Snapshot()).Write(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	second := awstest.Start(t, aws.Options{State: awstest.Must[*state.Snapshot](t)(state.Read(dir))})
	if err := second.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second.Lambda.Stats().Invocations != 1 {
		t.Errorf("%d invocations, want 1", second.Lambda.Stats().Invocations)
	}
	if _, err := aws.Start(t.Context(), aws.Options{State: awstest.Must[*state.Snapshot](t)(state.Read(dir))}); err == nil || !strings.Contains(err.Error(), "does it run already") {
		t.Errorf("a second cloud at the same port: %v", err)
	}
	if _, err := state.Read(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no state at all: %v", err)
	}
}
