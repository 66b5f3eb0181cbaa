package cloud

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
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
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("wildcard(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestDecide(t *testing.T) {
	ask := request{
		Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/cat.jpg", Who: principal{Role: "r", RoleARN: "arn:aws:iam::" + Account + ":role/r"},
		Context: map[string]string{"aws:securetransport": "true", "aws:sourceaccount": Account, "n": "7"},
	}
	condition := func(operator, key string, value any) props {
		return props{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": props{operator: props{key: value}}}
	}
	for name, c := range map[string]struct {
		doc  []props
		want decision
	}{
		"allowed":                      {[]props{allow("arn:aws:s3:::photos/*", "s3:GetObject")}, allowed},
		"actions fold case":            {[]props{allow("*", "S3:getobject")}, allowed},
		"resources do not":             {[]props{allow("arn:aws:s3:::Photos/*", "s3:GetObject")}, silent},
		"other action":                 {[]props{allow("*", "s3:PutObject")}, silent},
		"the bucket is not its object": {[]props{allow("arn:aws:s3:::photos", "s3:GetObject")}, silent},
		"deny wins":                    {[]props{allow("*", "s3:*"), {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}}, denied},
		"not action":                   {[]props{{"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"}}, allowed},
		"not resource":                 {[]props{{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::photos/*"}}, silent},
		"string equals":                {[]props{condition("StringEquals", "aws:SourceAccount", Account)}, allowed},
		"string differs":               {[]props{condition("StringEquals", "aws:SourceAccount", "999999999999")}, silent},
		"string not equals":            {[]props{condition("StringNotEquals", "aws:SourceAccount", Account)}, silent},
		"absent key":                   {[]props{condition("StringEquals", "aws:Nothing", "x")}, silent},
		"absent key, negated":          {[]props{condition("StringNotEquals", "aws:Nothing", "x")}, allowed},
		"absent key, if exists":        {[]props{condition("StringEqualsIfExists", "aws:Nothing", "x")}, allowed},
		"null":                         {[]props{condition("Null", "aws:Nothing", true)}, allowed},
		"bool":                         {[]props{condition("Bool", "aws:SecureTransport", false)}, silent},
		"one of several":               {[]props{condition("StringLike", "aws:SourceAccount", []string{"9*", "1*"})}, allowed},
		"numbers":                      {[]props{condition("NumericLessThan", "n", 8)}, allowed},
	} {
		p, err := parsePolicy(statements(c.doc...), identityPolicy)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := p.decide(ask); got != c.want {
			t.Errorf("%s: decision %d, want %d", name, got, c.want)
		}
	}
}

func TestMalformedPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		kind policyKind
		doc  string
		want string
	}{
		"no JSON":             {identityPolicy, "{", "Syntax"},
		"no version":          {identityPolicy, `{"Statement":[]}`, "Version"},
		"no statement":        {identityPolicy, statements(), "statement"},
		"no effect":           {identityPolicy, statements(props{"Action": "s3:*", "Resource": "*"}), "Effect"},
		"no resource":         {identityPolicy, statements(props{"Effect": "Allow", "Action": "s3:*"}), "Resource"},
		"principal of a role": {identityPolicy, statements(props{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}), "Principal"},
		"no principal":        {resourcePolicy, statements(allow("*", "s3:*")), "Principal"},
		"trust with resource": {trustPolicy, statements(props{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"}), "Resource"},
		"no service":          {identityPolicy, statements(allow("*", "GetObject")), "prefix"},
		"unknown operator":    {identityPolicy, statements(props{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": props{"StringMatches": props{"a": "b"}}}), "StringMatches"},
		"sid with a dash":     {identityPolicy, statements(props{"Sid": "a-b", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}), "Sid"},
	} {
		_, err := parsePolicy(c.doc, c.kind)
		if !hasCode(err, "MalformedPolicyDocument") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}

func TestAssume(t *testing.T) {
	c := start(t, Options{})
	r := deployRole(t, c, "r", "lambda.amazonaws.com")
	if _, _, err := c.iam.assume(r.text("arn"), "codebuild.amazonaws.com", "s", nil); err == nil {
		t.Error("a service that the role does not trust assumed it")
	}
	cfg := session(t, c, r, "lambda.amazonaws.com")
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + Account + ":assumed-role/" + r.id + "/test"; *out.Arn != want || *out.Account != Account {
		t.Errorf("caller %s of %s, want %s", *out.Arn, *out.Account, want)
	}
	// A session ends with its role: its key does not fall back to the deployer's rights.
	r.delete(t)
	if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil); code(err) != "InvalidClientTokenId" {
		t.Errorf("the session of a deleted role: %v", err)
	}
}

func TestYoungPolicyHasNoEffect(t *testing.T) {
	c := start(t, Options{PolicyPropagation: time.Hour})
	r := deployRole(t, c, "r", "lambda.amazonaws.com", allow("*", "sqs:SendMessage"))
	who := principal{Role: r.id, RoleARN: r.text("arn")}
	may := func() error { return c.iam.authorize(who, "sqs:SendMessage", "arn", nil, nil) }
	if err := may(); !hasCode(err, "AccessDenied") {
		t.Errorf("right after it was put, the policy has an effect: %v", err)
	}
	c.iam.mu.Lock()
	for name, p := range c.iam.roles[r.id].policies {
		c.iam.roles[r.id].policies[name] = attached{p.policy, p.since.Add(-2 * time.Hour)}
	}
	c.iam.mu.Unlock()
	if err := may(); err != nil {
		t.Errorf("two hours later: %v", err)
	}
}

func TestRoleWithPoliciesIsNotDeleted(t *testing.T) {
	c := start(t, Options{})
	r := deployRole(t, c, "r", "lambda.amazonaws.com", allow("*", "s3:*"))
	if err := r.r.Delete(context.Background(), r.id, r.out); !hasCode(err, "DeleteConflict") {
		t.Errorf("error %v, want DeleteConflict", err)
	}
	if _, err := tryDeploy(c, "aws:iam/rolePolicy:RolePolicy", "p", props{"role": r.text("arn"), "policy": statements(allow("*", "s3:*"))}); !hasCode(err, "NoSuchEntity") {
		t.Errorf("a policy on an ARN instead of a name: %v", err)
	}
}
