package lambda_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/sqs"
)

// site is what most tests of functions need.
type site struct {
	*aws.Cloud
	role   iam.Role
	config lambda.Config
}

const (
	bucket   = "bucket"
	failures = "failures"
	group    = "logs"
	function = "function"
)

// newSite makes a function, a bucket that it may write to, its queue and its log group. change, which may be nil, changes the
// function's settings. Where o wants new functions to be Pending it does not wait for this one.
func newSite(t *testing.T, o aws.Options, change func(*lambda.Config)) *site {
	t.Helper()
	s := &site{Cloud: awstest.Start(t, o)}
	awstest.Bucket(t, s.Cloud, bucket)
	if err := s.SQS.CreateQueue(failures, sqs.Attributes{MaximumMessageSize: 1 << 18}); err != nil {
		t.Fatal(err)
	}
	if err := s.Logs.CreateLogGroup(group); err != nil {
		t.Fatal(err)
	}
	s.role = awstest.Role(t, s.Cloud, function, "lambda.amazonaws.com",
		awstest.Allow(s.S3.ARN(bucket)+"/allowed/*", "s3:PutObject"),
		awstest.Allow(s.SQS.ARN(failures), "sqs:SendMessage"),
		awstest.Allow(s.Logs.ARN(group)+":*", "logs:CreateLogStream", "logs:PutLogEvents"))
	s.config = lambda.Config{
		Role: s.role.ARN, Timeout: 30 * time.Second, MemoryMB: 256, Reserved: -1,
		ImageURI:    awstest.PushTestBinary(t, s.Cloud, "repo"),
		Environment: map[string]string{"BUCKET": bucket},
		LogFormat:   "JSON", LogGroup: group,
	}
	if change != nil {
		change(&s.config)
	}
	if err := s.Lambda.CreateFunction(function, s.config); err != nil {
		t.Fatal(err)
	}
	if o.FunctionPending <= 0 {
		if _, err := s.Lambda.WaitUntilActive(t.Context(), function); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *site) arn() string {
	f, _ := s.Lambda.GetFunction(function)
	return f.ARN
}

// permit lets S3 invoke the function for a bucket of an account.
func (s *site) permit(t *testing.T, sourceARN, sourceAccount string) {
	t.Helper()
	err := s.Lambda.AddPermission(function, lambda.Permission{
		StatementID: "permission", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", SourceARN: sourceARN, SourceAccount: sourceAccount,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// notify makes the bucket tell the function about keys with the prefix.
func (s *site) notify(prefix string) error {
	return s.S3.PutConfiguration(bucket, s3.Notifications{Functions: []s3.Notification{{
		ID: "n", Function: s.arn(), Events: []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}, Prefix: prefix,
	}}})
}

// listen lets the bucket notify the function.
func (s *site) listen(t *testing.T, prefix string) {
	t.Helper()
	s.permit(t, s.S3.ARN(bucket), account.ID)
	if err := s.notify(prefix); err != nil {
		t.Fatal(err)
	}
}

func (s *site) onFailure(t *testing.T) {
	t.Helper()
	err := s.Lambda.PutEventConfig(function, lambda.EventConfig{MaxRetries: 2, MaxAge: time.Hour, OnFailure: s.SQS.ARN(failures)})
	if err != nil {
		t.Fatal(err)
	}
}

// call invokes the function synchronously and returns its result and its error.
func (s *site) call(t *testing.T, in order) (result string, failed string) {
	t.Helper()
	payload, _ := json.Marshal(in)
	out, err := awslambda.NewFromConfig(awstest.Admin(s.Cloud)).Invoke(context.Background(), &awslambda.InvokeInput{FunctionName: sdk.String(function), Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	return string(out.Payload), sdk.ToString(out.FunctionError)
}

func (s *site) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Lambda.Idle(ctx); err != nil {
		t.Fatalf("events still in flight: %v", s.Leftovers())
	}
}
