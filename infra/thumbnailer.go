// Package infra declares what the thumbnail creator is made of on AWS: a bucket for pictures, a bucket for thumbnails,
// and the function between them with the build of its image.
//
// A reader finds each part in the file of its name. Thumbnailer composes the components Bucket, Image (with its
// Repository), Function, Notification and Monitoring, each of which can be used without the others.
package infra

import (
	"fmt"
	"os"
	"regexp"

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
	// BackfillRoleARN is the role of S3 Batch Operations, empty without Config.Backfill.
	BackfillRoleARN pulumi.StringOutput `pulumi:"backfillRoleArn"`
	// BackfillBucket is the name of the bucket of its manifests and reports, empty without Config.Backfill.
	BackfillBucket pulumi.StringOutput `pulumi:"backfillBucket"`
}

// ThumbnailerArgs are the inputs of NewThumbnailer.
type ThumbnailerArgs struct {
	// Config is the stack's configuration; DefaultConfig if nil.
	Config *Config
	// Root is the directory of the project, where the sources of the function are. Empty means the working directory,
	// which is where Pulumi runs a program; then nothing depends on where that is.
	Root string
	// Access is how the command that builds the image reaches AWS. nil means as the default provider does, by its
	// configuration (aws:profile and so on). It is required where the options, or a parent, bring another provider.
	Access *Access
}

// NewThumbnailer declares the system. Whatever can be checked is checked before anything is declared: the configuration,
// the region, and that the sources are there.
func NewThumbnailer(ctx *pulumi.Context, name string, args *ThumbnailerArgs, opts ...pulumi.ResourceOption) (*Thumbnailer, error) {
	p, err := newPlan(ctx, name, orEmpty(args), opts)
	if err != nil {
		return nil, fmt.Errorf("Thumbnailer %q: %w", name, err)
	}
	c := &Thumbnailer{}
	return component(ctx, "Thumbnailer", name, c, opts, func(child pulumi.ResourceOption) error {
		return c.provision(ctx, name, p, child)
	})
}

// Outputs returns the outputs by their names, for programs that export them all.
func (c *Thumbnailer) Outputs() pulumi.Map { return outputsOf(c) }

// plan is what is known before anything is declared.
type plan struct {
	config  *Config
	root    string
	account Account
	access  Access
	source  *Source // nil if GitHub has it
	tags    pulumi.StringMap
}

