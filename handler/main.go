// Command handler is the Lambda function: it makes a thumbnail of every picture
// that arrives in a bucket. What it does is in package job, what it is told in
// package settings.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"s3-thumbnail-creator/handler/job"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

func main() {
	processor, err := newProcessor(os.Getenv, os.Stdout)
	if err != nil {
		reportInit(context.Background(), os.Getenv("AWS_LAMBDA_RUNTIME_API"), err)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(processor)
}

// newProcessor makes what handles events from the environment that Lambda gives
// the function. It logs to w.
func newProcessor(getenv func(string) string, w io.Writer) (*job.Processor, error) {
	told, err := settings.LoadRuntime(getenv)
	if err != nil {
		return nil, err
	}
	aws := &store.AWS{
		Region:       getenv("AWS_REGION"),
		AccessKeyID:  getenv("AWS_ACCESS_KEY_ID"),
		SecretKey:    getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: getenv("AWS_SESSION_TOKEN"),
		Endpoint:     getenv("AWS_ENDPOINT_URL"),
		EndpointS3:   getenv("AWS_ENDPOINT_URL_S3"),
		EndpointSQS:  getenv("AWS_ENDPOINT_URL_SQS"),
	}
	return job.New(job.Options{
		Objects: aws.S3(), Failures: aws.Queue(told.FailureQueueURL), Make: thumbnail.Make,
		Log:    slog.New(newLogHandler(w)),
		Source: told.SourceBucket, Destination: told.DestinationBucket, Variants: told.Variants,
		Limits: thumbnail.LimitsOf(told.Function), Wants: told.Wants,
		KeepThumbnails: !told.DeleteThumbnails, CacheControl: told.CacheControl,
		Namespace: told.MetricsNamespace, Function: told.FunctionName,
	}), nil
}
