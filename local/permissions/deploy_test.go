package permissions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
)

// TestPermissions deploys once, as the role of deploy/ for that, and asks of one policy after the other what it is for.
func TestPermissions(t *testing.T) {
	s := newSite(t)
	all := map[string]any{
		"permissionsBoundary": boundaryARN, "alarmEmail": "a@example.com", "versioning": true, "tracing": true, "reservedConcurrency": 5,
		"events": "eventbridge", "exclude": []any{"private/*"}, "tags": map[string]any{"team": "photos", "cost": "1"},
	}
	s.configure(t, all)
	s.become(t, "deploy")
	up := s.must(t, s.Up)
	function, build := roleOf(t, up, "thumbnailer-function"), roleOf(t, up, "thumbnailer-image-build")

	s.become(t, "preview")
	s.must(t, s.Preview)

	working := s.now()
	t.Run("the function's role", func(t *testing.T) { s.needs(t, function, s.thumbnails) })
	t.Run("what is excluded is denied", func(t *testing.T) { s.excluded(t, function) })
	y := newYard(t, s)
	t.Run("the build's role", func(t *testing.T) {
		y.source(t)
		s.needs(t, build, y.build)
	})
	t.Run("the permissions boundary", func(t *testing.T) {
		s.needed(t, "boundary", slices.Concat(s.requests(function.name, working, false), s.requests(build.name, working, false)))
	})
	t.Run("the build command", y.buildimage)
	t.Run("a change of everything", s.changeEverything)

	s.become(t, "deploy")
	s.must(t, s.Destroy)
	for _, name := range []string{"deploy", "preview"} {
		t.Run("the policy "+name, func(t *testing.T) {
			if refused := s.requests(name, 0, true); len(refused) > 0 {
				t.Errorf("it was refused %v", refused)
			}
			s.needed(t, name, s.requests(name, 0, false))
		})
	}
	t.Run("another stack's role", func(t *testing.T) { otherStack(t, s.requests("deploy", 0, false)) })
	for p, page := range unproven {
		if !s.told[p] {
			t.Errorf("no policy has %+v (%s) any more: take it out of unproven_test.go", p, page)
		}
	}
}

func (s *site) configure(t *testing.T, values map[string]any) {
	t.Helper()
	if err := s.Configure(values); err != nil {
		t.Fatal(err)
	}
}

// needed asks of each action of each statement of a policy of deploy/, and of each resource, what of the requests would have
// been refused without it: that and nothing else, and something.
func (s *site) needed(t *testing.T, name string, requests []iam.Request) {
	p := s.policies[name]
	refusedOf := func(requests []iam.Request, less policy) []iam.Request {
		t.Helper()
		decide := less.decides(t)
		return slices.DeleteFunc(slices.Clone(requests), func(q iam.Request) bool { return decide(q) == iam.Allowed })
	}
	if refused := refusedOf(requests, p); len(refused) > 0 {
		t.Fatalf("it does not allow %v", refused)
	}
	for _, st := range p.Statement {
		// No others can depend on the statement.
		about := slices.DeleteFunc(slices.Clone(requests), func(q iam.Request) bool { return !slices.Contains(st.Action, q.Action) })
		refusedBy := func(less policy) []iam.Request { return refusedOf(about, less) }
		shown := false
		for _, action := range st.Action {
			r := right{st.Sid, action, strings.Join(st.Resource, ", ")}
			refused := refusedBy(p.withoutAction(st.Sid, action))
			for _, q := range refused {
				if q.Action != action {
					t.Errorf("without %s: %s on %s would be refused", r, q.Action, q.Resource)
				}
			}
			shown = shown || len(refused) > 0
			s.judge(t, name, r, len(refused))
		}
		for _, resource := range st.Resource {
			if shown && len(refusedBy(p.withoutResource(st.Sid, resource))) == 0 {
				t.Errorf("%s: nothing needs the statement %s on %s", name, st.Sid, resource)
			}
		}
		if shown && len(refusedBy(p.withoutStatement(st.Sid))) == 0 {
			t.Errorf("%s: nothing needs the statement %s", name, st.Sid)
		}
	}
}

