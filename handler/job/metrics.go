package job

import (
	"log/slog"
	"time"
)

// metric is a value in CloudWatch's embedded metric format.
type metric struct {
	Name  string  `json:"Name"`
	Unit  string  `json:"Unit"`
	value float64 // in the root of the line, under Name
}

// embedded is the _aws member of a log line by which CloudWatch finds the
// metrics in the rest of it, so that the line that people read and the one that
// dashboards are drawn from is paid for once.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type embedded struct {
	Timestamp         int64       `json:"Timestamp"` // milliseconds since 1970
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []metric   `json:"Metrics"`
}

// metrics returns the attributes that make a log line carry the job's metrics.
func (r *report) metrics(outcome string, total time.Duration) []slog.Attr {
	var all []metric
	count := func(name string, n int) {
		if n > 0 {
			all = append(all, metric{name, "Count", float64(n)})
		}
	}
	bytes := func(name string, n int64) {
		if n > 0 {
			all = append(all, metric{name, "Bytes", float64(n)})
		}
	}
	took := func(name string, d time.Duration) {
		if d > 0 {
			all = append(all, metric{name, "Milliseconds", milliseconds(d)})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	count("ThumbnailsMade", len(r.outputs))
	switch outcome {
	case string(Skipped):
		count("SourcesSkipped", 1)
	case string(Rejected):
		count("SourcesRejected", 1)
	case "failed":
		count("SourcesFailed", 1)
	}
	count("ThumbnailsRemoved", r.deleted)
	bytes("BytesIn", r.bytesIn)
	bytes("BytesOut", r.bytesOut)
	took("FetchTime", r.fetch)
	took("DecodeTime", r.stages.Decode)
	took("StoreTime", r.store)
	took("TotalTime", total)

	attrs := []slog.Attr{
		slog.Any("_aws", embedded{time.Now().UnixMilli(), []directive{{r.p.Namespace, [][]string{{"FunctionName"}}, all}}}),
		slog.String("FunctionName", r.p.Function),
	}
	for _, m := range all {
		attrs = append(attrs, slog.Float64(m.Name, m.value))
	}
	// To be looked up, but no metrics: each is paid for by the month, and names itself in every line.
	if r.stages.Decode > 0 {
		attrs = append(attrs, slog.Float64("resizeMs", milliseconds(r.stages.Resize)), slog.Float64("encodeMs", milliseconds(r.stages.Encode)))
	}
	return attrs
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
