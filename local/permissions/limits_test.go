package permissions

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
)

const boundaryARN = "arn:aws:iam::" + account.ID + ":policy/boundary"

// filledFor returns what the words of deploy/'s policies stand for, for a stack.
func filledFor(stack string) map[string]string {
	return map[string]string{"STACK": stack, "STATE_BUCKET": stateBucket, "STATE_KEY_ARN": stateKey, "BOUNDARY_ARN": boundaryARN}
}

// TestPoliciesFitARole: the inline policies of a role take 10,240 characters, white space not counted (IAM user guide, "IAM
// and AWS STS quotas").
func TestPoliciesFitARole(t *testing.T) {
	for _, name := range []string{"deploy", "preview", "boundary"} {
		if n := len(readPolicy(t, name, filledFor(strings.Repeat("s", 16))).String()); n > 10240 {
			t.Errorf("%s has %d characters", name, n)
		}
	}
}

// TestDeployPolicyIsNoAdministrators: no rights can be made that are not within the boundary, and nothing of others can be
// touched.
func TestDeployPolicyIsNoAdministrators(t *testing.T) {
	decide := readPolicy(t, "deploy", filledFor(stack)).decides(t)
	const role = "arn:aws:iam::" + account.ID + ":role/s3-thumbnail-creator-" + stack + "-function-0a1b2c3d"
	for _, action := range []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"} {
		for boundary, want := range map[string]iam.Decision{boundaryARN: iam.Allowed, "": iam.Silent, "arn:aws:iam::aws:policy/AdministratorAccess": iam.Silent} {
			q := iam.Request{Action: action, Resource: role, Context: map[string]string{}}
			if boundary != "" {
				q.Context["iam:permissionsboundary"] = boundary
			}
			if got := decide(q); got != want {
				t.Errorf("%s with the boundary %q: %v, want %v", action, boundary, got, want)
			}
		}
	}
	for service, want := range map[string]iam.Decision{"lambda.amazonaws.com": iam.Allowed, "codebuild.amazonaws.com": iam.Allowed, "ec2.amazonaws.com": iam.Silent} {
		q := iam.Request{Action: "iam:PassRole", Resource: role, Context: map[string]string{"iam:passedtoservice": service}}
		if got := decide(q); got != want {
			t.Errorf("giving the role to %s: %v, want %v", service, got, want)
		}
	}
	for _, refused := range [][2]string{
		{"s3:DeleteBucket", "arn:aws:s3:::other"}, {"iam:PutRolePolicy", "arn:aws:iam::" + account.ID + ":role/admin"},
		{"iam:AttachRolePolicy", role}, {"iam:DeleteRolePermissionsBoundary", role}, {"iam:CreatePolicyVersion", boundaryARN},
		{"lambda:DeleteFunction", "arn:aws:lambda:us-east-1:" + account.ID + ":function:other"},
		{"s3:PutObject", "arn:aws:s3:::" + stateBucket + "/.pulumi/stacks/s3-thumbnail-creator/prod.json"},
		{"s3:PutObject", "arn:aws:s3:::" + stateBucket + "/.pulumi/meta.yaml"},
	} {
		q := iam.Request{Action: refused[0], Resource: refused[1], Context: map[string]string{"iam:permissionsboundary": boundaryARN}}
		if decide(q) != iam.Silent {
			t.Errorf("%s on %s is allowed", refused[0], refused[1])
		}
	}
}

// otherStack fails the test for each request that the role of another stack could have made. These have no resource smaller
// than an account's (service authorization reference), or are about what all stacks share.
func otherStack(t *testing.T, requests []iam.Request) {
	shared := map[string]bool{"logs:DescribeLogGroups": true, "cloudwatch:DescribeAlarms": true}
	decide := readPolicy(t, "deploy", filledFor("prod")).decides(t)
	for _, q := range requests {
		if shared[q.Action] || q.Resource == "arn:aws:s3:::"+stateBucket || strings.HasSuffix(q.Resource, "/.pulumi/meta.yaml") {
			continue
		}
		if decide(q) == iam.Allowed {
			t.Errorf("the role of another stack may %s on %s", q.Action, q.Resource)
		}
	}
	if len(requests) < 100 {
		t.Errorf("only %d requests", len(requests))
	}
}
