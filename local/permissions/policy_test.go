package permissions

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/iam"
)

// policy is a policy document, to be taken apart.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
}

func parse(t *testing.T, doc string) policy {
	t.Helper()
	var p policy
	if err := json.Unmarshal([]byte(doc), &p); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return p
}

// readPolicy returns one of the policies in deploy/, filled in as its README says.
func readPolicy(t *testing.T, name string, filled map[string]string) policy {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + name + "-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	// The longest words first: STACK is in none of them, but STATE_KEY_ARN must not become STATE and more.
	var pairs []string
	for _, word := range slices.Backward(slices.Sorted(maps.Keys(filled))) {
		pairs = append(pairs, word, filled[word])
	}
	return parse(t, strings.NewReplacer(pairs...).Replace(string(text)))
}

func (p policy) String() string {
	doc, err := json.Marshal(p)
	if err != nil {
		panic(err) // it was JSON
	}
	return string(doc)
}

// decides asks IAM's own evaluation.
func (p policy) decides(t *testing.T) func(iam.Request) iam.Decision {
	t.Helper()
	if len(p.Statement) == 0 {
		return func(iam.Request) iam.Decision { return iam.Silent }
	}
	parsed, err := iam.ParsePolicy(p.String(), iam.IdentityPolicy)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Decide
}

// right is one action of one statement, on one of its resources.
type right struct{ sid, action, resource string }

func (r right) String() string { return r.sid + ": " + r.action + " on " + r.resource }

// rights returns what the policy allows, piece by piece. What it denies is no right.
func (p policy) rights() []right {
	var all []right
	for _, s := range p.Statement {
		if s.Effect != "Allow" {
			continue
		}
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				all = append(all, right{s.Sid, action, resource})
			}
		}
	}
	return all
}

// without returns the policy less one right. A statement of several actions or resources is split for that.
func (p policy) without(r right) policy {
	out := policy{Version: p.Version}
	for _, s := range p.Statement {
		if s.Sid != r.sid {
			out.Statement = append(out.Statement, s)
			continue
		}
		others, only := s, s
		others.Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == r.action })
		only.Action = []string{r.action}
		only.Resource = slices.DeleteFunc(slices.Clone(s.Resource), func(a string) bool { return a == r.resource })
		only.Sid += "Rest"
		if len(others.Action) > 0 {
			out.Statement = append(out.Statement, others)
		}
		if len(only.Resource) > 0 {
			out.Statement = append(out.Statement, only)
		}
	}
	return out
}

// withoutAction and withoutResource return the policy less one action, or one resource, of a statement.
func (p policy) withoutAction(sid, action string) policy {
	return p.with(sid, func(s *statement) bool {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == action })
		return len(s.Action) > 0
	})
}

func (p policy) withoutResource(sid, resource string) policy {
	return p.with(sid, func(s *statement) bool {
		s.Resource = slices.DeleteFunc(slices.Clone(s.Resource), func(r string) bool { return r == resource })
		return len(s.Resource) > 0
	})
}

// with returns the policy with a statement changed, or without it if change returns false.
func (p policy) with(sid string, change func(*statement) bool) policy {
	out := policy{Version: p.Version}
	for _, s := range p.Statement {
		if s.Sid != sid || change(&s) {
			out.Statement = append(out.Statement, s)
		}
	}
	return out
}

// withoutStatement returns the policy less one statement.
func (p policy) withoutStatement(sid string) policy {
	return p.with(sid, func(*statement) bool { return false })
}
