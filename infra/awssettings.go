package infra

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// awsSettings is what cmd/buildimage must share with the AWS provider, so that both speak to the same account and
// region: the shell that runs `pulumi up` may have neither AWS_REGION nor AWS_PROFILE. Credentials are not part of it,
// for the environment of a command ends up in the state; cmd/buildimage finds them as every AWS SDK does.
type awsSettings struct {
	region, profile, assumeRole string
	endpoints                   map[string]string // environment variable -> URL
}

// endpointVariables names the environment variable that overrides the endpoint of each service that cmd/buildimage
// calls, by the name or names which the provider's aws:endpoints has for the service.
var endpointVariables = []struct {
	variable string
	keys     []string
}{
	{"AWS_ENDPOINT_URL_CODEBUILD", []string{"codebuild"}},
	{"AWS_ENDPOINT_URL_ECR", []string{"ecr"}},
	{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", []string{"cloudwatchlogs", "logs", "cloudwatchlog"}},
	{"AWS_ENDPOINT_URL_STS", []string{"sts"}},
}

// awsSettingsOf reads the configuration of the default AWS provider. The region is the one that the provider says it
// uses, wherever it has that from.
func awsSettingsOf(ctx *pulumi.Context, region string) awsSettings {
	provider := config.New(ctx, "aws")
	s := awsSettings{region: region, profile: provider.Get("profile"), endpoints: map[string]string{}}

	var role struct {
		RoleARN    string `json:"roleArn"`
		ExternalID string `json:"externalId"`
	}
	if json.Unmarshal([]byte(provider.Get("assumeRole")), &role) == nil {
		s.assumeRole = role.RoleARN
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
		return s
	}
	for _, set := range endpoints {
		for _, e := range endpointVariables {
			for _, key := range e.keys {
				if url := set[key]; url != "" {
					s.endpoints[e.variable] = url
				}
			}
		}
	}
	return s
}

// warn shows a warning. It fails only if the engine is gone, which the next call reports.
func warn(ctx *pulumi.Context, message string) { _ = ctx.Log.Warn(message, nil) }

func (s awsSettings) environment() pulumi.StringMap {
	environment := pulumi.StringMap{"AWS_REGION": pulumi.String(s.region)}
	if s.profile != "" {
		environment["AWS_PROFILE"] = pulumi.String(s.profile)
	}
	for variable, url := range s.endpoints {
		environment[variable] = pulumi.String(url)
	}
	return environment
}
