package infra

import (
	"slices"
	"strings"
	"testing"
)

// explained lists the statements that may use a bare * or an action with one, with the reason.
var explained = map[string]string{
	"LogInToRegistry": "ecr:GetAuthorizationToken has no resource",
	"Trace":           "the X-Ray actions have no resource",
	"TLSOnly":         "it denies",
}

// TestEveryStatement looks at every policy of a stack with everything turned on.
func TestEveryStatement(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "tracing": "true", "deleteThumbnails": "true"})
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

func TestPolicyJSON(t *testing.T) {
	got := policy(Statement{
		Sid: "One", Effect: allow, Principal: &Principal{Service: s3Service},
		Action: []string{"a:B"}, Condition: Condition{"StringEquals": {"k": "v"}},
	}, Statement{Sid: "Two", Effect: deny, Principal: &Principal{Everyone: true}, Action: []string{"a:C"}, Resource: []string{"r"}}).String()
	want := `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"One","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":["a:B"],"Condition":{"StringEquals":{"k":"v"}}},` +
		`{"Sid":"Two","Effect":"Deny","Principal":"*","Action":["a:C"],"Resource":["r"]}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
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
