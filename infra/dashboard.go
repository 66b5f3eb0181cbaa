package infra

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// widget is one graph of a dashboard (CloudWatch API, "Dashboard body structure and syntax"). The dashboard is 24
// units wide; we put three graphs in a row.
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

const (
	widgetWidth   = 8
	widgetHeight  = 6
	widgetsPerRow = 24 / widgetWidth
)

// series is one line of a graph.
type series struct {
	namespace, metric, dimension, value, statistic, label string
}

type graph struct {
	title  string
	unit   string // of the left axis
	series []series
}

// newDashboard makes the dashboard and returns the link to it.
func newDashboard(ctx *pulumi.Context, name string, args *MonitoringArgs, child pulumi.ResourceOption) (pulumi.StringOutput, error) {
	dashboard, err := cloudwatch.NewDashboard(ctx, name, &cloudwatch.DashboardArgs{
		DashboardName: args.FunctionName,
		DashboardBody: pulumi.StringMap{"function": args.FunctionName, "queue": args.FailureQueueName}.ToStringMapOutput().
			ApplyT(func(names map[string]string) string {
				return dashboardBody(args.Account.Region, names["function"], names["queue"])
			}).(pulumi.StringOutput),
	}, child)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return dashboard.DashboardName.ApplyT(func(name string) string {
		return args.Account.console(fmt.Sprintf("cloudwatch/home?region=%s#dashboards/dashboard/%s", args.Account.Region, url.PathEscape(name)))
	}).(pulumi.StringOutput), nil
}

func dashboardBody(region, function, queue string) string {
	var widgets []widget
	for i, g := range graphs(function, queue) {
		var metrics [][]any
		for _, s := range g.series {
			metrics = append(metrics, []any{
				s.namespace, s.metric, s.dimension, s.value, map[string]any{"stat": s.statistic, "label": s.label},
			})
		}
		widgets = append(widgets, widget{
			Type: "metric",
			X:    i % widgetsPerRow * widgetWidth, Y: i / widgetsPerRow * widgetHeight,
			Width: widgetWidth, Height: widgetHeight,
			Properties: map[string]any{
				"title":   g.title,
				"region":  region,
				"view":    "timeSeries",
				"period":  alarmPeriodSeconds,
				"metrics": metrics,
				"yAxis":   map[string]any{"left": map[string]any{"min": 0, "label": g.unit, "showUnits": false}},
			},
		})
	}
	body, err := json.Marshal(map[string]any{"widgets": widgets})
	if err != nil {
		panic(fmt.Sprintf("dashboard: %v", err)) // strings and integers always marshal
	}
	return string(body)
}

// graphs names the metrics of Lambda and SQS, and those that the function writes into its log (embedded metric format).
func graphs(function, queue string) []graph {
	ours := func(metric, statistic, label string) series {
		return series{settings.MetricsNamespace, metric, "FunctionName", function, statistic, label}
	}
	aws := func(metric, statistic, label string) series {
		return series{"AWS/Lambda", metric, "FunctionName", function, statistic, label}
	}
	sqs := func(metric, label string) series {
		return series{"AWS/SQS", metric, "QueueName", queue, "Maximum", label}
	}
	return []graph{
		{"Pictures", "count", []series{
			ours("ThumbnailsMade", "Sum", "thumbnails made"), ours("ThumbnailsRemoved", "Sum", "thumbnails removed"),
			ours("SourcesSkipped", "Sum", "sources skipped"), ours("SourcesRejected", "Sum", "sources rejected"),
			ours("SourcesFailed", "Sum", "sources failed"),
		}},
		{"Time per picture", "milliseconds, mean", []series{
			ours("FetchTime", "Average", "fetch"), ours("DecodeTime", "Average", "decode"),
			ours("StoreTime", "Average", "store"),
		}},
		{"Time per picture, total", "milliseconds", []series{
			ours("TotalTime", "p50", "p50"), ours("TotalTime", "p90", "p90"), ours("TotalTime", "p99", "p99"),
		}},
		{"Bytes", "bytes", []series{
			ours("BytesIn", "Sum", "read"), ours("BytesOut", "Sum", "written"),
		}},
		{"Invocations", "count", []series{
			aws("Invocations", "Sum", "invocations"), aws("Errors", "Sum", "errors"), aws("Throttles", "Sum", "throttles"),
			aws("AsyncEventsDropped", "Sum", "events dropped"),
			aws("DestinationDeliveryFailures", "Sum", "events lost"),
		}},
		{"Duration and delay of invocations", "milliseconds", []series{
			aws("Duration", "p50", "duration p50"), aws("Duration", "p99", "duration p99"),
			aws("AsyncEventAge", "p99", "age of event p99"),
		}},
		{"Concurrency", "count", []series{aws("ConcurrentExecutions", "Maximum", "concurrent invocations")}},
		{"Failure queue", "messages", []series{sqs("ApproximateNumberOfMessagesVisible", "messages")}},
		{"Oldest failure (looked at less than three times)", "seconds", []series{sqs("ApproximateAgeOfOldestMessage", "age")}},
	}
}
