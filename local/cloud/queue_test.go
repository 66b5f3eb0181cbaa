package cloud

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func writeFile(t *testing.T, path, body string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestQueue(t *testing.T) {
	c := start(t, Options{})
	ctx := context.Background()
	q := deploy(t, c, "aws:sqs/queue:Queue", "q", props{})
	url := aws.String(q.text("url"))
	client := sqs.NewFromConfig(admin(c))
	for _, body := range []string{"one", "two"} {
		_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageAttributes: map[string]sqstypes.MessageAttributeValue{"reason": {DataType: aws.String("String"), StringValue: aws.String("corrupt")}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})
	if err != nil || len(got.Messages) != 2 || *got.Messages[0].Body != "one" || *got.Messages[0].MessageAttributes["reason"].StringValue != "corrupt" {
		t.Fatalf("received %+v, %v", got, err)
	}
	// Received messages are hidden until their time is up or they are given back.
	again, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url})
	if err != nil || len(again.Messages) != 0 {
		t.Errorf("received again: %+v, %v", again, err)
	}
	attributes, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil || attributes.Attributes["ApproximateNumberOfMessagesNotVisible"] != "2" || attributes.Attributes["QueueArn"] != q.text("arn") {
		t.Errorf("attributes %v, %v", attributes, err)
	}
	if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got.Messages[1].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	again, err = client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err != nil || len(again.Messages) != 1 || *again.Messages[0].Body != "two" {
		t.Errorf("given back: %+v, %v", again, err)
	}
}

func TestLongPollWakes(t *testing.T) {
	c := start(t, Options{})
	q := deploy(t, c, "aws:sqs/queue:Queue", "q", props{})
	url := aws.String(q.text("url"))
	client := sqs.NewFromConfig(admin(c))
	c.sqs.mu.Lock()
	arrived := c.sqs.queues[q.text("name")].arrived
	c.sqs.mu.Unlock()
	received := make(chan int)
	go func() {
		out, err := client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		if err != nil {
			t.Error(err)
		}
		received <- len(out.Messages)
	}()
	if _, err := client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived: // what receivers wait for
	default:
		t.Error("a message does not wake those who wait")
	}
	select {
	case n := <-received:
		if n != 1 {
			t.Errorf("received %d messages", n)
		}
	case <-time.After(10 * time.Second):
		t.Error("a waiting receiver was not woken by a message")
	}
}

func TestQueuePermissionsAndErrors(t *testing.T) {
	c := start(t, Options{})
	q := deploy(t, c, "aws:sqs/queue:Queue", "q", props{})
	r := deployRole(t, c, "r", "lambda.amazonaws.com")
	_, err := sqs.NewFromConfig(session(t, c, r, "lambda.amazonaws.com")).SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: aws.String(q.text("url")), MessageBody: aws.String("x")})
	if code(err) != "AccessDeniedException" {
		t.Errorf("sending without permission: %v", err)
	}
	_, err = sqs.NewFromConfig(admin(c)).SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: aws.String(c.Endpoint() + "/" + Account + "/missing"), MessageBody: aws.String("x")})
	if code(err) != "QueueDoesNotExist" {
		t.Errorf("sending to a missing queue: %v", err)
	}
}

func TestLogEventsPage(t *testing.T) {
	c := start(t, Options{})
	ctx := context.Background()
	g := deploy(t, c, "aws:cloudwatch/logGroup:LogGroup", "g", props{"retentionInDays": 7})
	client := cloudwatchlogs.NewFromConfig(admin(c))
	stream := aws.String("s")
	if _, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &g.id, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	var events []logtypes.InputLogEvent
	for i, m := range []string{"a", "b", "c"} {
		events = append(events, logtypes.InputLogEvent{Message: &m, Timestamp: aws.Int64(int64(i))})
	}
	if _, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &g.id, LogStreamName: stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: &g.id, LogStreamName: stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(2)}
	got := ""
	for {
		out, err := client.GetLogEvents(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			got += *e.Message
		}
		if aws.ToString(in.NextToken) == *out.NextForwardToken {
			break // the end of the stream is a token that stays the same
		}
		in.NextToken = out.NextForwardToken
	}
	if got != "abc" {
		t.Errorf("paged through %q", got)
	}
	_, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("missing"), LogStreamName: stream})
	if code(err) != "ResourceNotFoundException" {
		t.Errorf("a missing group: %v", err)
	}
	if _, err := tryDeploy(c, "aws:cloudwatch/logGroup:LogGroup", "g", props{"retentionInDays": 8}); err == nil {
		t.Error("a retention of 8 days, which CloudWatch does not have, is accepted")
	}
}

func TestAlarmAndDashboardValidation(t *testing.T) {
	c := start(t, Options{})
	alarm := func(more props) error {
		in := props{"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "statistic": "Sum", "threshold": 0}
		for k, v := range more {
			if v == nil {
				delete(in, k)
				continue
			}
			in[k] = v
		}
		_, err := tryDeploy(c, "aws:cloudwatch/metricAlarm:MetricAlarm", "a", in)
		return err
	}
	if err := alarm(nil); err != nil {
		t.Error(err)
	}
	for name, more := range map[string]props{
		"odd period": {"period": 45}, "two statistics": {"extendedStatistic": "p99"}, "no threshold": {"threshold": nil},
		"unknown operator": {"comparisonOperator": "Above"}, "no metric": {"metricName": nil}, "more datapoints than periods": {"datapointsToAlarm": 2},
	} {
		if err := alarm(more); err == nil {
			t.Errorf("alarm with %s: accepted", name)
		}
	}
	for name, body := range map[string]string{
		"no JSON": "{", "no type": `{"widgets":[{"properties":{"region":"x"}}]}`, "too wide": `{"widgets":[{"type":"metric","x":20,"width":6,"properties":{"region":"x"}}]}`,
		"no region": `{"widgets":[{"type":"metric","width":6,"properties":{"metrics":[]}}]}`,
	} {
		if _, err := tryDeploy(c, "aws:cloudwatch/dashboard:Dashboard", "d", props{"dashboardName": "d", "dashboardBody": body}); err == nil {
			t.Errorf("dashboard with %s: accepted", name)
		}
	}
}
