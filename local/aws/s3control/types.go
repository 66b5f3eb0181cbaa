package s3control

import (
	"reflect"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// What requests and answers are made of (Amazon S3 API reference, "S3 Control data types"). The fields' names are those
// of the elements.

// Status is where a job is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html
type Status string

// The statuses of a job.
const (
	StatusNew        Status = "New"
	StatusPreparing  Status = "Preparing"
	StatusSuspended  Status = "Suspended" // it waits to be confirmed
	StatusReady      Status = "Ready"
	StatusActive     Status = "Active"
	StatusPaused     Status = "Paused" // a job of a higher priority runs
	StatusCompleting Status = "Completing"
	StatusComplete   Status = "Complete"
	StatusCancelling Status = "Cancelling"
	StatusCancelled  Status = "Cancelled"
	StatusFailing    Status = "Failing"
	StatusFailed     Status = "Failed"
)

func (s Status) ended() bool { return s == StatusComplete || s == StatusCancelled || s == StatusFailed }

// in reports whether it is one of the statuses, or there are none.
func (s Status) in(statuses []Status) bool { return len(statuses) == 0 || slices.Contains(statuses, s) }

// CreateJobRequest says what a job is to do.
type CreateJobRequest struct {
	ConfirmationRequired bool
	Operation            Operation
	Report               Report
	ClientRequestToken   string
	Manifest             *Manifest
	ManifestGenerator    *Generator
	Description          string
	Priority             int
	RoleArn              string
}

// same reports whether it asks for the same job.
func (q CreateJobRequest) same(other CreateJobRequest) bool { return reflect.DeepEqual(q, other) }

// validate returns what CreateJob refuses at once.
func (q CreateJobRequest) validate() error {
	invalid := func(what string) error { return wire.Errorf(400, "InvalidRequest", "%s", what) }
	g := q.ManifestGenerator
	switch {
	case q.ClientRequestToken == "" || len(q.ClientRequestToken) > 64:
		return invalid("ClientRequestToken: want 1 to 64 characters")
	case len(q.Description) > 256:
		return invalid("Description: want at most 256 characters")
	case q.Priority < 0:
		return invalid("Priority: want 0 or more")
	case q.Operation.LambdaInvoke == nil || q.Operation.LambdaInvoke.FunctionArn == "":
		return wire.Errorf(501, "NotImplemented", "The local cloud's S3 Batch Operations have LambdaInvoke only, with a FunctionArn: add others to local/aws/s3control/task.go")
	case !slices.Contains([]string{"", "1.0", "2.0"}, q.Operation.LambdaInvoke.InvocationSchemaVersion):
		return invalid("InvocationSchemaVersion: want 1.0 or 2.0")
	case q.Operation.LambdaInvoke.UserArguments != nil && q.Operation.LambdaInvoke.InvocationSchemaVersion != "2.0":
		return invalid("UserArguments need InvocationSchemaVersion 2.0")
	case (q.Manifest == nil) == (g == nil):
		return invalid("want either Manifest or ManifestGenerator")
	case g != nil && (g.S3JobManifestGenerator.SourceBucket == "" || g.S3JobManifestGenerator.EnableManifestOutput && g.S3JobManifestGenerator.ManifestOutputLocation == nil):
		return invalid("S3JobManifestGenerator: want a SourceBucket, and a ManifestOutputLocation with EnableManifestOutput")
	case q.Report.Enabled && (q.Report.Bucket == "" || q.Report.Format != "Report_CSV_20180820" || q.Report.ReportScope != "AllTasks" && q.Report.ReportScope != "FailedTasksOnly"):
		return invalid("Report: want a Bucket, the Format Report_CSV_20180820, and the ReportScope AllTasks or FailedTasksOnly")
	}
	return nil
}

// Operation is what is done to each object.
type Operation struct {
	LambdaInvoke *LambdaInvoke `xml:",omitempty"`
}

// LambdaInvoke invokes a function.
type LambdaInvoke struct {
	FunctionArn             string
	InvocationSchemaVersion string         `xml:",omitempty"` // "" means 1.0
	UserArguments           *UserArguments `xml:",omitempty"`
}

// UserArguments are handed to the function with every task.
type UserArguments struct {
	Entry []struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	} `xml:"entry"`
}

