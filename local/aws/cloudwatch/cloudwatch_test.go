package cloudwatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/cloudwatch"
	"s3-thumbnail-creator/local/aws/sns"
	"s3-thumbnail-creator/local/aws/sqs"
)

// embedded is a line of a function's log that carries metrics.
func embedded(at time.Time, values string) string {
	return fmt.Sprintf(`{"msg":"job","_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"Thumbs","Dimensions":[["FunctionName"]],`+
		`"Metrics":[{"Name":"Made","Unit":"Count"},{"Name":"Time","Unit":"Milliseconds"}]}]},"FunctionName":"f",%s}`, at.UnixMilli(), values)
}

// TestEmbeddedMetrics: what a function writes into its log is counted, and told to an SDK (which speaks CBOR).
func TestEmbeddedMetrics(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := awscloudwatch.NewFromConfig(awstest.Admin(c))
	if err := c.Logs.CreateLogGroup("g"); err != nil {
		t.Fatal(err)
	}
	lines := []string{"no JSON", `{"a":1}`, `{"CloudWatchMetrics":`}
	now := time.Now()
	for i := range 100 {
		lines = append(lines, embedded(now, fmt.Sprintf(`"Made":[1,2],"Time":%d`, i+1)))
	}
	if err := c.Logs.Write(awstest.Anyone, "g", "s", lines...); err != nil {
		t.Fatal(err)
	}
	dimensions := []types.Dimension{{Name: sdk.String("FunctionName"), Value: sdk.String("f")}}
	ask := func(metric, stat string) float64 {
		t.Helper()
		out, err := client.GetMetricData(context.Background(), &awscloudwatch.GetMetricDataInput{
			StartTime: sdk.Time(now.Add(-time.Hour)), EndTime: sdk.Time(now.Add(time.Hour)),
			MetricDataQueries: []types.MetricDataQuery{{Id: sdk.String("q"), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: sdk.String("Thumbs"), MetricName: &metric, Dimensions: dimensions}, Period: sdk.Int32(86400), Stat: &stat,
			}}},
		})
		if err != nil || len(out.MetricDataResults) != 1 {
			t.Fatalf("%s of %s: %v, %v", stat, metric, out, err)
		}
		sum := 0.0 // midnight may lie within
		for _, v := range out.MetricDataResults[0].Values {
			sum += v
		}
		return sum
	}
	for _, c := range []struct {
		metric, stat string
		want         float64
	}{
		{"Made", "Sum", 300}, {"Made", "SampleCount", 200}, {"Time", "Average", 50.5},
		{"Time", "Minimum", 1}, {"Time", "Maximum", 100}, {"Time", "p90", 90}, {"Time", "p99", 99}, {"Time", "p100", 100}, {"Other", "Sum", 0},
	} {
		if got := ask(c.metric, c.stat); got != c.want {
			t.Errorf("%s of %s is %v, want %v", c.stat, c.metric, got, c.want)
		}
	}
	listed, err := client.ListMetrics(context.Background(), &awscloudwatch.ListMetricsInput{Namespace: sdk.String("Thumbs"), MetricName: sdk.String("Time")})
	if err != nil || len(listed.Metrics) != 1 || *listed.Metrics[0].Dimensions[0].Value != "f" {
		t.Errorf("listed %v, %v", listed, err)
	}
	stats, err := client.GetMetricStatistics(context.Background(), &awscloudwatch.GetMetricStatisticsInput{
		Namespace: sdk.String("Thumbs"), MetricName: sdk.String("Time"), Dimensions: dimensions, Period: sdk.Int32(60),
		StartTime: sdk.Time(now.Add(-time.Hour)), EndTime: sdk.Time(now.Add(time.Hour)), Statistics: []types.Statistic{"Maximum"}, ExtendedStatistics: []string{"p50"},
	})
	if err != nil || len(stats.Datapoints) != 1 || *stats.Datapoints[0].Maximum != 100 || stats.Datapoints[0].ExtendedStatistics["p50"] != 50 ||
		stats.Datapoints[0].Unit != "Milliseconds" || !stats.Datapoints[0].Timestamp.Equal(now.Truncate(time.Minute)) {
		t.Errorf("statistics %+v, %v", stats.Datapoints, err)
	}
}

