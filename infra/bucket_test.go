package infra

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryBucketIsClosed(t *testing.T) {
	e := declare(t, nil)
	buckets := e.of("aws:s3/bucketV2:BucketV2")
	if len(buckets) != 3 {
		t.Fatalf("%d buckets, want source, destination and build source", len(buckets))
	}
	for _, b := range buckets {
		block := e.one(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", b.name)
		for _, way := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			block.want(t, way, "true")
		}
		e.one(t, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", b.name).
			want(t, "rule.objectOwnership", "BucketOwnerEnforced")
		e.one(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", b.name).
			want(t, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")
		e.one(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", b.name).
			want(t, "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation", "7")

		for _, d := range e.resources {
			if d.name == b.name && strings.HasPrefix(d.typ, "aws:s3/bucket") && d.typ != b.typ && d.typ != objectType && d.deletedWith != b.urn {
				t.Errorf("%s of %s is deleted before its bucket is", d.typ, d.name)
			}
		}
		policy := e.one(t, "aws:s3/bucketPolicy:BucketPolicy", b.name)
		if !slices.Contains(policy.dependencies, block.urn) {
			t.Errorf("the policy of %s does not wait for the public access block", b.name)
		}
		s := policy.document(t, "policy").Statement[0]
		arn := "arn:aws:s3:::" + b.text(t, "bucket")
		if s.Effect != "Deny" || s.Principal != "*" || s.Condition["Bool"]["aws:SecureTransport"] != "false" ||
			!slices.Equal(s.Resource, []string{arn, arn + "/*"}) {
			t.Errorf("the policy of %s does not demand TLS: %+v", b.name, s)
		}
	}
}

func TestLifecycle(t *testing.T) {
	const lifecycle = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	e := declare(t, map[string]string{"sourceExpirationDays": "30", "thumbnailExpirationDays": "90"})
	e.one(t, lifecycle, "thumbnailer-source").want(t, "rules[2].expiration.days", "30")
	e.one(t, lifecycle, "thumbnailer-destination").want(t, "rules[2].expiration.days", "90")
	// Of what the build keeps, the caches go: sources may be needed for a rollback.
	e.one(t, lifecycle, "thumbnailer-image-source").want(t, "rules[2]", `{"expiration":{"days":30},"filter":{"prefix":"cache/"},"id":"expiration","status":"Enabled"}`)
	e.one(t, lifecycle, "thumbnailer-image-source").want(t, "rules[3]", "")
	for _, d := range e.of(lifecycle) {
		d.want(t, "rules[0].filter", `{"prefix":""}`)
	}
}

// TestVersioning: old versions expire also where versioning is off, for it may have been on.
func TestVersioning(t *testing.T) {
	const versioning = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	for setting, buckets := range map[string]int{"false": 0, "true": 2} { // not that of the build's source
		e := declare(t, map[string]string{"versioning": setting, "noncurrentDays": "9"})
		if got := len(e.of(versioning)); got != buckets {
			t.Errorf("versioning %s: %d buckets have it, want %d", setting, got, buckets)
		}
		for _, name := range []string{"thumbnailer-source", "thumbnailer-destination"} {
			if buckets > 0 {
				e.one(t, versioning, name).want(t, "versioningConfiguration.status", "Enabled")
			}
			e.one(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", name).
				want(t, "rules[1].noncurrentVersionExpiration.noncurrentDays", "9")
		}
	}
}

// TestForceDestroy: a bucket is either deleted with all that it holds, or protected from being deleted.
func TestForceDestroy(t *testing.T) {
	for setting, want := range map[string]string{"false": "false", "true": "true"} {
		e := declare(t, map[string]string{"forceDestroy": setting})
		for _, name := range []string{"thumbnailer-source", "thumbnailer-destination"} {
			bucket := e.one(t, "aws:s3/bucketV2:BucketV2", name)
			bucket.want(t, "forceDestroy", want)
			if bucket.protected == (want == "true") {
				t.Errorf("forceDestroy %s: %s is protected: %v", setting, name, bucket.protected)
			}
		}
		// It holds nothing that is not elsewhere, and must not keep a stack from being destroyed.
		e.one(t, "aws:s3/bucketV2:BucketV2", "thumbnailer-image-source").want(t, "forceDestroy", "true")
	}
}
