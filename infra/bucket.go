package infra

import (
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// abandonedUploadDays is how long the parts of an upload that was never completed are kept: nobody sees them, but they
// are paid for.
const abandonedUploadDays = 7

const defaultNoncurrentDays = 30

// Bucket is an S3 bucket that nobody outside the account can read, that speaks TLS only, encrypts what it holds, owns
// it (no ACLs) and forgets abandoned uploads.
type Bucket struct {
	pulumi.ResourceState

	// Name of the bucket.
	Name pulumi.StringOutput `pulumi:"name"`
	// ARN of the bucket.
	ARN pulumi.StringOutput `pulumi:"arn"`
}

// BucketArgs are the inputs of NewBucket.
type BucketArgs struct {
	// Name of the bucket, unique in its partition. Required.
	Name pulumi.StringInput
	// ForceDestroy lets the bucket be deleted with the objects in it. Without it the bucket is protected: Pulumi
	// refuses to delete or replace it until `pulumi state unprotect` says otherwise.
	ForceDestroy bool
	// Versioning keeps what is replaced or deleted for NoncurrentDays.
	Versioning bool
	// NoncurrentDays is how long replaced and deleted objects are kept, also those of a time when Versioning was on;
	// 0 means 30.
	NoncurrentDays int
	// ExpirationDays deletes objects that many days after they were written; 0 never does.
	ExpirationDays int
	// ExpirationPrefix limits that to keys that begin with it; empty means every key.
	ExpirationPrefix string
	// KMSKeyARN is the key that encrypts objects; empty means S3's own.
	KMSKeyARN string
	// Tags are put on the bucket.
	Tags pulumi.StringMap
}

func (args *BucketArgs) validate() settings.Problems {
	var p settings.Problems
	checkRequired(&p, required{"BucketArgs.Name", args.Name, "the name of the bucket"})
	p.Check("BucketArgs.NoncurrentDays", args.NoncurrentDays, args.NoncurrentDays >= 0, "want a number of days")
	checkKey(&p, "BucketArgs.KMSKeyARN", args.KMSKeyARN)
	p.Check("BucketArgs.ExpirationDays", args.ExpirationDays, args.ExpirationDays >= 0, "want a number of days, 0 for never")
	return p
}

// NewBucket declares the bucket.
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	args = orEmpty(args)
	if err := refuse("Bucket", name, args.validate()); err != nil {
		return nil, err
	}
	c := &Bucket{}
	return component(ctx, "Bucket", name, c, opts, func(child pulumi.ResourceOption) error {
		bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
			Bucket:       args.Name,
			ForceDestroy: pulumi.Bool(args.ForceDestroy),
			Tags:         args.Tags,
		}, child, pulumi.Protect(!args.ForceDestroy))
		if err != nil {
			return err
		}
		c.Name, c.ARN = bucket.Bucket, bucket.Arn
		// What belongs to the bucket goes with it and never before: a destroy that stops at a bucket which is not empty
		// must not have opened it.
		part := pulumi.Composite(child, pulumi.DeletedWith(bucket))
		if err := configureBucket(ctx, name, bucket, args, part); err != nil {
			return err
		}
		return closeBucket(ctx, name, bucket, part)
	})
}

// configureBucket says who owns what the bucket holds, how it is encrypted and how long it is kept.
func configureBucket(ctx *pulumi.Context, name string, bucket *s3.BucketV2, args *BucketArgs, part pulumi.ResourceOption) error {
	if _, err := s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, part); err != nil {
		return err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name,
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.ID(),
			Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{encryption(args.KMSKeyARN)},
		}, part); err != nil {
		return err
	}
	if args.Versioning {
		if _, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
			Bucket: bucket.ID(),
			VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{
				Status: pulumi.String("Enabled"),
			},
		}, part); err != nil {
			return err
		}
	}
	_, err := s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  lifecycleRules(args),
	}, part)
	return err
}

// encryption encrypts with the key, or with S3's own where it is empty. With a key of one's own, a key of the bucket's
// stands between, so that not every object costs a request to KMS.
func encryption(keyARN string) *s3.BucketServerSideEncryptionConfigurationV2RuleArgs {
	by := &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{SseAlgorithm: pulumi.String("AES256")}
	if keyARN != "" {
		by.SseAlgorithm, by.KmsMasterKeyId = pulumi.String("aws:kms"), pulumi.String(keyARN)
	}
	return &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: by, BucketKeyEnabled: pulumi.Bool(keyARN != ""),
	}
}

// closeBucket shuts the public out and then demands TLS. The order matters: S3 refuses one of two calls that change
// who may access a bucket at the same time (OperationAborted).
func closeBucket(ctx *pulumi.Context, name string, bucket *s3.BucketV2, part pulumi.ResourceOption) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, part)
	if err != nil {
		return err
	}
	_, err = s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: tlsOnly(bucket.Arn).JSON(),
	}, part, pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}

// tlsOnly refuses every request that does not come over TLS.
func tlsOnly(bucketARN pulumi.StringInput) PolicyDocument {
	return PolicyDocument{{
		Sid: "TLSOnly", Effect: deny,
		Principal: &Principal{Everyone: true},
		// Everything, as this statement only denies.
		Action:    []string{"s3:*"},
		Resource:  pulumi.StringArray{bucketARN, pulumi.Sprintf("%s/*", bucketARN)},
		Condition: pulumi.StringMapMap{"Bool": pulumi.StringMap{"aws:SecureTransport": pulumi.String("false")}},
	}}
}

func lifecycleRules(args *BucketArgs) s3.BucketLifecycleConfigurationV2RuleArray {
	// An empty prefix selects every object. The filter must be there: without it the provider falls back to the
	// deprecated rule prefix.
	everything := func() *s3.BucketLifecycleConfigurationV2RuleFilterArgs {
		return &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	}
	rules := s3.BucketLifecycleConfigurationV2RuleArray{
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:     pulumi.String("abandoned-uploads"),
			Status: pulumi.String("Enabled"),
			Filter: everything(),
			AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
				DaysAfterInitiation: pulumi.Int(abandonedUploadDays),
			},
		},
		// Also without versioning: a bucket that had it keeps its old versions, for ever if nothing expires them.
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:     pulumi.String("replaced-versions"),
			Status: pulumi.String("Enabled"),
			Filter: everything(),
			// A delete marker under which nothing is left serves nobody and slows listings.
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.Bool(true)},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(cmp.Or(args.NoncurrentDays, defaultNoncurrentDays)),
			},
		},
	}
	if args.ExpirationDays > 0 {
		rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expiration"),
			Status:     pulumi.String("Enabled"),
			Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(args.ExpirationPrefix)},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.ExpirationDays)},
		})
	}
	return rules
}
