package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// Control is S3 Control, as far as jobs need it.
type Control interface {
	CreateJob(context.Context, *s3control.CreateJobInput, ...func(*s3control.Options)) (*s3control.CreateJobOutput, error)
	DescribeJob(context.Context, *s3control.DescribeJobInput, ...func(*s3control.Options)) (*s3control.DescribeJobOutput, error)
	UpdateJobStatus(context.Context, *s3control.UpdateJobStatusInput, ...func(*s3control.Options)) (*s3control.UpdateJobStatusOutput, error)
	UpdateJobPriority(context.Context, *s3control.UpdateJobPriorityInput, ...func(*s3control.Options)) (*s3control.UpdateJobPriorityOutput, error)
}

// Reports is S3, where the reports are.
type Reports interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Batch makes and follows jobs of S3 Batch Operations that invoke a function.
type Batch struct {
	Control  Control
	Reports  Reports
	Function arn.ARN // its account and partition are those of everything
	Role     string  // ARN of the role that jobs are given
	Source   string  // bucket whose objects are meant
	Bucket   string  // of the lists of objects and the reports
	Every    time.Duration
}

// Where a job's files are in the bucket.
const (
	manifestPrefix = "manifests"
	reportPrefix   = "reports"
)

// Job is how far a job is.
type Job struct {
	ID        string `json:"job"`
	Status    string `json:"status"`
	Objects   int64  `json:"objects"`
	Succeeded int64  `json:"succeeded"`
	Failed    int64  `json:"failed"`
	Why       string `json:"why,omitempty"`    // it failed, or was cancelled
	Report    string `json:"report,omitempty"` // s3://BUCKET/KEY of the report's list of files; "" where there is none
}

// StatusFailed is the status of a job that was given up.
const StatusFailed = string(types.JobStatusFailed)

// Waiting reports whether it waits to be confirmed.
func (j Job) Waiting() bool { return j.Status == string(types.JobStatusSuspended) }

// Ended reports whether nothing more becomes of it.
func (j Job) Ended() bool {
	return slices.Contains([]types.JobStatus{types.JobStatusComplete, types.JobStatusFailed, types.JobStatusCancelled}, types.JobStatus(j.Status))
}

// RoleUnknown reports whether it has failed as S3 could not take on its role.
func (j Job) RoleUnknown() bool {
	return j.Status == StatusFailed && j.Objects == 0 && strings.Contains(j.Why, "sts:AssumeRole")
}

func (b *Batch) bucketARN(name string) *string {
	return aws.String(arn.ARN{Partition: b.Function.Partition, Service: "s3", Resource: name}.String())
}

// Create makes a job and returns its ID. S3 lists the objects for it; then it waits to be confirmed.
func (b *Batch) Create(ctx context.Context, f Filter, priority int32) (string, error) {
	account := &b.Function.AccountID
	out, err := b.Control.CreateJob(ctx, &s3control.CreateJobInput{
		AccountId: account, RoleArn: &b.Role, Priority: &priority, ConfirmationRequired: aws.Bool(true),
		Description: aws.String("thumbnails of what is in " + b.Source),
		Operation: &types.JobOperation{LambdaInvoke: &types.LambdaInvokeOperation{
			FunctionArn: aws.String(b.Function.String()), InvocationSchemaVersion: aws.String("2.0"),
		}},
		ManifestGenerator: &types.JobManifestGeneratorMemberS3JobManifestGenerator{Value: types.S3JobManifestGenerator{
			SourceBucket: b.bucketARN(b.Source), ExpectedBucketOwner: account, Filter: f.generator(), EnableManifestOutput: true,
			ManifestOutputLocation: &types.S3ManifestOutputLocation{
				Bucket: b.bucketARN(b.Bucket), ManifestPrefix: aws.String(manifestPrefix), ExpectedManifestBucketOwner: account,
				ManifestFormat: types.GeneratedManifestFormatS3InventoryReportCsv20211130,
			},
		}},
		Report: &types.JobReport{
			Enabled: true, Bucket: b.bucketARN(b.Bucket), Prefix: aws.String(reportPrefix), ExpectedBucketOwner: account,
			Format: types.JobReportFormatReportCsv20180820, ReportScope: types.JobReportScopeAllTasks,
		},
	})
	if err != nil {
		return "", fmt.Errorf("make a job of S3 Batch Operations for s3://%s: %w", b.Source, err)
	}
	return aws.ToString(out.JobId), nil
}

// Describe returns how far a job is.
func (b *Batch) Describe(ctx context.Context, id string) (Job, error) {
	out, err := b.Control.DescribeJob(ctx, &s3control.DescribeJobInput{AccountId: &b.Function.AccountID, JobId: &id})
	if err != nil {
		return Job{}, fmt.Errorf("look at the job %s: %w", id, err)
	}
	d := out.Job
	j := Job{ID: id, Status: string(d.Status), Why: aws.ToString(d.StatusUpdateReason)}
	if p := d.ProgressSummary; p != nil {
		j.Objects, j.Succeeded, j.Failed = aws.ToInt64(p.TotalNumberOfTasks), aws.ToInt64(p.NumberOfTasksSucceeded), aws.ToInt64(p.NumberOfTasksFailed)
	}
	for _, f := range d.FailureReasons {
		j.Why = aws.ToString(f.FailureReason)
	}
	if j.Ended() && j.Succeeded+j.Failed > 0 {
		j.Report = "s3://" + b.Bucket + "/" + reportKey(id)
	}
	return j, nil
}

// Await looks at a job until that is enough. It tells seen each time.
func (b *Batch) Await(ctx context.Context, id string, enough func(Job) bool, seen func(Job)) (Job, error) {
	tick := time.NewTicker(b.Every)
	defer tick.Stop()
	for {
		j, err := b.Describe(ctx, id)
		if err != nil {
			return j, err
		}
		seen(j)
		if enough(j) {
			return j, nil
		}
		select {
		case <-ctx.Done():
			return j, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Confirm lets a job begin that waits for it.
func (b *Batch) Confirm(ctx context.Context, id string) error {
	return b.update(ctx, id, types.RequestedJobStatusReady, "confirmed by thumbs backfill")
}

// Cancel ends a job. What it has begun is finished.
func (b *Batch) Cancel(ctx context.Context, id string) error {
	return b.update(ctx, id, types.RequestedJobStatusCancelled, "cancelled by thumbs backfill")
}

func (b *Batch) update(ctx context.Context, id string, to types.RequestedJobStatus, why string) error {
	_, err := b.Control.UpdateJobStatus(ctx, &s3control.UpdateJobStatusInput{
		AccountId: &b.Function.AccountID, JobId: &id, RequestedJobStatus: to, StatusUpdateReason: &why,
	})
	if _, ended := errors.AsType[*types.JobStatusException](err); ended {
		return fmt.Errorf("job %s: it cannot be %s any more: %w", id, to, err)
	}
	if err != nil {
		return fmt.Errorf("have the job %s be %s: %w", id, to, err)
	}
	return nil
}

// Prioritize changes a job's priority.
func (b *Batch) Prioritize(ctx context.Context, id string, priority int32) error {
	if _, err := b.Control.UpdateJobPriority(ctx, &s3control.UpdateJobPriorityInput{
		AccountId: &b.Function.AccountID, JobId: &id, Priority: priority,
	}); err != nil {
		return fmt.Errorf("change the priority of the job %s: %w", id, err)
	}
	return nil
}
