package infra

import (
	"regexp"
	"strings"
	"testing"
)

func TestNameOf(t *testing.T) {
	for _, test := range []struct{ project, stack, role, want string }{
		{"s3-thumbnail-creator", "dev", "source", "s3-thumbnail-creator-dev-source-0a1b2c3d"},
		{"s3-thumbnail-creator", "dev", "", "s3-thumbnail-creator-dev-0a1b2c3d"},
		{"S3_Thumbs", "Feature.One__x", "source", "s3-thumbs-feature-one-x-source-0a1b2c3d"},
		{"s3-thumbnail-creator", "feature-a-branch-with-a-rather-long-name", "destination",
			"s3-thumbnail-creator-feature-a-branch-with-destination-0a1b2c3d"},
		{strings.Repeat("p", 80), "dev", "destination", strings.Repeat("p", 38) + "-dev-destination-0a1b2c3d"},
		{"p", strings.Repeat("s", 80), "destination", "p-" + strings.Repeat("s", 40) + "-destination-0a1b2c3d"},
		{"--", "...", "source", "source-0a1b2c3d"},
	} {
		if got := nameOf(test.project, test.stack, test.role, testSuffix, maxBucketName); got != test.want {
			t.Errorf("%s, %s, %s: got %s, want %s", test.project, test.stack, test.role, got, test.want)
		}
	}
}

// bucketNameRule is S3's rule for the names of general purpose buckets, but for dots, which we never use.
var bucketNameRule = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`)

func FuzzNameOf(f *testing.F) {
	f.Add("s3-thumbnail-creator", "dev")
	f.Add("-", "\xff")
	f.Fuzz(func(t *testing.T, project, stack string) {
		for _, role := range []string{"source", "destination", "build", ""} {
			for _, longest := range []int{maxBucketName, maxFunctionName} {
				got := nameOf(project, stack, role, testSuffix, longest)
				if len(got) > longest || len(got) < 3 || !bucketNameRule.MatchString(got) {
					t.Errorf("%q, %q: %q is no bucket name", project, stack, got)
				}
				if !strings.HasSuffix(got, testSuffix) || !strings.Contains(got, role) {
					t.Errorf("%q, %q: %q lacks the role or the suffix", project, stack, got)
				}
			}
		}
	})
}
