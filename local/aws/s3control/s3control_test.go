package s3control_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
)

func (w *world) setStatus(id string, to types.RequestedJobStatus) error {
	_, err := w.client.UpdateJobStatus(w.t.Context(), &control.UpdateJobStatusInput{AccountId: sdk.String(account.ID), JobId: &id, RequestedJobStatus: to})
	return err
}

// TestConfirmation: a job waits for it, knowing how many tasks there are, and can be cancelled instead.
func TestConfirmation(t *testing.T) {
	for to, end := range map[types.RequestedJobStatus]types.JobStatus{
		types.RequestedJobStatusReady: types.JobStatusComplete, types.RequestedJobStatusCancelled: types.JobStatusCancelled,
	} {
		w := newWorld(t, "a.jpg", "b.jpg")
		in := w.request(nil)
		in.ConfirmationRequired = sdk.Bool(true)
		id := w.create(in)
		job := w.await(id, types.JobStatusSuspended)
		if *job.ProgressSummary.TotalNumberOfTasks != 2 || len(w.payloads) > 0 || job.SuspendedCause == nil {
			t.Errorf("suspended with %d tasks, %d invocations", *job.ProgressSummary.TotalNumberOfTasks, len(w.payloads))
		}
		if err := w.setStatus(id, to); err != nil {
			t.Fatal(err)
		}
		job = w.await(id, end)
		if done := len(w.payloads) > 0; done != (end == types.JobStatusComplete) || job.TerminationDate == nil {
			t.Errorf("%s after %d invocations", end, len(w.payloads))
		}
		if code := awstest.Code(w.setStatus(id, types.RequestedJobStatusReady)); code != "JobStatusException" {
			t.Errorf("confirming a job that is %s: %s", end, code)
		}
	}
}

// TestCancelWhileActive: what has been done is reported, and nothing is begun any more.
func TestCancelWhileActive(t *testing.T) {
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("%03d.jpg", i))
	}
	w := newWorld(t, keys...)
	begun, goOn := make(chan bool, len(keys)), make(chan bool)
	w.answer = func(string, int) (string, error) { begun <- true; <-goOn; return "Succeeded", nil }
	id := w.create(w.request(nil))
	<-begun
	if err := w.setStatus(id, types.RequestedJobStatusCancelled); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	job := w.await(id, types.JobStatusCancelled)
	if n := len(w.payloads); n >= len(keys) || int64(n) != *job.ProgressSummary.NumberOfTasksSucceeded {
		t.Errorf("%d invocations, %d counted", n, *job.ProgressSummary.NumberOfTasksSucceeded)
	}
	w.get("reports", "r/job-"+id+"/manifest.json")
}

// TestPriority: a job of a higher priority pauses the others until it has ended.
func TestPriority(t *testing.T) {
	var keys []string
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("%02d.jpg", i))
	}
	w := newWorld(t, append(keys, "urgent.png")...)
	suffix := func(s string) *types.JobManifestGeneratorFilter {
		return &types.JobManifestGeneratorFilter{KeyNameConstraint: &types.KeyNameConstraint{MatchAnySuffix: []string{s}}}
	}
	begun, goOn, urgent := make(chan bool, 100), make(chan bool), make(chan bool)
	w.answer = func(key string, _ int) (string, error) {
		if key == "urgent.png" {
			<-urgent
		} else {
			begun <- true
			<-goOn
		}
		return "Succeeded", nil
	}
	low := w.create(w.request(suffix(".jpg")))
	<-begun
	in := w.request(suffix(".png"))
	in.Priority = sdk.Int32(2)
	high := w.create(in)
	w.await(high, types.JobStatusActive)
	close(goOn)
	w.await(low, types.JobStatusPaused)
	// Its own is raised above the other's.
	if _, err := w.client.UpdateJobPriority(t.Context(), &control.UpdateJobPriorityInput{AccountId: sdk.String(account.ID), JobId: &low, Priority: 3}); err != nil {
		t.Fatal(err)
	}
	w.await(low, types.JobStatusComplete)
	close(urgent)
	w.await(high, types.JobStatusComplete)
}

// TestJobsGoByTheClock: it may have been turned since the objects were written that a filter picks by their time.
func TestJobsGoByTheClock(t *testing.T) {
	w := newWorld(t, "a.jpg")
	later := time.Now().Add(48 * time.Hour)
	w.turn(48 * time.Hour)
	job, _ := w.run(w.request(nil), types.JobStatusComplete)
	if job.CreationTime.Before(later) || job.TerminationDate.Before(later) {
		t.Errorf("made at %v, done at %v, want times after %v", job.CreationTime, job.TerminationDate, later)
	}
}

// TestTooManyFailures: a job of which most fails does not go on to the end.
func TestTooManyFailures(t *testing.T) {
	var keys []string
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("%04d.jpg", i))
	}
	w := newWorld(t, keys...)
	w.answer = func(string, int) (string, error) { return "PermanentFailure", nil }
	job, got := w.run(w.request(nil), types.JobStatusFailed)
	if len(got) < 1000 || len(got) == len(keys) || !strings.Contains(*job.FailureReasons[0].FailureReason, "50%") {
		t.Errorf("%d tasks were done; %+v", len(got), job.FailureReasons)
	}
}

