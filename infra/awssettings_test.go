package infra

import (
	"strings"
	"testing"
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
	command.want(t, "environment", `{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS":"http://127.0.0.1:3","AWS_ENDPOINT_URL_CODEBUILD":"http://127.0.0.1:1",`+
		`"AWS_ENDPOINT_URL_ECR":"http://127.0.0.1:2","AWS_ENDPOINT_URL_STS":"http://127.0.0.1:4","AWS_PROFILE":"photos","AWS_REGION":"eu-central-1"}`)
	if line := command.text(t, "create"); !strings.Contains(line, " -assume-role arn:aws:iam::123456789012:role/deploy") {
		t.Errorf("the role is not passed on: %s", line)
	}
}

// TestCredentialsStayOut: the command's environment is part of the state.
func TestCredentialsStayOut(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "from-the-shell")
	e := declare(t, map[string]string{"aws:accessKey": "AKIAEXAMPLE", "aws:secretKey": "from-the-stack", "aws:token": "token"})
	e.one(t, commandType, "").want(t, "environment", `{"AWS_REGION":"eu-central-1"}`)
}
