// Package e2e runs the whole system as its users do: the real Pulumi engine deploys the project's own program to the
// local cloud, CodeBuild builds the function's image from the sources, and the function that runs is that image.
// Pictures go in at one bucket, and what comes out of the other is looked at.
//
// Each test that deploys has a cloud of its own and mostly waits for the engine and for builds: they run beside each other, but for
// one that sets variables of the environment.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/local/samples"
)

// soon is how long anything may take that the system does by itself. It is far more than is needed: only a test that
// fails waits so long.
const soon = 90 * time.Second

// pictures are the samples, made once.
var pictures = sync.OnceValues(samples.All)

// sample returns the sample with the key.
func sample(t *testing.T, key string) samples.Sample {
	t.Helper()
	all, err := pictures()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s samples.Sample) bool { return s.Key == key })
	if i < 0 {
		t.Fatalf("no sample has the key %q", key)
	}
	return all[i]
}

// system is a deployment of this project.
type system struct {
	*deploy.Deployment
	// root is the project: the repository, or a copy of it for a test that changes its sources.
	root string
	// change is applied to the program before it runs; nil leaves it as it is.
	change pulumi.ResourceTransform
	// out are the stack's outputs after the last up.
	out map[string]string
	// first is the digest of the first image that was deployed.
	first string
	log   bytes.Buffer
}

// newSystem starts a cloud for the project in the folder root. Nothing is deployed yet.
func newSystem(t *testing.T, root string) *system {
	t.Helper()
	s := &system{root: root}
	s.start(t, deploy.Options{Program: deploy.Changed(root, func() pulumi.ResourceTransform { return s.change })})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the cloud's log:\n%s", s.log.String())
		}
	})
	return s
}

// start starts the system's cloud.
func (s *system) start(t *testing.T, o deploy.Options) {
	t.Helper()
	found, err := cli.Find(t.Context(), repository(t), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	o.Root, o.CLI, o.Cloud = s.root, found, aws.Options{Log: &s.log}
	if s.Deployment, err = deploy.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// repository is the project's folder. What Go compiles there it finds in its cache from one test to the next.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// copyProject copies what a deployment reads, the settings, the sources of the image, and the commands, so that they can be changed.
func copyProject(t *testing.T) (to string) {
	t.Helper()
	from, to := repository(t), t.TempDir()
	for _, name := range []string{"handler", "settings", "codec", "cmd"} {
		if err := os.CopyFS(filepath.Join(to, name), os.DirFS(filepath.Join(from, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "buildspec.yaml", "Pulumi.yaml", "Pulumi.local.yaml"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// write puts a file into the copy of the project and returns a function that takes it away again.
func (s *system) write(t *testing.T, name, text string) (undo func()) {
	t.Helper()
	path := filepath.Join(s.root, filepath.FromSlash(name))
	old, err := os.ReadFile(path)
	existed := err == nil
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		var err error
		if existed {
			err = os.WriteFile(path, old, 0o644)
		} else {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// deploy runs `pulumi up`, which has to succeed.
func (s *system) deploy(t *testing.T) *deploy.Result {
	t.Helper()
	r, err := s.Up(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	s.out = map[string]string{}
	for k, v := range r.Outputs {
		s.out[k], _ = v.(string)
	}
	return r
}

// display is what Pulumi showed before the operation failed.
func display(err error) string {
	var op *deploy.OperationError
	if errors.As(err, &op) {
		return op.Display
	}
	return ""
}

// upload uploads a sample to the source bucket.
func (s *system) upload(t *testing.T, p samples.Sample) {
	t.Helper()
	if err := s.Put(t.Context(), s.out["sourceBucket"], p.Key, p.ContentType, p.Body); err != nil {
		t.Fatal(err)
	}
}

// thumbnail waits for an object of the destination bucket.
func (s *system) thumbnail(t *testing.T, key string) *deploy.Object {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var found *deploy.Object
	err := deploy.Await(ctx, "the thumbnail "+key, func() (bool, error) {
		o, err := s.Get(ctx, s.out["destinationBucket"], key)
		if errors.Is(err, deploy.ErrNoObject) {
			return false, nil
		}
		found = o
		return err == nil, err
	})
	if err != nil {
		t.Fatalf("%v\nThe function says:\n%s", err, strings.Join(s.Cloud.Logs.Lines(s.out["logGroup"]), "\n"))
	}
	return found
}

// await waits for a condition.
func (s *system) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := deploy.Await(ctx, what, func() (bool, error) { return done(), nil }); err != nil {
		t.Fatalf("%v\nThe function says:\n%s", err, strings.Join(s.Cloud.Logs.Lines(s.out["logGroup"]), "\n"))
	}
}

// idle waits until Lambda has dealt with every event: handled it, or given it up after its retries.
func (s *system) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := s.Cloud.Lambda.Idle(ctx); err != nil {
		t.Fatalf("events are still in flight: %v\nThe function says:\n%s", err, strings.Join(s.Cloud.Logs.Lines(s.out["logGroup"]), "\n"))
	}
}

// jobs returns what the function logged about a key with one of the outcomes.
func (s *system) jobs(key string, outcomes ...string) []deploy.Job {
	return slices.DeleteFunc(s.Jobs(s.out["logGroup"]), func(j deploy.Job) bool {
		return j.Key != key || !slices.Contains(outcomes, j.Outcome)
	})
}

// destroy runs `pulumi destroy` and checks that nothing is left.
func (s *system) destroy(t *testing.T) {
	t.Helper()
	if _, err := s.Destroy(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	if left := s.Cloud.Leftovers(); len(left) > 0 {
		t.Errorf("destroy left %d things behind:\n%s", len(left), strings.Join(left, "\n"))
	}
}

// builds counts the builds that were ever started, by how they ended.
func (s *system) builds() map[string]int {
	n := map[string]int{}
	for _, status := range s.Cloud.CodeBuild.Builds() {
		n[status]++
	}
	return n
}

// changes describes the steps of an operation that changed something, without resources of the given types.
func changes(r *deploy.Result, except ...string) []string {
	var out []string
	for _, st := range r.Steps {
		if st.Op != "same" && !strings.HasPrefix(st.Type, "pulumi:") && !slices.Contains(except, st.Type) {
			out = append(out, fmt.Sprintf("%s %s", st.Op, st.Type))
		}
	}
	slices.Sort(out)
	return out
}
