package infra

import (
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// sourceKeyPrefix is where archives lie in the build-source bucket.
const sourceKeyPrefix = "source/"

const (
	// cacheKeyPrefix is where cmd/pushimage/cache.sh keeps Go's caches in the same bucket.
	cacheKeyPrefix = "cache/"
	// cacheDays is how long they are kept: a build a month later begins from nothing, and leaves new ones.
	cacheDays = 30
)

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
	// Account that the image is built in. Required.
	Account Account
	// BuildProject names the CodeBuild project. Required.
	BuildProject pulumi.StringInput
	// Build says how the image is built. Fields that are empty are as in DefaultBuildSettings.
	Build BuildSettings
	// Source is what is built. Required unless Build.Source is github.
	Source *Source
	// SourceBucket names the bucket that the build reads its source from. Required with Source.
	SourceBucket pulumi.StringInput
	// Architecture that the image is for, arm64 or amd64; empty means arm64.
	Architecture string
	// LogRetentionDays is how long the builds' logs are kept, in days; 0 means for ever.
	LogRetentionDays int
	// Root is the directory of the project, where cmd/buildimage is; empty means the working directory.
	Root string
	// Access is how the build command reaches AWS. nil means as the default provider does, by its configuration
	// (aws:profile and so on); it is required where another provider is used.
	Access *Access
	// KMSKeyARN is the key that encrypts the bucket of its source and the builds' log; empty means AWS's own.
	KMSKeyARN string
	// PermissionsBoundary is the ARN of a policy beyond which the build's role has no rights; empty means none.
	PermissionsBoundary string
	// Tags are put on everything that takes tags.
	Tags pulumi.StringMap
}

func (args *ImageArgs) withDefaults() *ImageArgs {
	filled, build := *orEmpty(args), DefaultBuildSettings()
	filled.Architecture = cmp.Or(filled.Architecture, defaultArchitecture)
	filled.Build.Compute = cmp.Or(filled.Build.Compute, build.Compute)
	filled.Build.Size = cmp.Or(filled.Build.Size, build.Size)
	filled.Build.TimeoutMinutes = cmp.Or(filled.Build.TimeoutMinutes, build.TimeoutMinutes)
	filled.Build.Source = cmp.Or(filled.Build.Source, build.Source)
	filled.Build.GitHubRef = cmp.Or(filled.Build.GitHubRef, build.GitHubRef)
	return &filled
}

func (args *ImageArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "ImageArgs")
	checkRequired(&p, required{"ImageArgs.BuildProject", args.BuildProject, "the name of the CodeBuild project"})
	args.Build.validate(&p)
	args.Build.checkPlace(&p, args.Account)
	if !args.Build.isGitHub() {
		p.Check("ImageArgs.Source", "", args.Source != nil, "want what ReadSource returns, as buildSource is local")
		checkRequired(&p, required{"ImageArgs.SourceBucket", args.SourceBucket, "the name of a bucket, as buildSource is local"})
	}
	checkArchitecture(&p, "ImageArgs.Architecture", args.Architecture)
	checkBoundary(&p, "ImageArgs.PermissionsBoundary", args.PermissionsBoundary)
	checkRetention(&p, "ImageArgs.LogRetentionDays", args.LogRetentionDays)
	checkKey(&p, "ImageArgs.KMSKeyARN", args.KMSKeyARN)
	return p
}

// NewImage declares the image. Its outputs are known once the image is in the repository.
func NewImage(ctx *pulumi.Context, name string, args *ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	args = args.withDefaults()
	problems := args.validate()
	access, err := accessFor(ctx, args.Access, opts)
	if err != nil {
		problems = append(problems, err)
	}
	if err := refuse("Image", name, problems); err != nil {
		return nil, err
	}
	args.Access = &access
	c := &Image{}
	return component(ctx, "Image", name, c, opts, func(child pulumi.ResourceOption) error {
		return c.provision(ctx, name, args, child)
	})
}

