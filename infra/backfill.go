package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// backfillDays is how long manifests and reports are kept: as long as S3 keeps the jobs themselves (S3 user guide,
// "Managing S3 Batch Operations jobs").
const backfillDays = 90

// Backfill is what S3 Batch Operations needs to bring existing objects before the function: a role, and a bucket for the
// lists of objects that it makes and for its reports. It makes no job: that is a command's (docs/thumbs.md).
//
// The bucket is one of its own. A report among the thumbnails would be found by whoever reads those, and the bucket of the
// build's sources is not there when GitHub has them.
type Backfill struct {
	pulumi.ResourceState

	// RoleARN is the role that a job is given.
	RoleARN pulumi.StringOutput `pulumi:"roleArn"`
	// Bucket is the name of the bucket of manifests and reports.
	Bucket pulumi.StringOutput `pulumi:"bucket"`
}

// BackfillArgs are the inputs of NewBackfill.
type BackfillArgs struct {
	// Account that it belongs to. Required.
	Account Account
	// Bucket names the bucket of manifests and reports. Required.
	Bucket pulumi.StringInput
	// SourceBucketARN is the ARN of the bucket whose objects are listed. Required.
	SourceBucketARN pulumi.StringInput
	// FunctionARN is the ARN of the function that is invoked for each of them, which need not exist yet. Required.
	FunctionARN pulumi.StringInput
	// KMSKeyARN is the key that encrypts the bucket; empty means S3's own.
	KMSKeyARN string
	// PermissionsBoundary is the ARN of a policy beyond which the role has no rights; empty means none.
	PermissionsBoundary string
	// Tags are put on the role and the bucket.
	Tags pulumi.StringMap
}

func (args *BackfillArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "BackfillArgs")
	checkRequired(&p,
		required{"BackfillArgs.Bucket", args.Bucket, "the name of the bucket of manifests and reports"},
		required{"BackfillArgs.SourceBucketARN", args.SourceBucketARN, "the ARN of the bucket whose objects are listed"},
		required{"BackfillArgs.FunctionARN", args.FunctionARN, "the ARN of the function that is invoked"},
	)
	checkBoundary(&p, "BackfillArgs.PermissionsBoundary", args.PermissionsBoundary)
	checkKey(&p, "BackfillArgs.KMSKeyARN", args.KMSKeyARN)
	return p
}

// NewBackfill declares the role and the bucket.
func NewBackfill(ctx *pulumi.Context, name string, args *BackfillArgs, opts ...pulumi.ResourceOption) (*Backfill, error) {
	args = orEmpty(args)
	if err := refuse("Backfill", name, args.validate()); err != nil {
		return nil, err
	}
	c := &Backfill{}
	return component(ctx, "Backfill", name, c, opts, func(child pulumi.ResourceOption) error {
		bucket, err := NewBucket(ctx, name, &BucketArgs{
			Name: args.Bucket,
			// Its lists and reports are of use for a while only.
			ForceDestroy: true, ExpirationDays: backfillDays,
			KMSKeyARN: args.KMSKeyARN, Tags: args.Tags,
		}, child)
		if err != nil {
			return err
		}
		role, err := newServiceRole(ctx, name, serviceRoleArgs{
			description: "Brings existing pictures before the thumbnail function",
			trust:       backfillTrust(args.Account),
			policy:      backfillPermissions(args, bucket.ARN),
			boundary:    args.PermissionsBoundary,
			tags:        args.Tags,
		}, child)
		if err != nil {
			return err
		}
		c.Bucket = bucket.Name
		// Known once a job can do what it has to.
		c.RoleARN = onceMade(role.role.Arn, role.policy)
		return nil
	})
}

// backfillTrust lets S3 Batch Operations assume the role. AWS documents no condition key of this service, and the role
// would be of no use were one demanded that does not come; who makes a job can only pass a role of his own account. So
// the account has to be this one if the service says for whom it acts.
func backfillTrust(account Account) PolicyDocument {
	return trust(batchService, pulumi.StringMapMap{"StringEqualsIfExists": pulumi.StringMap{"aws:SourceAccount": pulumi.String(account.ID)}})
}

// backfillPermissions is what a job may do (S3 user guide, "Granting permissions for Batch Operations" and, for what a
// list made by S3 takes, "Configuring an IAM role for S3 Batch Replication"). It reads no picture: the function does.
func backfillPermissions(args *BackfillArgs, bucketARN pulumi.StringInput) PolicyDocument {
	document := PolicyDocument{
		{
			Sid: "InvokeFunction", Effect: allow,
			Action:   []string{"lambda:InvokeFunction"},
			Resource: pulumi.StringArray{args.FunctionARN},
		},
		{
			// S3 lists the objects by an inventory that it takes once; no inventory is configured for it.
			Sid: "ListSources", Effect: allow,
			Action:   []string{"s3:PutInventoryConfiguration"},
			Resource: pulumi.StringArray{args.SourceBucketARN},
		},
		{
			Sid: "KeepManifestsAndReports", Effect: allow,
			Action:   []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
			Resource: pulumi.StringArray{pulumi.Sprintf("%s/*", bucketARN)},
		},
		{
			Sid: "FindTheirBucket", Effect: allow,
			Action:   []string{"s3:GetBucketLocation"},
			Resource: pulumi.StringArray{bucketARN},
		},
	}
	return append(document, useKey(args.KMSKeyARN, args.Account, "s3")...)
}
