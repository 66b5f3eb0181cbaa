// Package status tells how a deployed stack is doing: what the function has done in a time, what it has not, how fast it
// is, which alarms are on, how the last build ended, and what the month has cost so far. All of it is read from what AWS
// keeps of it anyway: CloudWatch's metrics, the function's own among them, the failure queue and CodeBuild.
package status

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/cmd/thumbs/stack"
)

// Metrics is what is read of CloudWatch.
type Metrics interface {
	cloudwatch.GetMetricDataAPIClient
	cloudwatch.DescribeAlarmsAPIClient
}

// Queue is what is read of SQS.
type Queue interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Builds is what is read of CodeBuild.
type Builds interface {
	ListBuildsForProject(context.Context, *codebuild.ListBuildsForProjectInput, ...func(*codebuild.Options)) (*codebuild.ListBuildsForProjectOutput, error)
	BatchGetBuilds(context.Context, *codebuild.BatchGetBuildsInput, ...func(*codebuild.Options)) (*codebuild.BatchGetBuildsOutput, error)
}

// Options say whose status it is. All fields are required but where it says optional.
type Options struct {
	stack.Names // BuildProject, LogGroup and Dashboard are optional
	Metrics     Metrics
	Queue       Queue
	Builds      Builds
	Window      time.Duration // what is counted
	Now         time.Time

	// For the cost, see Cost.
	Namespace string // of the function's metrics
	MemoryMB  int
	ARM       bool
	Variants  int
}

// Report is the status.
type Report struct {
	Stack    string    `json:"stack,omitempty"`
	Region   string    `json:"region"`
	Function string    `json:"function"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`

	Activity
	Queued     int64   `json:"queued"`     // messages in the failure queue
	LookedAt   int64   `json:"lookedAt"`   // messages that somebody has received, and neither deleted nor given back
	OldestHour float64 `json:"oldestHour"` // age of the oldest message, in hours; 0 where CloudWatch does not know
	Alarms     []Alarm `json:"alarms"`
	Build      *Build  `json:"build,omitempty"`
	Cost       Cost    `json:"cost"`
	Dashboard  string  `json:"dashboard,omitempty"`
}

// Read gathers the status. What is asked for is asked for at once.
func Read(ctx context.Context, o Options) (*Report, error) {
	r := &Report{
		Stack: o.Stack, Region: o.Region, Function: o.Function, From: o.Now.Add(-o.Window), To: o.Now, Dashboard: o.Dashboard,
	}
	var asking errgroup.Group
	asking.Go(func() error { return r.readActivity(ctx, o) })
	asking.Go(func() error { return r.readAlarms(ctx, o) })
	asking.Go(func() error { return r.readQueue(ctx, o) })
	asking.Go(func() error { return r.readBuild(ctx, o) })
	month := usage{}
	asking.Go(func() error { return month.read(ctx, o) })
	if err := asking.Wait(); err != nil {
		return nil, err
	}
	r.Cost = month.cost(o, len(r.Alarms))
	return r, nil
}

// Wrong says what is wrong, nil if nothing is: alarms that are on, failures in the queue, a build that failed.
func (r *Report) Wrong() (all []string) {
	for _, a := range r.Alarms {
		if a.State == alarmOn {
			all = append(all, "alarm "+a.Name)
		}
	}
	if r.Queued+r.LookedAt > 0 {
		all = append(all, fmt.Sprintf("%d in the failure queue", r.Queued+r.LookedAt))
	}
	if r.Build != nil && r.Build.failed() {
		all = append(all, "build "+r.Build.Status)
	}
	return all
}

func (r *Report) readQueue(ctx context.Context, o Options) error {
	if o.Names.Queue == "" {
		return nil
	}
	out, err := o.Queue.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &o.Names.Queue, AttributeNames: []sqstypes.QueueAttributeName{
			sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		},
	})
	if err != nil {
		return fmt.Errorf("look at the failure queue %s: %w", o.Names.Queue, err)
	}
	number := func(name sqstypes.QueueAttributeName) int64 {
		n, _ := strconv.ParseInt(out.Attributes[string(name)], 10, 64) // 0 where there is none
		return n
	}
	r.Queued = number(sqstypes.QueueAttributeNameApproximateNumberOfMessages)
	r.LookedAt = number(sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	return nil
}

// Build is the last build of the function's image.
type Build struct {
	Status  string        `json:"status"` // SUCCEEDED, FAILED, IN_PROGRESS ..., as CodeBuild has it
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"nanoseconds"` // so far, where it has not ended
	Phase   string        `json:"phase"`       // the last one
}

func (b *Build) failed() bool { return b.Status != "SUCCEEDED" && b.Status != "IN_PROGRESS" }

func (r *Report) readBuild(ctx context.Context, o Options) error {
	if o.BuildProject == "" {
		return nil
	}
	listed, err := o.Builds.ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: &o.BuildProject})
	if err != nil {
		return fmt.Errorf("list the builds of %s: %w", o.BuildProject, err)
	}
	if len(listed.Ids) == 0 {
		return nil
	}
	found, err := o.Builds.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: listed.Ids[:1]}) // the newest comes first
	if err != nil {
		return fmt.Errorf("look at the build %s: %w", listed.Ids[0], err)
	}
	if len(found.Builds) == 0 {
		return nil
	}
	b := found.Builds[0]
	r.Build = &Build{Status: string(b.BuildStatus), Started: aws.ToTime(b.StartTime), Phase: aws.ToString(b.CurrentPhase)}
	ended := o.Now
	if b.EndTime != nil {
		ended = *b.EndTime
	}
	r.Build.Took = ended.Sub(r.Build.Started)
	return nil
}
