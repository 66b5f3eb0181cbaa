package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// Notification makes a bucket invoke a function: first the permission, for this bucket of this account only, then the
// notification, for S3 checks when it is put that the bucket may invoke its destination. Or it makes the bucket send
// everything to EventBridge, where an EventRule picks what is for the function. A bucket has one notification
// configuration, so there must be no other BucketNotification for it.
type Notification struct {
	pulumi.ResourceState

	// Bucket is the name of the bucket that invokes the function from now on.
	Bucket pulumi.StringOutput `pulumi:"bucket"`
}

// NotificationArgs are the inputs of NewNotification.
type NotificationArgs struct {
	// Account that the bucket belongs to. Required.
	Account Account
	// Bucket and BucketARN are the name and ARN of the bucket. Both are required.
	Bucket, BucketARN pulumi.StringInput
	// EventBridge sends every event there, and none to a function: only Account, Bucket and BucketARN count then.
	EventBridge bool
	// FunctionName and FunctionARN say what it invokes. Both are required without EventBridge.
	FunctionName, FunctionARN pulumi.StringInput
	// Prefix limits the events to keys that begin with it; empty means every key.
	Prefix string
	// Include limits them to keys that one of the patterns means (settings.MatchPattern), as far as S3 can tell: by how
	// a key begins and ends. Empty means every key.
	Include []string
	// Removals also sends the removal of objects.
	Removals bool
}

func (args *NotificationArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "NotificationArgs")
	checkRequired(&p,
		required{"NotificationArgs.Bucket", args.Bucket, "the name of the bucket"},
		required{"NotificationArgs.BucketARN", args.BucketARN, "the ARN of the bucket"},
	)
	if args.EventBridge {
		return p
	}
	checkRequired(&p,
		required{"NotificationArgs.FunctionName", args.FunctionName, "the name of the function"},
		required{"NotificationArgs.FunctionARN", args.FunctionARN, "the ARN of the function"},
	)
	checkPrefix(&p, "NotificationArgs.Prefix", args.Prefix)
	checkKeys(&p, "NotificationArgs.Include", args.Prefix, args.Include)
	checkFilters(&p, "NotificationArgs.Include", args.filters())
	return p
}

// NewNotification declares the notification and what it needs.
func NewNotification(ctx *pulumi.Context, name string, args *NotificationArgs, opts ...pulumi.ResourceOption) (*Notification, error) {
	args = orEmpty(args)
	if err := refuse("Notification", name, args.validate()); err != nil {
		return nil, err
	}
	c := &Notification{}
	return component(ctx, "Notification", name, c, opts, func(child pulumi.ResourceOption) error {
		if args.EventBridge {
			return c.put(ctx, name, &s3.BucketNotificationArgs{Bucket: args.Bucket, Eventbridge: pulumi.Bool(true)}, child)
		}
		permission, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
			Action:    pulumi.String("lambda:InvokeFunction"),
			Function:  args.FunctionName,
			Principal: pulumi.String(s3Service),
			SourceArn: args.BucketARN,
			// A bucket's ARN does not say whose it is: were ours deleted, another account could take its name.
			SourceAccount: pulumi.String(args.Account.ID),
		}, child)
		if err != nil {
			return err
		}
		return c.put(ctx, name, &s3.BucketNotificationArgs{Bucket: args.Bucket, LambdaFunctions: args.functions()},
			child, pulumi.DependsOn([]pulumi.Resource{permission}))
	})
}

// put declares the configuration: one resource for both ways, so that a change of the way is an update. Were it another
// resource, its predecessor's deletion would empty the configuration that had just been put.
func (c *Notification) put(ctx *pulumi.Context, name string, args *s3.BucketNotificationArgs, opts ...pulumi.ResourceOption) error {
	notification, err := s3.NewBucketNotification(ctx, name, args, opts...)
	if err != nil {
		return err
	}
	c.Bucket = notification.Bucket
	return nil
}

func (args *NotificationArgs) filters() []keyFilter {
	return keyFilters(keyPatterns(args.Prefix, args.Include))
}

// functions is one entry for each filter, all of the same function.
func (args *NotificationArgs) functions() s3.BucketNotificationLambdaFunctionArray {
	var list s3.BucketNotificationLambdaFunctionArray
	for i, filter := range args.filters() {
		to := &s3.BucketNotificationLambdaFunctionArgs{
			Id:                pulumi.String("thumbnails"),
			LambdaFunctionArn: args.FunctionARN,
			Events:            pulumi.ToStringArray(args.events()),
		}
		if i > 0 {
			to.Id = pulumi.String(fmt.Sprint("thumbnails-", i+1))
		}
		if filter.prefix != "" {
			to.FilterPrefix = pulumi.String(filter.prefix)
		}
		if filter.suffix != "" {
			to.FilterSuffix = pulumi.String(filter.suffix)
		}
		list = append(list, to)
	}
	return list
}

// events are the kinds of S3 event that are sent (S3 user guide, "Event notification types"). An archived picture cannot
// be read when it is uploaded; ObjectRestore:Completed says that it can be now. Lifecycle rules remove objects without
// ObjectRemoved; thumbnails have an expiration of their own for that.
func (args *NotificationArgs) events() []string {
	events := []string{"s3:ObjectCreated:*", "s3:ObjectRestore:Completed"}
	if args.Removals {
		events = append(events, "s3:ObjectRemoved:*")
	}
	return events
}
