package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/samples"
)

// TestThumbs deploys once, and has cmd/thumbs do each of its tasks on the stack, as a program of its own that knows
// nothing but the stack's name.
func TestThumbs(t *testing.T) {
	t.Parallel()
	s := newSystem(t, repository(t))
	s.deploy(t)
	step(t, "make", s.thumbsMake)
	step(t, "status", s.thumbsStatus)
	step(t, "verify", s.thumbsVerify)
	step(t, "backfill", s.thumbsBackfill)
	step(t, "replay", s.thumbsReplay)
}

// builtThumbs is the program's path. It is built once, into a folder that outlives each test.
var builtThumbs = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "thumbs-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "thumbs.exe")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, "./cmd/thumbs")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
})

// thumbsCommand returns a command that is about to work on the stack.
func (s *system) thumbsCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := builtThumbs()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, append(args, "-s", "local")...)
	command.Dir, command.Env = s.Terminal()
	return command
}

// thumbs runs the program on the stack and returns its exit status.
func (s *system) thumbs(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	command := s.thumbsCommand(t, args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// lines are those that thumbs prints with --json, each decoded into a T.
func lines[T any](t *testing.T, stdout string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(stdout) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, one)
	}
	return all
}

// thumbsMake makes of local files what the function makes of them in the bucket, byte for byte.
func (s *system) thumbsMake(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	pictures := []samples.Sample{sample(t, "portrait.jpg"), sample(t, "animation.gif")}
	args := []string{"make", "--out", out}
	for _, p := range pictures {
		s.upload(t, p)
		path := filepath.Join(in, p.Key)
		if err := os.WriteFile(path, p.Body, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if stdout, stderr, status := s.thumbs(t, args...); status != 0 {
		t.Fatalf("status %d\n%s%s", status, stdout, stderr)
	}
	for _, p := range pictures {
		local, err := os.ReadFile(filepath.Join(out, p.Thumbnail))
		if err != nil {
			t.Fatal(err)
		}
		if there := s.thumbnail(t, p.Thumbnail); !bytes.Equal(local, there.Body) {
			t.Errorf("%s: %d bytes, other than the %d in the bucket", p.Thumbnail, len(local), len(there.Body))
		}
	}
	page := filepath.Join(out, "sheet.jpg")
	for _, tt := range []struct {
		flag   string
		status int
		want   string
	}{
		{"--sheet=" + page, 0, `"compared":{"state":"identical"`},
		{"--quality=30", 1, `"state":"stale","reason":"it was made with other settings"`},
		{"--key-prefix=elsewhere/", 1, `"compared":{"state":"missing"}`},
	} {
		args := append([]string{"make", "--json", "--compare", tt.flag}, filepath.Join(in, pictures[0].Key))
		if stdout, stderr, status := s.thumbs(t, args...); status != tt.status || !strings.Contains(stdout, tt.want) {
			t.Errorf("%q: status %d, printed %s%s; want status %d and %s", args, status, stdout, stderr, tt.status, tt.want)
		}
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
}

// thumbsStatus tells what make has had done, and then what has failed.
func (s *system) thumbsStatus(t *testing.T) {
	status := func(want int) (r struct {
		Handled, Made, Rejected, Queued, Invocations int
		PictureP50                                   float64
		Alarms                                       []struct{ Name, State string }
		Build                                        struct{ Status string }
		Cost                                         struct{ Lambda, S3, Total float64 }
	}) {
		t.Helper()
		s.idle(t)
		stdout, stderr, got := s.thumbs(t, "status", "--json")
		if got != want {
			t.Fatalf("status %d, want %d\n%s%s", got, want, stdout, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := status(0)
	if r.Handled != 2 || r.Made != 2 || r.Invocations != 2 || r.PictureP50 <= 0 || r.Queued != 0 || len(r.Alarms) != 7 || r.Build.Status != "SUCCEEDED" {
		t.Errorf("after two pictures: %+v", r)
	}
	if c := r.Cost; c.Lambda <= 0 || c.S3 <= 0 || c.Total <= c.Lambda+c.S3 {
		t.Errorf("cost %+v", c)
	}
	s.upload(t, sample(t, "damaged.png"))
	s.await(t, "a verdict", func() bool { return len(s.jobs("damaged.png", "rejected")) == 1 })
	if r = status(1); r.Handled != 3 || r.Rejected != 1 || r.Queued != 1 {
		t.Errorf("after a damaged picture: %+v", r)
	}
	if stdout, _, _ := s.thumbs(t, "status"); !strings.Contains(stdout, "1 rejected") || !strings.Contains(stdout, "Look at     1 in the failure queue") && !strings.Contains(stdout, "alarm ") {
		t.Errorf("on the screen:\n%s", stdout)
	}
}

// finding is what verify prints with --json.
type finding struct {
	Kind, Thumbnail, Done string
}

// verifies runs verify and returns what it found, as text, without the summary.
func (s *system) verifies(t *testing.T, wantStatus int, args ...string) (found []string) {
	t.Helper()
	s.idle(t)
	stdout, stderr, status := s.thumbs(t, append([]string{"verify", "--json", "--settle", "0s"}, args...)...)
	if status != wantStatus {
		t.Errorf("verify %q: status %d, want %d\n%s%s", args, status, wantStatus, stdout, stderr)
	}
	for _, f := range lines[finding](t, stdout) {
		if f.Kind != "summary" {
			found = append(found, strings.TrimSpace(f.Kind+" "+f.Thumbnail+" "+f.Done))
		}
	}
	return found
}

// thumbsVerify puts one of each kind of damage into the buckets, has it found, and has it repaired by the function.
func (s *system) thumbsVerify(t *testing.T) {
	source, destination := s.out["sourceBucket"], s.out["destinationBucket"]
	if err := s.Put(t.Context(), destination, "verify/thumb-taken.gif", "text/plain", []byte("not the function's")); err != nil {
		t.Fatal(err)
	}
	fine, second := sample(t, "animation.gif"), sample(t, "portrait.jpg")
	for _, name := range []string{"fine", "missing", "stale", "orphan", "taken"} {
		fine.Key = "verify/" + name + ".gif"
		s.upload(t, fine)
		if name != "taken" {
			s.thumbnail(t, "verify/thumb-"+name+".gif")
		}
	}
	if err := s.Delete(t.Context(), source, "damaged.png"); err != nil { // left by another task
		t.Fatal(err)
	}
	if found := s.verifies(t, 1); !slices.Equal(found, []string{"collision verify/thumb-taken.gif"}) {
		t.Errorf("before the damage: found %q", found)
	}

	s.Cloud.S3.HoldEvents() // and let nobody hear of what comes now
	if err := errors.Join(
		s.Delete(t.Context(), destination, "verify/thumb-missing.gif"),
		s.Put(t.Context(), source, "verify/stale.gif", second.ContentType, second.Body),
		s.Delete(t.Context(), source, "verify/orphan.gif"),
	); err != nil {
		t.Fatal(err)
	}
	s.Cloud.S3.ReleaseEvents(func([]s3.Event) []s3.Event { return nil })
	damage := []string{"missing verify/thumb-missing.gif", "orphaned verify/thumb-orphan.gif", "stale verify/thumb-stale.gif", "collision verify/thumb-taken.gif"}
	if found := s.verifies(t, 1, "--prefix", "verify/"); !slices.Equal(found, damage) {
		t.Errorf("found %q, want %q", found, damage)
	}
	if _, stderr, status := s.thumbs(t, "verify", "--fix", "orphaned"); status != 2 || !strings.Contains(stderr, "--yes") {
		t.Errorf("deletes without being told to: status %d, %s", status, stderr)
	}
	fixed := []string{damage[0] + " enqueued", damage[1] + " deleted", damage[2] + " enqueued", damage[3]}
	if found := s.verifies(t, 1, "--fix", "all", "--yes"); !slices.Equal(found, fixed) {
		t.Errorf("found %q, want %q", found, fixed)
	}
	if err := s.Delete(t.Context(), destination, "verify/thumb-taken.gif"); err != nil {
		t.Fatal(err)
	}
	if found := s.verifies(t, 0, "--fix", "missing"); !slices.Equal(found, []string{"missing verify/thumb-taken.gif enqueued"}) {
		t.Errorf("after the repair: found %q", found)
	}
	if found := s.verifies(t, 0); len(found) > 0 {
		t.Errorf("at last: found %q", found)
	}
}
