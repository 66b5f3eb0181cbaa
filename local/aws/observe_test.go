package aws_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/cloudwatch"
	clouds3 "s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/sqs"
)

// Who observes S3 is told of each call when it arrives and when it is answered; who observes the logs, of each line.
func TestObservers(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	var seen []string
	c.S3.Observe(func(call clouds3.Call) {
		seen = append(seen, fmt.Sprint(call.Operation, " ", call.Key, " ", call.Status))
	})
	awstest.Put(t, client, b, "k", "x")
	if _, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("none")}); err == nil {
		t.Error("an object that is not there was read")
	}
	c.S3.Observe(nil)
	awstest.Put(t, client, b, "later", "x")
	if want := []string{"PutObject k 0", "PutObject k 200", "GetObject none 0", "GetObject none 404"}; !slices.Equal(seen, want) {
		t.Errorf("S3's calls are %q, want %q", seen, want)
	}

	if err := c.Logs.CreateLogGroup("g"); err != nil {
		t.Fatal(err)
	}
	var lines []string
	c.Logs.Observe(func(group, line string) { lines = append(lines, group+" "+line) })
	if err := c.Logs.Write(account.Principal{}, "g", "s", "one", "two"); err != nil {
		t.Fatal(err)
	}
	c.Logs.Observe(nil)
	if err := c.Logs.Write(account.Principal{}, "g", "s", "three"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"g one", "g two"}; !slices.Equal(lines, want) {
		t.Errorf("the lines are %q, want %q", lines, want)
	}
}

// Looking into a queue hides nothing from its receivers, and a message is taken once.
func TestLookIntoAQueue(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	if err := c.SQS.CreateQueue("q", sqs.Attributes{VisibilityTimeout: 30 * time.Second, MaximumMessageSize: 1024}); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"one", "two", "three"} {
		if err := c.SQS.Send(c.SQS.ARN("q"), body); err != nil {
			t.Fatal(err)
		}
	}
	newest, all := c.SQS.Look(c.SQS.URL("q"), 2)
	if all != 3 || len(newest) != 2 || newest[0].Body != "three" || newest[1].Body != "two" {
		t.Fatalf("of three messages: %+v, %d in all", newest, all)
	}
	if again, _ := c.SQS.Look(c.SQS.URL("q"), 2); again[0] != newest[0] {
		t.Errorf("looked at again: %+v", again)
	}
	if body, found := c.SQS.Take(c.SQS.URL("q"), newest[1].ID); !found || body != "two" {
		t.Errorf("took %q, %v", body, found)
	}
	if _, found := c.SQS.Take(c.SQS.URL("q"), newest[1].ID); found {
		t.Error("a message was taken twice")
	}
	if left := c.SQS.Messages("q"); !slices.Equal(left, []string{"one", "three"}) {
		t.Errorf("left are %q", left)
	}
	if _, all := c.SQS.Look("no queue", 1); all != 0 {
		t.Error("a queue that is not there has messages")
	}
}

func TestAlarmsAreListed(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	for _, name := range []string{"b", "a"} {
		if err := c.CloudWatch.PutMetricAlarm(cloudwatch.Alarm{
			AlarmName: name, Namespace: "N", MetricName: "M", Statistic: "Sum", Period: 60, EvaluationPeriods: 1,
			ComparisonOperator: "GreaterThanThreshold",
		}); err != nil {
			t.Fatal(err)
		}
	}
	if names := c.CloudWatch.AlarmNames(); !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("the alarms are %q", names)
	}
}
