package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"s3-thumbnail-creator/settings"
)

// credentialsTimeout bounds the search for credentials. Its last resort is
// the metadata service of EC2, which on other machines does not answer.
const credentialsTimeout = 30 * time.Second

// newBuilder makes a builder whose clients talk to the cloud that the
// environment describes. Missing region or credentials are errors that say
// where to put them.
func newBuilder(ctx context.Context, build settings.Build, out io.Writer) (*builder, error) {
	cfg, err := loadConfig(ctx, build.AssumeRole)
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

func loadConfig(ctx context.Context, role string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no AWS region: run `pulumi config set aws:region eu-central-1` (or where you want it), or set AWS_REGION")
	}
	if role != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "buildimage"
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if interrupted := context.Cause(ctx); errors.Is(interrupted, errInterrupted) {
			return cfg, interrupted
		}
		if role != "" {
			return cfg, fmt.Errorf("assume the role %s: %w", role, err)
		}
		return cfg, fmt.Errorf("no AWS credentials: log in (`aws sso login`, `aws configure`), set aws:profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	return cfg, nil
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
