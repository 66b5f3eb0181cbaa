// Package infra declares what the thumbnail creator is made of on AWS: a bucket for pictures, a bucket for thumbnails,
// and the function between them with the build of its image.
//
// A reader finds each part in the file of its name. Thumbnailer composes them; Program is what `pulumi up` runs.
package infra

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Tags that every resource gets, beside the configured ones.
const (
	tagProject = "Project"
	tagStack   = "Stack"
)

// componentName is what a Thumbnailer may be called: its children are named after it, and ECR takes lower case only.
var componentName = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

// Thumbnailer is the whole system: drop a picture into the source bucket and find its thumbnails in the destination
// bucket.
type Thumbnailer struct {
	pulumi.ResourceState

	// SourceBucket is the name of the bucket that pictures are dropped into.
	SourceBucket pulumi.StringOutput `pulumi:"sourceBucket"`
	// DestinationBucket is the name of the bucket that thumbnails appear in.
	DestinationBucket pulumi.StringOutput `pulumi:"destinationBucket"`
	// FunctionName is the name of the Lambda function.
	FunctionName pulumi.StringOutput `pulumi:"functionName"`
	// RepositoryURL is the ECR repository of the function's image.
	RepositoryURL pulumi.StringOutput `pulumi:"repositoryUrl"`
	// ImageDigest is the digest of the image that the function runs, sha256:...
	ImageDigest pulumi.StringOutput `pulumi:"imageDigest"`
	// ImageURI is RepositoryURL@ImageDigest.
	ImageURI pulumi.StringOutput `pulumi:"imageUri"`
	// FailureQueueURL is the SQS queue of pictures that no thumbnail could be made of.
	FailureQueueURL pulumi.StringOutput `pulumi:"failureQueueUrl"`
	// LogGroup is the name of the function's log group.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
	// DashboardURL is the page of the CloudWatch dashboard.
	DashboardURL pulumi.StringOutput `pulumi:"dashboardUrl"`
	// BuildProject is the name of the CodeBuild project.
	BuildProject pulumi.StringOutput `pulumi:"buildProject"`
}

// ThumbnailerArgs are the inputs of NewThumbnailer.
type ThumbnailerArgs struct {
	// Config is the stack's configuration; DefaultConfig if nil.
	Config *Config
	// Root is the directory of the project, where the sources of the function are. Empty means the working directory,
	// which is where Pulumi runs a program; then nothing depends on where that is.
	Root string
}

func (args *ThumbnailerArgs) withDefaults() *ThumbnailerArgs {
	var filled ThumbnailerArgs
	if args != nil {
		filled = *args
	}
	if filled.Config == nil {
		filled.Config = DefaultConfig()
	}
	return &filled
}

// NewThumbnailer declares the system. The configuration is validated before anything is declared.
func NewThumbnailer(ctx *pulumi.Context, name string, args *ThumbnailerArgs, opts ...pulumi.ResourceOption) (*Thumbnailer, error) {
	args = args.withDefaults()
	var nameProblem error
	if !componentName.MatchString(name) {
		nameProblem = errors.New("want a name of a-z, 0-9 and single hyphens that begins with a letter")
	}
	if err := errors.Join(nameProblem, args.Config.Validate(ctx.Stack())); err != nil {
		return nil, fmt.Errorf("thumbnailer %q: %w", name, err)
	}
	c := &Thumbnailer{}
	if err := ctx.RegisterComponentResource("s3-thumbnail-creator:index:Thumbnailer", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.provision(ctx, name, args); err != nil {
		return nil, fmt.Errorf("thumbnailer %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, c.outputs())
}

func (c *Thumbnailer) provision(ctx *pulumi.Context, name string, args *ThumbnailerArgs) error {
	here, err := lookUpAccount(ctx, c)
	if err != nil {
		return err
	}
	cfg := args.Config
	if err := cfg.checkRegion(here.Region); err != nil {
		return err
	}
	suffix, err := random.NewRandomId(ctx, name, &random.RandomIdArgs{ByteLength: pulumi.Int(suffixBytes)}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	physical := names{project: ctx.Project(), stack: ctx.Stack(), suffix: suffix.Hex}
	tags := resourceTags(ctx, cfg)

	source, destination, err := c.newDataBuckets(ctx, name, cfg, physical, tags)
	if err != nil {
		return err
	}
	image, err := NewImage(ctx, name+"-image", &ImageArgs{
		Config: cfg, Root: args.Root, BuildProject: physical.function(), SourceBucket: physical.bucket("build"), Tags: tags,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	function, err := NewFunction(ctx, name+"-function", &FunctionArgs{
		Config: cfg, Name: physical.function(), ImageURI: image.URI,
		SourceBucketARN: source.Arn, DestinationBucketARN: destination.Arn, DestinationBucket: destination.Bucket,
		Tags: tags,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	if err := newNotification(ctx, name, cfg, here, source, function, c); err != nil {
		return err
	}
	// The function's name as planned rather than as made: alarms and dashboard need not wait for its image.
	if err := newAlarms(ctx, name, cfg, here, physical.function(), function.FailureQueueName, tags, c); err != nil {
		return err
	}
	dashboard, err := newDashboard(ctx, name, here, physical.function(), physical.function(), function.FailureQueueName, c)
	if err != nil {
		return err
	}
	c.SourceBucket, c.DestinationBucket = source.Bucket, destination.Bucket
	c.FunctionName, c.LogGroup, c.FailureQueueURL = function.Name, function.LogGroup, function.FailureQueueURL
	c.RepositoryURL, c.ImageDigest, c.ImageURI = image.RepositoryURL, image.Digest, image.URI
	c.DashboardURL, c.BuildProject = dashboard, image.BuildProject
	return nil
}

// newDataBuckets makes the bucket of pictures and the bucket of thumbnails.
func (c *Thumbnailer) newDataBuckets(ctx *pulumi.Context, name string, cfg *Config, physical names, tags pulumi.StringMap) (source, destination *s3.BucketV2, err error) {
	args := bucketArgs{
		name:           physical.bucket("source"),
		forceDestroy:   cfg.ForceDestroy,
		versioning:     cfg.Versioning,
		noncurrentDays: cfg.NoncurrentDays,
		expirationDays: cfg.SourceExpirationDays,
		tags:           tags,
	}
	if source, err = newBucket(ctx, name+"-source", args, c); err != nil {
		return nil, nil, err
	}
	args.name, args.expirationDays = physical.bucket("destination"), cfg.ThumbnailExpirationDays
	destination, err = newBucket(ctx, name+"-destination", args, c)
	return source, destination, err
}

func (c *Thumbnailer) outputs() pulumi.Map {
	return pulumi.Map{
		"sourceBucket":      c.SourceBucket,
		"destinationBucket": c.DestinationBucket,
		"functionName":      c.FunctionName,
		"repositoryUrl":     c.RepositoryURL,
		"imageDigest":       c.ImageDigest,
		"imageUri":          c.ImageURI,
		"failureQueueUrl":   c.FailureQueueURL,
		"logGroup":          c.LogGroup,
		"dashboardUrl":      c.DashboardURL,
		"buildProject":      c.BuildProject,
	}
}

func resourceTags(ctx *pulumi.Context, cfg *Config) pulumi.StringMap {
	tags := pulumi.StringMap{tagProject: pulumi.String(ctx.Project()), tagStack: pulumi.String(ctx.Stack())}
	for key, value := range cfg.Tags {
		tags[key] = pulumi.String(value)
	}
	return tags
}
