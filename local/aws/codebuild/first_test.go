package codebuild_test

import (
	"os"
	"strings"
	"testing"

	awscodebuild "github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/codebuild"
)

// TestOldImage runs the project's own buildspec where the image's default Go is too old for go.mod: it says so at once,
// as it would on AWS.
func TestOldImage(t *testing.T) {
	spec, err := os.ReadFile("../../../buildspec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"aws/codebuild/amazonlinux-x86_64-standard:5.0", "aws/codebuild/amazonlinux-aarch64-standard:3.0"} {
		y := newYard(t, aws.Options{}, string(spec), map[string]string{"go.mod": "module m\n\ngo 1.26.0\n"},
			func(p *codebuild.Project) { p.Image = image })
		b := y.run(awscodebuild.StartBuildInput{})
		if b.BuildStatus != cbtypes.StatusTypeFailed || !strings.Contains(y.log(), "\nThe build image has Go 1.20, which cannot fetch") {
			t.Errorf("%s: %s, %s", image, b.BuildStatus, y.log())
		}
	}
}

// TestOldGoDoesNotKnowGoMod: what such an image's go says of a module of today.
func TestOldGoDoesNotKnowGoMod(t *testing.T) {
	y := newYard(t, aws.Options{}, "version: 0.2\nphases:\n  build:\n    commands:\n      - go build ./...\n",
		map[string]string{"go.mod": "module m\n\ngo 1.26.0\n"},
		func(p *codebuild.Project) { p.Image = "aws/codebuild/amazonlinux-x86_64-standard:5.0" })
	if b := y.run(awscodebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeFailed || !strings.Contains(y.log(), "invalid go version '1.26.0'") {
		t.Errorf("%s, %s", b.BuildStatus, y.log())
	}
}

// TestNoQuota: the words tell a client that waiting is no use.
func TestNoQuota(t *testing.T) {
	y := newYard(t, aws.Options{NoBuilds: true}, "version: 0.2\nphases: {build: {commands: [\"true\"]}}\n", nil, nil)
	_, err := y.start(awscodebuild.StartBuildInput{})
	if awstest.Code(err) != "AccountLimitExceededException" || !strings.Contains(err.Error(), "Cannot have more than 0 builds in queue for the account") {
		t.Errorf("error %v", err)
	}
}
