package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"s3-thumbnail-creator/settings"
)

// How a build, or the wait for one, can end badly.
var (
	errFailed   = errors.New("the build FAILED")
	errFault    = errors.New("the build ended with FAULT: CodeBuild itself had a problem, try again")
	errStopped  = errors.New("the build was STOPPED by somebody")
	errTimedOut = errors.New("the build TIMED_OUT: it ran longer than the project allows")
	errDeadline = errors.New("gave up waiting")
)

const (
	// callTimeout bounds one request, the SDK's own retries included.
	callTimeout = 30 * time.Second
	// startTimeout is shorter because StartBuild cannot be interrupted: see startBuild.
	startTimeout = 15 * time.Second
	// propagation is how long a new role or policy may take to be known to every
	// part of AWS. IAM promises nothing; minutes have been seen.
	propagation = 5 * time.Minute
	// busyInterval is the wait for a free build slot.
	busyInterval = 10 * time.Second
)

// codeBuild is what is needed of CodeBuild.
type codeBuild interface {
	StartBuild(context.Context, *codebuild.StartBuildInput, ...func(*codebuild.Options)) (*codebuild.StartBuildOutput, error)
	StopBuild(context.Context, *codebuild.StopBuildInput, ...func(*codebuild.Options)) (*codebuild.StopBuildOutput, error)
	BatchGetBuilds(context.Context, *codebuild.BatchGetBuildsInput, ...func(*codebuild.Options)) (*codebuild.BatchGetBuildsOutput, error)
	BatchGetProjects(context.Context, *codebuild.BatchGetProjectsInput, ...func(*codebuild.Options)) (*codebuild.BatchGetProjectsOutput, error)
}

