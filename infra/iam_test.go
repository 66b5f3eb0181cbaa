package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// explained lists the statements that may use a bare * or an action with one, with the reason.
var explained = map[string]string{
	"LogInToRegistry": "ecr:GetAuthorizationToken has no resource",
	"Trace":           "the X-Ray actions have no resource",
	"TLSOnly":         "it denies",
}

// TestEveryStatement looks at every policy of a stack with everything turned on.
func TestEveryStatement(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "tracing": "true", "deleteThumbnails": "true", "backfill": "true"})
	seen, used := 0, map[string]bool{}
	for _, d := range e.resources {
		for _, input := range []string{"policy", "assumeRolePolicy"} {
			// The lifecycle policy of a repository is no IAM policy.
			if d.text(t, input) == "" || d.typ == "aws:ecr/lifecyclePolicy:LifecyclePolicy" {
				continue
			}
			doc := d.document(t, input)
			if doc.Version != "2012-10-17" {
				t.Errorf("%s of %s: version %q", input, d.name, doc.Version)
			}
			sids := map[string]bool{}
			for _, s := range doc.Statement {
				seen++
				if s.Sid == "" || sids[s.Sid] {
					t.Errorf("%s of %s: statement %q has no Sid of its own", input, d.name, s.Sid)
				}
				sids[s.Sid] = true
				wild := slices.ContainsFunc(s.Action, func(a string) bool { return strings.Contains(a, "*") }) ||
					slices.Contains(s.Resource, "*")
				if wild && explained[s.Sid] == "" {
					t.Errorf("%s of %s: statement %s has a * that is not explained", input, d.name, s.Sid)
				}
				used[s.Sid] = used[s.Sid] || wild
				if s.Effect == deny && s.Sid != "TLSOnly" {
					t.Errorf("%s of %s: statement %s denies", input, d.name, s.Sid)
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d statements were looked at", seen)
	}
	for sid := range explained {
		if !used[sid] {
			t.Errorf("%s is explained but has no * any more", sid)
		}
	}
}

// TestPolicyJSON: outputs are resolved, and what is not said is not there. In a preview a policy is unknown as a whole if
// anything in it is.
func TestPolicyJSON(t *testing.T) {
	document := func(arn pulumi.StringInput) PolicyDocument {
		return PolicyDocument{
			{
				Sid: "One", Effect: allow, Principal: &Principal{Service: s3Service}, Action: []string{"a:B"},
				Condition: pulumi.StringMapMap{"StringEquals": pulumi.StringMap{"k": arn}},
			},
			{
				Sid: "Two", Effect: deny, Principal: &Principal{Everyone: true}, Action: []string{"a:C", "a:D"},
				Resource: pulumi.StringArray{arn, pulumi.Sprintf("%s/*", arn)},
			},
		}
	}
	want := `{"Statement":[` +
		`{"Action":["a:B"],"Condition":{"StringEquals":{"k":"r"}},"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Sid":"One"},` +
		`{"Action":["a:C","a:D"],"Effect":"Deny","Principal":"*","Resource":["r","r/*"],"Sid":"Two"}],"Version":"2012-10-17"}`
	unknown := pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "r" }).(pulumi.StringOutput)
	e := newEngine()
	err := e.run(func(ctx *pulumi.Context) error {
		for name, arn := range map[string]pulumi.StringInput{"known": pulumi.String("r").ToStringOutput(), "unknown": unknown} {
			if _, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: pulumi.String("x"), Policy: document(arn).JSON()}); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e.one(t, "aws:iam/rolePolicy:RolePolicy", "known").want(t, "policy", want)
	e.one(t, "aws:iam/rolePolicy:RolePolicy", "unknown").want(t, "policy", "")
}

// TestTrustIsForThisAccount: wherever a service says on whose behalf it acts, that has to be this account.
func TestTrustIsForThisAccount(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "backfill": "true"})
	roles := e.of("aws:iam/role:Role")
	if len(roles) != 3 {
		t.Fatalf("%d roles", len(roles))
	}
	for _, role := range roles {
		operator := "StringEquals"
		if role.name == "thumbnailer-backfill" { // see backfillTrust
			operator = "StringEqualsIfExists"
		}
		condition := role.document(t, "assumeRolePolicy").Statement[0].Condition[operator]
		if condition["aws:SourceAccount"] != testAccount {
			t.Errorf("%s can be assumed on behalf of another account: %v", role.name, condition)
		}
	}
}

func TestBuildRoleIsForOneProject(t *testing.T) {
	e := declare(t, nil)
	doc := e.one(t, "aws:iam/role:Role", "thumbnailer-image-build").document(t, "assumeRolePolicy")
	condition := doc.Statement[0].Condition["StringEquals"]
	project := "arn:aws:codebuild:eu-central-1:" + testAccount + ":project/" +
		e.one(t, "aws:codebuild/project:Project", "").text(t, "name")
	if condition["aws:SourceAccount"] != testAccount || condition["aws:SourceArn"] != project {
		t.Errorf("condition %v, want this account and %s", condition, project)
	}
}
