package infra

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestCommandSharesTheProvidersSettings(t *testing.T) {
	e := declare(t, map[string]string{
		"aws:region":     "ignored: the provider says which region it uses",
		"aws:profile":    "photos",
		"aws:assumeRole": `{"roleArn":"arn:aws:iam::123456789012:role/deploy","sessionName":"x"}`,
		"aws:endpoints": `[{"codebuild":"http://127.0.0.1:1","s3":"http://127.0.0.1:9"},` +
			`{"ecr":"http://127.0.0.1:2","logs":"http://127.0.0.1:3","sts":"http://127.0.0.1:4"}]`,
	})
	command := e.one(t, commandType, "")
	for variable, want := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_PROFILE": "photos",
		"AWS_ENDPOINT_URL_CODEBUILD": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_ECR": "http://127.0.0.1:2",
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "http://127.0.0.1:3", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:4",
		"AWS_ENDPOINT_URL_S3": "", "BUILDIMAGE_ASSUME_ROLE": "arn:aws:iam::123456789012:role/deploy",
	} {
		command.want(t, "environment."+variable, want)
	}
}

// TestCredentialsStayOut: the command's environment is part of the state.
func TestCredentialsStayOut(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "from-the-shell")
	e := declare(t, map[string]string{"aws:accessKey": "AKIAEXAMPLE", "aws:secretKey": "from-the-stack", "aws:token": "token"})
	environment := e.one(t, commandType, "").text(t, "environment")
	if !strings.Contains(environment, testRegion) {
		t.Errorf("the environment is %s", environment)
	}
	for _, secret := range []string{"from-the-shell", "from-the-stack", "AKIAEXAMPLE", "token"} {
		if strings.Contains(environment, secret) {
			t.Errorf("%s is in the environment, %s", secret, environment)
		}
	}
}

// TestExplicitProvider: with a provider of one's own every call and resource of AWS is its, and the build command is
// told in the args what it cannot know.
func TestExplicitProvider(t *testing.T) {
	root := projectRoot(t)
	declareWith := func(access *Access, option func(pulumi.ProviderResource) pulumi.ResourceOption) (*engine, error) {
		e := newEngine()
		return e, e.run(func(ctx *pulumi.Context) error {
			provider, err := aws.NewProvider(ctx, "mine", &aws.ProviderArgs{Region: pulumi.String(testRegion)})
			if err != nil {
				return err
			}
			_, err = NewThumbnailer(ctx, "thumbnailer", &ThumbnailerArgs{Root: root, Access: access}, option(provider))
			return err
		}, map[string]string{"aws:profile": "of-the-default-provider"})
	}
	for name, option := range map[string]func(pulumi.ProviderResource) pulumi.ResourceOption{
		"Provider":  func(p pulumi.ProviderResource) pulumi.ResourceOption { return pulumi.Provider(p) },
		"Providers": func(p pulumi.ProviderResource) pulumi.ResourceOption { return pulumi.Providers(p) },
	} {
		e, err := declareWith(nil, option)
		if err == nil || !strings.Contains(err.Error(), "want Access in the args") {
			t.Errorf("%s without access: error %v does not say what to do", name, err)
		}
		for _, d := range e.resources {
			if d.custom && d.typ != "pulumi:providers:aws" {
				t.Errorf("%s: %s was declared", name, d.typ)
			}
		}
		e, err = declareWith(&Access{Profile: "mine", AssumeRoleARN: "arn:x"}, option)
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, d := range e.resources {
			if d.custom && strings.HasPrefix(d.typ, "aws:") {
				checked++
				if !strings.Contains(d.provider, "::mine::") {
					t.Errorf("%s: %s %s is made by %q", name, d.typ, d.name, d.provider)
				}
			}
		}
		if checked < 30 {
			t.Errorf("%s: only %d resources were looked at", name, checked)
		}
		for call := range e.calls {
			if strings.HasPrefix(call, "aws:") && !strings.Contains(call, "::mine::") {
				t.Errorf("%s: %s is called without the provider", name, call)
			}
		}
		command := e.one(t, commandType, "")
		command.want(t, "environment.AWS_PROFILE", "mine")
		command.want(t, "environment.BUILDIMAGE_ASSUME_ROLE", "arn:x")
	}
}
