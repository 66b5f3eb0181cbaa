package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/awstest"
)

// TestDocumentedRights: what docs/thumbs.md says that each of these tasks takes is enough for it.
func TestDocumentedRights(t *testing.T) {
	page, err := os.ReadFile("../../docs/thumbs.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.put(picture(t), "a.png")
	s.fail(nil, []string{"a.png"}, nil)
	for _, c := range []struct {
		task, says string
		args       []string
	}{
		{"replay", "1 replayed", nil}, {"backfill", "1 objects: 1 succeeded", []string{"--yes"}},
		{"backfill", "1 unchanged", []string{"--yes", "--direct"}},
	} {
		row := regexp.MustCompile(`(?m)^\| ` + c.task + ` \| (.*) \|$`).FindSubmatch(page)
		if row == nil {
			t.Fatalf("docs/thumbs.md says nothing of the rights for %s", c.task)
		}
		var actions []string
		for _, action := range regexp.MustCompile("`([a-z0-9]+:[A-Za-z]+)`").FindAllSubmatch(row[1], -1) {
			actions = append(actions, string(action[1]))
		}
		name := c.task + strings.Join(c.args, "")
		role := awstest.Role(t, s.Cloud, name, "ec2.amazonaws.com", awstest.Allow("*", actions...))
		keys, err := awstest.Session(t, s.Cloud, role, "ec2.amazonaws.com").Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_ACCESS_KEY_ID", keys.AccessKeyID)
		t.Setenv("AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey)
		t.Setenv("AWS_SESSION_TOKEN", keys.SessionToken)
		s.thumbsSays(0, []string{c.says}, append([]string{c.task}, c.args...)...)
	}
}
