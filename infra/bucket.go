package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// abandonedUploadDays is how long the parts of an upload that was never completed are kept: nobody sees them, but they
// are paid for.
const abandonedUploadDays = 7

type bucketArgs struct {
	name           pulumi.StringInput
	forceDestroy   bool
	versioning     bool
	noncurrentDays int // where versioning is on
	expirationDays int // 0 for never
	tags           pulumi.StringMap
}

// newBucket makes a bucket that nobody outside the account can read, that speaks TLS only, encrypts what it holds,
// owns it (no ACLs) and forgets abandoned uploads.
func newBucket(ctx *pulumi.Context, name string, args bucketArgs, parent pulumi.Resource) (*s3.BucketV2, error) {
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		Bucket:       args.name,
		ForceDestroy: pulumi.Bool(args.forceDestroy),
		Tags:         args.tags,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	under := pulumi.Parent(parent)
	if _, err := s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, under); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name,
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.ID(),
			Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
				&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
					ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
						SseAlgorithm: pulumi.String("AES256"),
					},
				},
			},
		}, under); err != nil {
		return nil, err
	}
	if args.versioning {
		if _, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
			Bucket: bucket.ID(),
			VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{
				Status: pulumi.String("Enabled"),
			},
		}, under); err != nil {
			return nil, err
		}
	}
	if _, err := s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  lifecycleRules(args),
	}, under); err != nil {
		return nil, err
	}
	return bucket, closeBucket(ctx, name, bucket, under)
}

// closeBucket shuts the public out and then demands TLS. The order matters: S3 refuses one of two calls that change
// who may access a bucket at the same time (OperationAborted).
func closeBucket(ctx *pulumi.Context, name string, bucket *s3.BucketV2, under pulumi.ResourceOption) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, under)
	if err != nil {
		return err
	}
	_, err = s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: policyOf([]pulumi.StringInput{bucket.Arn}, func(arn []string) PolicyDocument { return tlsOnly(arn[0]) }),
	}, under, pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}

// tlsOnly refuses every request that does not come over TLS.
func tlsOnly(bucketARN string) PolicyDocument {
	return policy(Statement{
		Sid: "TLSOnly", Effect: deny,
		Principal: &Principal{Everyone: true},
		// Everything, as this statement only denies.
		Action:    []string{"s3:*"},
		Resource:  []string{bucketARN, bucketARN + "/*"},
		Condition: Condition{"Bool": {"aws:SecureTransport": "false"}},
	})
}

func lifecycleRules(args bucketArgs) s3.BucketLifecycleConfigurationV2RuleArray {
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
	}
	if args.expirationDays > 0 {
		rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expiration"),
			Status:     pulumi.String("Enabled"),
			Filter:     everything(),
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.expirationDays)},
		})
	}
	if args.versioning {
		rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:     pulumi.String("replaced-versions"),
			Status: pulumi.String("Enabled"),
			Filter: everything(),
			// A delete marker under which nothing is left serves nobody and slows listings.
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.Bool(true)},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(args.noncurrentDays),
			},
		})
	}
	return rules
}
