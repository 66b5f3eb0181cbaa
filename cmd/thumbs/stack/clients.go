package stack

import (
	"context"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	endpoints "github.com/aws/smithy-go/endpoints"
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

// S3Control returns a client of S3 Control.
func (s *Stack) S3Control() *s3control.Client {
	return s3control.NewFromConfig(s.Config("s3control"), func(o *s3control.Options) {
		if o.BaseEndpoint == nil {
			return
		}
		if at, err := url.Parse(*o.BaseEndpoint); err == nil && net.ParseIP(at.Hostname()) != nil {
			o.EndpointResolverV2 = address{at}
		}
	})
}

// address is an endpoint without a name. The SDK would put the account before it, as before a host's name.
type address struct{ url *url.URL }

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (a address) ResolveEndpoint(context.Context, s3control.EndpointParameters) (endpoints.Endpoint, error) {
	return endpoints.Endpoint{URI: *a.url}, nil
}
