package aws_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
)

// Who meets an operation or a service that is not there learns where it would have to be added.
func TestWhatIsMissingSaysWhereItBelongs(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	_, err := codebuild.NewFromConfig(awstest.Admin(c)).ListProjects(context.Background(), nil)
	if awstest.Code(err) != "UnknownOperationException" || !strings.Contains(err.Error(), "local/aws/codebuild") {
		t.Errorf("an operation that CodeBuild does not have: %v", err)
	}
	req, err := http.NewRequest("POST", c.Endpoint(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 400 || !strings.Contains(string(body), "DynamoDB_20120810") || !strings.Contains(string(body), "local/aws") {
		t.Errorf("a service that is not there: %d, %s", res.StatusCode, body)
	}
}

func TestTheDeployerIsWhoeverHasNoRole(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	out, err := sts.NewFromConfig(awstest.Admin(c)).GetCallerIdentity(context.Background(), nil)
	if err != nil || *out.Arn != account.Deployer.ARN || *out.Account != account.ID {
		t.Errorf("caller %+v, %v", out, err)
	}
}
