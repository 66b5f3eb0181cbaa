package infra

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// buildCommand is the same on every machine, in every stack and for every source: what varies is in the environment.
const buildCommand = "go run ./cmd/buildimage"

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

type buildCommandArgs struct {
	image               *ImageArgs
	project, repository pulumi.StringInput // names
	tag                 string             // empty with a GitHub source
}

// runBuild declares the command that runs cmd/buildimage while the stack is being updated, and returns the digest that
// it prints.
//
// The command resource runs Create when it is made and again whenever an input changes, so its inputs are exactly what
// decides about the image: nothing here differs from one machine or one day to the next. It has no Triggers, which
// would replace it, and no Delete: the images go with their repository.
func runBuild(ctx *pulumi.Context, name string, args buildCommandArgs, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	command, err := local.NewCommand(ctx, name, &local.CommandArgs{
		Create: pulumi.String(buildCommand),
		// Providers run in the project's directory (the engine starts them there), so the path is the same everywhere.
		Dir:         pulumi.String(orHere(args.image.Root)),
		Environment: args.environment(),
		// Standard output is the digest; what a person wants to see is on standard error.
		Logging:                local.LoggingStderr,
		AddPreviousOutputInEnv: pulumi.Bool(false),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return command.Stdout.ApplyT(parseDigest).(pulumi.StringOutput), nil
}

func (args buildCommandArgs) environment() pulumi.StringMap {
	image := args.image
	build := settings.Build{
		Tag:        args.tag,
		Timeout:    time.Duration(image.Build.TimeoutMinutes+queueMinutes) * time.Minute,
		AssumeRole: image.Access.AssumeRoleARN,
	}
	if image.Build.isGitHub() {
		build.GitHub, build.SourceVersion = true, image.Build.GitHubRef
		build.SourceURL, build.Architecture = image.Build.GitHubURL, image.Architecture
	}
	known := build.Environment()
	maps.Copy(known, image.Access.environment(image.Account.Region))
	environment := pulumi.ToStringMap(known)
	environment[settings.BuildProjectVariable] = args.project
	environment[settings.BuildRepositoryVariable] = args.repository
	return environment
}

// parseDigest checks what cmd/buildimage printed, so that anything else is noticed here and not by Lambda.
func parseDigest(stdout string) (string, error) {
	digest := strings.TrimSpace(stdout)
	if !digestForm.MatchString(digest) {
		return "", fmt.Errorf("cmd/buildimage printed %q: want sha256: and 64 hexadecimal digits", stdout)
	}
	return digest, nil
}
