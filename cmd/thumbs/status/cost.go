package status

import (
	"context"
	"time"

	"s3-thumbnail-creator/cmd/thumbs/prices"
)

// metricsWritten is how many names of metrics the function writes, see handler/job/metrics.go.
const metricsWritten = 11

// Cost is what the month has cost so far, in US dollars by the list prices of us-east-1: without free tiers, storage,
// transfer and builds. It is computed from what CloudWatch has counted: Lambda from the time of all invocations and the
// function's present memory, S3 from the requests that an invocation makes (docs/costs.md), logs from their bytes.
type Cost struct {
	Since      time.Time `json:"since"`
	Lambda     float64   `json:"lambda"`
	S3         float64   `json:"s3"`
	Logs       float64   `json:"logs"`
	Monitoring float64   `json:"monitoring"` // metrics, alarms and the dashboard
	Total      float64   `json:"total"`
}

// usage is what the month's cost is computed from.
type usage struct {
	invocations, milliseconds, made, logBytes float64
	busyHours                                 float64 // in which metrics were written, that are billed by the hour
}

// read reads the usage since the beginning of the month.
func (u *usage) read(ctx context.Context, o Options) error {
	hours := o.ours("TotalTime", "SampleCount", nil)
	hours.period, hours.each = hour, func(float64) { u.busyHours++ }
	queries := []query{
		o.lambda("Invocations", "Sum", measure(&u.invocations)),
		o.lambda("Duration", "Sum", measure(&u.milliseconds)),
		o.ours("ThumbnailsMade", "Sum", measure(&u.made)),
		hours,
	}
	if o.LogGroup != "" {
		queries = append(queries, query{
			namespace: "AWS/Logs", metric: "IncomingBytes", dimension: "LogGroupName", of: o.LogGroup, statistic: "Sum", into: measure(&u.logBytes),
		})
	}
	for i := range queries {
		if queries[i].period == 0 {
			queries[i].period = day
		}
	}
	return read(ctx, o, beginning(o.Now), queries)
}

// beginning is that of the month, by the clock of AWS's bills.
func beginning(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// cost computes the cost with so many alarms.
func (u *usage) cost(o Options, alarms int) Cost {
	since := beginning(o.Now)
	month := since.AddDate(0, 1, 0).Sub(since)
	c := Cost{Since: since}
	c.Lambda = u.milliseconds/1000*float64(o.MemoryMB)/1024*prices.GBSecond(!o.ARM) + u.invocations*prices.Invocation
	// A HEAD of each thumbnail, a GET and a last HEAD of the source; a write of each thumbnail.
	c.S3 = u.invocations*float64(o.Variants+2)*prices.Read + u.made*prices.Write
	logBytes := u.logBytes
	if logBytes == 0 {
		logBytes = u.invocations * prices.LogBytes
	}
	c.Logs = logBytes * prices.LogByte
	c.Monitoring = u.busyHours*hour.Hours()/month.Hours()*metricsWritten*prices.MetricMonth +
		o.Now.Sub(since).Hours()/month.Hours()*(float64(alarms)*prices.AlarmMonth+prices.DashboardMonth)
	c.Total = c.Lambda + c.S3 + c.Logs + c.Monitoring
	return c
}
