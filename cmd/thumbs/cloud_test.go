package main

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/handler/job"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/settings"
)

// TestMain lets the test binary be the function of a site: started by the local Lambda it is the function, with the code
// that is deployed, instead of running tests.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		runtime.Start(function())
		return
	}
	jobEvery = 10 * time.Millisecond
	os.Exit(m.Run())
}

// function is the function, without its log.
func function() *job.Processor {
	told, err := settings.LoadRuntime(os.Getenv)
	if err != nil {
		panic(err)
	}
	aws := &store.AWS{
		Region: os.Getenv("AWS_REGION"), AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Endpoint: os.Getenv("AWS_ENDPOINT_URL"),
	}
	return job.New(job.Options{
		Objects: aws.S3(), Failures: aws.Queue(told.FailureQueueURL), Make: thumbnail.Make, Log: slog.New(slog.DiscardHandler),
		Source: told.SourceBucket, Destination: told.DestinationBucket, Variants: told.Variants, Wants: told.Wants, CacheControl: told.CacheControl,
		Limits: thumbnail.Limits{Memory: settings.DecodeMemory(told.MemoryMB)},
	})
}

// site is a cloud with buckets, the function, its queue, and what S3 Batch Operations need. Nothing tells the function of
// uploads.
type site struct {
	*aws.Cloud
	t      *testing.T
	role   iam.Role // of the function
	batch  iam.Role
	config lambda.Config
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Cloud: awstest.Start(t, aws.Options{}), t: t}
	for _, name := range []string{"pictures", "thumbs", "reports"} {
		awstest.Bucket(t, s.Cloud, name)
	}
	if err := s.SQS.CreateQueue("failures", sqs.Attributes{MaximumMessageSize: 1 << 18, VisibilityTimeout: 30 * time.Second}); err != nil {
		t.Fatal(err)
	}
	s.role = awstest.Role(t, s.Cloud, "function", "lambda.amazonaws.com",
		awstest.Allow("arn:aws:s3:::pictures/*", "s3:GetObject"), awstest.Allow("arn:aws:s3:::thumbs/*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
		awstest.Allow([]string{"arn:aws:s3:::pictures", "arn:aws:s3:::thumbs"}, "s3:ListBucket"), awstest.Allow(s.SQS.ARN("failures"), "sqs:SendMessage"))
	s.config = lambda.Config{
		Role: s.role.ARN, Timeout: 30 * time.Second, MemoryMB: 512, Reserved: -1, ImageURI: awstest.PushTestBinary(t, s.Cloud, "repo"),
		Environment: map[string]string{"SOURCE_BUCKET": "pictures", "DESTINATION_BUCKET": "thumbs", "FAILURE_QUEUE_URL": s.SQS.URL("failures")},
	}
	if err := s.Lambda.CreateFunction("fn", s.config); err != nil {
		t.Fatal(err)
	}
	f, err := s.Lambda.WaitUntilActive(t.Context(), "fn")
	if err != nil {
		t.Fatal(err)
	}
	s.batch = awstest.Role(t, s.Cloud, "batch", "batchoperations.s3.amazonaws.com", awstest.Allow(f.ARN, "lambda:InvokeFunction"),
		awstest.Allow("arn:aws:s3:::pictures", "s3:PutInventoryConfiguration"), awstest.Allow("arn:aws:s3:::reports/*", "s3:GetObject", "s3:PutObject"))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.Endpoint(), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return s
}

// configure changes the function's environment.
func (s *site) configure(name, value string) {
	s.t.Helper()
	s.config.Environment[name] = value
	if _, err := s.Lambda.UpdateFunction(s.t.Context(), "fn", s.config); err != nil {
		s.t.Fatal(err)
	}
}

// picture is a small picture.
func picture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// damaged is a picture that nothing can be made of.
const damaged = "\x89PNG\r\n\x1a\ndamaged"

// put uploads objects to the bucket of the pictures.
func (s *site) put(body string, keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if _, err := s.S3.PutObject("pictures", key, map[string]string{}, []byte(body)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// keys are those in a bucket.
func (s *site) keys(bucket string) (keys []string) {
	s.t.Helper()
	entries, err := s.S3.Inventory(bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}

// wantThumbnails checks which thumbnails there are.
func (s *site) wantThumbnails(want ...string) {
	s.t.Helper()
	if got := s.keys("thumbs"); !slices.Equal(got, want) {
		s.t.Errorf("thumbnails %q, want %q", got, want)
	}
}

// thumbs runs the command on the site. Without an answer nobody can be asked.
func (s *site) thumbs(answer string, args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	site := []string{args[0], "--source", "pictures", "--destination", "thumbs", "--function", "fn", "--queue", s.SQS.URL("failures")}
	if args[0] == "backfill" {
		site = append(site, "--role", s.batch.ARN, "--reports", "reports")
	}
	var out, errs bytes.Buffer
	c := &console.Console{In: io.NopCloser(strings.NewReader(answer)), Out: &out, Err: &errs, Terminal: answer != "", Quiet: true}
	status = run(s.t.Context(), append(site, args[1:]...), c)
	return out.String(), errs.String(), status
}

// thumbsSays runs the command, and checks its status and that it prints all of the texts.
func (s *site) thumbsSays(status int, texts []string, args ...string) (stdout string) {
	s.t.Helper()
	stdout, stderr, got := s.thumbs("", args...)
	for _, text := range texts {
		if !strings.Contains(stdout+stderr, text) {
			s.t.Errorf("%q does not say %q", args, text)
			got = -1
		}
	}
	if got != status {
		s.t.Errorf("%q: status %d, want %d\n%s%s", args, got, status, stdout, stderr)
	}
	return stdout
}
