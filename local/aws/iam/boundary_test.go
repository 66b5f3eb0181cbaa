package iam_test

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// TestBoundary: a role may do what its policy and its boundary both allow.
func TestBoundary(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	r := awstest.Role(t, c, "bound", "lambda.amazonaws.com", awstest.Allow("*", "s3:GetObject", "sqs:SendMessage"))
	who := account.Principal{ARN: "arn:aws:sts::1:assumed-role/bound/x", Role: r.Name, RoleARN: r.ARN}
	var asked []iam.Decided
	c.IAM.Observe(func(d iam.Decided) { asked = append(asked, d) })
	may := func(action string) error { return c.IAM.Authorize(who, action, "arn:aws:x:::y", nil, nil) }

	if _, err := c.IAM.PutRolePermissionsBoundary(r.Name, "arn:aws:iam::"+account.ID+":policy/none"); !wire.HasCode(err, "NoSuchEntity") {
		t.Errorf("a boundary that does not exist: %v", err)
	}
	arn := awstest.Must[string](t)(c.IAM.CreatePolicy("boundary", awstest.Policy(awstest.Allow("*", "s3:*"))))
	if got, err := c.IAM.PutRolePermissionsBoundary(r.Name, arn); err != nil || got.Boundary != arn {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := may("s3:GetObject"); err != nil {
		t.Errorf("what both allow: %v", err)
	}
	if err := may("s3:PutObject"); err == nil || !strings.Contains(err.Error(), "no identity-based policy allows") {
		t.Errorf("what the boundary alone allows: %v", err)
	}
	if err := may("sqs:SendMessage"); err == nil || !strings.Contains(err.Error(), "no permissions boundary allows the sqs:SendMessage action") {
		t.Errorf("what the policy alone allows: %v", err)
	}
	if len(asked) != 3 || asked[0].Err != nil || asked[2].Err == nil || asked[2].Action != "sqs:SendMessage" {
		t.Errorf("what was observed: %+v", asked)
	}
	if err := c.IAM.DeletePolicy(arn); !wire.HasCode(err, "DeleteConflict") {
		t.Errorf("deleting a role's boundary: %v", err)
	}
	if _, err := c.IAM.PutRolePermissionsBoundary(r.Name, ""); err != nil {
		t.Fatal(err)
	}
	if err := may("sqs:SendMessage"); err != nil {
		t.Errorf("without the boundary: %v", err)
	}
	if err := c.IAM.DeletePolicy(arn); err != nil {
		t.Errorf("deleting a policy that is nobody's: %v", err)
	}
}
