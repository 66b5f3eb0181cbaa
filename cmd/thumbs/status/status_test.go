package status

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"s3-thumbnail-creator/cmd/thumbs/stack"
)

// doubles answer for AWS. Values are by "namespace/metric statistic period", the period in seconds.
type doubles struct {
	values map[string][]float64
	alarms []types.MetricAlarm
	queue  map[string]string
	builds []buildtypes.Build
}

var (
	_ Metrics = (*doubles)(nil)
	_ Queue   = (*doubles)(nil)
	_ Builds  = (*doubles)(nil)
)

// GetMetricData answers on two pages.
func (d *doubles) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	half := 0
	if in.NextToken == nil {
		out.NextToken = aws.String("second")
	} else {
		half = 1
	}
	for _, q := range in.MetricDataQueries {
		m := q.MetricStat
		dimension := m.Metric.Dimensions[0]
		name := fmt.Sprintf("%s/%s %s %d", *m.Metric.Namespace, *m.Metric.MetricName, *m.Stat, *m.Period)
		if of := *dimension.Name + "=" + *dimension.Value; !slices.Contains([]string{"FunctionName=fn", "QueueName=failures", "LogGroupName=/aws/lambda/fn"}, of) {
			return nil, fmt.Errorf("%s of %s", name, of)
		}
		values := d.values[name]
		cut := len(values) / 2
		page := [][]float64{values[:cut], values[cut:]}[half]
		out.MetricDataResults = append(out.MetricDataResults, types.MetricDataResult{Id: q.Id, Values: page})
	}
	return out, nil
}

func (d *doubles) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: d.alarms}, nil
}

func (d *doubles) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: d.queue}, nil
}

func (d *doubles) ListBuildsForProject(context.Context, *codebuild.ListBuildsForProjectInput, ...func(*codebuild.Options)) (*codebuild.ListBuildsForProjectOutput, error) {
	out := &codebuild.ListBuildsForProjectOutput{}
	for _, b := range d.builds {
		out.Ids = append(out.Ids, *b.Id)
	}
	return out, nil
}

func (d *doubles) BatchGetBuilds(_ context.Context, in *codebuild.BatchGetBuildsInput, _ ...func(*codebuild.Options)) (*codebuild.BatchGetBuildsOutput, error) {
	i := slices.IndexFunc(d.builds, func(b buildtypes.Build) bool { return *b.Id == in.Ids[0] })
	return &codebuild.BatchGetBuildsOutput{Builds: d.builds[i : i+1]}, nil
}

// now is noon of the 16th day of a month of 30: half of it is over, and twelve hours.
var now = time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)

func (d *doubles) options() Options {
	return Options{
		Names: stack.Names{
			Stack: "dev", Region: "eu-central-1", Function: "fn", Queue: "https://sqs/1/failures", BuildProject: "fn", LogGroup: "/aws/lambda/fn",
		},
		Metrics: d, Queue: d, Builds: d, Window: 24 * time.Hour, Now: now, Namespace: "space", MemoryMB: 704, ARM: true, Variants: 1,
	}
}

func alarm(name, dimension, value string, state types.StateValue) types.MetricAlarm {
	return types.MetricAlarm{
		AlarmName: &name, StateValue: state, AlarmDescription: aws.String("It says why."), StateUpdatedTimestamp: &now,
		Dimensions: []types.Dimension{{Name: &dimension, Value: &value}},
	}
}

// busy is a stack at which there is something to look at.
func busy() *doubles {
	return &doubles{
		values: map[string][]float64{
			"space/TotalTime SampleCount 86400": {1000, 234}, "space/ThumbnailsMade Sum 86400": {1200},
			"space/SourcesRejected Sum 86400": {2}, "space/BytesIn Sum 86400": {5e9},
			"space/TotalTime p50 86400": {98}, "space/TotalTime p99 86400": {300, 410}, "AWS/Lambda/AsyncEventAge p99 86400": {120},
			"AWS/Lambda/Invocations Sum 86400": {1_000_000, 234_000}, "AWS/Lambda/ConcurrentExecutions Maximum 86400": {3, 14},
			"AWS/SQS/ApproximateAgeOfOldestMessage Maximum 86400": {3 * 3600},
			"AWS/Lambda/Duration Sum 86400":                       {154_000_000},
			"AWS/Logs/IncomingBytes Sum 86400":                    {2e9},
			"space/TotalTime SampleCount 3600":                    {5, 1, 7},
		},
		alarms: []types.MetricAlarm{
			alarm("errors", "FunctionName", "fn", types.StateValueOk), alarm("failures", "QueueName", "failures", types.StateValueAlarm),
			alarm("another's", "FunctionName", "other", types.StateValueAlarm),
		},
		queue: map[string]string{"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"},
		builds: []buildtypes.Build{
			{Id: aws.String("b2"), BuildStatus: buildtypes.StatusTypeFailed, StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(-time.Hour + 83*time.Second))},
			{Id: aws.String("b1"), BuildStatus: buildtypes.StatusTypeSucceeded},
		},
	}
}

