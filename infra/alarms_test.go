package infra

import (
	"slices"
	"testing"
)

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"

func TestAlarms(t *testing.T) {
	e := declare(t, map[string]string{"timeoutSeconds": "10"})
	function := `{"FunctionName":"` + e.one(t, functionType, "").text(t, "name") + `"}`
	queue := `{"QueueName":"` + e.one(t, "aws:sqs/queue:Queue", "").text(t, "name") + `"}`
	want := map[string][6]string{
		"thumbnailer-errors":       {"AWS/Lambda", "Errors", function, "Sum", "0", "1"},
		"thumbnailer-throttles":    {"AWS/Lambda", "Throttles", function, "Sum", "0", "3"},
		"thumbnailer-duration":     {"AWS/Lambda", "Duration", function, "p99", "8000", "3"},
		"thumbnailer-failures":     {"AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, "Maximum", "0", "1"},
		"thumbnailer-old-failures": {"AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, "Maximum", "0", "96"},
		"thumbnailer-dropped":      {"AWS/Lambda", "AsyncEventsDropped", function, "Sum", "0", "1"},
		"thumbnailer-lost":         {"AWS/Lambda", "DestinationDeliveryFailures", function, "Sum", "0", "1"},
	}
	for name, w := range want {
		a := e.one(t, alarmType, name)
		for i, path := range []string{"namespace", "metricName", "dimensions"} {
			a.want(t, path, w[i])
		}
		if got := a.text(t, "statistic") + a.text(t, "extendedStatistic"); got != w[3] {
			t.Errorf("%s: statistic %s, want %s", name, got, w[3])
		}
		a.want(t, "threshold", w[4])
		a.want(t, "evaluationPeriods", w[5])
		period := "300"
		if name == "thumbnailer-old-failures" {
			period = "3600" // 96 of them are four days
		}
		a.want(t, "period", period)
		a.want(t, "comparisonOperator", "GreaterThanThreshold")
		a.want(t, "treatMissingData", "notBreaching")
		a.want(t, "alarmActions", "") // nobody to notify
		if len(a.text(t, "alarmDescription")) == 0 {
			t.Errorf("%s does not say what it means", name)
		}
	}
	if got := len(e.of(alarmType)); got != len(want) {
		t.Errorf("%d alarms, want %d", got, len(want))
	}
	if len(e.of("aws:sns/topic:Topic")) != 0 {
		t.Error("a topic that nobody listens to")
	}
}

func TestAlarmEmail(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "ops@example.com"})
	topic := "arn:aws:sns:eu-central-1:" + testAccount + ":s3-thumbnail-creator-test-alarms-0a1b2c3d"
	subscription := e.one(t, "aws:sns/topicSubscription:TopicSubscription", "")
	subscription.want(t, "protocol", "email")
	subscription.want(t, "endpoint", "ops@example.com")
	subscription.want(t, "topic", topic)
	for _, a := range e.of(alarmType) {
		a.want(t, "alarmActions", `["`+topic+`"]`)
		a.want(t, "okActions", `["`+topic+`"]`)
	}
	s := e.one(t, "aws:sns/topicPolicy:TopicPolicy", "").document(t, "policy").Statement[0]
	if !slices.Equal(s.Action, []string{"sns:Publish"}) || !slices.Equal(s.Resource, []string{topic}) ||
		s.Condition["StringEquals"]["aws:SourceAccount"] != testAccount {
		t.Errorf("topic policy: %+v", s)
	}
}