func newPlan(ctx *pulumi.Context, name string, args *ThumbnailerArgs, opts []pulumi.ResourceOption) (*plan, error) {
	p := &plan{config: args.Config, root: args.Root}
	if p.config == nil {
		p.config = DefaultConfig()
	}
	problems := p.config.problems(ctx.Stack())
	problems.Check("name", name, componentName.MatchString(name), "want a-z, 0-9 and single hyphens, beginning with a letter")
	access, err := accessFor(ctx, args.Access, opts)
	if err != nil {
		problems = append(problems, err)
	}
	if !p.config.BuildSettings.isGitHub() {
		if p.source, err = ReadSource(p.root, p.config.BuildSettings.Tests); err != nil {
			problems = append(problems, err)
		}
	}
	if args.Access == nil && !hasRegion(ctx, os.Getenv) {
		problems = append(problems, errNoRegion)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	invoke, err := invokeOptions(opts)
	if err != nil {
		return nil, err
	}
	if p.account, err = LookUpAccount(ctx, invoke...); err != nil {
		return nil, err
	}
	p.config.BuildSettings.checkPlace(&problems, p.account)
	if err := p.config.checkExisting(ctx, &problems, p.account, access); err != nil {
		return nil, err
	}
	p.access, p.tags = access, resourceTags(ctx, p.config)
	return p, problems.Err()
}

func (c *Thumbnailer) provision(ctx *pulumi.Context, name string, p *plan, child pulumi.ResourceOption) error {
	cfg := p.config
	named, err := newNames(ctx, name, p.account.Region, child)
	if err != nil {
		return err
	}
	child = pulumi.Composite(child, pulumi.Transformations([]pulumi.ResourceTransformation{named.give(name)}))
	source, err := p.dataBucket(ctx, name+"-source", cfg.SourceBucket, named.bucket("source"), cfg.SourceExpirationDays, child)
	if err != nil {
		return err
	}
	destination, err := p.dataBucket(ctx, name+"-destination", cfg.DestinationBucket, named.bucket("destination"), cfg.ThumbnailExpirationDays, child)
	if err != nil {
		return err
	}
	image, err := NewImage(ctx, name+"-image", &ImageArgs{
		Account: p.account, BuildProject: named.function(), Build: cfg.BuildSettings,
		Source: p.source, SourceBucket: named.bucket("build"), Architecture: cfg.Architecture,
		LogRetentionDays: cfg.LogRetentionDays, PermissionsBoundary: cfg.PermissionsBoundary, KMSKeyARN: cfg.KMSKeyARN,
		Root: p.root, Access: &p.access, Tags: p.tags,
	}, child)
	if err != nil {
		return err
	}
	function, err := NewFunction(ctx, name+"-function", &FunctionArgs{
		Account: p.account, Name: named.function(), ImageURI: image.URI,
		SourceBucket: source.Name, SourceBucketARN: source.ARN,
		DestinationBucket: destination.Name, DestinationBucketARN: destination.ARN,
		SourcePrefix: cfg.SourcePrefix, Settings: &cfg.Function, Architecture: cfg.Architecture,
		TimeoutSeconds: cfg.TimeoutSeconds, ReservedConcurrency: cfg.reservation(), Tracing: cfg.Tracing,
		LogRetentionDays: cfg.LogRetentionDays, PermissionsBoundary: cfg.PermissionsBoundary, KMSKeyARN: cfg.KMSKeyARN,
		Tags: p.tags,
	}, child)
	if err != nil {
		return err
	}
	if err := p.listen(ctx, name, source, function, named.rule("events"), child); err != nil {
		return err
	}
	backfill, err := p.backfill(ctx, name, source, named, child)
	if err != nil {
		return err
	}
	monitoring, err := NewMonitoring(ctx, name, &MonitoringArgs{
		// The function's name as planned rather than as made: alarms and dashboard need not wait for its image.
		Account: p.account, FunctionName: named.function(), FailureQueueName: function.FailureQueueName,
		TimeoutSeconds: cfg.TimeoutSeconds, AlarmEmail: cfg.AlarmEmail, Tags: p.tags,
	}, child)
	if err != nil {
		return err
	}
	c.SourceBucket, c.DestinationBucket = source.Name, destination.Name
	c.FunctionName, c.LogGroup, c.FailureQueueURL = function.Name, function.LogGroup, function.FailureQueueURL
	c.RepositoryURL, c.ImageDigest, c.ImageURI = image.RepositoryURL, image.Digest, image.URI
	c.DashboardURL, c.BuildProject = monitoring.DashboardURL, image.BuildProject
	c.BackfillRoleARN, c.BackfillBucket = backfill.RoleARN, backfill.Bucket
	return nil
}

// listen makes the function hear of what happens in the source bucket.
func (p *plan) listen(ctx *pulumi.Context, name string, source *Bucket, function *Function, rule pulumi.StringInput, child pulumi.ResourceOption) error {
	cfg := p.config
	if cfg.SourceBucket == "" {
		if _, err := NewNotification(ctx, name, &NotificationArgs{
			Account: p.account, Bucket: source.Name, BucketARN: source.ARN, EventBridge: cfg.throughEventBridge(),
			FunctionName: function.Name, FunctionARN: function.ARN, Prefix: cfg.SourcePrefix, Include: cfg.Include,
			Removals: cfg.DeleteThumbnails,
		}, child); err != nil {
			return err
		}
	}
	if !cfg.throughEventBridge() {
		return nil
	}
	_, err := NewEventRule(ctx, name, &EventRuleArgs{
		Account: p.account, Name: rule, Bucket: source.Name, FunctionName: function.Name, FunctionARN: function.ARN,
		FailureQueueURL: function.FailureQueueURL, FailureQueueARN: function.FailureQueueARN,
		Prefix: cfg.SourcePrefix, Include: cfg.Include, Exclude: cfg.Exclude, Removals: cfg.DeleteThumbnails, Tags: p.tags,
	}, child)
	return err
}

// backfill declares what S3 Batch Operations needs, if the stack wants it; else its outputs are empty.
func (p *plan) backfill(ctx *pulumi.Context, name string, source *Bucket, named names, child pulumi.ResourceOption) (*Backfill, error) {
	if !p.config.Backfill {
		none := pulumi.String("").ToStringOutput()
		return &Backfill{RoleARN: none, Bucket: none}, nil
	}
	return NewBackfill(ctx, name+"-backfill", &BackfillArgs{
		Account: p.account, Bucket: named.bucket("backfill"), SourceBucketARN: source.ARN,
		// As planned rather than as made: the role need not wait for the function's image.
		FunctionARN: pulumi.Sprintf("%s%s", p.account.arn("lambda", "function:"), named.function()),
		KMSKeyARN:   p.config.KMSKeyARN, PermissionsBoundary: p.config.PermissionsBoundary, Tags: p.tags,
	}, child)
}

// dataBucket returns the bucket of pictures or of thumbnails: the existing one, if it is named, or a new one.
func (p *plan) dataBucket(ctx *pulumi.Context, name, existing string, physical pulumi.StringInput, expirationDays int, child pulumi.ResourceOption) (*Bucket, error) {
	if existing != "" {
		return p.account.bucketOf(existing), nil
	}
	return NewBucket(ctx, name, &BucketArgs{
		Name:           physical,
		ForceDestroy:   p.config.ForceDestroy,
		Versioning:     p.config.Versioning,
		NoncurrentDays: p.config.NoncurrentDays,
		ExpirationDays: expirationDays,
		KMSKeyARN:      p.config.KMSKeyARN,
		Tags:           p.tags,
	}, child)
}

// reservation returns the concurrent invocations to reserve, nil for none.
func (c *Config) reservation() *int {
	if c.ReservedConcurrency < 0 {
		return nil
	}
	return &c.ReservedConcurrency
}

func resourceTags(ctx *pulumi.Context, cfg *Config) pulumi.StringMap {
	tags := pulumi.StringMap{tagProject: pulumi.String(ctx.Project()), tagStack: pulumi.String(ctx.Stack())}
	for key, value := range cfg.Tags {
		tags[key] = pulumi.String(value)
	}
	return tags
}
