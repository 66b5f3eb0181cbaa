package infra

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// metricsNamespace is where CloudWatch files the metrics that the function writes into its log.
	metricsNamespace = "ThumbnailCreator"
	// memoryShare of the function's memory, in percent, is the limit that Go's garbage collector works towards
	// (GOMEMLIMIT). The rest is for what it does not see: the binary, stacks, the kernel's buffers.
	memoryShare = 85
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

	// Name and ARN of the function. They are known once it exists, which takes its image.
	Name pulumi.StringOutput `pulumi:"name"`
	ARN  pulumi.StringOutput `pulumi:"arn"`
	// FailureQueueURL is where permanent failures, and events that failed too often, are sent.
	FailureQueueURL pulumi.StringOutput `pulumi:"failureQueueUrl"`
	// FailureQueueName is the same queue's name, as CloudWatch calls it.
	FailureQueueName pulumi.StringOutput `pulumi:"failureQueueName"`
	// LogGroup is the name of the log group.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
}

// FunctionArgs are the inputs of NewFunction.
type FunctionArgs struct {
	// Config is the stack's configuration; DefaultConfig if nil.
	Config *Config
	// Name of the function. Required.
	Name pulumi.StringInput
	// ImageURI is what it runs: REPOSITORY@sha256:DIGEST. Required.
	ImageURI pulumi.StringInput
	// SourceBucketARN and DestinationBucketARN say what it may read and write, DestinationBucket where it writes.
	// All are required.
	SourceBucketARN, DestinationBucketARN, DestinationBucket pulumi.StringInput
	// Tags are put on everything that takes tags.
	Tags pulumi.StringMap
}

func (args *FunctionArgs) withDefaults() *FunctionArgs {
	var filled FunctionArgs
	if args != nil {
		filled = *args
	}
	if filled.Config == nil {
		filled.Config = DefaultConfig()
	}
	return &filled
}

func (args *FunctionArgs) validate() error {
	var problems []error
	for _, required := range []struct {
		name  string
		value pulumi.StringInput
		want  string
	}{
		{"Name", args.Name, "the name of the function"},
		{"ImageURI", args.ImageURI, "REPOSITORY@sha256:DIGEST"},
		{"SourceBucketARN", args.SourceBucketARN, "the ARN of the bucket it reads"},
		{"DestinationBucketARN", args.DestinationBucketARN, "the ARN of the bucket it writes"},
		{"DestinationBucket", args.DestinationBucket, "the name of the bucket it writes"},
	} {
		if required.value == nil {
			problems = append(problems, fmt.Errorf("FunctionArgs.%s: want %s", required.name, required.want))
		}
	}
	return errors.Join(problems...)
}

// NewFunction declares the function. Only the function itself and its event configuration wait for the image.
func NewFunction(ctx *pulumi.Context, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	args = args.withDefaults()
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("function %s: %w", name, err)
	}
	c := &Function{}
	if err := ctx.RegisterComponentResource("s3-thumbnail-creator:index:Function", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.provision(ctx, name, args); err != nil {
		return nil, fmt.Errorf("function %s: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name": c.Name, "arn": c.ARN,
		"failureQueueUrl": c.FailureQueueURL, "failureQueueName": c.FailureQueueName, "logGroup": c.LogGroup,
	})
}

