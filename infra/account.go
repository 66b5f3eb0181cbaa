package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// account is where the stack is deployed: what ARNs and console links are made of.
type account struct {
	ID        string // twelve digits
	Region    string // "eu-central-1"
	Partition string // "aws", "aws-cn", "aws-us-gov"
}

// lookUpAccount asks the AWS provider that parent uses.
func lookUpAccount(ctx *pulumi.Context, parent pulumi.Resource) (account, error) {
	identity, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(parent))
	if err != nil {
		return account{}, fmt.Errorf("ask AWS whose credentials these are: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return account{}, fmt.Errorf("ask the AWS provider for its region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return account{}, fmt.Errorf("ask the AWS provider for its partition: %w", err)
	}
	return account{ID: identity.AccountId, Region: region.Name, Partition: partition.Partition}, nil
}

// arn returns the ARN of a resource of this account and region, such as arn("lambda", "function:*").
func (a account) arn(service, resource string) string {
	return strings.Join([]string{"arn", a.Partition, service, a.Region, a.ID, resource}, ":")
}

// console returns the link of a page of the AWS console; path begins without a slash.
func (a account) console(path string) string {
	host := map[string]string{
		"aws-cn":     "console.amazonaws.cn",
		"aws-us-gov": "console.amazonaws-us-gov.com",
	}[a.Partition]
	if host == "" {
		host = a.Region + ".console.aws.amazon.com"
	}
	return "https://" + host + "/" + path
}
