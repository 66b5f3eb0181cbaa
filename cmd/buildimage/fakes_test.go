package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"

	"s3-thumbnail-creator/settings"
)

const (
	testBuildID = "thumbs:11111111-2222-3333-4444-555555555555"
	testARN     = "arn:aws:codebuild:eu-central-1:123456789012:build/" + testBuildID
	testDigest  = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

var testStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// fakeClock moves only when somebody sleeps.
type fakeClock struct {
	now     time.Time
	onSleep func() // called before time moves
}

var _ clock = (*fakeClock)(nil)

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.onSleep != nil {
		c.onSleep()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.now = c.now.Add(d)
	return nil
}

// fakeAWS is CodeBuild, ECR and CloudWatch Logs in one script. Each function gets the
// number of its call, from 0.
type fakeAWS struct {
	projects func() (*codebuild.BatchGetProjectsOutput, error)
	start    func(n int) error
	build    func(n int) (types.Build, error) // n counts polls since the last start
	image    func(n int) (string, error)      // "" is ImageNotFoundException, "index DIGEST" an image index
	log      func(n int) ([]string, error)

	started []*codebuild.StartBuildInput
	stopped []string
	polls   int
	looks   int
	reads   int
}

var (
	_ codeBuild  = (*fakeAWS)(nil)
	_ imageStore = (*fakeAWS)(nil)
	_ logStore   = (*fakeAWS)(nil)
)

func (f *fakeAWS) BatchGetProjects(context.Context, *codebuild.BatchGetProjectsInput, ...func(*codebuild.Options)) (*codebuild.BatchGetProjectsOutput, error) {
	return f.projects()
}

func (f *fakeAWS) StartBuild(ctx context.Context, in *codebuild.StartBuildInput, _ ...func(*codebuild.Options)) (*codebuild.StartBuildOutput, error) {
	n := len(f.started)
	f.started = append(f.started, in)
	f.polls = 0
	if f.start != nil {
		if err := f.start(n); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &codebuild.StartBuildOutput{Build: &types.Build{Id: aws.String(testBuildID), Arn: aws.String(testARN)}}, nil
}

func (f *fakeAWS) StopBuild(ctx context.Context, in *codebuild.StopBuildInput, _ ...func(*codebuild.Options)) (*codebuild.StopBuildOutput, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f.stopped = append(f.stopped, *in.Id)
	return &codebuild.StopBuildOutput{}, nil
}

func (f *fakeAWS) BatchGetBuilds(ctx context.Context, in *codebuild.BatchGetBuildsInput, _ ...func(*codebuild.Options)) (*codebuild.BatchGetBuildsOutput, error) {
	b, err := f.build(f.polls)
	f.polls++
	if err != nil {
		return nil, err
	}
	if b.BuildStatus == "" {
		return &codebuild.BatchGetBuildsOutput{BuildsNotFound: in.Ids}, nil
	}
	b.Id, b.Arn = aws.String(testBuildID), aws.String(testARN)
	return &codebuild.BatchGetBuildsOutput{Builds: []types.Build{b}}, nil
}

func (f *fakeAWS) DescribeImages(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error) {
	digest, err := f.image(f.looks)
	f.looks++
	if err != nil {
		return nil, err
	}
	if digest == "" {
		return nil, &ecrtypes.ImageNotFoundException{}
	}
	kind := "application/vnd.docker.distribution.manifest.v2+json"
	digest, isIndex := strings.CutPrefix(digest, "index ")
	if isIndex {
		kind = "application/vnd.oci.image.index.v1+json"
	}
	return &ecr.DescribeImagesOutput{ImageDetails: []ecrtypes.ImageDetail{{
		ImageDigest: aws.String(digest), ImageManifestMediaType: aws.String(kind),
	}}}, nil
}

func (f *fakeAWS) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	if aws.ToBool(in.StartFromHead) || aws.ToString(in.LogGroupName) != "group" || aws.ToString(in.LogStreamName) != "stream" {
		return nil, errors.New("this is not the end of the build's log")
	}
	lines, err := f.log(f.reads)
	f.reads++
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.GetLogEventsOutput{}
	for _, l := range lines {
		out.Events = append(out.Events, logtypes.OutputLogEvent{Message: aws.String(l + "\n")})
	}
	return out, nil
}

// project answers BatchGetProjects with an old project that was changed so long ago.
func project(age time.Duration) func() (*codebuild.BatchGetProjectsOutput, error) {
	return func() (*codebuild.BatchGetProjectsOutput, error) {
		return &codebuild.BatchGetProjectsOutput{Projects: []types.Project{{
			Name: aws.String("thumbs"), Created: aws.Time(testStart.Add(-24 * time.Hour)), LastModified: aws.Time(testStart.Add(-age)), Environment: testEnvironment(),
		}}}, nil
	}
}

func testEnvironment() *types.ProjectEnvironment {
	return &types.ProjectEnvironment{EnvironmentVariables: []types.EnvironmentVariable{
		{Name: aws.String("IMAGE_ARCHITECTURE"), Value: aws.String("arm64")},
	}}
}

// newFake is a cloud in which the image is not there, a build takes three polls
// and succeeds, and the image is there then.
func newFake() *fakeAWS {
	f := &fakeAWS{projects: project(24 * time.Hour)}
	f.build = func(n int) (types.Build, error) {
		if n < 2 {
			return running(types.BuildPhaseTypeBuild), nil
		}
		return ended(types.StatusTypeSucceeded), nil
	}
	f.image = func(n int) (string, error) {
		if len(f.started) == 0 {
			return "", nil
		}
		return testDigest, nil
	}
	f.log = func(int) ([]string, error) { return []string{"handler/main.go:7: undefined: nonsense"}, nil }
	return f
}

func running(p types.BuildPhaseType) types.Build {
	return types.Build{BuildStatus: types.StatusTypeInProgress, CurrentPhase: aws.String(string(p)), Phases: []types.BuildPhase{
		{PhaseType: types.BuildPhaseTypeQueued, PhaseStatus: types.StatusTypeSucceeded, DurationInSeconds: aws.Int64(1)},
		{PhaseType: p},
	}}
}

func ended(s types.StatusType) types.Build {
	b := types.Build{
		BuildStatus: s, BuildComplete: true, CurrentPhase: aws.String("COMPLETED"),
		Logs: &types.LogsLocation{GroupName: aws.String("group"), StreamName: aws.String("stream")},
		Phases: []types.BuildPhase{
			{PhaseType: types.BuildPhaseTypeQueued, PhaseStatus: types.StatusTypeSucceeded, DurationInSeconds: aws.Int64(1)},
			{PhaseType: types.BuildPhaseTypeBuild, PhaseStatus: s, DurationInSeconds: aws.Int64(42)},
			{PhaseType: types.BuildPhaseTypeCompleted},
		},
	}
	if s != types.StatusTypeSucceeded {
		b.Phases[1].Contexts = []types.PhaseContext{{StatusCode: aws.String("COMMAND_EXECUTION_ERROR"), Message: aws.String("go build: exit status 1")}}
	}
	return b
}

func refused(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// newTestBuilder returns a builder for tag abc and what it prints.
func newTestBuilder(t *testing.T, f *fakeAWS) (*builder, *fakeClock, *bytes.Buffer) {
	t.Helper()
	c := &fakeClock{now: testStart}
	out := &bytes.Buffer{}
	return &builder{
		Build:  settings.Build{Project: "thumbs", Repository: "repo", Tag: "abc", Timeout: 20 * time.Minute},
		region: "eu-central-1", onAWS: true, builds: f, images: f, logs: f, clock: c, out: out,
	}, c, out
}
