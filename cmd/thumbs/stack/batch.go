package stack

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	endpoints "github.com/aws/smithy-go/endpoints"
)

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

// FunctionDetails are what only Lambda knows of the function.
type FunctionDetails struct {
	ARN      arn.ARN // with the partition and the account
	X86      bool
	Reserved int // concurrent invocations that are reserved for it; -1 for none
}

// FunctionDetails asks Lambda about the function.
func (s *Stack) FunctionDetails(ctx context.Context) (FunctionDetails, error) {
	out, err := s.Lambda().GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &s.Function})
	if err != nil {
		return FunctionDetails{}, fmt.Errorf("look at the function %s: %w", s.Function, err)
	}
	d := FunctionDetails{Reserved: -1}
	if c := out.Configuration; c != nil {
		if d.ARN, err = arn.Parse(aws.ToString(c.FunctionArn)); err != nil {
			return d, fmt.Errorf("function %s: %w", s.Function, err)
		}
		d.X86 = len(c.Architectures) > 0 && c.Architectures[0] == "x86_64"
	}
	if c := out.Concurrency; c != nil {
		d.Reserved = int(aws.ToInt32(c.ReservedConcurrentExecutions))
	}
	return d, nil
}
