package infra

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEndpointPolicy: the endpoint policy in the docs lets the function's role do all that it may do by way of a VPC.
func TestEndpointPolicy(t *testing.T) {
	text, err := os.ReadFile("../docs/existing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```text\n")
	block, _, _ := strings.Cut(rest, "```")
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal([]byte(block), &policy); err != nil {
		t.Fatal(err)
	}
	var allowed, needed []string
	for _, s := range policy.Statement {
		allowed = append(allowed, s.Action...)
	}
	role := declare(t, nil).one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function").document(t, "policy")
	for _, s := range role.Statement {
		for _, action := range s.Action {
			if !strings.HasPrefix(action, "logs:") { // written by Lambda, not by the function
				needed = append(needed, action)
			}
		}
	}
	slices.Sort(allowed)
	slices.Sort(needed)
	if needed = slices.Compact(needed); !slices.Equal(allowed, needed) {
		t.Errorf("the endpoint policy allows %q, the function needs %q", allowed, needed)
	}
}
