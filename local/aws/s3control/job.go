package s3control

import (
	"context"
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

// job is a job and how far it is. Its fields change under the service's lock, but for tasks and request, which do not.
type job struct {
	Job
	request CreateJobRequest
	tasks   []task
	queue   []int // indexes of the tasks that nobody has taken in this round
	again   []int // of those that are to be tried in the next
	results []result
	active  time.Time // since when it is Active; zero where it is not
	elapsed time.Duration
}

// result is what became of a task; status is "" while it has not.
type result struct {
	status  string // succeeded or failed
	code    string // why it failed, "" where it did not
	message string
}

func newJob(id string, q CreateJobRequest, now time.Time) *job {
	return &job{request: q, Job: Job{
		JobId: id, Status: StatusNew, CreationTime: now.UTC(),
		ConfirmationRequired: q.ConfirmationRequired, Description: q.Description, Priority: q.Priority, RoleArn: q.RoleArn,
		Manifest: q.Manifest, ManifestGenerator: q.ManifestGenerator, Operation: q.Operation, Report: q.Report,
	}}
}

// describe returns a copy. The lock is held.
func (j *job) describe(now time.Time) Job {
	out := j.Job
	elapsed := j.elapsed
	if !j.active.IsZero() {
		elapsed += now.Sub(j.active)
	}
	out.ProgressSummary.Timers.ElapsedTimeInActiveSeconds = int64(elapsed.Seconds())
	return out
}

// become changes the status, unless the job has been cancelled: then it returns false. The lock is held.
func (s *Service) become(j *job, status Status) bool {
	if j.Status == StatusCancelling && !status.ended() {
		return false
	}
	now := s.account.Now().UTC()
	switch {
	case status == StatusActive && j.Status != StatusActive:
		j.active = now
	case j.Status == StatusActive && status != StatusActive:
		j.elapsed += now.Sub(j.active)
		j.active = time.Time{}
	}
	j.Status = status
	if status == StatusSuspended {
		j.SuspendedDate, j.SuspendedCause = &now, "Awaiting confirmation"
	} else if status.ended() {
		j.TerminationDate = &now
	}
	s.account.Logf("s3control job %s is %s", j.JobId, status)
	s.notify()
	return true
}

// run takes a job through its life.
func (s *Service) run(ctx context.Context, j *job) {
	credentials, who, err := s.iam.Assume(j.RoleArn, principal, "s3-batch-operations", nil)
	if err == nil {
		defer s.iam.EndSession(credentials)
	}
	s.step(j, StatusPreparing)
	if err == nil {
		err = s.prepare(who, j)
	}
	if err != nil {
		s.end(j, who, StatusFailing, &Failure{"ManifestProcessingFailed", err.Error()})
		return
	}
	if j.ConfirmationRequired {
		s.step(j, StatusSuspended)
	} else {
		s.step(j, StatusReady)
	}
	if failure := s.work(ctx, who, j); failure != nil {
		s.end(j, who, StatusFailing, failure)
	} else if ctx.Err() == nil {
		s.end(j, who, StatusCompleting, nil)
	}
}

// step changes the status unless the job has been cancelled.
func (s *Service) step(j *job, status Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.become(j, status)
}

// end writes the report and ends the job: after Completing it is Complete, after Failing it is Failed, and Cancelled where
// that was asked for. A report that cannot be written fails the job.
func (s *Service) end(j *job, who account.Principal, by Status, failure *Failure) {
	s.step(j, by)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[Status]Status{StatusCompleting: StatusComplete, StatusFailing: StatusFailed, StatusCancelling: StatusCancelled}[j.Status]
	if err := s.report(who, j); err != nil {
		last, failure = StatusFailed, &Failure{"ReportNotWritten", err.Error()}
	}
	if failure != nil && last == StatusFailed {
		j.FailureReasons = append(j.FailureReasons, *failure)
	}
	s.become(j, last)
}
