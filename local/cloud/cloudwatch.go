package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// watchService is the rest of CloudWatch: alarms and dashboards that are stored and validated. There are no metrics.
type watchService struct {
	cloud *Cloud
	mu    sync.Mutex
	made  map[string]bool // "cloudwatch alarm NAME", "cloudwatch dashboard NAME"
}

func newWatch(c *Cloud) *watchService { return &watchService{cloud: c, made: map[string]bool{}} }

func (s *watchService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for what := range s.made {
		all = append(all, what)
	}
	return all
}

// stored is the part that alarms and dashboards share: something with a name that exists or not.
func (s *watchService) stored(kind, nameProperty string, outputs func(resource.PropertyMap) resource.PropertyMap) Resource {
	return Resource{
		Replace: []string{nameProperty},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, nameProperty)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.made[kind+" "+name] = true
			return name, outputs(in), nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.made[kind+" "+id], nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return outputs(in), nil
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.made, kind+" "+id)
			return nil
		},
	}
}

func (s *watchService) resources() map[string]Resource {
	alarm := s.stored("cloudwatch alarm", "name", func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{
			"arn": s.cloud.arn("cloudwatch", "alarm:"+text(in, "name")), "tagsAll": tagsAll(in), "evaluateLowSampleCountPercentiles": "",
		})
	})
	alarm.Required = []string{"comparisonOperator", "evaluationPeriods"}
	alarm.Optional = []string{"name", "alarmDescription", "metricName", "namespace", "period", "statistic", "extendedStatistic", "threshold",
		"dimensions", "alarmActions", "okActions", "insufficientDataActions", "treatMissingData", "datapointsToAlarm", "unit",
		"metricQueries", "actionsEnabled", "thresholdMetricId", "tags"}
	alarm.Defaults = resource.PropertyMap{
		"actionsEnabled":   resource.NewBoolProperty(true),
		"treatMissingData": resource.NewStringProperty("missing"),
	}
	alarm.Computed = []string{"arn", "tagsAll", "evaluateLowSampleCountPercentiles"}
	alarm.AutoName = &AutoName{Property: "name", Max: 255}
	alarm.Validate = validateAlarm

	dashboard := s.stored("cloudwatch dashboard", "dashboardName", func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{"dashboardArn": s.cloud.arn("cloudwatch-dashboard", "dashboard/"+text(in, "dashboardName"))})
	})
	dashboard.Required = []string{"dashboardName", "dashboardBody"}
	dashboard.Computed = []string{"dashboardArn"}
	dashboard.Validate = validateDashboard
	return map[string]Resource{
		"aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
		"aws:cloudwatch/dashboard:Dashboard":     dashboard,
	}
}

// validateAlarm checks what PutMetricAlarm refuses.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func validateAlarm(in resource.PropertyMap) []Failure {
	bad := slices.Concat(
		oneOf(in, "comparisonOperator", "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
			"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"),
		oneOf(in, "statistic", "SampleCount", "Average", "Sum", "Minimum", "Maximum"),
		oneOf(in, "treatMissingData", "breaching", "notBreaching", "ignore", "missing"),
		inRange(in, "evaluationPeriods", 1, 86400))
	if p := number(in, "period", 60); known(in, "period") && p != 10 && p != 20 && p != 30 && (p < 60 || int(p)%60 != 0) {
		bad = append(bad, Failure{"period", fmt.Sprintf("expected 10, 20, 30 or a multiple of 60 seconds, got %v", p)})
	}
	if in.HasValue("metricName") {
		if in.HasValue("statistic") == in.HasValue("extendedStatistic") {
			bad = append(bad, Failure{"statistic", "expected exactly one of statistic and extendedStatistic"})
		}
		for _, p := range []string{"namespace", "period", "threshold"} {
			if !in.HasValue(resource.PropertyKey(p)) {
				bad = append(bad, Failure{p, "an alarm on a metric needs " + p})
			}
		}
	} else if !in.HasValue("metricQueries") {
		bad = append(bad, Failure{"metricName", "expected metricName or metricQueries"})
	}
	if number(in, "datapointsToAlarm", 0) > number(in, "evaluationPeriods", 0) {
		bad = append(bad, Failure{"datapointsToAlarm", "expected at most evaluationPeriods"})
	}
	return bad
}

// validateDashboard checks the body's structure: widgets with a type, a place on the grid of 24 columns, and properties.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func validateDashboard(in resource.PropertyMap) []Failure {
	if !known(in, "dashboardBody") {
		return nil
	}
	var body struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text(in, "dashboardBody")), &body); err != nil {
		return []Failure{{"dashboardBody", fmt.Sprintf("it is no dashboard body: %v", err)}}
	}
	var bad []Failure
	for i, w := range body.Widgets {
		where := fmt.Sprintf("widgets[%d]", i)
		if !slices.Contains([]string{"metric", "text", "log", "alarm", "explorer", "custom"}, w.Type) {
			bad = append(bad, Failure{"dashboardBody", fmt.Sprintf("%s has no valid type: %q", where, w.Type)})
		}
		if w.Width < 0 || w.X < 0 || w.X+w.Width > 24 {
			bad = append(bad, Failure{"dashboardBody", where + " is wider than the 24 columns"})
		}
		if len(w.Properties) == 0 {
			bad = append(bad, Failure{"dashboardBody", where + " has no properties"})
		}
		if _, ok := w.Properties["region"]; w.Type == "metric" && !ok {
			bad = append(bad, Failure{"dashboardBody", where + " names no region"})
		}
	}
	return bad
}