func (c *Function) provision(ctx *pulumi.Context, name string, args *FunctionArgs) error {
	queue, err := sqs.NewQueue(ctx, name+"-failures", &sqs.QueueArgs{
		MessageRetentionSeconds: pulumi.Int(failureRetentionSeconds),
		SqsManagedSseEnabled:    pulumi.Bool(true),
		Tags:                    args.Tags,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("/aws/lambda/%s", args.Name),
		RetentionInDays: pulumi.Int(args.Config.LogRetentionDays),
		Tags:            args.Tags,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	role, err := newServiceRole(ctx, name, serviceRoleArgs{
		description: "Makes thumbnails",
		// No condition on the caller: Lambda takes a role only from an account's own functions (iam:PassRole does not
		// reach across accounts), so no other account can make it act on its behalf.
		trust: pulumi.String(trust(lambdaService, nil).String()),
		policy: policyOf([]pulumi.StringInput{logs.Arn, args.SourceBucketARN, args.DestinationBucketARN, queue.Arn},
			func(arn []string) PolicyDocument {
				return functionPermissions(args.Config, arn[0], arn[1], arn[2], arn[3])
			}),
		tags: args.Tags,
	}, c)
	if err != nil {
		return err
	}
	function, err := lambda.NewFunction(ctx, name, functionResource(args, role, logs, queue),
		pulumi.Parent(c),
		// A first event must find the permissions in place, and without the log group Lambda would make one that
		// nobody deletes.
		pulumi.DependsOn([]pulumi.Resource{role.policy, logs}))
	if err != nil {
		return err
	}
	_, err = lambda.NewFunctionEventInvokeConfig(ctx, name, &lambda.FunctionEventInvokeConfigArgs{
		FunctionName:             function.Name,
		MaximumRetryAttempts:     pulumi.Int(retries),
		MaximumEventAgeInSeconds: pulumi.Int(eventAgeSeconds),
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: queue.Arn},
		},
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.Name, c.ARN = function.Name, function.Arn
	c.FailureQueueURL, c.FailureQueueName, c.LogGroup = queue.Url, queue.Name, logs.Name
	return nil
}

func functionResource(args *FunctionArgs, role *serviceRole, logs *cloudwatch.LogGroup, queue *sqs.Queue) *lambda.FunctionArgs {
	cfg := args.Config
	resource := &lambda.FunctionArgs{
		Name:          args.Name,
		Description:   pulumi.String("Makes thumbnails of the pictures in a bucket"),
		PackageType:   pulumi.String("Image"),
		ImageUri:      args.ImageURI,
		Architectures: pulumi.StringArray{pulumi.String(lambdaArchitecture(cfg.Architecture))},
		Role:          role.role.Arn,
		MemorySize:    pulumi.Int(cfg.MemoryMB),
		Timeout:       pulumi.Int(cfg.TimeoutSeconds),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"),
			LogGroup:  logs.Name,
		},
		Environment: &lambda.FunctionEnvironmentArgs{Variables: functionEnvironment(cfg, args.DestinationBucket, queue.Url)},
		Tags:        args.Tags,
	}
	if cfg.ReservedConcurrency >= 0 {
		resource.ReservedConcurrentExecutions = pulumi.Int(cfg.ReservedConcurrency)
	}
	if cfg.Tracing {
		resource.TracingConfig = &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
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

func functionEnvironment(cfg *Config, destination, failureQueue pulumi.StringInput) pulumi.StringMap {
	variants, err := json.Marshal(cfg.Thumbnails)
	if err != nil {
		panic(fmt.Sprintf("thumbnails: %v", err)) // strings and integers always marshal
	}
	environment := pulumi.StringMap{
		"DESTINATION_BUCKET": destination,
		"FAILURE_QUEUE_URL":  failureQueue,
		"THUMBNAILS":         pulumi.String(variants),
		"MAX_SOURCE_MB":      pulumi.String(fmt.Sprint(cfg.MaxSourceMB)),
		"MAX_MEGAPIXELS":     pulumi.String(fmt.Sprint(cfg.MaxMegapixels)),
		"DELETE_THUMBNAILS":  pulumi.String(fmt.Sprint(cfg.DeleteThumbnails)),
		"METRICS_NAMESPACE":  pulumi.String(metricsNamespace),
		"GOMEMLIMIT":         pulumi.String(fmt.Sprintf("%dMiB", cfg.MemoryMB*memoryShare/100)),
	}
	if cfg.CacheControl != "" {
		environment["CACHE_CONTROL"] = pulumi.String(cfg.CacheControl)
	}
	return environment
}

// functionPermissions is what the function may do.
func functionPermissions(cfg *Config, logGroupARN, sourceARN, destinationARN, queueARN string) PolicyDocument {
	onThumbnails := []string{"s3:GetObject", "s3:PutObject"}
	if cfg.DeleteThumbnails {
		onThumbnails = append(onThumbnails, "s3:DeleteObject")
	}
	statements := []Statement{
		writeLogs(logGroupARN),
		{
			Sid: "ReadSources", Effect: allow,
			Action:   []string{"s3:GetObject"},
			Resource: []string{sourceARN + "/" + cfg.SourcePrefix + "*"},
		},
		{
			Sid: "WriteThumbnails", Effect: allow,
			Action:   onThumbnails,
			Resource: []string{destinationARN + "/*"},
		},
		{
			// Without it S3 answers 403 where it should answer 404, and a missing object looks like a missing
			// permission.
			Sid: "SeeWhatIsMissing", Effect: allow,
			Action:   []string{"s3:ListBucket"},
			Resource: []string{sourceARN, destinationARN},
		},
		{
			Sid: "ReportFailures", Effect: allow,
			Action:   []string{"sqs:SendMessage"},
			Resource: []string{queueARN},
		},
	}
	if cfg.Tracing {
		statements = append(statements, Statement{
			Sid: "Trace", Effect: allow,
			Action: []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
			// The actions have no resource to name (service authorization reference, AWS X-Ray).
			Resource: []string{"*"},
		})
	}
	return policy(statements...)
}
