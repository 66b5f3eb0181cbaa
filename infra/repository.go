package infra

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keptImages is how many images the repository keeps: as many deployments can be rolled back to without a build.
const keptImages = 20

// repository is the ECR repository of the function's image and the policy by which Lambda pulls from it.
type repository struct {
	repository *ecr.Repository
	policy     *ecr.RepositoryPolicy
}

func newRepository(ctx *pulumi.Context, name string, here account, tags pulumi.StringMap, parent pulumi.Resource) (*repository, error) {
	repo, err := ecr.NewRepository(ctx, name, &ecr.RepositoryArgs{
		// The images are made from sources that are elsewhere, so they go with the repository.
		ForceDelete: pulumi.Bool(true),
		// A tag names the sources it was built from, so it can never mean anything else.
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		Tags: tags,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	if _, err := ecr.NewLifecyclePolicy(ctx, name, &ecr.LifecyclePolicyArgs{
		Repository: repo.Name,
		Policy:     pulumi.String(keepLast(keptImages)),
	}, pulumi.Parent(parent)); err != nil {
		return nil, err
	}
	pull, err := ecr.NewRepositoryPolicy(ctx, name, &ecr.RepositoryPolicyArgs{
		Repository: repo.Name,
		Policy:     pulumi.String(pulledByLambda(here).String()),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &repository{repository: repo, policy: pull}, nil
}

// pulledByLambda lets the functions of this account and region, and no others, run images of the repository (Lambda
// developer guide, "Amazon ECR permissions"). Lambda would add such a statement itself, but only if whoever deploys may
// change repository policies, and then Pulumi would see a policy that it did not write.
func pulledByLambda(here account) PolicyDocument {
	return policy(Statement{
		Sid: "PulledByLambda", Effect: allow,
		Principal: &Principal{Service: lambdaService},
		Action:    []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		Condition: Condition{"StringLike": {"aws:sourceArn": here.arn("lambda", "function:*")}},
	})
}

// keepLast is a lifecycle policy that expires all images but the last n (ECR user guide, "Lifecycle policy template").
func keepLast(n int) string {
	type selection struct {
		TagStatus   string `json:"tagStatus"`
		CountType   string `json:"countType"`
		CountNumber int    `json:"countNumber"`
	}
	type rule struct {
		RulePriority int               `json:"rulePriority"`
		Description  string            `json:"description"`
		Selection    selection         `json:"selection"`
		Action       map[string]string `json:"action"`
	}
	text, err := json.Marshal(map[string][]rule{"rules": {{
		RulePriority: 1,
		Description:  fmt.Sprintf("Keep the last %d images", n),
		Selection:    selection{TagStatus: "any", CountType: "imageCountMoreThan", CountNumber: n},
		Action:       map[string]string{"type": "expire"},
	}}})
	if err != nil {
		panic(fmt.Sprintf("lifecycle policy: %v", err)) // strings and integers always marshal
	}
	return string(text)
}
