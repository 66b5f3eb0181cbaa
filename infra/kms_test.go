package infra

import (
	"slices"
	"testing"
)

const testKey = "arn:aws:kms:eu-central-1:123456789012:key/0a-1b"

// TestKMSKey: everything that holds a user's data is encrypted with the key, and whoever reads or writes it may use it, but
// through the service that holds it only.
func TestKMSKey(t *testing.T) {
	const encryption = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	for _, key := range []string{"", testKey} {
		e := declare(t, map[string]string{"kmsKeyArn": key, "backfill": "true"})
		algorithm, bucketKey, managed, through := "AES256", "false", "true", map[string][]string{}
		if key != "" {
			algorithm, bucketKey, managed = "aws:kms", "true", ""
			through = map[string][]string{
				"thumbnailer-function":    {"s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"},
				"thumbnailer-image-build": {"s3.eu-central-1.amazonaws.com"},
				"thumbnailer-backfill":    {"s3.eu-central-1.amazonaws.com"},
			}
		}
		if n := len(e.of(encryption)); n != 4 {
			t.Errorf("%d buckets are encrypted", n)
		}
		for _, d := range e.of(encryption) {
			d.want(t, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", algorithm)
			d.want(t, "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", key)
			d.want(t, "rules[0].bucketKeyEnabled", bucketKey)
		}
		queue := e.one(t, "aws:sqs/queue:Queue", "")
		queue.want(t, "kmsMasterKeyId", key)
		queue.want(t, "sqsManagedSseEnabled", managed) // the provider refuses both
		for _, d := range e.of("aws:cloudwatch/logGroup:LogGroup") {
			d.want(t, "kmsKeyId", key)
		}
		for _, d := range e.of("aws:iam/rolePolicy:RolePolicy") {
			var services []string
			for _, s := range d.document(t, "policy").Statement {
				if !slices.Equal(s.Action, []string{"kms:Decrypt", "kms:GenerateDataKey"}) {
					continue
				}
				if !slices.Equal(s.Resource, []string{testKey}) {
					t.Errorf("%s may use %v", d.name, s.Resource)
				}
				services = append(services, s.Condition["StringEquals"]["kms:ViaService"])
			}
			if !slices.Equal(services, through[d.name]) {
				t.Errorf("with key %q, %s may use it through %v, want %v", key, d.name, services, through[d.name])
			}
		}
	}
}
