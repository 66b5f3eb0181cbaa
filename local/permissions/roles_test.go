package permissions

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"

	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/deploy"
)

// role is a role that the program has declared, with its policy.
type role struct {
	name       string
	policyName string
	policy     policy
}

// roleOf finds the role of the function (lambda) or of the build (codebuild) among what an up has made.
func roleOf(t *testing.T, up *deploy.Result, name string) role {
	t.Helper()
	for _, step := range up.Steps {
		if step.Type == "aws:iam/rolePolicy:RolePolicy" && step.Name == name {
			in := func(key string) string { v, _ := step.Outputs[key].(string); return v }
			return role{name: in("role"), policyName: in("name"), policy: parse(t, in("policy"))}
		}
	}
	t.Fatalf("the program declares no policy %s", name)
	return role{}
}

// needs takes each right of the role away in turn, has it do its work, and checks that this, and nothing else, is refused:
// what nothing needs is a defect. Whole statements go the same way. work is given a number, which is another one each time; with
// all its rights it has to succeed.
func (s *site) needs(t *testing.T, r role, work func(t *testing.T, n int) error) {
	put := func(p policy) {
		t.Helper()
		if err := s.Cloud.IAM.PutRolePolicy(r.name, r.policyName, p.String()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	var failed error
	// without does the work with less of a policy and returns what was refused.
	without := func(p policy) []iam.Request {
		t.Helper()
		put(p)
		defer put(r.policy)
		since := s.now()
		n++
		failed = work(t, n)
		return s.requests(r.name, since, true)
	}
	if refused := without(r.policy); len(refused) > 0 || failed != nil {
		t.Fatalf("%s has not all that it needs: it was refused %v; %v", r.name, refused, failed)
	}
	for _, right := range r.policy.rights() {
		refused := without(r.policy.without(right))
		for _, q := range refused {
			if q.Action != right.action || !iam.Match(right.resource, q.Resource) {
				t.Errorf("without %s: it was refused %s on %s", right, q.Action, q.Resource)
			}
		}
		s.judge(t, r.policyName, right, len(refused))
	}
	for _, st := range r.policy.Statement {
		if len(st.Action)*len(st.Resource) == 1 {
			continue // that was it
		}
		refused := actions(without(r.policy.withoutStatement(st.Sid)))
		for _, action := range refused {
			if !slices.Contains(st.Action, action) {
				t.Errorf("without the statement %s: it was refused %s", st.Sid, action)
			}
		}
	}
}

// thumbnails is the function's work: a picture comes, is overwritten and goes, another one is damaged, and one cannot be
// handled at all.
func (s *site) thumbnails(t *testing.T, n int) error {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	idle := func(err error) {
		t.Helper()
		if err == nil {
			err = s.Cloud.Lambda.Idle(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	bucket, key := s.out["sourceBucket"], fmt.Sprintf("%d/picture.png", n)
	idle(s.Put(ctx, bucket, key, "image/png", picture(t, 64)))
	idle(s.Put(ctx, bucket, key, "image/png", picture(t, 65)))
	_, failed := s.Get(ctx, s.out["destinationBucket"], fmt.Sprintf("%d/thumb-picture.png", n))
	idle(s.Delete(ctx, bucket, key))
	idle(s.Put(ctx, bucket, fmt.Sprintf("%d/damaged.png", n), "image/png", picture(t, 64)[:pngHeader]))
	return failed
}

// pngHeader is the length of a PNG's signature and of the chunk that says how large the picture is.
const pngHeader = 8 + 25

func picture(t *testing.T, size int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, size, size))
	for i := range m.Pix {
		m.SetGray(i%size, i/size, color.Gray{Y: uint8(i * i >> 3)})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// actions returns the actions of requests, each once, in order.
func actions(requests []iam.Request) []string {
	var all []string
	for _, q := range requests {
		all = append(all, q.Action)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
