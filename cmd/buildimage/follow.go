package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

const (
	pollInterval = 2 * time.Second
	// firstPoll is the pause between the first polls. Later it is a twentieth of what the build has taken, up to pollInterval: a build
	// that has everything in its cache takes seconds, and one that takes minutes need not be asked as often.
	firstPoll = 100 * time.Millisecond
	// stopTimeout leaves time to say what happened before Pulumi kills us.
	stopTimeout = 4 * time.Second
	// patience is how many polls in a row may fail before we give up. With
	// the SDK's own retries in each that is a minute or more of a bad network.
	patience = 10
)

// follow waits until the build is complete and returns it. If it has to leave
// earlier, for whatever reason, it stops the build first: it would hold the
// project's build slot for nobody.
func (b *builder) follow(ctx context.Context, id string) (types.Build, error) {
	build, err := b.poll(ctx, id)
	if err != nil {
		b.stop(ctx, id)
	}
	return build, err
}

func (b *builder) poll(ctx context.Context, id string) (types.Build, error) {
	var progress phaseLog
	failures := 0
	for began := b.clock.Now(); ; {
		pause := min(pollInterval, max(firstPoll, b.clock.Now().Sub(began)/20))
		if ctx.Err() != nil {
			return types.Build{}, context.Cause(ctx)
		}
		build, err := b.describeBuild(ctx, id)
		switch {
		case err == nil:
			failures = 0
			progress.print(b.out, build)
			if isComplete(build) {
				return build, nil
			}
		case ctx.Err() != nil:
			return types.Build{}, context.Cause(ctx)
		case isDenied(err) || failures+1 >= patience:
			return types.Build{}, fmt.Errorf("ask for the state of build %s: %w", id, err)
		default:
			failures++
			pause = pollInterval
			fmt.Fprintf(b.out, "The state of the build is not known just now: %v\n", err)
		}
		if err := b.sleep(ctx, pause); err != nil {
			return types.Build{}, err
		}
	}
}

// isComplete reports whether nothing will change any more. The status alone does
// not say so: a failed build still finalizes, and sends the end of its log then.
func isComplete(build types.Build) bool {
	if build.BuildComplete {
		return true
	}
	phase := types.BuildPhaseType(aws.ToString(build.CurrentPhase))
	ended := build.EndTime != nil || phase == "" || phase == types.BuildPhaseTypeCompleted
	return ended && build.BuildStatus != "" && build.BuildStatus != types.StatusTypeInProgress
}

var errNoSuchBuild = errors.New("CodeBuild does not know the build")

func (b *builder) describeBuild(ctx context.Context, id string) (types.Build, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.builds.BatchGetBuilds(call, &codebuild.BatchGetBuildsInput{Ids: []string{id}})
	if err != nil {
		return types.Build{}, err
	}
	if len(out.Builds) == 0 {
		return types.Build{}, errNoSuchBuild
	}
	return out.Builds[0], nil
}

// stop stops the build. The context has usually ended by now, so that it gets one of its own.
func (b *builder) stop(ctx context.Context, id string) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if _, err := b.builds.StopBuild(call, &codebuild.StopBuildInput{Id: aws.String(id)}); err != nil {
		fmt.Fprintf(b.out, "Build %s could not be stopped: %v\nStop it yourself: aws codebuild stop-build --id %s\n", id, err, id)
		return
	}
	fmt.Fprintf(b.out, "Build %s was told to stop.\n", id)
}
