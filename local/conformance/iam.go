package conformance

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var iamCases = []Case{
	{Name: "what no policy allows is denied, and the error says what", Page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html", Run: denied},
	{Name: "who may not list learns nothing of missing keys", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html", Run: missingIsDenied},
	{Name: "an explicit deny wins", Page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html", Run: explicitDeny},
	{Name: "a changed policy has its effect after a while", Page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html", Run: policyPropagates},
}

// actor is somebody who has assumed a role.
type actor struct {
	*s3.Client
	name string // of the role
}

func (s *Site) actor(t *testing.T, allowed ...Statement) actor {
	t.Helper()
	name := s.Name("actor")
	arn := must[string](t)(s.Role(t.Context(), name, "lambda.amazonaws.com", false, allowed...))
	return actor{s3Client(must[aws.Config](t)(s.Session(t.Context(), arn))), name}
}

func (a actor) read(t *testing.T, bucket, key string) error {
	out, err := a.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err == nil {
		out.Body.Close()
	}
	return err
}

// awaitRead waits until the actor can read the key.
func (s *Site) awaitRead(t *testing.T, a actor, key string) {
	t.Helper()
	s.await(t, "the role's permission", func(context.Context) (bool, error) { return a.read(t, s.bucket, key) == nil, nil })
}

func (s *Site) reading(prefix string) Statement {
	return Statement{Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::" + s.bucket + "/" + prefix + "*"}}
}

func denied(t *testing.T, s *Site) {
	prefix := s.key("")
	s.put(t, s.bucket, prefix+"in/x", "x")
	s.put(t, s.bucket, prefix+"out/x", "x")
	a := s.actor(t, s.reading(prefix+"in/"))
	s.awaitRead(t, a, prefix+"in/x")
	err := a.read(t, s.bucket, prefix+"out/x")
	refused(t, "outside", err, 403, "AccessDenied")
	for _, want := range []string{
		"User: arn:aws:sts::" + s.Account() + ":assumed-role/" + a.name + "/", "is not authorized to perform: s3:GetObject", "arn:aws:s3:::" + s.bucket + "/" + prefix + "out/x",
		"because no identity-based policy allows the s3:GetObject action",
	} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func missingIsDenied(t *testing.T, s *Site) {
	prefix := s.key("")
	s.put(t, s.bucket, prefix+"x", "x")
	listing := Statement{Actions: []string{"s3:ListBucket"}, Resources: []string{"arn:aws:s3:::" + s.bucket}}
	blind, seeing := s.actor(t, s.reading(prefix)), s.actor(t, s.reading(prefix), listing)
	s.awaitRead(t, blind, prefix+"x")
	s.awaitRead(t, seeing, prefix+"x")
	refused(t, "who may not list", blind.read(t, s.bucket, prefix+"missing"), 403, "AccessDenied")
	refused(t, "who may", seeing.read(t, s.bucket, prefix+"missing"), 404, "NoSuchKey")
}

func explicitDeny(t *testing.T, s *Site) {
	prefix := s.key("")
	s.put(t, s.bucket, prefix+"x", "x")
	s.put(t, s.bucket, prefix+"private/x", "x")
	deny := s.reading(prefix + "private/")
	deny.Deny = true
	a := s.actor(t, s.reading(prefix), deny)
	s.awaitRead(t, a, prefix+"x")
	err := a.read(t, s.bucket, prefix+"private/x")
	refused(t, "what is denied", err, 403, "AccessDenied")
	if err != nil && !strings.Contains(err.Error(), "with an explicit deny in an identity-based policy") {
		t.Error(err)
	}
}

func policyPropagates(t *testing.T, s *Site) {
	prefix := s.key("")
	s.put(t, s.bucket, prefix+"x", "x")
	a := s.actor(t, s.reading(prefix+"other/"))
	refused(t, "before", a.read(t, s.bucket, prefix+"x"), 403, "AccessDenied")
	if err := s.PutRolePolicy(t.Context(), a.name, s.reading(prefix)); err != nil {
		t.Fatal(err)
	}
	s.awaitRead(t, a, prefix+"x")
	if err := s.PutRolePolicy(t.Context(), a.name, s.reading(prefix+"other/")); err != nil {
		t.Fatal(err)
	}
	s.await(t, "the permission to go", func(context.Context) (bool, error) {
		return code(a.read(t, s.bucket, prefix+"x")) == "AccessDenied", nil
	})
}
