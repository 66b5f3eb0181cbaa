package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/awslabs/amazon-ecr-credential-helper/ecr-login/api"
	"github.com/google/go-containerregistry/pkg/authn"
)

// keychain logs in to ECR on AWS by amazon-ecr-credential-helper, to another cloud's
// ECR by a token from its endpoint, and elsewhere as Docker's configuration says.
//
// The helper's own keychain answers "anonymous" to every error, and the push
// then fails with a bare 401; this one says what was refused.
type keychain struct {
	log io.Writer
}

var _ authn.ContextKeychain = keychain{}

func (k keychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), r)
}

func (k keychain) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	if customEndpoint() {
		auth, err := endpointToken(ctx)
		if err == nil {
			return auth, nil
		}
		fmt.Fprintf(k.log, "No token from ECR, trying without: %v\n", err)
		return authn.DefaultKeychain.Resolve(r)
	}
	registry, err := api.ExtractRegistry(r.RegistryStr())
	if err != nil || registry.Service != api.ServiceECR {
		return authn.DefaultKeychain.Resolve(r)
	}
	return helperToken(ctx, registry, r.RegistryStr())
}

// customEndpoint reports whether ECR is somewhere else than on AWS.
func customEndpoint() bool {
	return os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_ECR") != ""
}

func helperToken(ctx context.Context, registry *api.Registry, host string) (authn.Authenticator, error) {
	// The helper caches tokens in the home directory, which CodeBuild's Lambda
	// compute cannot write to. One push needs one token.
	if err := os.Setenv("AWS_ECR_DISABLE_CACHE", "true"); err != nil {
		return nil, err
	}
	opts := []func(*config.LoadOptions) error{config.WithRegion(registry.Region)}
	if registry.FIPS {
		opts = append(opts, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	auth, err := api.DefaultClientFactory{}.NewClient(cfg).GetCredentials(host)
	if err != nil {
		return nil, fmt.Errorf("log in to %s: %w", host, err)
	}
	return &authn.Basic{Username: auth.Username, Password: auth.Password}, nil
}

// endpointToken asks ECR at AWS_ENDPOINT_URL_ECR. The helper does not serve here: it
// knows only registries that are named as AWS names them.
func endpointToken(ctx context.Context) (authn.Authenticator, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	out, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, err
	}
	for _, d := range out.AuthorizationData {
		if token := aws.ToString(d.AuthorizationToken); token != "" {
			return authn.FromConfig(authn.AuthConfig{Auth: token}), nil
		}
	}
	return nil, errors.New("ECR's answer holds no authorization token")
}
