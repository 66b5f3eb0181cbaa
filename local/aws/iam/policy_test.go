package iam_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"s3:Get*", "s3:GetObject", true},
		{"s3:Get*", "s3:PutObject", false},
		{"*", "", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"arn:aws:s3:::b/*/x*z", "arn:aws:s3:::b/1/2/xyz", true},
		{"*a*b", "xxaxxbxb", true},
		{"abc", "abcd", false},
		{"abc*", "abc", true},
	} {
		if got := iam.Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestDecide(t *testing.T) {
	ask := iam.Request{
		Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/cat.jpg", Who: account.Principal{Role: "r", RoleARN: "arn:aws:iam::" + account.ID + ":role/r"},
		Context: map[string]string{"aws:securetransport": "true", "aws:sourceaccount": account.ID, "n": "7"},
	}
	condition := func(operator, key string, value any) awstest.Doc {
		return awstest.Doc{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": awstest.Doc{operator: awstest.Doc{key: value}}}
	}
	for name, c := range map[string]struct {
		doc  []awstest.Doc
		want iam.Decision
	}{
		"allowed":                      {[]awstest.Doc{awstest.Allow("arn:aws:s3:::photos/*", "s3:GetObject")}, iam.Allowed},
		"actions fold case":            {[]awstest.Doc{awstest.Allow("*", "S3:getobject")}, iam.Allowed},
		"resources do not":             {[]awstest.Doc{awstest.Allow("arn:aws:s3:::Photos/*", "s3:GetObject")}, iam.Silent},
		"other action":                 {[]awstest.Doc{awstest.Allow("*", "s3:PutObject")}, iam.Silent},
		"the bucket is not its object": {[]awstest.Doc{awstest.Allow("arn:aws:s3:::photos", "s3:GetObject")}, iam.Silent},
		"deny wins":                    {[]awstest.Doc{awstest.Allow("*", "s3:*"), {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}}, iam.Denied},
		"not action":                   {[]awstest.Doc{{"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"}}, iam.Allowed},
		"not resource":                 {[]awstest.Doc{{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::photos/*"}}, iam.Silent},
		"string equals":                {[]awstest.Doc{condition("StringEquals", "aws:SourceAccount", account.ID)}, iam.Allowed},
		"string differs":               {[]awstest.Doc{condition("StringEquals", "aws:SourceAccount", "999999999999")}, iam.Silent},
		"string not equals":            {[]awstest.Doc{condition("StringNotEquals", "aws:SourceAccount", account.ID)}, iam.Silent},
		"absent key":                   {[]awstest.Doc{condition("StringEquals", "aws:Nothing", "x")}, iam.Silent},
		"absent key, negated":          {[]awstest.Doc{condition("StringNotEquals", "aws:Nothing", "x")}, iam.Allowed},
		"absent key, if exists":        {[]awstest.Doc{condition("StringEqualsIfExists", "aws:Nothing", "x")}, iam.Allowed},
		"null":                         {[]awstest.Doc{condition("Null", "aws:Nothing", true)}, iam.Allowed},
		"bool":                         {[]awstest.Doc{condition("Bool", "aws:SecureTransport", false)}, iam.Silent},
		"one of several":               {[]awstest.Doc{condition("StringLike", "aws:SourceAccount", []string{"9*", "1*"})}, iam.Allowed},
		"numbers":                      {[]awstest.Doc{condition("NumericLessThan", "n", 8)}, iam.Allowed},
	} {
		p, err := iam.ParsePolicy(awstest.Policy(c.doc...), iam.IdentityPolicy)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := p.Decide(ask); got != c.want {
			t.Errorf("%s: decision %d, want %d", name, got, c.want)
		}
	}
}

func TestMalformedPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		kind iam.Kind
		doc  string
		want string
	}{
		"no JSON":             {iam.IdentityPolicy, "{", "Syntax"},
		"no version":          {iam.IdentityPolicy, `{"Statement":[]}`, "Version"},
		"no statement":        {iam.IdentityPolicy, awstest.Policy(), "statement"},
		"no effect":           {iam.IdentityPolicy, awstest.Policy(awstest.Doc{"Action": "s3:*", "Resource": "*"}), "Effect"},
		"no resource":         {iam.IdentityPolicy, awstest.Policy(awstest.Doc{"Effect": "Allow", "Action": "s3:*"}), "Resource"},
		"principal of a role": {iam.IdentityPolicy, awstest.Policy(awstest.Doc{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}), "Principal"},
		"no principal":        {iam.ResourcePolicy, awstest.Policy(awstest.Allow("*", "s3:*")), "Principal"},
		"trust with resource": {iam.TrustPolicy, awstest.Policy(awstest.Doc{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"}), "Resource"},
		"no service":          {iam.IdentityPolicy, awstest.Policy(awstest.Allow("*", "GetObject")), "prefix"},
		"unknown operator":    {iam.IdentityPolicy, awstest.Policy(awstest.Doc{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": awstest.Doc{"StringMatches": awstest.Doc{"a": "b"}}}), "StringMatches"},
		"sid with a dash":     {iam.IdentityPolicy, awstest.Policy(awstest.Doc{"Sid": "a-b", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}), "Sid"},
	} {
		_, err := iam.ParsePolicy(c.doc, c.kind)
		if !wire.HasCode(err, "MalformedPolicyDocument") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}

func TestAssume(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com")
	if _, _, err := c.IAM.Assume(r.ARN, "codebuild.amazonaws.com", "s", nil); err == nil {
		t.Error("a service that the role does not trust assumed it")
	}
	cfg := awstest.Session(t, c, r, "lambda.amazonaws.com")
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + account.ID + ":assumed-role/" + r.Name + "/test"; *out.Arn != want || *out.Account != account.ID {
		t.Errorf("caller %s of %s, want %s", *out.Arn, *out.Account, want)
	}
	// A session ends with its role: its key does not fall back to the deployer's rights.
	if err := c.IAM.DeleteRole("r"); err != nil {
		t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil); awstest.Code(err) != "InvalidClientTokenId" {
		t.Errorf("the session of a deleted role: %v", err)
	}
}

func TestYoungPolicyHasNoEffect(t *testing.T) {
	c := awstest.Start(t, aws.Options{PolicyPropagation: time.Hour})
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com", awstest.Allow("*", "sqs:SendMessage"))
	who := account.Principal{Role: r.Name, RoleARN: r.ARN}
	may := func() error { return c.IAM.Authorize(who, "sqs:SendMessage", "arn", nil, nil) }
	if err := may(); !wire.HasCode(err, "AccessDenied") {
		t.Errorf("right after it was put, the policy has an effect: %v", err)
	}
	c.Turn(2 * time.Hour)
	if err := may(); err != nil {
		t.Errorf("two hours later: %v", err)
	}
	// A change is as slow; until then the old one holds.
	other := func() error { return c.IAM.Authorize(who, "sqs:PurgeQueue", "arn", nil, nil) }
	if err := c.IAM.PutRolePolicy("r", "r", awstest.Policy(awstest.Allow("*", "sqs:PurgeQueue"))); err != nil {
		t.Fatal(err)
	}
	if may() != nil || !wire.HasCode(other(), "AccessDenied") {
		t.Errorf("right after it was changed, it has an effect: %v, %v", may(), other())
	}
	c.Turn(2 * time.Hour)
	if !wire.HasCode(may(), "AccessDenied") || other() != nil {
		t.Errorf("two hours after the change: %v, %v", may(), other())
	}
}

func TestRoleWithPoliciesIsNotDeleted(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com", awstest.Allow("*", "s3:*"))
	if err := c.IAM.DeleteRole(r.Name); !wire.HasCode(err, "DeleteConflict") {
		t.Errorf("error %v, want DeleteConflict", err)
	}
	if err := c.IAM.PutRolePolicy(r.ARN, "p", awstest.Policy(awstest.Allow("*", "s3:*"))); !wire.HasCode(err, "NoSuchEntity") {
		t.Errorf("a policy on an ARN instead of a name: %v", err)
	}
}

// TestTheAccountAsPrincipal: a resource's policy that names the account lets it decide by the roles' own policies, which
// is not to allow every role; to deny it, it denies all of them.
func TestTheAccountAsPrincipal(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	root := awstest.Doc{"AWS": "arn:aws:iam::" + account.ID + ":root"}
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com", awstest.Allow("*", "s3:ListBucket"))
	who := account.Principal{Role: r.Name, RoleARN: r.ARN}
	for effect, principals := range map[string]map[string]bool{"Allow": {"root": false, "role": true}, "Deny": {"root": false, "role": false}} {
		for name, allowed := range principals {
			principal := root
			if name == "role" {
				principal = awstest.Doc{"AWS": r.ARN}
			}
			p, err := iam.ParsePolicy(awstest.Policy(awstest.Doc{"Effect": effect, "Action": "s3:*", "Resource": "*", "Principal": principal}), iam.ResourcePolicy)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.IAM.Authorize(who, "s3:GetObject", "arn:aws:s3:::b/k", p, nil); (err == nil) != allowed {
				t.Errorf("%s to the %s, of what the role has no right to: %v", effect, name, err)
			}
			if err := c.IAM.Authorize(who, "s3:ListBucket", "arn:aws:s3:::b", p, nil); (err == nil) != (effect == "Allow") {
				t.Errorf("%s to the %s, of what the role has a right to: %v", effect, name, err)
			}
		}
	}
}
