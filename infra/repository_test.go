package infra

import (
	"slices"
	"testing"
)

func TestRepository(t *testing.T) {
	e := declare(t, nil)
	repo := e.one(t, "aws:ecr/repository:Repository", "")
	repo.want(t, "imageTagMutability", "IMMUTABLE")
	repo.want(t, "imageScanningConfiguration.scanOnPush", "false")
	repo.want(t, "forceDelete", "true")

	lifecycle := e.one(t, "aws:ecr/lifecyclePolicy:LifecyclePolicy", "")
	if want := `{"rules":[{"rulePriority":1,"description":"Keep the last 1000 images","selection":{"tagStatus":"any",` +
		`"countType":"imageCountMoreThan","countNumber":1000},"action":{"type":"expire"}}]}`; lifecycle.text(t, "policy") != want {
		t.Errorf("lifecycle policy %s, want %s", lifecycle.text(t, "policy"), want)
	}

	s := e.one(t, "aws:ecr/repositoryPolicy:RepositoryPolicy", "").document(t, "policy").Statement[0]
	if !slices.Equal(s.Action, []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}) {
		t.Errorf("Lambda may %v", s.Action)
	}
	if got, want := s.Condition["StringLike"]["aws:sourceArn"], "arn:aws:lambda:eu-central-1:"+testAccount+":function:*"; got != want {
		t.Errorf("for functions like %q, want %q", got, want)
	}
}
