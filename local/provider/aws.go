package provider

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
)

// awsCloud maps the aws package's resource types onto the services of a cloud: one file and one method for each module of the
// package.
type awsCloud struct{ *aws.Cloud }

// awsPackage is the aws package over a cloud.
func awsPackage(c *aws.Cloud) pkg {
	a := awsCloud{c}
	types := map[string]Resource{}
	for _, module := range []map[string]Resource{
		a.s3Types(), a.iamTypes(), a.ecrTypes(), a.lambdaTypes(), a.codebuildTypes(), a.sqsTypes(), a.snsTypes(), a.cloudwatchTypes(),
		a.eventsTypes(),
	} {
		maps.Copy(types, module)
	}
	return pkg{name: "aws", invoke: a.invoke, find: func(token string) (Resource, error) {
		if r, ok := types[token]; ok {
			return r, nil
		}
		return Resource{}, fmt.Errorf("%w: the local cloud has no resource type %s: add it in local/provider/%s.go, over methods of the service in local/aws, with a test of its behavior",
			ErrUnknownType, token, awsFile(token))
	}}
}

// awsFile names the file of the module that a type token belongs to.
func awsFile(token string) string {
	module, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	switch module {
	case "s3", "iam", "ecr", "lambda", "codebuild", "sqs", "sns", "cloudwatch":
		return module
	}
	return "<module>"
}

// invoke answers a provider function (a data source).
func (c awsCloud) invoke(_ context.Context, token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	var out map[string]any
	switch token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		out = map[string]any{"accountId": account.ID, "arn": account.Deployer.ARN, "id": account.ID, "userId": account.ID}
	case "aws:index/getPartition:getPartition":
		out = map[string]any{"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws", "id": "aws"}
	case "aws:index/getRegion:getRegion":
		if name := text(args, "name"); name != "" && name != c.Region() {
			return nil, fmt.Errorf("%s: the local cloud has the region %s only, not %s", token, c.Region(), name)
		}
		out = map[string]any{"name": c.Region(), "id": c.Region(), "description": "Local", "endpoint": "ec2." + c.Region() + ".amazonaws.com"}
	default:
		return nil, fmt.Errorf("the local cloud has no function %s: add it to invoke in local/provider/aws.go", token)
	}
	return resource.NewPropertyMapFromMap(out), nil
}
