package s3control_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"s3-thumbnail-creator/local/aws/wire"
)

// TestFilters: a job is about the objects that pass all of a filter.
func TestFilters(t *testing.T) {
	keys := []string{"a/1.jpg", "a/22.png", "b/333.jpg", "b/4 ü+.jpg"}
	now := time.Now()
	for name, c := range map[string]struct {
		filter *types.JobManifestGeneratorFilter
		want   []string
	}{
		"none":   {nil, []string{"a/1.jpg", "a/22.png", "b/333.jpg", "b/4%20%C3%BC%2B.jpg"}},
		"prefix": {&types.JobManifestGeneratorFilter{KeyNameConstraint: &types.KeyNameConstraint{MatchAnyPrefix: []string{"a/"}}}, []string{"a/1.jpg", "a/22.png"}},
		"suffix": {&types.JobManifestGeneratorFilter{KeyNameConstraint: &types.KeyNameConstraint{MatchAnyPrefix: []string{"a/"}, MatchAnySuffix: []string{".jpg"}}}, []string{"a/1.jpg"}},
		"larger": {&types.JobManifestGeneratorFilter{ObjectSizeGreaterThanBytes: sdk.Int64(8)}, []string{"b/333.jpg", "b/4%20%C3%BC%2B.jpg"}},
		"size":   {&types.JobManifestGeneratorFilter{ObjectSizeGreaterThanBytes: sdk.Int64(7), ObjectSizeLessThanBytes: sdk.Int64(9)}, []string{"a/22.png"}},
		"after":  {&types.JobManifestGeneratorFilter{CreatedAfter: sdk.Time(now.Add(-time.Hour)), CreatedBefore: sdk.Time(now.Add(time.Hour)), ObjectSizeLessThanBytes: sdk.Int64(8)}, []string{"a/1.jpg"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, keys...)
			job, got := w.run(w.request(c.filter), types.JobStatusComplete)
			if !slices.Equal(got, c.want) {
				t.Errorf("the function was invoked for %q, want %q", got, c.want)
			}
			if p := job.ProgressSummary; *p.TotalNumberOfTasks != int64(len(c.want)) || *p.NumberOfTasksSucceeded != int64(len(c.want)) {
				t.Errorf("progress %+v", p)
			}
		})
	}
	w := newWorld(t, keys...)
	none := &types.JobManifestGeneratorFilter{CreatedAfter: sdk.Time(now.Add(time.Hour))}
	if job, _ := w.run(w.request(none), types.JobStatusFailed); !strings.Contains(*job.FailureReasons[0].FailureReason, "no objects") {
		t.Errorf("failure %s", *job.FailureReasons[0].FailureReason)
	}
}

// TestPayloads: what the function is invoked with, by schema.
func TestPayloads(t *testing.T) {
	for schema, want := range map[string]string{
		"2.0": `"s3Bucket":"pictures"`, "1.0": `"s3BucketArn":"arn:aws:s3:::pictures"`,
	} {
		w := newWorld(t, "a b.jpg")
		in := w.request(nil)
		in.Operation.LambdaInvoke.InvocationSchemaVersion = &schema
		if schema == "1.0" {
			in.Operation.LambdaInvoke.UserArguments = nil
		}
		job, _ := w.run(in, types.JobStatusComplete)
		text, _ := json.Marshal(w.payloads[0])
		for _, part := range []string{`"invocationSchemaVersion":"` + schema, `"id":"` + *job.JobId, `"s3Key":"a%20b.jpg"`, want} {
			if !strings.Contains(string(text), part) {
				t.Errorf("schema %s: the event lacks %s: %s", schema, part, text)
			}
		}
		if arguments := strings.Contains(string(text), `"userArguments":{"a":"b"}`); arguments != (schema == "2.0") {
			t.Errorf("schema %s: %s", schema, text)
		}
	}
}

