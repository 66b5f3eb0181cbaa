package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/deploy"
)

// TestStackComesBack: a cloud that was stopped comes back with its stack, of which Pulumi sees no change, with its objects, and
// with a function that goes on making thumbnails.
func TestStackComesBack(t *testing.T) {
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	pulumiCLI, err := cli.Find(t.Context(), repository, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	s := &system{root: t.TempDir()}
	copyProject(t, repository, s.root)
	start := func(settings map[string]any) {
		s.Deployment, err = deploy.Start(t.Context(), deploy.Options{
			Root: s.root, Stack: "local", CLI: pulumiCLI, Settings: settings, Program: deploy.Program(s.root),
			Cloud: aws.Options{Log: &s.log}, State: filepath.Join(s.root, "kept"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	start(map[string]any{"architecture": runtime.GOARCH, "cacheControl": "max-age=60"})
	s.deploy(t)
	first, second := sample(t, "portrait.jpg"), sample(t, "logo.png")
	s.upload(t, first)
	s.thumbnail(t, first.Thumbnail)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	start(nil) // what was configured comes back as well
	defer s.Close()
	if !s.CameBack() {
		t.Error("the deployment does not say that it came back")
	}
	r, err := s.Preview(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	if c := changes(r); len(c) > 0 {
		t.Errorf("pulumi preview shows changes: %q\n%s", c, r.Display)
	}
	s.deploy(t)
	s.thumbnail(t, first.Thumbnail)
	s.upload(t, second)
	s.thumbnail(t, second.Thumbnail)
	s.destroy(t)
}