// TestManyValues: however many different values there are, what is counted stays exact, and percentiles nearly.
func TestManyValues(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := awscloudwatch.NewFromConfig(awstest.Admin(c))
	at := c.Now().Truncate(time.Minute)
	for first := 1; first <= 5000; first += 100 {
		var values []float64
		for i := range 100 {
			values = append(values, float64(first+i))
		}
		if _, err := client.PutMetricData(context.Background(), &awscloudwatch.PutMetricDataInput{
			Namespace: sdk.String("N"), MetricData: []types.MetricDatum{{MetricName: sdk.String("m"), Values: values, Timestamp: &at}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.GetMetricStatistics(context.Background(), &awscloudwatch.GetMetricStatisticsInput{
		Namespace: sdk.String("N"), MetricName: sdk.String("m"), StartTime: &at, EndTime: sdk.Time(at.Add(time.Minute)), Period: sdk.Int32(60),
		Statistics: []types.Statistic{"SampleCount", "Sum", "Minimum", "Maximum"}, ExtendedStatistics: []string{"p90"},
	})
	if err != nil || len(out.Datapoints) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	p := out.Datapoints[0]
	if *p.SampleCount != 5000 || *p.Sum != 5000*5001/2 || *p.Minimum != 1 || *p.Maximum != 5000 || p.ExtendedStatistics["p90"] < 4500*0.95 || p.ExtendedStatistics["p90"] > 4500*1.05 {
		t.Errorf("of 1 to 5000: %v values, sum %v, from %v to %v, p90 %v", *p.SampleCount, *p.Sum, *p.Minimum, *p.Maximum, p.ExtendedStatistics["p90"])
	}
}

// failing is an alarm on a queue like those that we deploy.
func failing(topic string) cloudwatch.Alarm {
	return cloudwatch.Alarm{
		AlarmName: "failures", AlarmDescription: "There are failures.", Namespace: "AWS/SQS", MetricName: "ApproximateNumberOfMessagesVisible", Statistic: "Maximum",
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: "q"}}, Period: 300, EvaluationPeriods: 1, ComparisonOperator: "GreaterThanThreshold",
		TreatMissingData: "notBreaching", AlarmActions: []string{topic}, OKActions: []string{topic},
	}
}

// TestAlarmTellsItsTopic: an alarm goes off and back, and each change is sent to who subscribed.
func TestAlarmTellsItsTopic(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	topic := c.SNS.CreateTopic("alarms")
	if _, err := c.SNS.Subscribe(topic, sns.Subscription{Protocol: "sms", Endpoint: "+41790000000"}); err != nil {
		t.Fatal(err)
	}
	if err := c.SQS.CreateQueue("q", sqs.Attributes{MaximumMessageSize: 1024}); err != nil {
		t.Fatal(err)
	}
	if err := c.CloudWatch.PutMetricAlarm(failing(topic)); err != nil {
		t.Fatal(err)
	}
	if state, reason, _ := c.CloudWatch.AlarmState("failures"); state == cloudwatch.InAlarm {
		t.Errorf("a new alarm is %s: %s", state, reason)
	}
	c.Turn(time.Minute)
	if err := c.SQS.Send(c.SQS.ARN("q"), "failure"); err != nil {
		t.Fatal(err)
	}
	c.Turn(time.Minute)
	if state, reason, _ := c.CloudWatch.AlarmState("failures"); state != cloudwatch.InAlarm || !strings.Contains(reason, "1 out of the last 1 datapoints [1.0 (") {
		t.Errorf("with a message in the queue: %s: %s", state, reason)
	}
	c.Turn(24 * time.Hour)
	if state, _, _ := c.CloudWatch.AlarmState("failures"); state != cloudwatch.InAlarm {
		t.Errorf("a day later: %s", state)
	}
	c.Turn(5 * 24 * time.Hour) // the queue keeps a message for four
	if state, reason, _ := c.CloudWatch.AlarmState("failures"); state != cloudwatch.OK {
		t.Errorf("when the message has gone: %s: %s", state, reason)
	}
	var states []string
	var message struct {
		AlarmName, NewStateValue, OldStateValue, NewStateReason, Region, AlarmArn, AWSAccountId, AlarmDescription string
		Trigger                                                                                                   struct {
			MetricName, StatisticType, Statistic, ComparisonOperator, TreatMissingData string
			Period                                                                     int
			Dimensions                                                                 []struct{ Name, Value string }
		}
	}
	for _, d := range c.SNS.Deliveries() {
		if err := json.Unmarshal([]byte(d.Message), &message); err != nil {
			t.Fatalf("%q: %v", d.Message, err)
		}
		states = append(states, message.NewStateValue)
		if message.NewStateValue != "ALARM" {
			continue
		}
		if d.Subject != `ALARM: "failures" in US East (N. Virginia)` || message.OldStateValue != "OK" || message.AlarmArn != c.CloudWatch.AlarmARN("failures") ||
			message.AWSAccountId != account.ID || message.Trigger.Statistic != "MAXIMUM" || message.Trigger.Dimensions[0].Value != "q" || message.Trigger.Period != 300 {
			t.Errorf("it says %s: %s", d.Subject, d.Message)
		}
	}
	if got := strings.Join(states, " "); got != "OK ALARM OK" {
		t.Errorf("told of the states %q", got)
	}
}

// TestAlarmAndItsTopicsPolicy: a topic whose policy does not let CloudWatch in is told nothing, and the alarm's history
// says so.
func TestAlarmAndItsTopicsPolicy(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := awscloudwatch.NewFromConfig(awstest.Admin(c))
	topic := c.SNS.CreateTopic("alarms")
	lets := func(account string) string {
		return awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": awstest.Doc{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
			"Condition": awstest.Doc{"StringEquals": awstest.Doc{"aws:SourceAccount": account}}})
	}
	if _, err := c.SNS.Subscribe(topic, sns.Subscription{Protocol: "sms", Endpoint: "+41790000000"}); err != nil {
		t.Fatal(err)
	}
	if err := c.CloudWatch.PutMetricAlarm(failing(topic)); err != nil {
		t.Fatal(err)
	}
	set := func(state types.StateValue) {
		t.Helper()
		if _, err := client.SetAlarmState(context.Background(), &awscloudwatch.SetAlarmStateInput{AlarmName: sdk.String("failures"), StateValue: state, StateReason: sdk.String("test")}); err != nil {
			t.Fatal(err)
		}
	}
	for policy, want := range map[string]string{lets("999999999999"): "Failed to execute action", lets(account.ID): "Successfully executed action"} {
		if err := c.SNS.SetTopicPolicy(topic, policy); err != nil {
			t.Fatal(err)
		}
		set("OK")
		set("ALARM")
		history, err := client.DescribeAlarmHistory(context.Background(), &awscloudwatch.DescribeAlarmHistoryInput{AlarmName: sdk.String("failures")})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, h := range history.AlarmHistoryItems {
			found = found || h.HistoryItemType == "Action" && strings.HasPrefix(*h.HistorySummary, want)
		}
		if !found {
			t.Errorf("with the policy %s the history is %+v, want %q in it", policy, history.AlarmHistoryItems, want)
		}
	}
}

