package infra

import (
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

const (
	defaultArchitecture   = "arm64"
	defaultTimeoutSeconds = 60
	// minTimeoutSeconds is the least in which the function does anything: it keeps half a second to report what it did
	// not finish, and begins nothing when less than another is left.
	minTimeoutSeconds = 3
	// retries of an event that the function failed on; Lambda waits one minute, then two.
	retries = 2
	// eventAgeSeconds is how long a throttled or failed event is kept: six hours, the longest that Lambda allows.
	eventAgeSeconds = 6 * 60 * 60
	// failureRetentionSeconds is how long a failure waits to be looked at: 14 days, the longest that SQS allows.
	failureRetentionSeconds = 14 * 24 * 60 * 60
)

// Function is the Lambda function with all that it needs but its buckets: role, log group and failure queue.
type Function struct {
	pulumi.ResourceState

	// Name of the function. It is known once it exists, which takes its image.
	Name pulumi.StringOutput `pulumi:"name"`
	// ARN of the function. It is known once events may come, for what fails then has a place to go.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// FailureQueueURL is where permanent failures, and events that failed too often, are sent.
	FailureQueueURL pulumi.StringOutput `pulumi:"failureQueueUrl"`
	// FailureQueueName is the same queue's name, as CloudWatch calls it.
	FailureQueueName pulumi.StringOutput `pulumi:"failureQueueName"`
	// FailureQueueARN is the same queue's ARN.
	FailureQueueARN pulumi.StringOutput `pulumi:"failureQueueArn"`
	// LogGroup is the name of the log group.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
}

// FunctionArgs are the inputs of NewFunction.
type FunctionArgs struct {
	// Account that it belongs to. Required.
	Account Account
	// Name of the function. Required.
	Name pulumi.StringInput
	// ImageURI is what it runs: REPOSITORY@sha256:DIGEST. Required.
	ImageURI pulumi.StringInput
	// SourceBucket and DestinationBucket are the names of the buckets that it reads and writes, SourceBucketARN and
	// DestinationBucketARN their ARNs. All are required.
	SourceBucket, SourceBucketARN, DestinationBucket, DestinationBucketARN pulumi.StringInput
	// SourcePrefix limits what it does, and may read, to keys that begin with it; empty means every key.
	SourcePrefix string
	// Settings are what it is told, its memory included; nil means settings.DefaultFunction.
	Settings *settings.Function
	// Architecture that its image is for, arm64 or amd64; empty means arm64.
	Architecture string
	// TimeoutSeconds is how long one invocation may run; 0 means 60.
	TimeoutSeconds int
	// ReservedConcurrency caps concurrent invocations, 0 stops the function; nil reserves nothing.
	ReservedConcurrency *int
	// Tracing turns X-Ray on.
	Tracing bool
	// LogRetentionDays is how long its log is kept, in days; 0 means for ever.
	LogRetentionDays int
	// KMSKeyARN is the key that encrypts its buckets, its failure queue and its log; empty means AWS's own.
	KMSKeyARN string
	// PermissionsBoundary is the ARN of a policy beyond which its role has no rights; empty means none.
	PermissionsBoundary string
	// Tags are put on everything that takes tags.
	Tags pulumi.StringMap
}

func (args *FunctionArgs) withDefaults() *FunctionArgs {
	filled := *orEmpty(args)
	if filled.Settings == nil {
		defaults := settings.DefaultFunction()
		filled.Settings = &defaults
	}
	filled.Architecture = cmp.Or(filled.Architecture, defaultArchitecture)
	filled.TimeoutSeconds = cmp.Or(filled.TimeoutSeconds, defaultTimeoutSeconds)
	return &filled
}

func (args *FunctionArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "FunctionArgs")
	checkRequired(&p,
		required{"FunctionArgs.Name", args.Name, "the name of the function"},
		required{"FunctionArgs.ImageURI", args.ImageURI, "REPOSITORY@sha256:DIGEST"},
		required{"FunctionArgs.SourceBucket", args.SourceBucket, "the name of the bucket it reads"},
		required{"FunctionArgs.SourceBucketARN", args.SourceBucketARN, "the ARN of the bucket it reads"},
		required{"FunctionArgs.DestinationBucketARN", args.DestinationBucketARN, "the ARN of the bucket it writes"},
		required{"FunctionArgs.DestinationBucket", args.DestinationBucket, "the name of the bucket it writes"},
	)
	p = append(p, args.Settings.Validate("config")...)
	checkPrefix(&p, "FunctionArgs.SourcePrefix", args.SourcePrefix)
	checkKeys(&p, "FunctionArgs.Settings.Include", args.SourcePrefix, args.Settings.Include)
	checkArchitecture(&p, "FunctionArgs.Architecture", args.Architecture)
	checkTimeout(&p, "FunctionArgs.TimeoutSeconds", args.TimeoutSeconds)
	if args.ReservedConcurrency != nil {
		p.Check("FunctionArgs.ReservedConcurrency", *args.ReservedConcurrency, *args.ReservedConcurrency >= 0,
			"want a number of invocations, 0 to stop the function, or nil to reserve nothing")
	}
	checkBoundary(&p, "FunctionArgs.PermissionsBoundary", args.PermissionsBoundary)
	checkRetention(&p, "FunctionArgs.LogRetentionDays", args.LogRetentionDays)
	checkKey(&p, "FunctionArgs.KMSKeyARN", args.KMSKeyARN)
	return p
}

