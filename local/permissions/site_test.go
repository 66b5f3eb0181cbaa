// Package permissions proves that every role of ours has each permission that it needs, and none that it does not: the roles
// that the program declares, and those of deploy/ for whoever deploys. The local cloud enforces them; a permission is needed
// if something is refused without it.
package permissions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/deploy"
)

// soon is how long anything may take that happens by itself. Only a test that fails waits so long.
const soon = 90 * time.Second

const (
	stack       = "local"
	stateBucket = "state"
	stateKey    = "arn:aws:kms:us-east-1:" + account.ID + ":key/state"
)

// site is a deployment of the project, and who has been allowed and refused what in it.
type site struct {
	*deploy.Deployment
	change   pulumi.ResourceTransform // of what the program declares; nil leaves it as it is
	out      map[string]string        // the stack's outputs
	policies map[string]policy        // of deploy/, by name

	mu      sync.Mutex
	decided []iam.Decided
	told    map[place]bool // of unproven: those that were met
}

// judge fails the test for a right that nothing needs, unless the table says that AWS does, and for one of the table that
// is needed here.
func (s *site) judge(t *testing.T, policyName string, r right, refused int) {
	t.Helper()
	for p, page := range unproven {
		if !p.matches(policyName, r) {
			continue
		}
		if s.told[p] = true; refused > 0 {
			t.Errorf("%s is needed here, too, not only according to %s: take it out of unproven_test.go", r, page)
		}
		return
	}
	if refused == 0 {
		t.Errorf("%s: nothing needs %s: take it away, or say in unproven_test.go which page says that AWS does", policyName, r)
	}
}

// newSite starts a cloud with a stack of which nothing is deployed yet. The state is in a bucket, the boundary of deploy/ is
// there, and so are the roles deploy and preview with their policies.
func newSite(t *testing.T) *site {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := cli.Find(t.Context(), root, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{policies: map[string]policy{}, out: map[string]string{}, told: map[place]bool{}}
	s.Deployment, err = deploy.Start(t.Context(), deploy.Options{
		Root: root, Stack: stack, CLI: found, StateBucket: stateBucket,
		Program:  deploy.Changed(root, func() pulumi.ResourceTransform { return s.change }),
		Settings: map[string]any{"architecture": runtime.GOARCH},
		Cloud:    aws.Options{RolePropagation: -1, FunctionPending: -1, RetryDelay: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	words := filledFor(stack)
	s.policies["boundary"] = readPolicy(t, "boundary", words)
	if _, err = s.Cloud.IAM.CreatePolicy("boundary", s.policies["boundary"].String()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deploy", "preview"} {
		s.policies[name] = readPolicy(t, name, words)
		awstest.Role(t, s.Cloud, name, "ec2.amazonaws.com")
		s.setPolicy(t, name, s.policies[name])
	}
	s.Cloud.IAM.Observe(func(d iam.Decided) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.decided = append(s.decided, d)
	})
	return s
}

// setPolicy gives a role the policy, in place of the one of that name.
func (s *site) setPolicy(t *testing.T, role string, p policy) {
	t.Helper()
	if err := s.Cloud.IAM.PutRolePolicy(role, role, p.String()); err != nil {
		t.Fatal(err)
	}
}

// become has the next operations done by a role of deploy/, as a machine would that has it.
func (s *site) become(t *testing.T, role string) {
	t.Helper()
	if err := s.Become(s.credentials(t, role)); err != nil {
		t.Fatal(err)
	}
}

// credentials are those of a session of a role of deploy/.
func (s *site) credentials(t *testing.T, role string) account.Credentials {
	t.Helper()
	r, _ := s.Cloud.IAM.GetRole(role)
	k, _, err := s.Cloud.IAM.Assume(r.ARN, "ec2.amazonaws.com", "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// now is a place in the record of what was asked.
func (s *site) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.decided)
}

// requests returns what a role has asked for since a place in the record, each request once: what it was allowed, or what it
// was refused.
func (s *site) requests(role string, since int, refused bool) []iam.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []iam.Request
	seen := map[string]bool{}
	for _, d := range s.decided[since:] {
		id := fmt.Sprint(d.Action, d.Resource, d.Context)
		if d.Who.Role == role && (d.Err != nil) == refused && !seen[id] {
			seen[id] = true
			all = append(all, d.Request)
		}
	}
	return all
}

// must ends the test if an operation of Pulumi has failed, and shows what it has said.
func (s *site) must(t *testing.T, operation func(context.Context) (*deploy.Result, error)) *deploy.Result {
	t.Helper()
	r, err := operation(t.Context())
	var op *deploy.OperationError
	if errors.As(err, &op) {
		t.Fatalf("%v\n%s", err, op.Display)
	}
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.Outputs {
		s.out[k], _ = v.(string)
	}
	return r
}