// imageStore is what is needed of ECR.
type imageStore interface {
	DescribeImages(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
}

// logStore is what is needed of CloudWatch Logs.
type logStore interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// clock is time as the builder sees it. Sleep returns early, with the context's
// cause, when the context ends.
type clock interface {
	Now() time.Time
	Sleep(context.Context, time.Duration) error
}

// builder gets one image built.
type builder struct {
	settings.Build
	region string
	onAWS  bool // links into AWS's console make sense
	builds codeBuild
	images imageStore
	logs   logStore
	clock  clock
	out    io.Writer // for people

	began time.Time
}

// image returns the digest of the image, which it has built if need be.
//
// Every round looks for the tag first: somebody else's build may have pushed
// it while this one waited for its turn. A round ends in a digest, in an
// error, or in a wait for a free build slot or for IAM.
func (b *builder) image(ctx context.Context) (string, error) {
	b.began = b.clock.Now()
	tag, err := b.expectedTag(ctx)
	if err != nil {
		return "", err
	}
	backoff := backoff{first: 5 * time.Second, limit: 30 * time.Second}
	for {
		digest, err := b.existing(ctx, tag)
		if err != nil || digest != "" {
			return digest, err
		}
		id, err := b.startBuild(ctx)
		var wait time.Duration
		switch {
		case err == nil:
			digest, err := b.finish(ctx, id)
			if !errors.Is(err, errPermissions) {
				return digest, err
			}
			wait = backoff.next()
			fmt.Fprintf(b.out, "The build was refused a permission that a new role may not have yet. Next try in %v.\n", wait)
		case isBusy(err):
			wait = busyInterval
			fmt.Fprintf(b.out, "The project %s runs all the builds it may run at once. Next try in %v.\n", b.Project, wait)
		case isPropagation(err) && b.clock.Now().Sub(b.began) < propagation:
			wait = backoff.next()
			fmt.Fprintf(b.out, "CodeBuild may not use the project's role yet. Next try in %v.\n", wait)
		default:
			return "", b.explain(err)
		}
		if err := b.sleep(ctx, wait); err != nil {
			return "", err
		}
	}
}

// existing returns the digest of an image that is there already, or "".
func (b *builder) existing(ctx context.Context, tag string) (string, error) {
	if tag == "" {
		return "", nil
	}
	digest, err := b.lookUp(ctx, tag)
	if digest != "" {
		fmt.Fprintf(b.out, "%s:%s is there: nothing to build.\n", b.Repository, tag)
	}
	return digest, err
}

// finish waits for the build and returns the digest of what it made, an error
// that wraps the sentinel of the build's status, or errPermissions.
func (b *builder) finish(ctx context.Context, id string) (string, error) {
	build, err := b.follow(ctx, id)
	if err != nil {
		return "", err
	}
	if build.BuildStatus == types.StatusTypeSucceeded {
		tag, err := b.builtTag(build)
		if err != nil {
			return "", err
		}
		return b.await(ctx, tag)
	}
	log, logErr := b.logTail(ctx, build)
	if lacksPermission(build, log) && b.isYoung(ctx) {
		return "", errPermissions
	}
	b.reportFailure(build, log, logErr)
	if b.Tag != "" {
		// Two builds of one source: the other one pushed first, and tags are immutable.
		if digest, err := b.lookUp(ctx, b.Tag); err == nil && digest != "" {
			fmt.Fprintf(b.out, "Yet %s:%s is there now, made by another build of the same source.\n", b.Repository, b.Tag)
			return digest, nil
		}
	}
	return "", fmt.Errorf("%w (build %s)", statusError(build.BuildStatus), id)
}

func statusError(s types.StatusType) error {
	switch s {
	case types.StatusTypeFailed:
		return errFailed
	case types.StatusTypeFault:
		return errFault
	case types.StatusTypeStopped:
		return errStopped
	case types.StatusTypeTimedOut:
		return errTimedOut
	}
	return fmt.Errorf("the build ended with the unknown status %q", s)
}

// startBuild starts a build and returns its ID. An interruption does not cancel
// the request: if it did, a build might run of which we do not know the ID and
// which we could not stop.
func (b *builder) startBuild(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	input := &codebuild.StartBuildInput{
		ProjectName: aws.String(b.Project),
		// Should the SDK repeat the request, it must not be a second build.
		IdempotencyToken: aws.String(rand.Text()),
	}
	if b.GitHub && b.SourceVersion != "" {
		input.SourceVersion = aws.String(b.SourceVersion)
	}
	if b.Tag != "" {
		input.EnvironmentVariablesOverride = []types.EnvironmentVariable{
			{Name: aws.String(settings.ImageTagVariable), Value: aws.String(b.Tag), Type: types.EnvironmentVariableTypePlaintext},
		}
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	out, err := b.builds.StartBuild(call, input)
	if err != nil {
		return "", fmt.Errorf("start a build of project %s in %s: %w", b.Project, b.region, err)
	}
	if out.Build == nil || aws.ToString(out.Build.Id) == "" {
		return "", errors.New("the answer names no build")
	}
	b.announce(*out.Build)
	return *out.Build.Id, nil
}

// explain adds to StartBuild's error what the user can do about it.
func (b *builder) explain(err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("is the region right, and did `pulumi up` create the project? %w", err)
	}
	var limit *types.AccountLimitExceededException
	if errors.As(err, &limit) {
		return fmt.Errorf("AWS lets this account run no builds yet: ask for more in the console under Service Quotas, AWS CodeBuild, "+
			"or try the other buildCompute, whose quota is another one: %w", err)
	}
	return err
}

// describeProject returns the CodeBuild project.
func (b *builder) describeProject(ctx context.Context) (types.Project, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.builds.BatchGetProjects(call, &codebuild.BatchGetProjectsInput{Names: []string{b.Project}})
	switch {
	case ctx.Err() != nil:
		return types.Project{}, context.Cause(ctx)
	case err != nil:
		return types.Project{}, fmt.Errorf("describe the CodeBuild project %s in %s: %w", b.Project, b.region, err)
	case len(out.Projects) == 0:
		return types.Project{}, fmt.Errorf("there is no CodeBuild project %s in %s: is the region right, and did `pulumi up` create it?", b.Project, b.region)
	}
	return out.Projects[0], nil
}

// isYoung reports whether the project, and so the role and the policy that were
// made or changed just before it, may be unknown to parts of AWS still: a new
// kind of source changes the policy of an old project. Where the project's age
// cannot be had, our own stands for it.
func (b *builder) isYoung(ctx context.Context) bool {
	changed := b.began
	if p, err := b.describeProject(ctx); err == nil && p.LastModified != nil {
		changed = *p.LastModified
	}
	return b.clock.Now().Sub(changed) < propagation
}

// commitPattern is a full Git commit ID.
var commitPattern = regexp.MustCompile(`^[0-9a-f]{40}$`)

// expectedTag is the tag the build is going to push, or "" when only the
// build will tell: for a GitHub reference that CodeBuild has to resolve.
func (b *builder) expectedTag(ctx context.Context) (string, error) {
	if !b.GitHub {
		return b.Tag, nil
	}
	if !commitPattern.MatchString(b.SourceVersion) {
		return "", nil
	}
	project, err := b.describeProject(ctx)
	if err != nil {
		return "", err
	}
	return githubTag(b.SourceVersion, project.Environment)
}

// builtTag is the tag a successful build has pushed.
func (b *builder) builtTag(build types.Build) (string, error) {
	if !b.GitHub {
		return b.Tag, nil
	}
	commit := aws.ToString(build.ResolvedSourceVersion)
	if commit == "" {
		return "", fmt.Errorf("build %s does not say which commit it built", aws.ToString(build.Id))
	}
	return githubTag(commit, build.Environment)
}

// githubTag is how buildspec.yaml tags the image of a commit. The architecture is
// in it because tags are immutable: one commit may be built for both.
func githubTag(commit string, env *types.ProjectEnvironment) (string, error) {
	if env != nil {
		for _, v := range env.EnvironmentVariables {
			if aws.ToString(v.Name) == settings.ImageArchitectureVariable {
				return commit + "-" + aws.ToString(v.Value), nil
			}
		}
	}
	return "", fmt.Errorf("the CodeBuild project sets no environment variable %s (arm64 or amd64)", settings.ImageArchitectureVariable)
}

// sleep waits, but not beyond the deadline, at which it returns errDeadline.
func (b *builder) sleep(ctx context.Context, d time.Duration) error {
	left := b.began.Add(b.Timeout).Sub(b.clock.Now())
	if left <= 0 {
		return fmt.Errorf("%w after %v", errDeadline, b.Timeout)
	}
	return b.clock.Sleep(ctx, min(d, left))
}

// backoff doubles from first up to limit.
type backoff struct{ first, limit time.Duration }

func (b *backoff) next() time.Duration {
	d := b.first
	b.first = min(2*b.first, b.limit)
	return d
}
