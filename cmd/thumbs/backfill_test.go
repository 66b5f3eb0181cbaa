package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/s3control"
)

// requests are the requests that the function made to S3 since a number of them, by operation and status.
func (s *site) requests(since int) map[string]int {
	n := map[string]int{}
	for _, call := range s.S3.Calls()[since:] {
		if call.Role == s.role.Name {
			n[fmt.Sprint(call.Operation, " ", call.Status)]++
		}
	}
	return n
}

// TestBackfillByJob: S3 Batch Operations have the function make what is missing, of what the filter lets through; what
// cannot be made is said, and is in the report.
func TestBackfillByJob(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "photos/a b.png", "photos/ü+.png", "other/c.png")
	s.put(damaged, "photos/bad.png")
	s.put("hello", "photos/notes.txt")
	s.put("", "photos/")
	args := []string{"backfill", "--yes", "--prefix", "photos/"}
	stdout := s.thumbsSays(1, []string{"5 objects: US$", "failed\tphotos/bad.png\trejected: ", "complete; 5 objects: 4 succeeded, 1 failed; report s3://reports/"}, args...)
	s.wantThumbnails("photos/thumb-a b.png", "photos/thumb-ü+.png")
	report := regexp.MustCompile(`s3://reports/(\S+)`).FindStringSubmatch(stdout)
	if report == nil {
		t.Fatalf("no report in %s", stdout)
	}
	if _, err := s.S3.GetObject("reports", report[1], ""); err != nil {
		t.Error(err)
	}

	// Again: nothing is read of what is there. Then with other settings: all is made anew.
	if err := s.S3.DeleteEveryVersion("pictures", "photos/bad.png"); err != nil {
		t.Fatal(err)
	}
	before := len(s.S3.Calls())
	s.thumbsSays(0, []string{"4 succeeded, 0 failed"}, args...)
	if n := s.requests(before); n["PutObject 200"] > 0 || n["GetObject 304"] != 2 {
		t.Errorf("of what was there, the function asked %v", n)
	}
	s.configure("CACHE_CONTROL", "max-age=60")
	before = len(s.S3.Calls())
	s.thumbsSays(0, []string{"4 succeeded, 0 failed"}, args...)
	if n := s.requests(before); n["PutObject 200"] != 2 {
		t.Errorf("with other settings, the function asked %v", n)
	}
}

// TestBackfillAsks: nothing is begun before the answer.
func TestBackfillAsks(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png")
	if _, stderr, status := s.thumbs("", "backfill"); status != 2 || !strings.Contains(stderr, "--yes") {
		t.Errorf("where nobody can be asked: status %d, %s", status, stderr)
	}
	for _, mode := range [][]string{{"backfill"}, {"backfill", "--direct"}} {
		if stdout, stderr, status := s.thumbs("n\n", mode...); status != 0 || len(s.keys("thumbs")) > 0 {
			t.Errorf("%q, no: status %d, %s%s", mode, status, stdout, stderr)
		}
	}
	if stdout, stderr, status := s.thumbs("y\n", "backfill"); status != 0 {
		t.Errorf("yes: status %d, %s%s", status, stdout, stderr)
	}
	s.wantThumbnails("thumb-a.png")
}

// TestBackfillDryRun: it counts what the filter lets through, and does nothing.
func TestBackfillDryRun(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png", "b.png")
	s.put("hello", "c.txt")
	for want, args := range map[string][]string{
		"3 objects, ": nil, "2 objects, ": {"--larger-than", "10"}, "1 objects, ": {"--smaller-than", "10B"},
		"0 objects: ": {"--created-after", "2100-01-01"},
	} {
		for _, mode := range []string{"--dry-run", "--direct"} {
			s.thumbsSays(0, []string{want}, append([]string{"backfill", "--dry-run", mode}, args...)...)
		}
	}
	s.thumbsSays(0, []string{"3 objects, "}, "backfill", "--dry-run", "--created-before", "2100-01-01", "--created-after", "2000-01-01")
	if jobs, err := s.S3Control.ListJobs(account.Deployer, nil); err != nil || len(jobs) > 0 || len(s.requests(0)) > 0 {
		t.Errorf("jobs %v, %v; requests of the function %v", jobs, err, s.requests(0))
	}
	stdout := s.thumbsSays(0, nil, "backfill", "--dry-run", "--json")
	var e struct {
		Kind               string
		Objects            int
		DollarsIfNoneFresh float64
	}
	if err := json.Unmarshal([]byte(stdout), &e); err != nil || e.Kind != "estimate" || e.Objects != 3 || e.DollarsIfNoneFresh < 0.25 {
		t.Errorf("estimate %+v, %v", e, err)
	}
}

