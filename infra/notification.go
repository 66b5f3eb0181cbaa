package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newNotification makes the bucket invoke the function: first the permission, for this bucket of this account only,
// then the notification, for S3 checks when it is put that the bucket may invoke its destination. A bucket has one
// notification configuration, so there must be no other BucketNotification for it.
func newNotification(ctx *pulumi.Context, name string, cfg *Config, here account, bucket *s3.BucketV2, function *Function, parent pulumi.Resource) error {
	permission, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  function.Name,
		Principal: pulumi.String(s3Service),
		SourceArn: bucket.Arn,
		// A bucket's ARN does not say whose it is: were ours deleted, another account could take its name.
		SourceAccount: pulumi.String(here.ID),
	}, pulumi.Parent(parent))
	if err != nil {
		return err
	}
	to := &s3.BucketNotificationLambdaFunctionArgs{
		Id:                pulumi.String("thumbnails"),
		LambdaFunctionArn: function.ARN,
		Events:            pulumi.ToStringArray(cfg.events()),
	}
	if cfg.SourcePrefix != "" {
		to.FilterPrefix = pulumi.String(cfg.SourcePrefix)
	}
	_, err = s3.NewBucketNotification(ctx, name, &s3.BucketNotificationArgs{
		Bucket:          bucket.ID(),
		LambdaFunctions: s3.BucketNotificationLambdaFunctionArray{to},
	}, pulumi.Parent(parent), pulumi.DependsOn([]pulumi.Resource{permission}))
	return err
}

// events are the kinds of S3 event that the function is for (S3 user guide, "Event notification types"). Lifecycle
// rules remove objects without ObjectRemoved; thumbnails have an expiration of their own for that.
func (c *Config) events() []string {
	if c.DeleteThumbnails {
		return []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}
	}
	return []string{"s3:ObjectCreated:*"}
}
