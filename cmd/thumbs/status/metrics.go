package status

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Activity is what the function has done in the window. Times are milliseconds. A percentile is that of the whole window,
// if that is a day at most, or of its worst day: CloudWatch has none of longer times.
type Activity struct {
	Handled  int64 `json:"handled"` // events of one object: uploads and removals, and each attempt of those that were retried
	Made     int64 `json:"made"`    // thumbnails
	Removed  int64 `json:"removed"` // thumbnails
	Skipped  int64 `json:"skipped"` // sources that are no pictures, or excluded
	Rejected int64 `json:"rejected"`
	Failed   int64 `json:"failed"` // attempts, to be repeated
	BytesIn  int64 `json:"bytesIn"`
	BytesOut int64 `json:"bytesOut"`

	PictureP50 float64 `json:"pictureP50"` // from the event's arrival in the function to its end
	PictureP90 float64 `json:"pictureP90"`
	PictureP99 float64 `json:"pictureP99"`
	AgeP99     float64 `json:"ageP99"` // how long an event waited for the function

	Invocations int64 `json:"invocations"`
	Errors      int64 `json:"errors"`
	Throttles   int64 `json:"throttles"`
	Dropped     int64 `json:"dropped"` // events that were given up; the failure queue has them
	Lost        int64 `json:"lost"`    // events that could not even be sent there
	AtOnce      int64 `json:"atOnce"`  // invocations, at most
}

// query is one value of a time: the sum of the periods' sums, or the largest of the periods' other statistics.
type query struct {
	namespace, metric, dimension, of, statistic string
	period                                      time.Duration       // 0: one that covers the time
	into                                        func(value float64) // called once, if there is a value
	each                                        func(value float64) // or with the value of each period that has one
}

// count sets a number.
func count(into *int64) func(float64) { return func(v float64) { *into = int64(v) } }

// measure sets a measure.
func measure(into *float64) func(float64) { return func(v float64) { *into = v } }

// ours, lambda and queue are queries of the metrics of the function itself, of Lambda and of the failure queue.
func (o Options) ours(metric, statistic string, into func(float64)) query {
	return query{namespace: o.Namespace, metric: metric, dimension: "FunctionName", of: o.Function, statistic: statistic, into: into}
}

func (o Options) lambda(metric, statistic string, into func(float64)) query {
	return query{namespace: "AWS/Lambda", metric: metric, dimension: "FunctionName", of: o.Function, statistic: statistic, into: into}
}

func (o Options) queue(metric, statistic string, into func(float64)) query {
	return query{namespace: "AWS/SQS", metric: metric, dimension: "QueueName", of: o.queueName(), statistic: statistic, into: into}
}

// queueName is the last part of the queue's URL.
func (o Options) queueName() string { return path.Base(o.Names.Queue) }

func (r *Report) readActivity(ctx context.Context, o Options) error {
	a := &r.Activity
	return read(ctx, o, r.From, []query{
		o.ours("TotalTime", "SampleCount", count(&a.Handled)),
		o.ours("ThumbnailsMade", "Sum", count(&a.Made)),
		o.ours("ThumbnailsRemoved", "Sum", count(&a.Removed)),
		o.ours("SourcesSkipped", "Sum", count(&a.Skipped)),
		o.ours("SourcesRejected", "Sum", count(&a.Rejected)),
		o.ours("SourcesFailed", "Sum", count(&a.Failed)),
		o.ours("BytesIn", "Sum", count(&a.BytesIn)),
		o.ours("BytesOut", "Sum", count(&a.BytesOut)),
		o.ours("TotalTime", "p50", measure(&a.PictureP50)),
		o.ours("TotalTime", "p90", measure(&a.PictureP90)),
		o.ours("TotalTime", "p99", measure(&a.PictureP99)),
		o.lambda("AsyncEventAge", "p99", measure(&a.AgeP99)),
		o.lambda("Invocations", "Sum", count(&a.Invocations)),
		o.lambda("Errors", "Sum", count(&a.Errors)),
		o.lambda("Throttles", "Sum", count(&a.Throttles)),
		o.lambda("AsyncEventsDropped", "Sum", count(&a.Dropped)),
		o.lambda("DestinationDeliveryFailures", "Sum", count(&a.Lost)),
		o.lambda("ConcurrentExecutions", "Maximum", count(&a.AtOnce)),
		o.queue("ApproximateAgeOfOldestMessage", "Maximum", func(seconds float64) { r.OldestHour = seconds / 3600 }),
	})
}

const (
	// day is the longest period that there is.
	day = 24 * time.Hour
	// minute and hour are the shortest ones that CloudWatch has of what is less than 15 days old, and of anything.
	minute, hour = time.Minute, time.Hour
)

// periodOf is one in whole minutes that covers the time, or the longest that there is.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func periodOf(length time.Duration) time.Duration {
	return min(day, (length + minute - 1).Truncate(minute))
}

// read asks for the values from a time until now.
func read(ctx context.Context, o Options, from time.Time, queries []query) error {
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(from.Truncate(minute)), EndTime: &o.Now}
	for i, q := range queries {
		period := q.period
		if period == 0 {
			period = periodOf(o.Now.Sub(*in.StartTime))
		}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("q%d", i)),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: &q.namespace, MetricName: &q.metric, Dimensions: []types.Dimension{{Name: &q.dimension, Value: &q.of}},
				},
				Period: aws.Int32(int32(period.Seconds())), Stat: &q.statistic,
			},
		})
	}
	values := map[string][]float64{}
	for pages := cloudwatch.NewGetMetricDataPaginator(o.Metrics, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read CloudWatch's metrics: %w", err)
		}
		for _, result := range out.MetricDataResults {
			values[*result.Id] = append(values[*result.Id], result.Values...)
		}
	}
	for i, q := range queries {
		found := values[fmt.Sprintf("q%d", i)]
		switch {
		case len(found) == 0:
		case q.each != nil:
			for _, v := range found {
				q.each(v)
			}
		case q.statistic == "Sum" || q.statistic == "SampleCount":
			var sum float64
			for _, v := range found {
				sum += v
			}
			q.into(sum)
		default:
			q.into(slices.Max(found))
		}
	}
	return nil
}

// Alarm is one of the stack's.
type Alarm struct {
	Name        string    `json:"name"`
	State       string    `json:"state"` // OK, ALARM or INSUFFICIENT_DATA
	Since       time.Time `json:"since"`
	Description string    `json:"description,omitempty"`
}

const alarmOn = string(types.StateValueAlarm)

// readAlarms finds those that watch the function or the failure queue, whatever they are called.
func (r *Report) readAlarms(ctx context.Context, o Options) error {
	in := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}}
	for pages := cloudwatch.NewDescribeAlarmsPaginator(o.Metrics, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read CloudWatch's alarms: %w", err)
		}
		for _, a := range out.MetricAlarms {
			if slices.ContainsFunc(a.Dimensions, func(d types.Dimension) bool {
				return aws.ToString(d.Name) == "FunctionName" && aws.ToString(d.Value) == o.Function ||
					aws.ToString(d.Name) == "QueueName" && aws.ToString(d.Value) == o.queueName()
			}) {
				r.Alarms = append(r.Alarms, Alarm{aws.ToString(a.AlarmName), string(a.StateValue), aws.ToTime(a.StateUpdatedTimestamp), aws.ToString(a.AlarmDescription)})
			}
		}
	}
	return nil
}
