package codebuild_test

import (
	"strings"
	"testing"

	awscodebuild "github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/faults"
)

func TestBuildsFailAndHangOnPurpose(t *testing.T) {
	rules, err := faults.Parse("codebuild.fail=1,count=1 codebuild.hang=1,count=1,operation=BUILD")
	if err != nil {
		t.Fatal(err)
	}
	y := newYard(t, aws.Options{Faults: rules}, "version: 0.2\nphases: {build: {commands: [echo built]}}\n", nil, nil)
	b := y.run(awscodebuild.StartBuildInput{})
	if _, message := phaseOf(b, cbtypes.BuildPhaseTypeBuild); b.BuildStatus != cbtypes.StatusTypeFailed || !strings.Contains(message, "codebuild.fail") {
		t.Errorf("a build that was to fail is %s: %s", b.BuildStatus, message)
	}
	hanging, err := y.start(awscodebuild.StartBuildInput{})
	if err != nil {
		t.Fatal(err)
	}
	y.await(hanging.Id, func(cbtypes.Build) bool { return strings.Contains(y.log(), "codebuild.hang") })
	if _, err := y.client.StopBuild(t.Context(), &awscodebuild.StopBuildInput{Id: hanging.Id}); err != nil {
		t.Fatal(err)
	}
	if b := y.await(hanging.Id, func(b cbtypes.Build) bool { return b.BuildComplete }); b.BuildStatus != cbtypes.StatusTypeStopped {
		t.Errorf("a build that hung and was stopped is %s", b.BuildStatus)
	}
	if b := y.run(awscodebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeSucceeded || !strings.Contains(y.log(), "\nbuilt\n") {
		t.Errorf("the build after the faults is %s", b.BuildStatus)
	}
}
