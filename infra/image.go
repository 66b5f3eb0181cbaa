package infra

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sourceKeyPrefix is where archives lie in the build-source bucket.
const sourceKeyPrefix = "source/"

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Image is the function's container image: a repository, a CodeBuild project that builds into it, and the command that
// runs the build. It is rebuilt when, and only when, a file that goes into it changes.
type Image struct {
	pulumi.ResourceState

	// URI is REPOSITORY@sha256:DIGEST. A tag instead would hide a new image from Lambda.
	URI pulumi.StringOutput `pulumi:"uri"`
	// Digest is sha256: and 64 hexadecimal digits.
	Digest pulumi.StringOutput `pulumi:"digest"`
	// RepositoryURL is the repository without a tag.
	RepositoryURL pulumi.StringOutput `pulumi:"repositoryUrl"`
	// BuildProject is the name of the CodeBuild project.
	BuildProject pulumi.StringOutput `pulumi:"buildProject"`
}

// ImageArgs are the inputs of NewImage.
type ImageArgs struct {
	// Config is the stack's configuration; DefaultConfig if nil.
	Config *Config
	// Root is the directory of the project, where the sources and cmd/buildimage are; the working directory if empty.
	Root string
	// BuildProject names the CodeBuild project. Required.
	BuildProject pulumi.StringInput
	// SourceBucket names the bucket that the build reads its source from. Required unless the source is on GitHub.
	SourceBucket pulumi.StringInput
	// Tags are put on everything that takes tags.
	Tags pulumi.StringMap
}

func (args *ImageArgs) withDefaults() *ImageArgs {
	var filled ImageArgs
	if args != nil {
		filled = *args
	}
	if filled.Config == nil {
		filled.Config = DefaultConfig()
	}
	return &filled
}

func (args *ImageArgs) validate() error {
	var problems []error
	if args.BuildProject == nil {
		problems = append(problems, errors.New("ImageArgs.BuildProject: want the name of the CodeBuild project"))
	}
	if args.SourceBucket == nil && args.Config.BuildSource == "local" {
		problems = append(problems, errors.New("ImageArgs.SourceBucket: want the name of a bucket, as buildSource is local"))
	}
	return errors.Join(problems...)
}

// NewImage declares the image. Its outputs are known once the image is in the repository.
func NewImage(ctx *pulumi.Context, name string, args *ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	args = args.withDefaults()
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	c := &Image{}
	if err := ctx.RegisterComponentResource("s3-thumbnail-creator:index:Image", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.provision(ctx, name, args); err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"uri": c.URI, "digest": c.Digest, "repositoryUrl": c.RepositoryURL, "buildProject": c.BuildProject,
	})
}

