package s3control_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3control"
)

const functionARN = "arn:aws:lambda:us-east-1:111122223333:function:fn"

// world is a cloud whose S3 Control has a function that the test plays.
type world struct {
	*aws.Cloud
	t      *testing.T
	url    string // of the S3 Control
	client *control.Client
	role   iam.Role
	turn   func(time.Duration) // turns the clock of the S3 Control
	// answer says what becomes of a task: Succeeded, TemporaryFailure, PermanentFailure, or an error of Lambda.
	answer func(key string, try int) (code string, err error)

	mu       sync.Mutex
	payloads []map[string]any
	invoked  map[string]int // by key
}

var _ s3control.Functions = (*world)(nil)

// Invoke implements s3control.Functions.
func (w *world) Invoke(_ context.Context, who account.Principal, function string, payload []byte) (lambda.Result, error) {
	if err := w.IAM.Authorize(who, "lambda:InvokeFunction", function, nil, nil); err != nil {
		return lambda.Result{}, err
	}
	var event map[string]any
	if err := json.Unmarshal(payload, &event); err != nil {
		return lambda.Result{}, err
	}
	task := event["tasks"].([]any)[0].(map[string]any)
	key := task["s3Key"].(string)
	w.mu.Lock()
	w.payloads = append(w.payloads, event)
	w.invoked[key]++
	try := w.invoked[key]
	w.mu.Unlock()
	code, err := "Succeeded", error(nil)
	if w.answer != nil {
		code, err = w.answer(key, try)
	}
	if err != nil || code == "" {
		return lambda.Result{Payload: []byte(`{"errorMessage":"it timed out"}`), Failed: "Unhandled"}, err
	}
	out, _ := json.Marshal(map[string]any{"results": []any{map[string]any{"taskId": task["taskId"], "resultCode": code, "resultString": "said of " + key}}})
	return lambda.Result{Payload: out}, nil
}

// statements are what a role of S3 Batch Operations needs.
func statements() []awstest.Doc {
	return []awstest.Doc{
		awstest.Allow(functionARN, "lambda:InvokeFunction"),
		awstest.Allow("arn:aws:s3:::pictures", "s3:PutInventoryConfiguration"),
		awstest.Allow("arn:aws:s3:::reports/*", "s3:GetObject", "s3:PutObject"),
	}
}

func newWorld(t *testing.T, keys ...string) *world {
	t.Helper()
	w := &world{Cloud: awstest.Start(t, aws.Options{}), t: t, invoked: map[string]int{}}
	awstest.Bucket(t, w.Cloud, "pictures")
	awstest.Bucket(t, w.Cloud, "reports")
	for _, key := range keys {
		w.put("pictures", key, key)
	}
	w.role = awstest.Role(t, w.Cloud, "batch", "batchoperations.s3.amazonaws.com", statements()...)
	a := account.New(t.Context(), account.Options{Region: "us-east-1"})
	w.turn = a.Turn
	service := s3control.New(a, w.IAM, w.S3, w)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !s3control.Is(r) {
			t.Errorf("%s %s is not taken for S3 Control's", r.Method, r.URL.Path)
		}
		service.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { server.Close(); a.Close() })
	w.url = server.URL
	w.client = w.clientOf(awstest.Admin(w.Cloud))
	return w
}

// clientOf is a client with the credentials of the configuration.
func (w *world) clientOf(cfg sdk.Config) *control.Client {
	cfg.BaseEndpoint = &w.url
	return awstest.S3Control(cfg)
}

func (w *world) put(bucket, key, body string) string {
	w.t.Helper()
	o, err := w.S3.PutObject(bucket, key, nil, []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return o.ETag
}

func (w *world) get(bucket, key string) []byte {
	w.t.Helper()
	o, err := w.S3.GetObject(bucket, key, "")
	if err != nil {
		w.t.Fatalf("s3://%s/%s: %v", bucket, key, err)
	}
	return o.Body
}

// request asks for a job over what the filter lets through, which is to be reported.
func (w *world) request(filter *types.JobManifestGeneratorFilter) *control.CreateJobInput {
	return &control.CreateJobInput{
		AccountId: sdk.String(account.ID), RoleArn: &w.role.ARN, Priority: sdk.Int32(1), ConfirmationRequired: sdk.Bool(false),
		Operation: &types.JobOperation{LambdaInvoke: &types.LambdaInvokeOperation{
			FunctionArn: sdk.String(functionARN), InvocationSchemaVersion: sdk.String("2.0"), UserArguments: map[string]string{"a": "b"},
		}},
		Report: &types.JobReport{Enabled: true, Bucket: sdk.String("arn:aws:s3:::reports"), Prefix: sdk.String("r"),
			Format: types.JobReportFormatReportCsv20180820, ReportScope: types.JobReportScopeAllTasks},
		ManifestGenerator: &types.JobManifestGeneratorMemberS3JobManifestGenerator{Value: types.S3JobManifestGenerator{
			EnableManifestOutput: true, SourceBucket: sdk.String("arn:aws:s3:::pictures"), Filter: filter,
			ManifestOutputLocation: &types.S3ManifestOutputLocation{Bucket: sdk.String("arn:aws:s3:::reports"),
				ManifestPrefix: sdk.String("m"), ManifestFormat: types.GeneratedManifestFormatS3InventoryReportCsv20211130},
		}},
	}
}

func (w *world) create(in *control.CreateJobInput) string {
	w.t.Helper()
	out, err := w.client.CreateJob(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.JobId
}

// await waits until the job has the status.
func (w *world) await(id string, status types.JobStatus) *types.JobDescriptor {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		out, err := w.client.DescribeJob(w.t.Context(), &control.DescribeJobInput{AccountId: sdk.String(account.ID), JobId: &id})
		if err != nil {
			w.t.Fatal(err)
		}
		ended := slices.Contains([]types.JobStatus{types.JobStatusComplete, types.JobStatusFailed, types.JobStatusCancelled}, out.Job.Status)
		if out.Job.Status == status {
			return out.Job
		}
		if ended || time.Now().After(deadline) {
			w.t.Fatalf("the job is %s, want %s: %+v", out.Job.Status, status, out.Job.FailureReasons)
		}
	}
}

// run runs a job to its end and returns the keys that the function was invoked with, in order.
func (w *world) run(in *control.CreateJobInput, end types.JobStatus) (*types.JobDescriptor, []string) {
	w.t.Helper()
	job := w.await(w.create(in), end)
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []string
	for _, p := range w.payloads {
		keys = append(keys, p["tasks"].([]any)[0].(map[string]any)["s3Key"].(string))
	}
	slices.Sort(keys)
	return job, keys
}
