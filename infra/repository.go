package infra

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// keptImages is how many images the repository keeps. ECR does not know which one runs: after a rollback that is an old
// one, and once it is expired, Lambda fails the function. So the number is far beyond what anybody builds before the next
// deployment: ten builds a day for a hundred days. A rule by age is no use, neither alone nor beside this one (ECR expires
// what any rule matches): the image of a stack that nobody has touched for a year is old, too, and it runs.
const keptImages = 1000

// Repository is the ECR repository of the function's image. Lambda may pull from it, and it forgets old images.
type Repository struct {
	pulumi.ResourceState

	// Name of the repository.
	Name pulumi.StringOutput `pulumi:"name"`
	// ARN of the repository.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// URL is where images are pushed to, without a tag.
	URL pulumi.StringOutput `pulumi:"url"`
}

// RepositoryArgs are the inputs of NewRepository.
type RepositoryArgs struct {
	// Account whose functions may pull. Required.
	Account Account
	// Tags are put on the repository.
	Tags pulumi.StringMap
}

// NewRepository declares the repository, which AWS names after name.
func NewRepository(ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption) (*Repository, error) {
	args = orEmpty(args)
	var p settings.Problems
	args.Account.validate(&p, "RepositoryArgs")
	if err := refuse("Repository", name, p); err != nil {
		return nil, err
	}
	c := &Repository{}
	return component(ctx, "Repository", name, c, opts, func(child pulumi.ResourceOption) error {
		repository, err := ecr.NewRepository(ctx, name, &ecr.RepositoryArgs{
			// The images are made from sources that are elsewhere, so they go with the repository.
			ForceDelete: pulumi.Bool(true),
			// A tag names the sources it was built from, so it can never mean anything else.
			ImageTagMutability: pulumi.String("IMMUTABLE"),
			// ECR's basic scanning reads the packages of an operating system, and refuses an image that has none.
			// buildScan looks at the linked code instead.
			ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{
				ScanOnPush: pulumi.Bool(false),
			},
			Tags: args.Tags,
		}, child)
		if err != nil {
			return err
		}
		c.Name, c.ARN, c.URL = repository.Name, repository.Arn, repository.RepositoryUrl
		if _, err := ecr.NewLifecyclePolicy(ctx, name, &ecr.LifecyclePolicyArgs{
			Repository: repository.Name,
			Policy:     pulumi.String(keepLast(keptImages)),
		}, child); err != nil {
			return err
		}
		_, err = ecr.NewRepositoryPolicy(ctx, name, &ecr.RepositoryPolicyArgs{
			Repository: repository.Name,
			Policy:     pulledByLambda(args.Account).JSON(),
		}, child)
		return err
	})
}

// pulledByLambda lets the functions of this account and region, and no others, run images of the repository (Lambda
// developer guide, "Amazon ECR permissions"). Lambda would add such a statement itself, but only if whoever deploys may
// change repository policies, and then Pulumi would see a policy that it did not write.
func pulledByLambda(account Account) PolicyDocument {
	return PolicyDocument{{
		Sid: "PulledByLambda", Effect: allow,
		Principal: &Principal{Service: lambdaService},
		Action:    []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		// Lambda is documented to send the source's ARN here, which has the account in it, not aws:SourceAccount.
		Condition: pulumi.StringMapMap{"StringLike": pulumi.StringMap{
			"aws:sourceArn": pulumi.String(account.arn("lambda", "function:*")),
		}},
	}}
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
