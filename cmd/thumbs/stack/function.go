package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"s3-thumbnail-creator/settings"
)

// Function is what is known of the deployed function.
type Function struct {
	settings.Runtime // the settings that it runs with, which it has in its environment
	ARN              arn.ARN
	ARM              bool // it runs on arm64, which costs less
}

// Deployed asks Lambda about the function.
func (s *Stack) Deployed(ctx context.Context) (Function, error) {
	out, err := s.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.Function})
	if err != nil {
		return Function{}, fmt.Errorf("read the configuration of the function %s: %w", s.Function, err)
	}
	variables := map[string]string{}
	if out.Environment != nil {
		variables = out.Environment.Variables
	}
	f := Function{ARM: slices.Contains(out.Architectures, types.ArchitectureArm64)}
	if f.Runtime, err = settings.LoadRuntime(func(name string) string { return variables[name] }); err != nil {
		return f, fmt.Errorf("function %s: %w", s.Function, err)
	}
	if f.ARN, err = arn.Parse(aws.ToString(out.FunctionArn)); err != nil {
		return f, fmt.Errorf("function %s: %w", s.Function, err)
	}
	f.FunctionName = s.Function
	f.MemoryMB = int(aws.ToInt32(out.MemorySize))
	return f, nil
}

// Reads returns an error if the function takes the pictures of another bucket than this one.
func (f Function) Reads(bucket string) error {
	if f.SourceBucket == "" || f.SourceBucket == bucket {
		return nil
	}
	return fmt.Errorf("the function %s reads the bucket %s, not %s: want that one as the source", f.FunctionName, f.SourceBucket, bucket)
}

// Reserved returns how many concurrent invocations are reserved for the function, -1 for none.
func (s *Stack) Reserved(ctx context.Context) (int, error) {
	out, err := s.Lambda().GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &s.Function})
	switch {
	case err != nil:
		return 0, fmt.Errorf("look at the function %s: %w", s.Function, err)
	case out.Concurrency == nil:
		return -1, nil
	}
	return int(aws.ToInt32(out.Concurrency.ReservedConcurrentExecutions)), nil
}

// Enqueue has the function deal with an object as if it had just been uploaded: it is sent the event that S3 sends, which
// is retried, and goes to the failure queue at last, as S3's.
func (s *Stack) Enqueue(ctx context.Context, key, etag string, size int64) error {
	payload, err := json.Marshal(CreatedEvent(s.Region, s.Source, key, etag, size))
	if err != nil {
		return fmt.Errorf("event for s3://%s/%s: %w", s.Source, key, err)
	}
	_, err = s.Lambda().Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &s.Function, InvocationType: types.InvocationTypeEvent, Payload: payload,
	})
	if err != nil {
		return fmt.Errorf("invoke %s for s3://%s/%s: %w", s.Function, s.Source, key, err)
	}
	return nil
}

// Notification is an event as S3 sends it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type Notification struct {
	Records []NotificationRecord `json:"Records"`
}

// NotificationRecord is one record of a Notification, with the members that the function reads.
type NotificationRecord struct {
	EventVersion string `json:"eventVersion"`
	EventSource  string `json:"eventSource"`
	AWSRegion    string `json:"awsRegion"`
	EventName    string `json:"eventName"`
	S3           struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key  string `json:"key"` // encoded as in a form
			Size int64  `json:"size"`
			ETag string `json:"eTag"`
		} `json:"object"`
	} `json:"s3"`
}

// CreatedEvent returns the event of an object's upload.
func CreatedEvent(region, bucket, key, etag string, size int64) Notification {
	r := NotificationRecord{EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: region, EventName: "ObjectCreated:Put"}
	r.S3.Bucket.Name = bucket
	r.S3.Object.Key = strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	r.S3.Object.Size, r.S3.Object.ETag = size, etag
	return Notification{Records: []NotificationRecord{r}}
}
