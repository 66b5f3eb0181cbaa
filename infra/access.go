package infra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// Access is how cmd/buildimage reaches the account that the AWS provider reaches: the shell that runs `pulumi up` may
// have neither AWS_REGION nor AWS_PROFILE. Credentials are not part of it, for the environment of a command ends up in
// the state; cmd/buildimage finds them as every AWS SDK does. The region is the Account's.
type Access struct {
	// Profile of the AWS configuration files; empty means what the environment says.
	Profile string
	// AssumeRoleARN is a role to assume before calling AWS; empty means none.
	AssumeRoleARN string
	// Endpoints are URLs to use instead of AWS's, by the variable of the AWS SDKs, such as AWS_ENDPOINT_URL_ECR.
	Endpoints map[string]string
}

// accessFor returns the given access, or for nil that of the default provider. It is an error if opts name another
// provider and nothing is given, for a provider does not tell what it was configured with.
func accessFor(ctx *pulumi.Context, given *Access, opts []pulumi.ResourceOption) (Access, error) {
	if given != nil {
		return *given, nil
	}
	provider, err := explicitProvider(opts)
	if err != nil {
		return Access{}, err
	}
	if provider != nil {
		return Access{}, errors.New("the options name an AWS provider of your own, whose settings the build command cannot see: " +
			"want Access in the args, with that provider's profile or role, or &Access{} if the environment has the credentials")
	}
	return defaultAccess(ctx), nil
}

// explicitProvider returns the AWS provider that is among the options, or nil. One that comes from a parent is not seen.
func explicitProvider(opts []pulumi.ResourceOption) (pulumi.ProviderResource, error) {
	options, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("read the resource options: %w", err)
	}
	for _, provider := range append(options.Providers, options.Provider) {
		if _, ok := provider.(*aws.Provider); ok {
			return provider, nil
		}
	}
	return nil, nil
}

// invokeOptions are the options by which a function of the provider is called as a resource with opts is made, before
// there is such a resource.
func invokeOptions(opts []pulumi.ResourceOption) ([]pulumi.InvokeOption, error) {
	provider, err := explicitProvider(opts)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		return []pulumi.InvokeOption{pulumi.Provider(provider)}, nil
	}
	options, err := pulumi.NewResourceOptions(opts...)
	if err != nil || options.Parent == nil {
		return nil, err
	}
	return []pulumi.InvokeOption{pulumi.Parent(options.Parent)}, nil
}

// endpointVariables names the environment variable that overrides the endpoint of each service that cmd/buildimage
// calls, and S3's, which checkExisting asks, by the name or names which the provider's aws:endpoints has for the service.
var endpointVariables = []struct {
	variable string
	keys     []string
}{
	{"AWS_ENDPOINT_URL_CODEBUILD", []string{"codebuild"}},
	{"AWS_ENDPOINT_URL_ECR", []string{"ecr"}},
	{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", []string{"cloudwatchlogs", "logs", "cloudwatchlog"}},
	{"AWS_ENDPOINT_URL_STS", []string{"sts"}},
	{s3Endpoint, []string{"s3"}},
}

// defaultAccess reads the configuration of the default AWS provider.
func defaultAccess(ctx *pulumi.Context) Access {
	provider := config.New(ctx, "aws")
	access := Access{Profile: provider.Get("profile"), Endpoints: map[string]string{}}

	var role struct {
		RoleARN    string `json:"roleArn"`
		ExternalID string `json:"externalId"`
	}
	if json.Unmarshal([]byte(provider.Get("assumeRole")), &role) == nil {
		access.AssumeRoleARN = role.RoleARN
	}
	if role.ExternalID != "" {
		warn(ctx, "aws:assumeRole has an externalId, which the build command does not pass on: "+
			"give it the role through a profile (aws:profile) instead")
	}
	if provider.Get("accessKey") != "" {
		warn(ctx, "aws:accessKey is set, but the build command gets no credentials from the stack's configuration: "+
			"give them to it through the environment or a profile (aws:profile)")
	}

	var endpoints []map[string]string
	if json.Unmarshal([]byte(provider.Get("endpoints")), &endpoints) != nil {
		return access
	}
	for _, set := range endpoints {
		for _, e := range endpointVariables {
			for _, key := range e.keys {
				if url := set[key]; url != "" {
					access.Endpoints[e.variable] = url
				}
			}
		}
	}
	return access
}

// environment returns the variables of the AWS SDKs.
func (a Access) environment(region string) map[string]string {
	environment := map[string]string{"AWS_REGION": region}
	if a.Profile != "" {
		environment["AWS_PROFILE"] = a.Profile
	}
	maps.Copy(environment, a.Endpoints)
	delete(environment, s3Endpoint) // the command does not call it
	return environment
}
