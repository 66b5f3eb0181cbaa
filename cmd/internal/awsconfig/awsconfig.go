// Package awsconfig finds the region and the credentials with which the commands call AWS. What is missing is an error
// that says where to put it.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// credentialsTimeout bounds the search for credentials. Its last resort is the metadata service of EC2, which on other
// machines does not answer.
const credentialsTimeout = 30 * time.Second

// Options say what to use instead of what the environment and the AWS configuration files say.
type Options struct {
	Region  string // empty: theirs
	Profile string // empty: theirs
	Role    string // ARN of a role to assume; empty: none
	Session string // name of the role's sessions, by which CloudTrail shows who it was
}

// Load returns a configuration that has a region and credentials. If ctx ends meanwhile, the error is its cause.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	var with []func(*config.LoadOptions) error
	if o.Region != "" {
		with = append(with, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		with = append(with, config.WithSharedConfigProfile(o.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, with...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no AWS region: run `pulumi config set aws:region eu-central-1` (or where you want it), or set AWS_REGION")
	}
	if o.Role != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.Role, func(a *stscreds.AssumeRoleOptions) {
			a.RoleSessionName = o.Session
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	within, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(within); err != nil {
		switch {
		case ctx.Err() != nil:
			return cfg, context.Cause(ctx)
		case o.Role != "":
			return cfg, fmt.Errorf("assume the role %s: %w", o.Role, err)
		}
		return cfg, fmt.Errorf("no AWS credentials: log in (`aws sso login`, `aws configure`), set aws:profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	return cfg, nil
}
