package infra

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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

// TestMovedStack: a stack keeps its names when it is called something else, and is warned when its region is another one.
func TestMovedStack(t *testing.T) {
	for region, want := range map[string]string{testRegion: "", "eu-west-1": "made in eu-west-1, and aws:region is now " + testRegion} {
		var log warnings
		e := newEngine()
		e.kept = map[string]any{"project": "old", "stack": "was", "region": region}
		body := thumbnailerAt(projectRoot(t))
		if err := e.run(func(ctx *pulumi.Context) error {
			ctx.Log = &log
			return body(ctx)
		}, nil); err != nil {
			t.Fatal(err)
		}
		e.one(t, "aws:s3/bucketV2:BucketV2", "thumbnailer-source").want(t, "bucket", "old-was-source-"+testSuffix)
		if got := strings.Join(log.shown, "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("made in %s: warned %q, want %q", region, got, want)
		}
	}
}

// TestNoRegion: said at once, with the command, unless the provider may find one.
func TestNoRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	with, without := filepath.Join(t.TempDir(), "config"), filepath.Join(t.TempDir(), "config")
	writeFile(t, with, "[default]\nregion = eu-west-1\n")
	for _, test := range []struct {
		name, variable, value string
		found                 bool
	}{
		{"nothing", "AWS_CONFIG_FILE", without, false},
		{"a profile's", "AWS_CONFIG_FILE", with, true},
		{"the environment's", "AWS_REGION", "eu-west-1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", without)
			t.Setenv(test.variable, test.value)
			e := newEngine()
			err := e.run(thumbnailerAt(projectRoot(t)), map[string]string{"aws:region": ""})
			if test.found != (err == nil) || err != nil && !strings.Contains(err.Error(), "pulumi config set aws:region") {
				t.Errorf("error %v", err)
			}
			if !test.found && len(e.calls) > 0 {
				t.Errorf("the provider was asked nevertheless: %v", e.calls)
			}
		})
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
