package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"s3-thumbnail-creator/settings"
)

// Config returns a configuration for clients of a service, with the endpoint that the stack's configuration has for it
// under one of the names, such as "s3control".
func (s *Stack) Config(names ...string) aws.Config {
	cfg := s.aws.Copy()
	for _, name := range names {
		if url := s.endpoints[name]; url != "" {
			cfg.BaseEndpoint = &url
		}
	}
	return cfg
}

// S3 returns a client of S3. With an endpoint of its own, buckets are in the path: few others than AWS have a host name
// for each.
func (s *Stack) S3() *s3.Client {
	return s3.NewFromConfig(s.Config("s3"), func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // nobody has asked for one
	})
}

// Lambda returns the client of Lambda.
func (s *Stack) Lambda() *lambda.Client {
	s.once.Do(func() { s.lambda = lambda.NewFromConfig(s.Config("lambda")) })
	return s.lambda
}

// SQS returns a client of SQS.
func (s *Stack) SQS() *sqs.Client { return sqs.NewFromConfig(s.Config("sqs")) }

// CloudWatch returns a client of CloudWatch.
func (s *Stack) CloudWatch() *cloudwatch.Client {
	return cloudwatch.NewFromConfig(s.Config("cloudwatch"))
}

// CodeBuild returns a client of CodeBuild.
func (s *Stack) CodeBuild() *codebuild.Client { return codebuild.NewFromConfig(s.Config("codebuild")) }

// Deployed returns the settings that the function runs with, which it has in its environment.
func (s *Stack) Deployed(ctx context.Context) (settings.Runtime, error) {
	out, err := s.configuration(ctx)
	if err != nil {
		return settings.Runtime{}, err
	}
	variables := map[string]string{}
	if out.Environment != nil {
		variables = out.Environment.Variables
	}
	runtime, err := settings.LoadRuntime(func(name string) string { return variables[name] })
	if err != nil {
		return runtime, fmt.Errorf("function %s: %w", s.Function, err)
	}
	runtime.FunctionName = s.Function
	runtime.MemoryMB = int(aws.ToInt32(out.MemorySize))
	return runtime, nil
}

// ARM says whether the function runs on arm64, which costs less.
func (s *Stack) ARM(ctx context.Context) (bool, error) {
	out, err := s.configuration(ctx)
	return err == nil && slices.Contains(out.Architectures, types.ArchitectureArm64), err
}

func (s *Stack) configuration(ctx context.Context) (*lambda.GetFunctionConfigurationOutput, error) {
	out, err := s.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.Function})
	if err != nil {
		return nil, fmt.Errorf("read the configuration of the function %s: %w", s.Function, err)
	}
	return out, nil
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