// excluded: nothing fails without a statement that denies, so it is asked what it denies.
func (s *site) excluded(t *testing.T, function role) {
	q := iam.Request{Action: "s3:GetObject", Resource: s.Cloud.S3.ARN(s.out["sourceBucket"] + "/private/x.jpg")}
	if got := function.policy.decides(t)(q); got != iam.Denied {
		t.Errorf("the function's policy decides %v", got)
	}
	if got := function.policy.withoutStatement("NeverReadExcluded").decides(t)(q); got != iam.Allowed {
		t.Errorf("without the statement it decides %v", got)
	}
}

// changeEverything deploys again, with other settings and as a later version of the program might be: another image, other
// descriptions, trusts and patterns. Before that somebody with all rights has done what the role may not do, or could not do
// yet: there was a time before the boundary, and a key on one log group, where there is to be one on the other.
func (s *site) changeEverything(t *testing.T) {
	if err := s.Become(account.Credentials{AccessKey: "local", Secret: "local"}); err != nil {
		t.Fatal(err)
	}
	s.configure(t, map[string]any{"permissionsBoundary": nil})
	key := awstest.Must[string](t)(s.Cloud.KMS.CreateKey(awstest.KeyPolicy("logs." + s.Cloud.Region() + ".amazonaws.com")))
	s.change = props("aws:cloudwatch/logGroup:LogGroup", "thumbnailer-image-build", "kmsKeyId", key)
	s.must(t, s.Up)

	later := s.laterImage(t)
	s.configure(t, map[string]any{
		"permissionsBoundary": boundaryARN, "tags": map[string]any{"team": "pictures"}, "memoryMB": 1024, "reservedConcurrency": nil,
		"logRetentionDays": 0, "buildSize": "small",
	})
	s.change = combined(
		props("aws:cloudwatch/logGroup:LogGroup", "thumbnailer-function", "kmsKeyId", key),
		props("aws:lambda/function:Function", "", "imageUri", later),
		props("aws:iam/role:Role", "", "description", "Another"),
		props("aws:ecr/repository:Repository", "", "imageTagMutability", "MUTABLE"),
		props("aws:ecr/repository:Repository", "", "imageScanningConfiguration", map[string]any{"scanOnPush": true}),
		rewritten("aws:iam/role:Role", "assumeRolePolicy", "AssumedByService", "AssumedByAService"),
	)
	s.become(t, "deploy")
	s.must(t, s.Up)
}

// laterImage pushes another image and returns its URI.
func (s *site) laterImage(t *testing.T) string {
	t.Helper()
	img, err := mutate.Config(empty.Image, v1.Config{Entrypoint: []string{"/handler"}})
	if err == nil {
		err = awstest.Push(s.out["repositoryUrl"], "later", img, awstest.Login(t, awstest.Admin(s.Cloud)))
	}
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return s.out["repositoryUrl"] + "@" + digest.String()
}

// props sets a property of the resources of a type, and of a name where it is not "".
func props(typ, name, property string, value any) pulumi.ResourceTransform {
	return func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type != typ || name != "" && args.Name != name {
			return nil
		}
		args.Props[property] = pulumi.ToOutput(value)
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}
}

// rewritten replaces a word in a document of the resources of a type.
func rewritten(typ, property, before, after string) pulumi.ResourceTransform {
	return func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type != typ {
			return nil
		}
		args.Props[property] = pulumi.ToOutput(args.Props[property]).ApplyT(func(doc any) string {
			return strings.ReplaceAll(fmt.Sprint(doc), before, after)
		})
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}
}

func combined(all ...pulumi.ResourceTransform) pulumi.ResourceTransform {
	return func(ctx context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		var result *pulumi.ResourceTransformResult
		for _, f := range all {
			if r := f(ctx, args); r != nil {
				result = r
			}
		}
		return result
	}
}
