package e2e

import (
	"path/filepath"
	"testing"

	"s3-thumbnail-creator/local/deploy"
)

// TestStackComesBack: a cloud that was stopped comes back with its stack, of which Pulumi sees no change, with its objects, and
// with a function that goes on making thumbnails.
func TestStackComesBack(t *testing.T) {
	t.Parallel()
	s, kept := &system{root: repository(t)}, filepath.Join(t.TempDir(), "kept")
	s.start(t, deploy.Options{Settings: map[string]any{"cacheControl": "max-age=60"}, State: kept})
	s.deploy(t)
	first, second := sample(t, "portrait.jpg"), sample(t, "logo.png")
	s.upload(t, first)
	s.thumbnail(t, first.Thumbnail)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s.start(t, deploy.Options{State: kept}) // what was configured comes back as well
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
