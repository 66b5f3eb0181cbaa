package provider_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
	"s3-thumbnail-creator/local/aws/s3"
)

// TestDestroyStopsAtAFullBucket: a bucket without ForceDestroy is protected, and once it no longer is, a destroy that
// fails because of what it holds leaves it as closed as it was.
func TestDestroyStopsAtAFullBucket(t *testing.T) {
	e := newEngine(t)
	const name = "full"
	e.up(t, func(ctx *pulumi.Context) error {
		_, err := infra.NewBucket(ctx, "bucket", &infra.BucketArgs{Name: pulumi.String(name), Versioning: true})
		return err
	})
	if _, err := e.cloud.S3.PutObject(name, "cat.jpg", nil, []byte("cat")); err != nil {
		t.Fatal(err)
	}
	kinds := []s3.Kind{s3.KindPolicy, s3.KindPublicAccessBlock, s3.KindOwnership, s3.KindEncryption, s3.KindLifecycle, s3.KindVersioning}
	destroyFails := func(want string) {
		t.Helper()
		if r, err := e.Destroy(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q\n%s", err, want, r.StdOut)
		}
		for _, kind := range kinds {
			if !e.cloud.S3.HasConfiguration(name, kind) {
				t.Errorf("its %s configuration is gone", kind)
			}
		}
	}
	destroyFails("protected")

	e.pulumi(t, "state", "unprotect", "--all", "--yes", "--stack", e.Name())
	destroyFails("BucketNotEmpty")

	if err := e.cloud.S3.DeleteEveryVersion(name, "cat.jpg"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Destroy(t.Context()); err != nil || e.cloud.S3.HasBucket(name) {
		t.Errorf("the empty bucket is not destroyed: %v", err)
	}
}
