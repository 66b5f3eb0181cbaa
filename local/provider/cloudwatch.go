package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/cloudwatch"
)

func (c awsCloud) cloudwatchTypes() map[string]Resource {
	return map[string]Resource{
		"aws:cloudwatch/logGroup:LogGroup":       c.logGroup(),
		"aws:cloudwatch/metricAlarm:MetricAlarm": c.alarm(),
		"aws:cloudwatch/dashboard:Dashboard":     c.dashboard(),
	}
}

// retentions are the days that CloudWatch Logs takes; 0 keeps for ever.
var retentions = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (c awsCloud) logGroup() Resource {
	outputs := func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{
			"arn": c.Logs.ARN(text(in, "name")), "tagsAll": tagsAll(in), "namePrefix": "", "logGroupClass": "STANDARD",
		})
	}
	return Resource{
		Optional: []string{"name", "retentionInDays", "kmsKeyId", "skipDestroy", "tags"},
		Defaults: resource.PropertyMap{
			"skipDestroy":     resource.NewBoolProperty(false),
			"retentionInDays": resource.NewNumberProperty(0),
		},
		Computed: []string{"arn", "tagsAll", "namePrefix", "logGroupClass"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 512},
		Validate: func(in resource.PropertyMap) []Failure {
			if v := get(in, "retentionInDays"); v.IsNumber() && !slices.Contains(retentions, v.NumberValue()) {
				return []Failure{{"retentionInDays", fmt.Sprintf("expected one of %v, got %v", retentions, v.NumberValue())}}
			}
			return nil
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "name")
			err := c.Logs.CreateEncryptedLogGroup(name, text(in, "kmsKeyId"))
			if err == nil {
				err = c.Logs.PutRetentionPolicy(name, int(number(in, "retentionInDays", 0)))
			}
			return name, outputs(in), err
		},
		Read: exists(c.Logs.HasLogGroup),
		Update: func(_ context.Context, name string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			err := c.Logs.AssociateKmsKey(name, text(in, "kmsKeyId"))
			if err == nil {
				err = c.Logs.PutRetentionPolicy(name, int(number(in, "retentionInDays", 0)))
			}
			return outputs(in), err
		},
		Delete: remove(c.Logs.DeleteLogGroup),
	}
}

func (c awsCloud) alarm() Resource {
	return Resource{
		Required: []string{"comparisonOperator", "evaluationPeriods"},
		Optional: []string{"name", "alarmDescription", "metricName", "namespace", "period", "statistic", "extendedStatistic", "threshold",
			"dimensions", "alarmActions", "okActions", "insufficientDataActions", "treatMissingData", "datapointsToAlarm", "unit",
			"actionsEnabled", "tags"},
		Defaults: resource.PropertyMap{
			"actionsEnabled":   resource.NewBoolProperty(true),
			"treatMissingData": resource.NewStringProperty("missing"),
		},
		Computed: []string{"arn", "tagsAll", "evaluateLowSampleCountPercentiles"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 255},
		Validate: validateAlarm,
		Read:     exists(func(name string) bool { _, _, ok := c.CloudWatch.AlarmState(name); return ok }),
		Delete:   remove(c.CloudWatch.DeleteAlarm),
	}.put("name", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		return merge(in, map[string]any{
			"arn": c.CloudWatch.AlarmARN(text(in, "name")), "tagsAll": tagsAll(in), "evaluateLowSampleCountPercentiles": "",
		}), c.CloudWatch.PutMetricAlarm(metricAlarm(in))
	})
}

// metricAlarm reads an alarm's inputs.
func metricAlarm(in resource.PropertyMap) cloudwatch.Alarm {
	enabled := flag(in, "actionsEnabled")
	a := cloudwatch.Alarm{
		AlarmName: text(in, "name"), AlarmDescription: text(in, "alarmDescription"), ActionsEnabled: &enabled,
		OKActions: texts(in, "okActions"), AlarmActions: texts(in, "alarmActions"), InsufficientDataActions: texts(in, "insufficientDataActions"),
		MetricName: text(in, "metricName"), Namespace: text(in, "namespace"), Unit: text(in, "unit"),
		Statistic: text(in, "statistic"), ExtendedStatistic: text(in, "extendedStatistic"), Period: int(number(in, "period", 0)),
		EvaluationPeriods: int(number(in, "evaluationPeriods", 0)), DatapointsToAlarm: int(number(in, "datapointsToAlarm", 0)),
		Threshold: number(in, "threshold", 0), ComparisonOperator: text(in, "comparisonOperator"), TreatMissingData: text(in, "treatMissingData"),
	}
	dimensions := textMap(in, "dimensions")
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		a.Dimensions = append(a.Dimensions, cloudwatch.Dimension{Name: name, Value: dimensions[name]})
	}
	return a
}

func (c awsCloud) dashboard() Resource {
	return Resource{
		Required: []string{"dashboardName", "dashboardBody"},
		Computed: []string{"dashboardArn"},
		Replace:  []string{"dashboardName"},
		Validate: validateDashboard,
		Read:     exists(c.CloudWatch.HasDashboard),
		Delete:   remove(c.CloudWatch.DeleteDashboard),
	}.put("dashboardName", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		name := text(in, "dashboardName")
		return merge(in, map[string]any{"dashboardArn": c.CloudWatch.DashboardARN(name)}), c.CloudWatch.PutDashboard(name, text(in, "dashboardBody"))
	})
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
	// What is evaluated may be a day long, or a week if its periods are of an hour at least.
	longest := 24 * 60 * 60.0
	if number(in, "period", 60) >= 60*60 {
		longest *= 7
	}
	if number(in, "period", 60)*number(in, "evaluationPeriods", 0) > longest {
		bad = append(bad, Failure{"evaluationPeriods", fmt.Sprintf("expected at most %v seconds in all periods", longest)})
	}
	if number(in, "datapointsToAlarm", 0) > number(in, "evaluationPeriods", 0) {
		bad = append(bad, Failure{"datapointsToAlarm", "expected at most evaluationPeriods"})
	}
	return bad
}

func validateDashboard(in resource.PropertyMap) []Failure {
	if !known(in, "dashboardBody") {
		return nil
	}
	var bad []Failure
	for _, reason := range cloudwatch.CheckDashboard(text(in, "dashboardBody")) {
		bad = append(bad, Failure{"dashboardBody", reason})
	}
	return bad
}