// Report says where what became of each task is written.
type Report struct {
	Bucket              string `xml:",omitempty"` // ARN
	ExpectedBucketOwner string `xml:",omitempty"`
	Format              string `xml:",omitempty"`
	Enabled             bool
	Prefix              string `xml:",omitempty"`
	ReportScope         string `xml:",omitempty"`
}

// Manifest is a list of objects that somebody has made.
type Manifest struct {
	Spec     ManifestSpec
	Location Location
}

// ManifestSpec is its format.
type ManifestSpec struct {
	Format string
	Fields []string `xml:"Fields>member,omitempty"`
}

// Location is where a manifest is.
type Location struct {
	ObjectArn       string
	ObjectVersionId string `xml:",omitempty"`
	ETag            string
}

// Generator has S3 list the objects.
type Generator struct {
	S3JobManifestGenerator BucketGenerator
}

// BucketGenerator lists the objects of a bucket that pass a filter.
type BucketGenerator struct {
	ExpectedBucketOwner    string          `xml:",omitempty"`
	SourceBucket           string          // ARN
	ManifestOutputLocation *OutputLocation `xml:",omitempty"`
	Filter                 *Filter         `xml:",omitempty"`
	EnableManifestOutput   bool
}

// OutputLocation is where the list is written.
type OutputLocation struct {
	ExpectedManifestBucketOwner string `xml:",omitempty"`
	Bucket                      string // ARN
	ManifestPrefix              string `xml:",omitempty"`
	ManifestFormat              string
}

// Filter says which objects are listed: those that pass all of what is set.
type Filter struct {
	EligibleForReplication     *bool      `xml:",omitempty"`
	CreatedAfter               *time.Time `xml:",omitempty"`
	CreatedBefore              *time.Time `xml:",omitempty"`
	ObjectReplicationStatuses  []string   `xml:"ObjectReplicationStatuses>member,omitempty"`
	KeyNameConstraint          *KeyName   `xml:",omitempty"`
	ObjectSizeGreaterThanBytes *int64     `xml:",omitempty"`
	ObjectSizeLessThanBytes    *int64     `xml:",omitempty"`
	MatchAnyStorageClass       []string   `xml:"MatchAnyStorageClass>member,omitempty"`
}

// KeyName says what a key has to look like.
type KeyName struct {
	MatchAnyPrefix    []string `xml:"MatchAnyPrefix>member,omitempty"`
	MatchAnySuffix    []string `xml:"MatchAnySuffix>member,omitempty"`
	MatchAnySubstring []string `xml:"MatchAnySubstring>member,omitempty"`
}

// Job is what DescribeJob tells.
type Job struct {
	JobId                       string
	ConfirmationRequired        bool
	Description                 string `xml:",omitempty"`
	JobArn                      string
	Status                      Status
	Manifest                    *Manifest `xml:",omitempty"`
	Operation                   Operation
	Priority                    int
	ProgressSummary             Progress
	StatusUpdateReason          string    `xml:",omitempty"`
	FailureReasons              []Failure `xml:"FailureReasons>member,omitempty"`
	Report                      Report
	CreationTime                time.Time
	TerminationDate             *time.Time `xml:",omitempty"`
	RoleArn                     string
	SuspendedDate               *time.Time         `xml:",omitempty"`
	SuspendedCause              string             `xml:",omitempty"`
	ManifestGenerator           *Generator         `xml:",omitempty"`
	GeneratedManifestDescriptor *GeneratedManifest `xml:",omitempty"`
}

// Progress counts tasks.
type Progress struct {
	TotalNumberOfTasks     int64
	NumberOfTasksSucceeded int64
	NumberOfTasksFailed    int64
	Timers                 Timers
}

// Timers say how long a job has been Active, in whole seconds.
type Timers struct {
	ElapsedTimeInActiveSeconds int64
}

// Failure says why a job has failed.
type Failure struct {
	FailureCode   string
	FailureReason string
}

// GeneratedManifest is where the list that S3 made is.
type GeneratedManifest struct {
	Format   string
	Location Location
}
