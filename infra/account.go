package infra

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"s3-thumbnail-creator/settings"
)

// Account is where the stack is deployed: what ARNs and console links are made of.
type Account struct {
	ID        string // twelve digits
	Region    string // "eu-central-1"
	Partition string // "aws", "aws-cn", "aws-us-gov"
}

// errNoRegion is what no region means, before the provider has tried for half a minute.
var errNoRegion = errors.New("aws:region: no region: want one, such as eu-central-1: pulumi config set aws:region eu-central-1")

// hasRegion tells whether the default provider may find a region: in the stack's configuration, in the environment, or in
// the AWS configuration file, be it another profile's. That of the EC2 instance which this may be does not count: where a
// stack is must not depend on where it is deployed from.
func hasRegion(ctx *pulumi.Context, getenv func(string) string) bool {
	if config.New(ctx, "aws").Get("region") != "" || getenv("AWS_REGION") != "" || getenv("AWS_DEFAULT_REGION") != "" {
		return true
	}
	file := getenv("AWS_CONFIG_FILE")
	if home, err := os.UserHomeDir(); file == "" && err == nil {
		file = filepath.Join(home, ".aws", "config")
	}
	text, err := os.ReadFile(file)
	return err == nil && strings.Contains(string(text), "region")
}

// LookUpAccount asks the AWS provider that the options name (pulumi.Provider, or the one that pulumi.Parent uses), or
// the default one. It makes no resource, so that a component can use the answer to refuse before it declares anything.
func LookUpAccount(ctx *pulumi.Context, opts ...pulumi.InvokeOption) (Account, error) {
	identity, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, opts...)
	if err != nil {
		return Account{}, fmt.Errorf("ask AWS whose credentials these are: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, opts...)
	if err != nil {
		return Account{}, fmt.Errorf("ask the AWS provider for its region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, opts...)
	if err != nil {
		return Account{}, fmt.Errorf("ask the AWS provider for its partition: %w", err)
	}
	return Account{ID: identity.AccountId, Region: region.Name, Partition: partition.Partition}, nil
}

// validate adds a problem to p unless all is known. of names the Args whose field the account is.
func (a Account) validate(p *settings.Problems, of string) {
	p.Check(of+".Account", a, a.ID != "" && a.Region != "" && a.Partition != "", "want what LookUpAccount returns")
}

// arn returns the ARN of a resource of this account and region, such as arn("lambda", "function:*").
func (a Account) arn(service, resource string) string {
	return strings.Join([]string{"arn", a.Partition, service, a.Region, a.ID, resource}, ":")
}

// queueURL returns the URL of a queue of this account and region, as SQS makes it.
func (a Account) queueURL(name pulumi.StringInput) pulumi.StringOutput {
	return pulumi.Sprintf("https://%s/%s/%s", a.endpoint("sqs"), a.ID, name)
}

// endpoint returns the host of a service, such as sqs.eu-central-1.amazonaws.com.
func (a Account) endpoint(service string) string {
	suffix := "amazonaws.com"
	if a.Partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	return service + "." + a.Region + "." + suffix
}

// console returns the link of a page of the AWS console; path begins without a slash.
func (a Account) console(path string) string {
	host := map[string]string{
		"aws-cn":     "console.amazonaws.cn",
		"aws-us-gov": "console.amazonaws-us-gov.com",
	}[a.Partition]
	if host == "" {
		host = a.Region + ".console.aws.amazon.com"
	}
	return "https://" + host + "/" + path
}
