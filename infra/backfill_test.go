package infra

import "testing"

// TestBackfillPermissions compares all that a job of S3 Batch Operations may do.
func TestBackfillPermissions(t *testing.T) {
	e := declare(t, map[string]string{"backfill": "true"})
	const bucket = "arn:aws:s3:::s3-thumbnail-creator-test-backfill-" + testSuffix
	want := map[string]string{
		"InvokeFunction":          "lambda:InvokeFunction on arn:aws:lambda:eu-central-1:" + testAccount + ":function:s3-thumbnail-creator-test-" + testSuffix,
		"ListSources":             "s3:PutInventoryConfiguration on arn:aws:s3:::s3-thumbnail-creator-test-source-" + testSuffix,
		"KeepManifestsAndReports": "s3:GetObject s3:GetObjectVersion s3:PutObject on " + bucket + "/*",
		"FindTheirBucket":         "s3:GetBucketLocation on " + bucket,
	}
	comparePermissions(t, e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-backfill").document(t, "policy"), want)
	doc := e.one(t, "aws:iam/role:Role", "thumbnailer-backfill").document(t, "assumeRolePolicy")
	service := doc.Statement[0].Principal.(map[string]any)["Service"]
	if service != "batchoperations.s3.amazonaws.com" {
		t.Errorf("the role is for %v", service)
	}
}

// TestBackfillReportsGoAway: a report is not kept for ever, and does not keep the stack from being destroyed.
func TestBackfillReportsGoAway(t *testing.T) {
	e := declare(t, map[string]string{"backfill": "true"})
	bucket := e.one(t, "aws:s3/bucketV2:BucketV2", "thumbnailer-backfill")
	bucket.want(t, "forceDestroy", "true")
	if bucket.protected {
		t.Error("the bucket is protected")
	}
	rules := e.one(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "thumbnailer-backfill")
	rules.want(t, "rules[2].expiration.days", "90")
	rules.want(t, "rules[2].filter.prefix", "")
}

// TestBackfillWaitsForNoImage: a role that waited for the function would make every first deployment longer.
func TestBackfillWaitsForNoImage(t *testing.T) {
	e := declare(t, map[string]string{"backfill": "true"})
	function := e.one(t, functionType, "").urn
	for _, typ := range []string{"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:s3/bucketV2:BucketV2"} {
		for _, urn := range e.one(t, typ, "thumbnailer-backfill").dependencies {
			if urn == function {
				t.Errorf("%s waits for the function", typ)
			}
		}
	}
}
