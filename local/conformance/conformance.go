// Package conformance says how AWS behaves where our program and our function depend on it, written once against clients of
// the AWS SDK. [Run] runs on the local cloud with every test, and on a real account with `make suite-aws`: where the two
// differ, the local cloud is wrong.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"s3-thumbnail-creator/local/sdktest"
)

// Target is a cloud to run on. What it makes it also removes in the end, whatever happens meanwhile. How things are made is
// the target's, as the local cloud makes most of them without a wire protocol; how they behave is looked at by the SDK.
type Target interface {
	// Config is that of whoever runs the suite, who may do everything.
	Config() aws.Config
	// Real says that this is AWS: where things take longer, and cost.
	Real() bool
	Account() string
	// Name makes a name that no run before has used, for all services.
	Name(role string) string

	Bucket(ctx context.Context, name string, versioned bool) error
	Queue(ctx context.Context, name string, visibility time.Duration) (url, arn string, err error)
	LogGroup(ctx context.Context, name string) error
	// Role makes a role that the service may assume, and whoever runs the suite. It is older than the time that a role takes
	// to be known everywhere, unless young is set.
	Role(ctx context.Context, name, service string, young bool, allowed ...Statement) (arn string, err error)
	PutRolePolicy(ctx context.Context, role string, allowed ...Statement) error
	// Session is the configuration of somebody who has assumed the role.
	Session(ctx context.Context, roleARN string) (aws.Config, error)
	// Function makes a function that runs the program in ./probe, and waits until it is active.
	Function(ctx context.Context, f Function) (arn string, err error)
	// EventConfig says how often, and for how long, an asynchronous event is tried, and where it then goes.
	EventConfig(ctx context.Context, function string, retries int, age time.Duration, queueARN string) error
	Permit(ctx context.Context, function, service, sourceARN string) error
	// Notify has a bucket tell the function about everything, by itself or through EventBridge, for which there is a rule.
	Notify(ctx context.Context, bucket, functionARN string, bridge bool) error
	Rule(ctx context.Context, name, pattern, functionARN string) (arn string, err error)
	Project(ctx context.Context, p Project) error
	// Elapse turns the clock of a target that has one of its own; on AWS it does nothing, and a case has to wait.
	Elapse(d time.Duration)
}

// Statement allows actions on resources.
type Statement struct {
	Actions, Resources []string
	Deny               bool
}

// Function is a function to be made.
type Function struct {
	Name, RoleARN, LogGroup string
	Timeout                 time.Duration
	MemoryMB                int
	Reserved                int // concurrency; -1 for none reserved
}

// Project is a CodeBuild project without a source.
type Project struct {
	Name, RoleARN, LogGroup string
	Buildspec               string // the document
	Variables               map[string]string
	OldImage                bool // amazonlinux-aarch64-standard:3.0 on EC2, in place of our image on Lambda compute
}

// Case is one behavior.
type Case struct {
	Name string
	// Page is the page of AWS's documentation that says so.
	Page string
	// LocalOnly says why it cannot be looked at on AWS within the time and the money of a test; "" if it can.
	LocalOnly string
	Run       func(t *testing.T, s *Site)
}

// Groups are all cases, by service.
var Groups = map[string][]Case{
	"S3": s3Cases, "S3 conditions": conditionCases, "S3 listing": listCases, "S3 versions": versionCases, "S3 events": eventCases,
	"Lambda": lambdaCases, "CodeBuild": buildCases, "IAM": iamCases, "SQS": sqsCases, "Logs": logCases,
}

// order is that in which the groups run: what is quick comes first.
var order = []string{"S3", "S3 conditions", "S3 listing", "S3 versions", "SQS", "Logs", "IAM", "S3 events", "Lambda", "CodeBuild"}