func (c *Image) provision(ctx *pulumi.Context, name string, args *ImageArgs) error {
	here, err := lookUpAccount(ctx, c)
	if err != nil {
		return err
	}
	repo, err := newRepository(ctx, name, here, args.Tags, c)
	if err != nil {
		return err
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-build", &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("/aws/codebuild/%s", args.BuildProject),
		RetentionInDays: pulumi.Int(args.Config.LogRetentionDays),
		Tags:            args.Tags,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	source, err := newBuildSource(ctx, name+"-source", args, c)
	if err != nil {
		return err
	}
	role, err := newServiceRole(ctx, name+"-build", serviceRoleArgs{
		description: "Builds the image of the thumbnail function",
		trust: policyOf([]pulumi.StringInput{args.BuildProject}, func(project []string) PolicyDocument {
			return buildTrust(here, project[0])
		}),
		policy: policyOf([]pulumi.StringInput{logs.Arn, repo.repository.Arn, source.bucketARN}, func(arn []string) PolicyDocument {
			return buildPermissions(arn[0], arn[1], arn[2])
		}),
		tags: args.Tags,
	}, c)
	if err != nil {
		return err
	}
	project, err := newProject(ctx, name, projectArgs{
		config:        args.Config,
		name:          args.BuildProject,
		role:          role.role.Arn,
		logGroup:      logs.Name,
		repositoryURL: repo.repository.RepositoryUrl,
		sourceObject:  source.object,
		tags:          args.Tags,
	}, c)
	if err != nil {
		return err
	}
	build := buildCommand{
		project:    project.Name,
		repository: repo.repository.Name,
		tag:        source.tag,
		config:     args.Config,
		root:       args.Root,
		aws:        awsSettingsOf(ctx, here.Region),
		after:      []pulumi.Resource{role.policy, repo.policy},
	}
	digest, err := build.run(ctx, name, c)
	if err != nil {
		return err
	}
	c.Digest = digest
	c.RepositoryURL = repo.repository.RepositoryUrl
	c.URI = pulumi.Sprintf("%s@%s", c.RepositoryURL, c.Digest)
	c.BuildProject = project.Name
	return nil
}

// buildSource is what CodeBuild builds: an archive of the working tree, or nothing of ours where it is on GitHub.
type buildSource struct {
	tag       string              // of the image; empty with GitHub, which knows it only when the ref is resolved
	object    pulumi.StringOutput // BUCKET/KEY, or empty
	bucketARN pulumi.StringOutput // or empty
}

func newBuildSource(ctx *pulumi.Context, name string, args *ImageArgs, parent pulumi.Resource) (buildSource, error) {
	if args.Config.BuildSource == "github" {
		none := pulumi.String("").ToStringOutput()
		return buildSource{object: none, bucketARN: none}, nil
	}
	files, err := ReadSource(orHere(args.Root), args.Config.Architecture, args.Config.BuildTests)
	if err != nil {
		return buildSource{}, err
	}
	archive, err := files.WriteFile(orHere(args.Root))
	if err != nil {
		return buildSource{}, err
	}
	bucket, err := newBucket(ctx, name, bucketArgs{
		name: args.SourceBucket,
		// It holds copies of files that are elsewhere.
		forceDestroy: true,
		tags:         args.Tags,
	}, parent)
	if err != nil {
		return buildSource{}, err
	}
	object, err := s3.NewBucketObjectv2(ctx, name, &s3.BucketObjectv2Args{
		Bucket:      bucket.ID(),
		Key:         pulumi.String(sourceKeyPrefix + files.Tag() + ".zip"),
		Source:      pulumi.NewFileAsset(archive),
		ContentType: pulumi.String("application/zip"),
		Tags:        objectTags(args.Tags),
	}, pulumi.Parent(parent))
	if err != nil {
		return buildSource{}, err
	}
	return buildSource{
		tag:       files.Tag(),
		object:    pulumi.Sprintf("%s/%s", bucket.ID(), object.Key),
		bucketARN: bucket.Arn,
	}, nil
}

// objectTags leaves out the configured tags: an object takes ten, every other resource fifty.
func objectTags(tags pulumi.StringMap) pulumi.StringMap {
	few := pulumi.StringMap{}
	for _, key := range []string{tagProject, tagStack} {
		if value, ok := tags[key]; ok {
			few[key] = value
		}
	}
	return few
}

// buildCommand runs cmd/buildimage while the stack is being updated.
type buildCommand struct {
	project    pulumi.StringInput
	repository pulumi.StringInput
	tag        string // empty: a GitHub source
	config     *Config
	root       string
	aws        awsSettings
	after      []pulumi.Resource // what the build needs beyond its inputs
}

// run declares the command and returns the digest it prints.
//
// The command resource runs Create when it is made and again whenever an input changes, so its inputs are exactly what
// decides about the image: nothing here differs from one machine or one day to the next. It has no Triggers, which
// would replace it, and no Delete: the images go with their repository.
func (b buildCommand) run(ctx *pulumi.Context, name string, parent pulumi.Resource) (pulumi.StringOutput, error) {
	command, err := local.NewCommand(ctx, name+"-build", &local.CommandArgs{
		Create: pulumi.All(b.project, b.repository).ApplyT(func(known []any) (string, error) {
			return b.line(known[0].(string), known[1].(string))
		}).(pulumi.StringOutput),
		// Providers run in the project's directory (the engine starts them there), so the path is the same everywhere.
		Dir:         pulumi.String(orHere(b.root)),
		Environment: b.environment(),
		// Standard output is the digest; what a person wants to see is on standard error.
		Logging:                local.LoggingStderr,
		AddPreviousOutputInEnv: pulumi.Bool(false),
	}, pulumi.Parent(parent), pulumi.DependsOn(b.after))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return command.Stdout.ApplyT(parseDigest).(pulumi.StringOutput), nil
}

// environment returns the variables of the command. With a GitHub source, two of them are there only to run the command
// again when they change: the repository and the architecture are part of the image, but not of the command line.
func (b buildCommand) environment() pulumi.StringMap {
	environment := b.aws.environment()
	if b.tag == "" {
		environment["IMAGE_SOURCE"] = pulumi.String(b.config.GithubURL)
		environment["IMAGE_ARCHITECTURE"] = pulumi.String(b.config.Architecture)
	}
	return environment
}

// line returns the shell command, for sh as well as for cmd.
func (b buildCommand) line(project, repository string) (string, error) {
	words := []string{"go", "run", "./cmd/buildimage", "-project", project, "-repository", repository}
	if b.tag != "" {
		words = append(words, "-tag", b.tag)
	} else {
		words = append(words, "-github", "-source-version", b.config.GithubRef)
	}
	words = append(words, "-timeout", fmt.Sprintf("%dm", b.config.BuildTimeoutMinutes+queueMinutes))
	if b.aws.assumeRole != "" {
		words = append(words, "-assume-role", b.aws.assumeRole)
	}
	for i, word := range words {
		quoted, err := quote(word)
		if err != nil {
			return "", err
		}
		words[i] = quoted
	}
	return strings.Join(words, " "), nil
}

var (
	plainWord   = regexp.MustCompile(`^[A-Za-z0-9_./:@+-]+$`)
	quotedWord  = regexp.MustCompile(`^[A-Za-z0-9_./:@+,= -]+$`)
	errNoQuotes = errors.New("want only letters, digits, spaces and _./:@+,=-")
)

// quote makes one word of s in sh and in cmd alike, or fails: the two agree on little more than double quotes.
func quote(s string) (string, error) {
	switch {
	case plainWord.MatchString(s):
		return s, nil
	case quotedWord.MatchString(s):
		return `"` + s + `"`, nil
	}
	return "", fmt.Errorf("%q cannot be passed to cmd/buildimage: %w", s, errNoQuotes)
}

// parseDigest checks what cmd/buildimage printed, so that anything else is noticed here and not by Lambda.
func parseDigest(stdout string) (string, error) {
	digest := strings.TrimSpace(stdout)
	if !digestForm.MatchString(digest) {
		return "", fmt.Errorf("cmd/buildimage printed %q: want sha256: and 64 hexadecimal digits", stdout)
	}
	return digest, nil
}

func orHere(root string) string {
	if root == "" {
		return "."
	}
	return root
}
