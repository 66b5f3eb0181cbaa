package infra

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Service principals. These four have the same name in every partition, China included, unlike endpoints.
const (
	lambdaService     = "lambda.amazonaws.com"
	codebuildService  = "codebuild.amazonaws.com"
	s3Service         = "s3.amazonaws.com"
	cloudwatchService = "cloudwatch.amazonaws.com"
)

const (
	allow = "Allow"
	deny  = "Deny"
)

// PolicyDocument is an IAM policy (IAM user guide, "Grammar of the IAM JSON policy language").
type PolicyDocument struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of a policy. Every statement has a Sid that says what it is for.
type Statement struct {
	Sid       string
	Effect    string
	Principal *Principal `json:",omitempty"`
	Action    []string
	Resource  []string  `json:",omitempty"`
	Condition Condition `json:",omitempty"`
}

// Condition maps an operator such as StringEquals to condition keys and their values.
type Condition map[string]map[string]string

// Principal is whom a resource or trust policy speaks of: everyone, or AWS services.
type Principal struct {
	Everyone bool
	Service  string
}

// MarshalJSON writes "*" or {"Service": ...}, the forms in which AWS gives policies back.
func (p Principal) MarshalJSON() ([]byte, error) {
	if p.Everyone {
		return json.Marshal("*")
	}
	return json.Marshal(map[string]string{"Service": p.Service})
}

// String returns the document as JSON.
func (d PolicyDocument) String() string {
	text, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("policy document: %v", err)) // strings and maps of strings always marshal
	}
	return string(text)
}

func policy(statements ...Statement) PolicyDocument {
	return PolicyDocument{Version: "2012-10-17", Statement: statements}
}

// policyOf builds a document from values that are known only once their resources exist.
func policyOf(values []pulumi.StringInput, build func(values []string) PolicyDocument) pulumi.StringOutput {
	inputs := make(pulumi.StringArray, len(values))
	copy(inputs, values)
	return inputs.ToStringArrayOutput().ApplyT(func(known []string) string {
		return build(known).String()
	}).(pulumi.StringOutput)
}

// trust is the policy by which a role lets a service assume it.
func trust(service string, condition Condition) PolicyDocument {
	return policy(Statement{
		Sid: "AssumedByService", Effect: allow,
		Principal: &Principal{Service: service},
		Action:    []string{"sts:AssumeRole"},
		Condition: condition,
	})
}

// serviceRole is a role for one service with one inline policy, which goes when the role goes.
type serviceRole struct {
	role   *iam.Role
	policy *iam.RolePolicy
}

type serviceRoleArgs struct {
	description string
	trust       pulumi.StringInput
	policy      pulumi.StringInput
	tags        pulumi.StringMap
}

func newServiceRole(ctx *pulumi.Context, name string, args serviceRoleArgs, parent pulumi.Resource) (*serviceRole, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description:      pulumi.String(args.description),
		AssumeRolePolicy: args.trust,
		Tags:             args.tags,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	inline, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: args.policy,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &serviceRole{role: role, policy: inline}, nil
}

// writeLogs allows what writing to one log group takes. Creating groups is not part of it: ours exist first.
func writeLogs(logGroupARN string) Statement {
	return Statement{
		Sid: "WriteOwnLogs", Effect: allow,
		Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		// The streams of the group, whose names are not ours to choose.
		Resource: []string{logGroupARN + ":*"},
	}
}