func (c *Image) provision(ctx *pulumi.Context, name string, args *ImageArgs, child pulumi.ResourceOption) error {
	repository, err := NewRepository(ctx, name, &RepositoryArgs{Account: args.Account, Tags: args.Tags}, child)
	if err != nil {
		return err
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-build", &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("/aws/codebuild/%s", args.BuildProject),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        keyOf(args.KMSKeyARN),
		Tags:            args.Tags,
	}, child)
	if err != nil {
		return err
	}
	source, err := newBuildSource(ctx, name+"-source", args, child)
	if err != nil {
		return err
	}
	role, err := newServiceRole(ctx, name+"-build", serviceRoleArgs{
		description: "Builds the image of the thumbnail function",
		trust:       buildTrust(args.Account, args.BuildProject),
		policy:      buildPermissions(args, logs.Arn, repository.ARN, source.bucketARN),
		boundary:    args.PermissionsBoundary,
		tags:        args.Tags,
	}, child)
	if err != nil {
		return err
	}
	project, err := newProject(ctx, name, projectArgs{
		name:          args.BuildProject,
		build:         args.Build,
		architecture:  args.Architecture,
		role:          role.role.Arn,
		logGroup:      logs.Name,
		repositoryURL: repository.URL,
		sourceObject:  source.object,
		cache:         source.cache,
		tags:          args.Tags,
	}, child)
	if err != nil {
		return err
	}
	digest, err := runBuild(ctx, name+"-build", buildCommandArgs{
		image: args, project: project.Name, repository: repository.Name, tag: source.tag,
	}, child, pulumi.DependsOn([]pulumi.Resource{role.policy, repository}))
	if err != nil {
		return err
	}
	c.Digest = digest
	c.RepositoryURL = repository.URL
	c.URI = pulumi.Sprintf("%s@%s", c.RepositoryURL, c.Digest)
	c.BuildProject = project.Name
	return nil
}

// buildSource is what CodeBuild builds: an archive of the working tree, or nothing of ours where it is on GitHub.
type buildSource struct {
	tag       string             // of the image; empty with GitHub, which knows it only when the ref is resolved
	object    pulumi.StringInput // BUCKET/KEY, or nil
	bucketARN pulumi.StringInput // or nil
	cache     pulumi.StringInput // s3://BUCKET/PREFIX/ of Go's caches; empty with GitHub, as there is no bucket
}

func newBuildSource(ctx *pulumi.Context, name string, args *ImageArgs, child pulumi.ResourceOption) (buildSource, error) {
	if args.Build.isGitHub() {
		return buildSource{cache: pulumi.String("")}, nil
	}
	bucket, err := NewBucket(ctx, name, &BucketArgs{
		Name: args.SourceBucket,
		// It holds copies of files that are elsewhere.
		ForceDestroy: true,
		// Go's caches are for one state of go.mod and go.sum. The sources stay: a rollback may need them.
		ExpirationDays: cacheDays, ExpirationPrefix: cacheKeyPrefix,
		KMSKeyARN: args.KMSKeyARN,
		Tags:      args.Tags,
	}, child)
	if err != nil {
		return buildSource{}, err
	}
	tag := args.Source.Tag(args.Architecture)
	object, err := s3.NewBucketObjectv2(ctx, name, &s3.BucketObjectv2Args{
		Bucket:      bucket.Name,
		Key:         pulumi.String(sourceKeyPrefix + tag + ".zip"),
		Source:      args.Source.Archive(),
		ContentType: pulumi.String("application/zip"),
		Tags:        objectTags(args.Tags),
	}, child)
	if err != nil {
		return buildSource{}, err
	}
	return buildSource{
		tag:       tag,
		object:    pulumi.Sprintf("%s/%s", bucket.Name, object.Key),
		bucketARN: bucket.ARN,
		cache:     pulumi.Sprintf("s3://%s/%s", bucket.Name, cacheKeyPrefix),
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