// Run runs every case on the target.
func Run(t *testing.T, target Target) {
	s := &Site{Target: target, noticing: map[bool]string{}}
	if err := s.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, group := range order {
		t.Run(group, func(t *testing.T) {
			for _, c := range Groups[group] {
				t.Run(c.Name, func(t *testing.T) {
					if !strings.HasPrefix(c.Page, "https://docs.aws.amazon.com/") {
						t.Errorf("no page of AWS's documentation is named: %q", c.Page)
					}
					if c.LocalOnly != "" && target.Real() {
						t.Skipf("not on AWS: %s", c.LocalOnly)
					}
					c.Run(t, s)
					if t.Failed() {
						t.Logf("see %s", c.Page)
					}
				})
			}
		})
	}
}

// Site is what the cases share: clients, and what takes long to make.
type Site struct {
	Target
	S3     *s3.Client
	SQS    *sqs.Client
	Lambda *lambda.Client
	Builds *codebuild.Client
	Logs   *cloudwatchlogs.Client

	bucket, versioned string // buckets
	role              string // ARN of the functions' role
	roleName          string
	group             string // log group of the functions
	mail              mailbox
	noticing          map[bool]string // buckets that tell the mailbox, by whether they have versions
	numbers           atomic.Int64
}

// s3Client is a client whose paths begin with the bucket where the target is not AWS.
func s3Client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
}

func (s *Site) build(ctx context.Context) error {
	cfg := s.Config()
	s.S3, s.SQS, s.Lambda = s3Client(cfg), sqs.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	s.Builds, s.Logs = codebuild.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	s.bucket, s.versioned, s.group, s.roleName = s.Name("plain"), s.Name("versioned"), s.Name("functions"), s.Name("function")
	err := errors.Join(s.Bucket(ctx, s.bucket, false), s.Bucket(ctx, s.versioned, true), s.LogGroup(ctx, s.group))
	if err == nil {
		s.role, err = s.Role(ctx, s.roleName, "lambda.amazonaws.com", false, s.functionRights("*")...)
	}
	if err != nil {
		return fmt.Errorf("make what the cases share: %w", err)
	}
	return nil
}

// functionRights are what a function of the suite may do.
func (s *Site) functionRights(queueARN string) []Statement {
	return []Statement{
		{Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{"arn:aws:logs:*:*:log-group:" + s.group + ":*"}},
		{Actions: []string{"sqs:SendMessage"}, Resources: []string{queueARN}},
	}
}

// key is a new key.
func (s *Site) key(name string) string { return fmt.Sprintf("%d/%s", s.numbers.Add(1), name) }

// put uploads an object and returns its ETag as the SDK has it, in quotes.
func (s *Site) put(t *testing.T, bucket, key, body string) string {
	t.Helper()
	out, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.ETag)
}

// patience is how long something may take that happens by itself.
func (s *Site) patience() time.Duration {
	if s.Real() {
		return 5 * time.Minute
	}
	return time.Minute
}

// await asks until done says so.
func (s *Site) await(t *testing.T, what string, done func(ctx context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), s.patience())
	defer cancel()
	pause := 5 * time.Millisecond
	if s.Real() {
		pause = time.Second
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited %v for %s", s.patience(), what)
		}
	}
}

// code returns the API error code of an SDK's error, "" for none, and the text of any other.
func code(err error) string { return sdktest.Code(err) }

// status returns the HTTP status of an SDK's error, 0 where it has none.
func status(err error) int {
	var e *smithyhttp.ResponseError
	if errors.As(err, &e) {
		return e.HTTPStatusCode()
	}
	return 0
}

// refused fails the test unless the error has the HTTP status and the code.
func refused(t *testing.T, what string, err error, wantStatus int, wantCode string) {
	t.Helper()
	if status(err) != wantStatus || code(err) != wantCode {
		t.Errorf("%s: status %d, code %q, want %d %s: %v", what, status(err), code(err), wantStatus, wantCode, err)
	}
}

// must passes a value on and ends the test on an error.
func must[T any](t *testing.T) func(T, error) T { return sdktest.Must[T](t) }
