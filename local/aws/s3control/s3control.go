// Package s3control is the local cloud's S3 Control, over the wire in its REST protocol: S3 Batch Operations that invoke a
// function for each object of a list.
//
// What bites on AWS and does here: whoever makes a job must be allowed to pass its role; everything that a job does is
// checked against that role's policies, and what is missing fails the job rather than the request; a job that asks for
// confirmation waits, Suspended; one of a higher priority pauses the others; temporary failures are tried again before
// the job completes, and a job fails when too many tasks have; reports are written at the end only, in CSV with encoded
// keys.
//
// Requests carry the account in the header x-amz-account-id, which on AWS is in the host's name, too.
package s3control

import (
	"context"
	"sync"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/wire"
)

// principal is how S3 Batch Operations presents itself to roles.
const principal = "batchoperations.s3.amazonaws.com"

// Service is S3 Control. Jobs are never forgotten; AWS keeps them for 90 days.
type Service struct {
	account   *account.Account
	iam       *iam.Service
	objects   Objects
	functions Functions

	mu      sync.Mutex
	jobs    []*job        // oldest first
	changed chan struct{} // closed and renewed when a job changes
}

// Objects is S3, as far as jobs need it, with the permissions of who.
type Objects interface {
	// Inventory lists the current objects of a bucket in the order of their keys.
	Inventory(bucket string) ([]s3.Entry, error)
	Read(who account.Principal, bucket, key, version string) (s3.Object, error)
	Write(who account.Principal, bucket, key string, headers map[string]string, body []byte) (s3.Object, error)
}

// Functions is Lambda, as far as jobs need it.
type Functions interface {
	// Invoke waits for the function's answer.
	Invoke(ctx context.Context, who account.Principal, function string, payload []byte) (lambda.Result, error)
}

// New returns the S3 Control of an account.
func New(a *account.Account, i *iam.Service, objects Objects, functions Functions) *Service {
	return &Service{account: a, iam: i, objects: objects, functions: functions, changed: make(chan struct{})}
}

// Leftovers lists the jobs that have not ended.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, j := range s.jobs {
		if !j.Status.ended() {
			all = append(all, "s3control job "+j.JobId+" ("+string(j.Status)+")")
		}
	}
	return all
}

// notify wakes everyone who waits for a change. The lock is held.
func (s *Service) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// jobARN is the ARN of a job.
func (s *Service) jobARN(id string) string {
	return "arn:aws:s3:" + s.account.Region + ":" + account.ID + ":job/" + id
}

// CreateJob is CreateJob. A request that comes again with its token is answered with the same job; another one with that
// token is IdempotencyException. The other errors are AccessDenied, InvalidRequest and NotImplemented.
func (s *Service) CreateJob(who account.Principal, q CreateJobRequest) (string, error) {
	if err := s.iam.Authorize(who, "s3:CreateJob", "*", nil, nil); err != nil {
		return "", err
	}
	passed := map[string]string{"iam:PassedToService": principal}
	if err := s.iam.Authorize(who, "iam:PassRole", q.RoleArn, nil, passed); err != nil {
		return "", err
	}
	if err := q.validate(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.request.ClientRequestToken == q.ClientRequestToken {
			if !j.request.same(q) {
				return "", wire.Errorf(400, "IdempotencyException", "The client request token was already used for a different request.")
			}
			return j.JobId, nil
		}
	}
	j := newJob(account.RandomID(), q, s.account.Now())
	j.JobArn = s.jobARN(j.JobId)
	if !s.account.Go(func() { s.run(s.account.Context(), j) }) {
		return "", account.ErrClosed
	}
	s.jobs = append(s.jobs, j)
	return j.JobId, nil
}

// with runs f on a job, with the lock held, if the caller may do the action on it, and returns what the job is then.
func (s *Service) with(who account.Principal, action, id string, f func(*job) error) (Job, error) {
	if err := s.iam.Authorize(who, "s3:"+action, s.jobARN(id), nil, nil); err != nil {
		return Job{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.JobId == id {
			err := f(j)
			return j.describe(s.account.Now()), err
		}
	}
	return Job{}, wire.Errorf(404, "NoSuchJob", "The specified job does not exist.")
}

// DescribeJob is DescribeJob. The error is AccessDenied or NoSuchJob.
func (s *Service) DescribeJob(who account.Principal, id string) (Job, error) {
	return s.with(who, "DescribeJob", id, func(*job) error { return nil })
}

// ListJobs is ListJobs: those with one of the statuses, of any if there is none, the newest first. The error is
// AccessDenied.
func (s *Service) ListJobs(who account.Principal, statuses []Status) ([]Job, error) {
	if err := s.iam.Authorize(who, "s3:ListJobs", "*", nil, nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Job
	for i := len(s.jobs) - 1; i >= 0; i-- {
		if j := s.jobs[i]; j.Status.in(statuses) {
			all = append(all, j.describe(s.account.Now()))
		}
	}
	return all, nil
}

// UpdateJobStatus is UpdateJobStatus: Ready confirms a job that is Suspended, Cancelled ends one that has not ended. The
// errors are AccessDenied, NoSuchJob, InvalidRequest, and JobStatusException where the job's status does not allow it.
func (s *Service) UpdateJobStatus(who account.Principal, id string, to Status, reason string) (Job, error) {
	return s.with(who, "UpdateJobStatus", id, func(j *job) error {
		switch {
		case to == StatusReady && j.Status == StatusSuspended:
			s.become(j, StatusReady)
		case to == StatusCancelled && !j.Status.ended() && j.Status != StatusCompleting && j.Status != StatusFailing:
			s.become(j, StatusCancelling)
		case to != StatusReady && to != StatusCancelled:
			return wire.Errorf(400, "InvalidRequest", "requestedJobStatus is %q: want Ready or Cancelled", to)
		default:
			return wire.Errorf(400, "JobStatusException", "The job is %s, and cannot become %s.", j.Status, to)
		}
		j.StatusUpdateReason = reason
		return nil
	})
}

// UpdateJobPriority is UpdateJobPriority. The errors are AccessDenied, NoSuchJob, InvalidRequest, and JobStatusException
// for a job that has ended.
func (s *Service) UpdateJobPriority(who account.Principal, id string, priority int) (Job, error) {
	return s.with(who, "UpdateJobPriority", id, func(j *job) error {
		switch {
		case priority < 0:
			return wire.Errorf(400, "InvalidRequest", "priority is %d: want 0 or more", priority)
		case j.Status.ended():
			return wire.Errorf(400, "JobStatusException", "The job is %s, and has no priority any more.", j.Status)
		}
		j.Priority = priority
		s.notify()
		return nil
	})
}