func TestAlarmAPI(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx, client := context.Background(), awscloudwatch.NewFromConfig(awstest.Admin(c))
	in := &awscloudwatch.PutMetricAlarmInput{
		AlarmName: sdk.String("a"), Namespace: sdk.String("N"), MetricName: sdk.String("m"), Period: sdk.Int32(60), EvaluationPeriods: sdk.Int32(2),
		ExtendedStatistic: sdk.String("p99"), Threshold: sdk.Float64(1.5), ComparisonOperator: "LessThanThreshold", ActionsEnabled: sdk.Bool(false),
	}
	if _, err := client.PutMetricAlarm(ctx, in); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeAlarms(ctx, &awscloudwatch.DescribeAlarmsInput{AlarmNamePrefix: sdk.String("a")})
	if err != nil || len(out.MetricAlarms) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if a := out.MetricAlarms[0]; *a.AlarmArn != c.CloudWatch.AlarmARN("a") || *a.ExtendedStatistic != "p99" || *a.Threshold != 1.5 || *a.ActionsEnabled || a.StateUpdatedTimestamp.IsZero() {
		t.Errorf("described as %+v", a)
	}
	in.Statistic = "Sum"
	if _, err := client.PutMetricAlarm(ctx, in); awstest.Code(err) != "ValidationError" {
		t.Errorf("an alarm with two statistics: %v", err)
	}
	if _, err := client.DeleteAlarms(ctx, &awscloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := c.CloudWatch.AlarmState("a"); ok {
		t.Error("the alarm is still there")
	}
	if _, err := client.PutDashboard(ctx, &awscloudwatch.PutDashboardInput{DashboardName: sdk.String("d"), DashboardBody: sdk.String(`{"widgets":[{"type":"nothing"}]}`)}); awstest.Code(err) != "InvalidParameterInput" {
		t.Errorf("a dashboard that is none: %v", err)
	}
	if _, err := client.GetDashboard(ctx, &awscloudwatch.GetDashboardInput{DashboardName: sdk.String("d")}); awstest.Code(err) != "ResourceNotFound" {
		t.Errorf("a missing dashboard: %v", err)
	}
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com")
	denied := awscloudwatch.NewFromConfig(awstest.Session(t, c, r, "lambda.amazonaws.com"))
	if _, err := denied.DescribeAlarms(ctx, nil); awstest.Code(err) != "AccessDenied" {
		t.Errorf("a role without rights describes alarms: %v", err)
	}
}