// NewFunction declares the function. Only the function itself and its event configuration wait for the image.
func NewFunction(ctx *pulumi.Context, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	args = args.withDefaults()
	if err := refuse("Function", name, args.validate()); err != nil {
		return nil, err
	}
	c := &Function{}
	return component(ctx, "Function", name, c, opts, func(child pulumi.ResourceOption) error {
		return c.provision(ctx, name, args, child)
	})
}

func (c *Function) provision(ctx *pulumi.Context, name string, args *FunctionArgs, child pulumi.ResourceOption) error {
	// The queue's name is known before the queue, which SQS takes 25 seconds to make: neither the role's policy nor the
	// function, which name it, wait for that.
	queueName := pulumi.Sprintf("%s-failures", args.Name)
	encrypted := &sqs.QueueArgs{
		Name:                    queueName,
		MessageRetentionSeconds: pulumi.Int(failureRetentionSeconds),
		KmsMasterKeyId:          keyOf(args.KMSKeyARN),
		Tags:                    args.Tags,
	}
	if args.KMSKeyARN == "" { // the provider takes one or the other
		encrypted.SqsManagedSseEnabled = pulumi.Bool(true)
	}
	queue, err := sqs.NewQueue(ctx, name+"-failures", encrypted, child)
	if err != nil {
		return err
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("/aws/lambda/%s", args.Name),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        keyOf(args.KMSKeyARN),
		Tags:            args.Tags,
	}, child)
	if err != nil {
		return err
	}
	role, err := newServiceRole(ctx, name, serviceRoleArgs{
		description: "Makes thumbnails",
		trust:       functionTrust(args.Account),
		policy:      functionPermissions(args, logs.Arn, pulumi.Sprintf("%s%s", args.Account.arn("sqs", ""), queueName)),
		boundary:    args.PermissionsBoundary,
		tags:        args.Tags,
	}, child)
	if err != nil {
		return err
	}
	function, err := lambda.NewFunction(ctx, name, functionResource(args, role, logs, args.Account.queueURL(queueName)), child,
		// A first event must find the permissions in place, and without the log group Lambda would make one that
		// nobody deletes.
		pulumi.DependsOn([]pulumi.Resource{role.policy, logs}))
	if err != nil {
		return err
	}
	events, err := lambda.NewFunctionEventInvokeConfig(ctx, name, &lambda.FunctionEventInvokeConfigArgs{
		FunctionName:             function.Name,
		MaximumRetryAttempts:     pulumi.Int(retries),
		MaximumEventAgeInSeconds: pulumi.Int(eventAgeSeconds),
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: queue.Arn},
		},
	}, child)
	if err != nil {
		return err
	}
	c.Name = function.Name
	c.ARN = onceMade(function.Arn, events)
	c.FailureQueueURL, c.FailureQueueName, c.FailureQueueARN, c.LogGroup = queue.Url, queue.Name, queue.Arn, logs.Name
	return nil
}