// TestText: what is on the screen, and that it names what is wrong.
func TestText(t *testing.T) {
	r, err := Read(t.Context(), busy().options())
	if err != nil {
		t.Fatal(err)
	}
	text := r.Text()
	for _, want := range []string{
		"dev, fn in eu-central-1, the last 24 hours", "1,234 events handled, 1,200 thumbnails made, 0 removed", "5.0 GB read",
		"2 rejected", "2 messages about pictures without thumbnails, 1 more being looked at, the oldest 3 hours old",
		"p50 98 ms", "p99 410 ms a picture", "wait before it 120 ms", "1,234,000 invocations, 14 at once",
		"ALARM       failures since 2026-11-16 12:00 UTC: It says why.", "1 of 2 are off", "FAILED on 2026-11-16 11:00 UTC, after 1m23s",
		"US$ since 1 November", "Look at     alarm failures, 3 in the failure queue, build FAILED",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the screen does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "another's") {
		t.Errorf("the screen has an alarm of another stack:\n%s", text)
	}
	if lines := strings.Count(text, "\n") + 1; lines > 24 {
		t.Errorf("%d lines, want them on a screen", lines)
	}
}

// TestCost: by hand, with the prices of docs/costs.md.
func TestCost(t *testing.T) {
	d := busy()
	d.values["space/ThumbnailsMade Sum 86400"] = []float64{1_000_000}
	d.values["AWS/Lambda/Invocations Sum 86400"] = []float64{1_000_000}
	r, err := Read(t.Context(), d.options())
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s %v US$, want %v", what, got, want)
		}
	}
	near("Lambda", r.Cost.Lambda, 154_000*0.6875*0.0000133334+0.20)
	near("S3", r.Cost.S3, 3*0.4+5)
	near("logs", r.Cost.Logs, 1)
	const elapsed = 15.5 / 30
	near("monitoring", r.Cost.Monitoring, 3.0/(30*24)*11*0.30+elapsed*(2*0.10+3))
	near("total", r.Cost.Total, r.Cost.Lambda+r.Cost.S3+r.Cost.Logs+r.Cost.Monitoring)

	delete(d.values, "AWS/Logs/IncomingBytes Sum 86400")
	o := d.options()
	o.ARM = false
	if r, err = Read(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	near("logs that nobody counted", r.Cost.Logs, 1_000_000*1388*0.5/1e9)
	near("Lambda on amd64", r.Cost.Lambda, 154_000*0.6875*0.0000166667+0.20)
}

// TestMetricsWritten: as many names of metrics are paid for as docs/costs.md says.
func TestMetricsWritten(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "costs.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d metrics, 7 alarms, 1 dashboard", metricsWritten); !strings.Contains(string(page), want) {
		t.Errorf("docs/costs.md does not say %q", want)
	}
}

// TestIdle: a stack that nobody has used yet has nothing wrong, and nothing of it is known.
func TestIdle(t *testing.T) {
	d := &doubles{}
	r, err := Read(t.Context(), d.options())
	if err != nil || r.Wrong() != nil || r.Handled != 0 || r.Build != nil {
		t.Errorf("error %v, report %+v", err, r)
	}
}

// TestPeriods: a window is one period, as long as there is one.
func TestPeriods(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		time.Hour: time.Hour, 90 * time.Second: 2 * time.Minute, day: day, 3 * day: day,
	} {
		if got := periodOf(window); got != want {
			t.Errorf("%v: %v, want %v", window, got, want)
		}
	}
	d := busy()
	d.values = map[string][]float64{"space/TotalTime SampleCount 3600": {5}}
	o := d.options()
	o.Window = time.Hour
	if r, err := Read(t.Context(), o); err != nil || r.Handled != 5 {
		t.Errorf("error %v, %d events, want those of the hour; known are %v", err, r.Handled, slices.Collect(maps.Keys(d.values)))
	}
}
