package ecr_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/wire"
)

// TestLifecyclePolicy: images expire by their number and their age, and an image that a rule selects is left alone by
// those that come after.
func TestLifecyclePolicy(t *testing.T) {
	rule := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority":%d,"selection":{%s},"action":{"type":"expire"}}`, priority, selection)
	}
	for name, c := range map[string]struct {
		rules []string
		want  string // tags of the images that are left, of v1 to v4, one pushed each day
	}{
		"by number":      {[]string{rule(1, `"tagStatus":"any","countType":"imageCountMoreThan","countNumber":2`)}, "v3 v4"},
		"by age":         {[]string{rule(1, `"tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":3`)}, "v3 v4"},
		"by pattern":     {[]string{rule(1, `"tagStatus":"tagged","tagPatternList":["*1","*4"],"countType":"imageCountMoreThan","countNumber":1`)}, "v2 v3 v4"},
		"the first rule": {[]string{rule(9, `"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1`), rule(1, `"tagStatus":"tagged","tagPrefixList":["v2"],"countType":"imageCountMoreThan","countNumber":5`)}, "v2 v4"},
		"untagged":       {[]string{rule(1, `"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":1`)}, "v1 v2 v3 v4"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awstest.Start(t, aws.Options{})
			if err := cloud.ECR.CreateRepository("repo", true); err != nil {
				t.Fatal(err)
			}
			tags := []string{"v1", "v2", "v3", "v4"}
			for _, tag := range tags {
				image, err := random.Image(64, 1)
				if err == nil {
					err = awstest.Push(cloud.ECR.URI("repo"), tag, image, awstest.Login(t, awstest.Admin(cloud)))
				}
				if err != nil {
					t.Fatal(err)
				}
				cloud.Turn(24 * time.Hour)
			}
			if err := cloud.ECR.PutLifecyclePolicy("repo", `{"rules":[`+strings.Join(c.rules, ",")+`]}`); err != nil {
				t.Fatal(err)
			}
			cloud.Turn(time.Minute)
			var left []string
			for _, tag := range tags {
				if cloud.ECR.CheckImage(cloud.ECR.URI("repo")+":"+tag) == nil {
					left = append(left, tag)
				}
			}
			if got := strings.Join(left, " "); got != c.want {
				t.Errorf("left are %q, want %q", got, c.want)
			}
		})
	}
}

func TestLifecyclePoliciesThatAreNone(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	if err := c.ECR.CreateRepository("repo", true); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{
		"", `{"rules":[]}`, `{"rules":[{"rulePriority":1}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"sinceImagePushed","countNumber":1},"action":{"type":"expire"}}]}`,
	} {
		if err := c.ECR.PutLifecyclePolicy("repo", doc); !wire.HasCode(err, "InvalidParameterException") {
			t.Errorf("%s: %v", doc, err)
		}
	}
	if err := c.ECR.PutLifecyclePolicy("missing", `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`); !wire.HasCode(err, "RepositoryNotFoundException") {
		t.Errorf("a missing repository: %v", err)
	}
}