func functionResource(args *FunctionArgs, role *serviceRole, logs *cloudwatch.LogGroup, queueURL pulumi.StringInput) *lambda.FunctionArgs {
	environment := pulumi.ToStringMap(args.Settings.Environment())
	environment[settings.SourceBucketVariable] = args.SourceBucket
	if args.SourcePrefix != "" {
		environment[settings.SourcePrefixVariable] = pulumi.String(args.SourcePrefix)
	}
	environment[settings.DestinationBucketVariable] = args.DestinationBucket
	environment[settings.FailureQueueVariable] = queueURL
	resource := &lambda.FunctionArgs{
		Name:          args.Name,
		Description:   pulumi.String("Makes thumbnails of the pictures in a bucket"),
		PackageType:   pulumi.String("Image"),
		ImageUri:      args.ImageURI,
		Architectures: pulumi.StringArray{pulumi.String(lambdaArchitecture(args.Architecture))},
		Role:          role.role.Arn,
		MemorySize:    pulumi.Int(args.Settings.MemoryMB),
		Timeout:       pulumi.Int(args.TimeoutSeconds),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"),
			LogGroup:  logs.Name,
		},
		Environment: &lambda.FunctionEnvironmentArgs{Variables: environment},
		// Said either way: the provider takes leaving it out for "as it is", and tracing would go on without permission.
		TracingConfig: &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("PassThrough")},
		Tags:          args.Tags,
	}
	if args.Tracing {
		resource.TracingConfig = &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
	}
	if args.ReservedConcurrency != nil {
		resource.ReservedConcurrentExecutions = pulumi.Int(*args.ReservedConcurrency)
	}
	return resource
}

// lambdaArchitecture translates Go's name of an architecture into Lambda's.
func lambdaArchitecture(goarch string) string {
	if goarch == "amd64" {
		return "x86_64"
	}
	return goarch
}

// functionTrust lets Lambda assume the role on behalf of this account and of no other (Lambda developer guide, "Working
// with AWS managed policies in the execution role", names the condition keys).
func functionTrust(account Account) PolicyDocument {
	return trust(lambdaService, pulumi.StringMapMap{"StringEquals": pulumi.StringMap{"aws:SourceAccount": pulumi.String(account.ID)}})
}

// functionPermissions is what the function may do.
func functionPermissions(args *FunctionArgs, logGroupARN, queueARN pulumi.StringInput) PolicyDocument {
	onThumbnails := []string{"s3:GetObject", "s3:PutObject"}
	if args.Settings.DeleteThumbnails {
		onThumbnails = append(onThumbnails, "s3:DeleteObject")
	}
	document := PolicyDocument{
		writeLogs(logGroupARN),
		{
			Sid: "ReadSources", Effect: allow,
			Action:   []string{"s3:GetObject"},
			Resource: args.objects(keyPatterns(args.SourcePrefix, args.Settings.Include)),
		},
		{
			Sid: "WriteThumbnails", Effect: allow,
			Action:   onThumbnails,
			Resource: pulumi.StringArray{pulumi.Sprintf("%s/*", args.DestinationBucketARN)},
		},
		{
			// Without it S3 answers 403 where it should answer 404, and a missing object looks like a missing
			// permission.
			Sid: "SeeWhatIsMissing", Effect: allow,
			Action:   []string{"s3:ListBucket"},
			Resource: pulumi.StringArray{args.SourceBucketARN, args.DestinationBucketARN},
		},
		{
			Sid: "ReportFailures", Effect: allow,
			Action:   []string{"sqs:SendMessage"},
			Resource: pulumi.StringArray{queueARN},
		},
	}
	if len(args.Settings.Exclude) > 0 {
		document = append(document, Statement{
			Sid: "NeverReadExcluded", Effect: deny,
			Action:   []string{"s3:GetObject"},
			Resource: args.objects(args.Settings.Exclude),
		})
	}
	if args.Tracing {
		document = append(document, Statement{
			Sid: "Trace", Effect: allow,
			Action: []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
			// The actions have no resource to name (service authorization reference, AWS X-Ray).
			Resource: pulumi.StringArray{pulumi.String("*")},
		})
	}
	return append(document, useKey(args.KMSKeyARN, args.Account, "s3", "sqs")...)
}

// objects returns the ARNs of the sources whose keys the patterns mean: a * in an ARN stands for the same as in a pattern.
func (args *FunctionArgs) objects(patterns []string) pulumi.StringArray {
	arns := make(pulumi.StringArray, len(patterns))
	for i, pattern := range patterns {
		arns[i] = pulumi.Sprintf("%s/%s", args.SourceBucketARN, pattern)
	}
	return arns
}
