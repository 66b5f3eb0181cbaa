package job

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestLog: one line per job, in which CloudWatch finds the metrics.
func TestLog(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, nil)
	key := "quote\"new\nline.jpg"
	d.upload(key, "jpeg:one")
	mustInvoke(t, p, payload("Created:Put quote%22new%0Aline.jpg", "Created:Put gone.jpg"))
	lines := strings.Split(strings.TrimSpace(d.log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one per job:\n%s", len(lines), d.log.String())
	}
	for _, line := range lines {
		var got struct {
			Msg, Level, RequestID, Bucket, Key, Outcome, FunctionName string
			Thumbnails                                                []output
			ThumbnailsMade, BytesIn, BytesOut                         float64
			AWS                                                       embedded `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got.RequestID != "request-1" || got.Bucket != "source" || got.FunctionName != "fn" || got.Outcome == "" {
			t.Errorf("line %s", line)
		}
		if len(got.AWS.CloudWatchMetrics) != 1 || got.AWS.Timestamp == 0 {
			t.Fatalf("line has no metrics: %s", line)
		}
		m := got.AWS.CloudWatchMetrics[0]
		if m.Namespace != "space" || len(m.Dimensions) != 1 || m.Dimensions[0][0] != "FunctionName" {
			t.Errorf("metrics %+v", m)
		}
		var root map[string]any
		_ = json.Unmarshal([]byte(line), &root)
		for _, metric := range m.Metrics {
			if _, ok := root[metric.Name].(float64); !ok {
				t.Errorf("metric %s has no value in %s", metric.Name, line)
			}
		}
		if got.Key == key && (got.Outcome != "created" || got.ThumbnailsMade != 1 || got.BytesIn != 8 || got.BytesOut != 17 || len(got.Thumbnails) != 1) {
			t.Errorf("line %s", line)
		}
	}
}