// waiting makes a job that waits to be confirmed, as an interrupted run leaves one, and returns its ID.
func (s *site) waiting() string {
	s.t.Helper()
	f, _ := s.Lambda.GetFunction("fn")
	id, err := s.S3Control.CreateJob(account.Deployer, s3control.CreateJobRequest{
		ConfirmationRequired: true, ClientRequestToken: account.RandomHex(8), RoleArn: s.batch.ARN,
		Operation:         s3control.Operation{LambdaInvoke: &s3control.LambdaInvoke{FunctionArn: f.ARN}},
		ManifestGenerator: &s3control.Generator{S3JobManifestGenerator: s3control.BucketGenerator{SourceBucket: "arn:aws:s3:::pictures"}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// TestBackfillResume: a job that another run has made is confirmed, shown, given another priority, or ended.
func TestBackfillResume(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png")
	id := s.waiting()
	s.thumbsSays(2, []string{"waits to be confirmed"}, "backfill", "--resume", id)
	s.thumbsSays(0, []string{"cancelled; 1 objects: 0 succeeded"}, "backfill", "--cancel", id)
	s.thumbsSays(2, []string{"cannot be Cancelled any more"}, "backfill", "--cancel", id)
	s.wantThumbnails()

	id = s.waiting()
	s.thumbsSays(0, []string{"1 objects: US$", "complete; 1 objects: 1 succeeded"}, "backfill", "--resume", id, "--yes", "--priority", "77")
	s.wantThumbnails("thumb-a.png")
	if job, err := s.S3Control.DescribeJob(account.Deployer, id); err != nil || job.Priority != 77 {
		t.Errorf("priority %d, %v", job.Priority, err)
	}
	s.thumbsSays(2, []string{"NoSuchJob"}, "backfill", "--resume", "none")
}

// TestBackfillJobThatFails: what the role may not do is said, and nothing hangs.
func TestBackfillJobThatFails(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png")
	s.IAM.DeleteRolePolicy("batch", "batch")
	s.thumbsSays(2, []string{"failed; 0 objects", "s3:PutInventoryConfiguration"}, "backfill", "--yes")
}

// TestBackfillDirect: the function is invoked from here, for what the settings want only.
func TestBackfillDirect(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png", "b c.png", "d+.png", "private/e.png")
	s.put(damaged, "bad.png")
	s.put("hello", "notes.txt")
	s.configure("EXCLUDE", `["private/*"]`)
	s.thumbsSays(1, []string{"5 objects, ", "failed\tbad.png\trejected", "5 objects: 3 created, 0 unchanged, 1 skipped or gone, 1 failed"},
		"backfill", "--direct", "--yes", "--concurrency", "2")
	s.wantThumbnails("thumb-a.png", "thumb-b c.png", "thumb-d+.png")
	s.thumbsSays(0, []string{"1 objects: 0 created, 1 unchanged"}, "backfill", "--direct", "--yes", "--after", "bad.png", "--prefix", "d")

	// S3 fails for longer than the function tries: it is tried again from here, and at last said.
	s.S3.SetFaults(func(c s3.Call) *s3.Fault {
		if c.Role == s.role.Name && strings.Contains(c.Key, "b c.png") {
			return s3.SlowDown
		}
		return nil
	})
	s.thumbsSays(1, []string{"failed\tb c.png\t", "503"}, "backfill", "--direct", "--yes", "--prefix", "b ")
}

// TestBackfillRefuses: what cannot work is said before anything is done.
func TestBackfillRefuses(t *testing.T) {
	s := newSite(t)
	s.configure("SOURCE_PREFIX", "photos/")
	for want, args := range map[string][]string{
		"begin with \"photos/\"": {"--prefix", "films/", "--dry-run"},
		"want at least 1":        {"--direct", "--yes", "--concurrency", "0"},
		"none of the others can": {"--resume", "x", "--dry-run"},
		"2026-06-30":             {"--created-after", "yesterday"},
	} {
		s.thumbsSays(2, []string{want}, append([]string{"backfill"}, args...)...)
	}
	s.configure("SOURCE_BUCKET", "elsewhere")
	s.thumbsSays(2, []string{"reads the bucket elsewhere, not pictures"}, "backfill", "--dry-run")
	s.configure("SOURCE_BUCKET", "pictures")
	s.thumbsSays(2, []string{"pulumi config set backfill true", "--direct"}, "backfill", "--yes", "--role", "")
	s.config.Reserved = 0
	s.configure("SOURCE_PREFIX", "")
	s.thumbsSays(2, []string{"is stopped: its reservedConcurrency is 0"}, "backfill", "--direct", "--yes")
}

// TestBackfillWithANewRole: a role that was just made is not known everywhere yet. Another job finds it; one that never does
// fails with S3's reason.
func TestBackfillWithANewRole(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png")
	unknown := faults.Rule{Fault: faults.IAMPropagation, Probability: 1, Count: 2, Duration: faults.Duration(time.Hour), Key: s.batch.Name}
	if err := s.Faults.Configure(faults.Config{Rules: []faults.Rule{unknown}}); err != nil {
		t.Fatal(err)
	}
	s.thumbsSays(0, []string{"S3 does not know the role", "complete; 1 objects: 1 succeeded, 0 failed"}, "backfill", "--yes")
	unknown.Count = 0
	if err := s.Faults.Configure(faults.Config{Rules: []faults.Rule{unknown}}); err != nil {
		t.Fatal(err)
	}
	s.thumbsSays(2, []string{"AccessDenied", "sts:AssumeRole"}, "backfill", "--yes")
}
