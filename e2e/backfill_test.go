package e2e

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/s3"
)

// unheard uploads a sample under the keys, and nobody hears of it.
func (s *system) unheard(t *testing.T, name string, keys ...string) {
	t.Helper()
	s.Cloud.S3.HoldEvents()
	defer s.Cloud.S3.ReleaseEvents(func([]s3.Event) []s3.Event { return nil })
	p := sample(t, name)
	for _, key := range keys {
		p.Key = key
		s.upload(t, p)
	}
}

// wantThumbnails checks the thumbnails whose keys begin with the prefix.
func (s *system) wantThumbnails(t *testing.T, prefix string, want ...string) {
	t.Helper()
	keys, err := s.List(t.Context(), s.out["destinationBucket"])
	if err != nil {
		t.Fatal(err)
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) })
	if !slices.Equal(keys, want) {
		t.Errorf("thumbnails %q, want %q", keys, want)
	}
}

// backfilled is what backfill prints with --json.
type backfilled struct {
	Kind, Key, Reason, Status, Report string
	Objects, Succeeded, Failed        int
	DollarsIfNoneFresh                float64
}

// thumbsBackfill has S3 Batch Operations, with the role that the program declares, make thumbnails of pictures that nobody
// has heard of; then the command itself, of others.
func (s *system) thumbsBackfill(t *testing.T) {
	s.unheard(t, "animation.gif", "backfill/a b.gif", "backfill/ü.gif")
	s.unheard(t, "damaged.png", "backfill/damaged.png")
	stdout, stderr, status := s.thumbs(t, "backfill", "--prefix", "backfill/", "--yes", "--json")
	said := lines[backfilled](t, stdout)
	if status != 1 || len(said) != 3 {
		t.Fatalf("status %d\n%s%s", status, stdout, stderr)
	}
	estimate, failure, summary := said[0], said[1], said[2]
	if estimate.Kind != "estimate" || estimate.Objects != 3 || estimate.DollarsIfNoneFresh < 0.25 {
		t.Errorf("estimate %+v", estimate)
	}
	if failure.Kind != "failure" || failure.Key != "backfill/damaged.png" || !strings.Contains(failure.Reason, "corrupt") {
		t.Errorf("failure %+v", failure)
	}
	if summary.Status != "Complete" || summary.Objects != 3 || summary.Succeeded != 2 || summary.Failed != 1 {
		t.Errorf("summary %+v", summary)
	}
	key, ok := strings.CutPrefix(summary.Report, "s3://"+s.out["backfillBucket"]+"/")
	if _, err := s.Get(t.Context(), s.out["backfillBucket"], key); !ok || err != nil {
		t.Errorf("report %s: %v", summary.Report, err)
	}
	s.wantThumbnails(t, "backfill/", "backfill/thumb-a b.gif", "backfill/thumb-ü.gif")

	s.unheard(t, "animation.gif", "backfill/c.gif")
	stdout, stderr, status = s.thumbs(t, "backfill", "--prefix", "backfill/", "--direct", "--yes")
	if status != 1 || !strings.Contains(stdout, "4 objects: 1 created, 2 unchanged, 0 skipped or gone, 1 failed") {
		t.Errorf("--direct: status %d\n%s%s", status, stdout, stderr)
	}
	s.wantThumbnails(t, "backfill/", "backfill/thumb-a b.gif", "backfill/thumb-c.gif", "backfill/thumb-ü.gif")
}

// thumbsReplay mends one of two pictures that have failed: it leaves the queue, and the other stays.
func (s *system) thumbsReplay(t *testing.T) {
	if stdout, stderr, status := s.thumbs(t, "replay"); status > 1 {
		t.Fatalf("what was there before: status %d\n%s%s", status, stdout, stderr)
	}
	bad := sample(t, "damaged.png")
	for _, key := range []string{"replay/mended.png", "replay/damaged.png"} {
		bad.Key = key
		s.upload(t, bad)
		s.await(t, "the verdict on "+key, func() bool { return len(s.jobs(key, "rejected")) == 1 })
	}
	s.idle(t)
	s.unheard(t, "logo.png", "replay/mended.png")
	before := len(s.Cloud.SQS.Messages(s.out["failureQueueUrl"]))
	stdout, stderr, status := s.thumbs(t, "replay", "--key", "replay/*")
	if status != 1 || !strings.Contains(stdout, "1 replayed, 1 failed again") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	s.wantThumbnails(t, "replay/", "replay/thumb-mended.png")
	messages := strings.Join(s.Cloud.SQS.Messages(s.out["failureQueueUrl"]), "\n")
	if n := strings.Count(messages, "\n") + 1; n != before-1 || strings.Contains(messages, "replay/mended.png") || !strings.Contains(messages, "replay/damaged.png") {
		t.Errorf("the queue held %d messages, and now:\n%s", before, messages)
	}
	if err := errors.Join(s.Delete(t.Context(), s.out["sourceBucket"], bad.Key), s.Delete(t.Context(), s.out["sourceBucket"], "backfill/damaged.png")); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, status := s.thumbs(t, "replay", "--again", "--key", "replay/*"); status != 0 || !strings.Contains(stdout, "1 replayed, 0 failed again") {
		t.Errorf("of what is deleted: status %d\n%s%s", status, stdout, stderr)
	}
}
