package infra

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Service principals. These six have the same name in every partition, China included, unlike endpoints.
const (
	lambdaService     = "lambda.amazonaws.com"
	codebuildService  = "codebuild.amazonaws.com"
	s3Service         = "s3.amazonaws.com"
	batchService      = "batchoperations.s3.amazonaws.com"
	cloudwatchService = "cloudwatch.amazonaws.com"
	eventsService     = "events.amazonaws.com"
)

const (
	allow = "Allow"
	deny  = "Deny"
)

// PolicyDocument is an IAM policy (IAM user guide, "Grammar of the IAM JSON policy language").
type PolicyDocument []Statement

// Statement is one statement of a policy. Every statement has a Sid that says what it is for. What it is about is often
// known only once its resource exists, so Resource and Condition take outputs.
type Statement struct {
	Sid       string
	Effect    string // allow or deny
	Principal *Principal
	Action    []string
	Resource  pulumi.StringArray
	// Condition maps an operator such as StringEquals to condition keys and their values.
	Condition pulumi.StringMapMap
}

// JSON returns the document as AWS takes it. It is known when everything in it is.
func (d PolicyDocument) JSON() pulumi.StringOutput {
	statements := make(pulumi.Array, len(d))
	for i, s := range d {
		statements[i] = s.fields()
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": statements})
}

func (s Statement) fields() pulumi.Map {
	fields := pulumi.Map{
		"Sid": pulumi.String(s.Sid), "Effect": pulumi.String(s.Effect), "Action": pulumi.ToStringArray(s.Action),
	}
	if s.Principal != nil {
		fields["Principal"] = s.Principal.field()
	}
	if s.Resource != nil {
		fields["Resource"] = s.Resource
	}
	if s.Condition != nil {
		fields["Condition"] = s.Condition
	}
	return fields
}

// Principal is whom a resource or trust policy speaks of: everyone, or AWS services.
type Principal struct {
	Everyone bool
	Service  string
}

// field returns "*" or {"Service": ...}, the forms in which AWS gives policies back.
func (p Principal) field() pulumi.Input {
	if p.Everyone {
		return pulumi.String("*")
	}
	return pulumi.StringMap{"Service": pulumi.String(p.Service)}
}

// trust is the policy by which a role lets a service assume it.
func trust(service string, condition pulumi.StringMapMap) PolicyDocument {
	return PolicyDocument{{
		Sid: "AssumedByService", Effect: allow,
		Principal: &Principal{Service: service},
		Action:    []string{"sts:AssumeRole"},
		Condition: condition,
	}}
}

// serviceRole is a role for one service with one inline policy, which goes when the role goes.
type serviceRole struct {
	role   *iam.Role
	policy *iam.RolePolicy
}

type serviceRoleArgs struct {
	description string
	trust       PolicyDocument
	policy      PolicyDocument
	boundary    string // ARN of a policy; "" for none
	tags        pulumi.StringMap
}

func newServiceRole(ctx *pulumi.Context, name string, args serviceRoleArgs, opts ...pulumi.ResourceOption) (*serviceRole, error) {
	declared := &iam.RoleArgs{
		Description:      pulumi.String(args.description),
		AssumeRolePolicy: args.trust.JSON(),
		Tags:             args.tags,
	}
	if args.boundary != "" {
		declared.PermissionsBoundary = pulumi.String(args.boundary)
	}
	role, err := iam.NewRole(ctx, name, declared, opts...)
	if err != nil {
		return nil, err
	}
	inline, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: args.policy.JSON(),
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &serviceRole{role: role, policy: inline}, nil
}

// writeLogs allows what writing to one log group takes. Creating groups is not part of it: ours exist first.
func writeLogs(logGroupARN pulumi.StringInput) Statement {
	return Statement{
		Sid: "WriteOwnLogs", Effect: allow,
		Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		// The streams of the group, whose names are not ours to choose.
		Resource: pulumi.StringArray{pulumi.Sprintf("%s:*", logGroupARN)},
	}
}

// useKey allows what encrypting and decrypting with a key takes, through each of the services, such as s3, and in no other
// way. It is empty where there is no key of one's own: AWS's keys need no permission. The key's own policy must let the
// account's policies decide (docs/kms.md).
func useKey(keyARN string, account Account, services ...string) PolicyDocument {
	if keyARN == "" {
		return nil
	}
	var document PolicyDocument
	for _, service := range services {
		document = append(document, Statement{
			Sid: "UseKeyThrough" + strings.ToUpper(service), Effect: allow,
			Action:    []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resource:  pulumi.StringArray{pulumi.String(keyARN)},
			Condition: pulumi.StringMapMap{"StringEquals": pulumi.StringMap{"kms:ViaService": pulumi.String(account.endpoint(service))}},
		})
	}
	return document
}

// keyOf returns the key as a property, nil where there is none of one's own.
func keyOf(keyARN string) pulumi.StringPtrInput {
	if keyARN == "" {
		return nil
	}
	return pulumi.String(keyARN)
}