// TestReport: every task is in it, failures apart from successes, and what fails temporarily is tried again first.
func TestReport(t *testing.T) {
	w := newWorld(t, "bad.jpg", "good.jpg", "late.jpg", "slow.jpg", "never.jpg")
	throttled := false
	w.answer = func(key string, try int) (string, error) {
		switch {
		case key == "good.jpg" && !throttled:
			throttled = true
			return "", wire.Errorf(429, "TooManyRequestsException", "Rate Exceeded.")
		case key == "late.jpg" && try == 1, key == "never.jpg":
			return "TemporaryFailure", nil
		case key == "bad.jpg":
			return "PermanentFailure", nil
		case key == "slow.jpg":
			return "", nil
		}
		return "Succeeded", nil
	}
	job, _ := w.run(w.request(nil), types.JobStatusComplete)
	if p := job.ProgressSummary; *p.NumberOfTasksSucceeded != 2 || *p.NumberOfTasksFailed != 3 {
		t.Errorf("%d tasks succeeded, %d failed", *p.NumberOfTasksSucceeded, *p.NumberOfTasksFailed)
	}
	if w.invoked["bad.jpg"] != 1 || w.invoked["late.jpg"] != 2 || w.invoked["never.jpg"] < 2 {
		t.Errorf("invocations by key: %v", w.invoked)
	}
	var report struct {
		Format, ReportSchema string
		Results              []struct{ TaskExecutionStatus, Bucket, MD5Checksum, Key string }
	}
	if err := json.Unmarshal(w.get("reports", "r/job-"+*job.JobId+"/manifest.json"), &report); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, part := range report.Results {
		lines, err := csv.NewReader(bytes.NewReader(w.get(part.Bucket, part.Key))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if line[3] != part.TaskExecutionStatus {
				t.Errorf("%q is in the part %s", line, part.TaskExecutionStatus)
			}
			rows = append(rows, strings.Join(slices.Delete(line, 0, 1), "|"))
		}
	}
	slices.Sort(rows)
	want := []string{
		"bad.jpg||failed|200|PermanentFailure|said of bad.jpg", "good.jpg||succeeded|200||said of good.jpg",
		"late.jpg||succeeded|200||said of late.jpg", "never.jpg||failed|200|TemporaryFailure|said of never.jpg",
		`slow.jpg||failed|200|PermanentFailure|Lambda returned function error: {"errorMessage":"it timed out"}`,
	}
	if !slices.Equal(rows, want) || report.Format != "Report_CSV_20180820" {
		t.Errorf("%s: rows\n%s\nwant\n%s", report.Format, strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}

	in := w.request(nil)
	in.Report.ReportScope = types.JobReportScopeFailedTasksOnly
	job = w.await(w.create(in), types.JobStatusComplete)
	if text := string(w.get("reports", "r/job-"+*job.JobId+"/manifest.json")); strings.Contains(text, "succeeded") || !strings.Contains(text, "failed") {
		t.Errorf("report of failures only: %s", text)
	}
}

// TestGeneratedManifest: the list that S3 makes is where the job says, in the form of an inventory.
func TestGeneratedManifest(t *testing.T) {
	w := newWorld(t, "a b.jpg")
	job, _ := w.run(w.request(nil), types.JobStatusComplete)
	d := job.GeneratedManifestDescriptor
	if d == nil || d.Format != types.GeneratedManifestFormatS3InventoryReportCsv20211130 {
		t.Fatalf("generated manifest %+v", d)
	}
	key := strings.TrimPrefix(*d.Location.ObjectArn, "arn:aws:s3:::reports/")
	var manifest struct {
		FileSchema string
		Files      []struct{ Key string }
	}
	if err := json.Unmarshal(w.get("reports", key), &manifest); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(w.get("reports", manifest.Files[0].Key)))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := io.ReadAll(z)
	if err != nil || string(lines) != "pictures,a%20b.jpg,\n" || manifest.FileSchema != "Bucket, Key, VersionId" {
		t.Errorf("%s: %q, %v", manifest.FileSchema, lines, err)
	}
}

// TestCSVManifest: a list that somebody has made, with the columns that he says, and only if it is the one that he says.
func TestCSVManifest(t *testing.T) {
	w := newWorld(t)
	etag := w.put("reports", "list.csv", "x,pictures,a%20b.jpg\nx,elsewhere,c.jpg\n")
	in := w.request(nil)
	in.ManifestGenerator = nil
	in.Manifest = &types.JobManifest{
		Spec:     &types.JobManifestSpec{Format: types.JobManifestFormatS3BatchOperationsCsv20180820, Fields: []types.JobManifestFieldName{"Ignore", "Bucket", "Key"}},
		Location: &types.JobManifestLocation{ObjectArn: sdk.String("arn:aws:s3:::reports/list.csv"), ETag: &etag},
	}
	if _, got := w.run(in, types.JobStatusComplete); !slices.Equal(got, []string{"a%20b.jpg", "c.jpg"}) {
		t.Errorf("the function was invoked for %q", got)
	}
	in.Manifest.Location.ETag, in.ClientRequestToken = sdk.String("another"), nil
	if job, _ := w.run(in, types.JobStatusFailed); !strings.Contains(*job.FailureReasons[0].FailureReason, "ETag") {
		t.Errorf("failure %s", *job.FailureReasons[0].FailureReason)
	}
}