// TestPermissionsOfTheRole: what the role may not do fails the job, and says what it was.
func TestPermissionsOfTheRole(t *testing.T) {
	for i, missing := range []string{"lambda:InvokeFunction", "s3:PutInventoryConfiguration", "s3:PutObject"} {
		w := newWorld(t, "a.jpg")
		policy := strings.ReplaceAll(awstest.Policy(statements()...), missing, "s3:GetObject")
		if err := w.IAM.PutRolePolicy("batch", "batch", policy); err != nil {
			t.Fatal(err)
		}
		end := types.JobStatusFailed
		if i == 0 { // the task's failure, not the job's
			end = types.JobStatusComplete
		}
		job, _ := w.run(w.request(nil), end)
		said := ""
		if i == 0 {
			var report struct{ Results []struct{ Key string } }
			if err := json.Unmarshal(w.get("reports", "r/job-"+*job.JobId+"/manifest.json"), &report); err != nil {
				t.Fatal(err)
			}
			said = string(w.get("reports", report.Results[0].Key))
		} else {
			said = *job.FailureReasons[0].FailureReason
		}
		if !strings.Contains(said, missing) || !strings.Contains(said, "not authorized") {
			t.Errorf("without %s: %s", missing, said)
		}
	}
}

// TestWhoMayMakeJobs: the caller needs s3:CreateJob, and the right to pass that role to this service.
func TestWhoMayMakeJobs(t *testing.T) {
	w := newWorld(t, "a.jpg")
	pass := awstest.Allow(w.role.ARN, "iam:PassRole")
	pass["Condition"] = awstest.Doc{"StringEquals": awstest.Doc{"iam:PassedToService": "batchoperations.s3.amazonaws.com"}}
	create := awstest.Allow("*", "s3:CreateJob", "s3:ListJobs")
	for name, c := range map[string]struct {
		allowed []awstest.Doc
		want    string
	}{
		"both": {[]awstest.Doc{create, pass}, ""}, "no-pass": {[]awstest.Doc{create}, "AccessDenied"}, "no-create": {[]awstest.Doc{pass}, "AccessDenied"},
	} {
		role := awstest.Role(t, w.Cloud, name, "ec2.amazonaws.com", c.allowed...)
		client := w.clientOf(awstest.Session(t, w.Cloud, role, "ec2.amazonaws.com"))
		_, err := client.CreateJob(t.Context(), w.request(nil))
		if code := awstest.Code(err); code != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestRequests: tokens, refusals and pages of the list.
func TestRequests(t *testing.T) {
	w := newWorld(t, "a.jpg")
	in := w.request(nil)
	in.ClientRequestToken = sdk.String("once")
	first := w.create(in)
	if again := w.create(in); again != first {
		t.Errorf("the same request made %s and %s", first, again)
	}
	in.Priority = sdk.Int32(7)
	if _, err := w.client.CreateJob(t.Context(), in); awstest.Code(err) != "IdempotencyException" {
		t.Errorf("another request with the token: %v", err)
	}
	w.await(first, types.JobStatusComplete)
	second := w.create(w.request(nil))
	w.await(second, types.JobStatusComplete)

	list := &control.ListJobsInput{AccountId: sdk.String(account.ID), JobStatuses: []types.JobStatus{types.JobStatusComplete}, MaxResults: sdk.Int32(1)}
	var ids []string
	for pages := control.NewListJobsPaginator(w.client, list); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Jobs {
			ids = append(ids, *j.JobId)
		}
	}
	if !slices.Equal(ids, []string{second, first}) {
		t.Errorf("listed %q, want %q", ids, []string{second, first})
	}
	list.JobStatuses = []types.JobStatus{types.JobStatusFailed}
	if none, err := w.client.ListJobs(t.Context(), list); err != nil || len(none.Jobs) > 0 {
		t.Errorf("failed jobs: %v, %v", none, err)
	}

	for want, change := range map[string]func(*control.CreateJobInput){
		"InvalidRequest": func(in *control.CreateJobInput) { in.ManifestGenerator = nil },
		"NotImplemented": func(in *control.CreateJobInput) {
			in.Operation = &types.JobOperation{S3DeleteObjectTagging: &types.S3DeleteObjectTaggingOperation{}}
		},
		"AccessDenied": func(in *control.CreateJobInput) { in.AccountId = sdk.String("999999999999") },
	} {
		in := w.request(nil)
		change(in)
		if _, err := w.client.CreateJob(t.Context(), in); awstest.Code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err := w.client.DescribeJob(t.Context(), &control.DescribeJobInput{AccountId: sdk.String(account.ID), JobId: sdk.String("none")})
	if awstest.Code(err) != "NoSuchJob" {
		t.Errorf("a job that there is not: %v", err)
	}
}
