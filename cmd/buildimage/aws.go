package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"s3-thumbnail-creator/cmd/internal/awsconfig"
	"s3-thumbnail-creator/settings"
)

// newBuilder makes a builder whose clients talk to the cloud that the
// environment describes. Missing region or credentials are errors that say
// where to put them.
func newBuilder(ctx context.Context, build settings.Build, out io.Writer) (*builder, error) {
	cfg, err := awsconfig.Load(ctx, awsconfig.Options{Role: build.AssumeRole, Session: "buildimage"})
	if err != nil {
		return nil, err
	}
	return &builder{
		Build:  build,
		region: cfg.Region,
		onAWS:  !customEndpoint(),
		builds: codebuild.NewFromConfig(cfg),
		images: ecr.NewFromConfig(cfg),
		logs:   cloudwatchlogs.NewFromConfig(cfg),
		clock:  systemClock{},
		out:    out,
	}, nil
}

// customEndpoint reports whether CodeBuild is somewhere else than on AWS, so
// that a link to AWS's console would lead nowhere.
func customEndpoint() bool {
	return os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_CODEBUILD") != ""
}

// systemClock is the clock of the machine.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
