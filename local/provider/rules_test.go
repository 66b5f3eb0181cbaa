package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/cloudwatch"
)

const day = 24 * time.Hour

// TestWhatIsKeptForATimeGoes: what a program says of how long things are kept acts on the cloud's clock.
func TestWhatIsKeptForATimeGoes(t *testing.T) {
	w := newWorld(t, aws.Options{})
	bucket := w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{"bucket": "pictures"})
	w.deploy(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "l", doc{"bucket": bucket.id, "rules": []any{
		doc{"id": "old", "status": "Enabled", "filter": doc{"prefix": "tmp/"}, "expiration": doc{"days": 3}},
		doc{"id": "off", "status": "Disabled", "filter": doc{"prefix": ""}, "expiration": doc{"days": 1}},
	}})
	w.deploy(t, "aws:cloudwatch/logGroup:LogGroup", "g", doc{"name": "g", "retentionInDays": 7})
	w.deploy(t, "aws:sqs/queue:Queue", "q", doc{"name": "q", "messageRetentionSeconds": 5 * 24 * 60 * 60})

	client := awstest.S3(awstest.Admin(w.Cloud))
	awstest.Put(t, client, bucket.id, "tmp/a", "x")
	awstest.Put(t, client, bucket.id, "b", "x")
	if err := w.Logs.Write(awstest.Anyone, "g", "s", "line"); err != nil {
		t.Fatal(err)
	}
	if err := w.SQS.Send(w.SQS.ARN("q"), "message"); err != nil {
		t.Fatal(err)
	}
	left := func() string {
		var all []string
		for _, key := range []string{"tmp/a", "b"} {
			if _, err := w.S3.GetObject(bucket.id, key, ""); err == nil {
				all = append(all, key)
			}
		}
		return strings.Join(append(all, append(w.Logs.Lines("g"), w.SQS.Messages("q")...)...), " ")
	}
	for _, step := range []struct {
		turn time.Duration
		want string
	}{
		{2 * day, "tmp/a b line message"},
		{2 * day, "b line message"},
		{2 * day, "b line"},
		{2 * day, "b"},
	} {
		w.Turn(step.turn)
		if got := left(); got != step.want {
			t.Errorf("on %v there are left %q, want %q", w.Now(), got, step.want)
		}
	}
}

// TestAnAlarmReachesItsSubscriber: what a program declares of alarms and topics acts.
func TestAnAlarmReachesItsSubscriber(t *testing.T) {
	w := newWorld(t, aws.Options{})
	queue := w.deploy(t, "aws:sqs/queue:Queue", "q", doc{"name": "q"})
	topic := w.deploy(t, "aws:sns/topic:Topic", "t", doc{"name": "t"})
	w.deploy(t, "aws:sns/topicSubscription:TopicSubscription", "s", doc{"topic": topic.id, "protocol": "email", "endpoint": "a@example.com"})
	alarm := w.deploy(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "a", doc{
		"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "namespace": "AWS/SQS", "metricName": "ApproximateNumberOfMessagesVisible",
		"statistic": "Maximum", "period": 300, "threshold": 0, "dimensions": doc{"QueueName": "q"}, "treatMissingData": "notBreaching",
		"alarmActions": []any{topic.id}, "okActions": []any{topic.id},
	})
	mails := w.SNS.Deliveries()
	if len(mails) != 1 {
		t.Fatalf("sent %v, want the mail that asks for a confirmation", mails)
	}
	_, token, _ := strings.Cut(mails[0].Message, "--token ")
	if _, err := w.SNS.Confirm(topic.id, token); err != nil {
		t.Fatal(err)
	}
	w.Turn(time.Minute)
	if err := w.SQS.Send(text(queue.out, "arn"), "failure"); err != nil {
		t.Fatal(err)
	}
	w.Turn(time.Minute)
	if state, reason, _ := w.CloudWatch.AlarmState(alarm.id); state != cloudwatch.InAlarm {
		t.Errorf("with a message in the queue the alarm is %s: %s", state, reason)
	}
	mails = w.SNS.Deliveries()
	if last := mails[len(mails)-1]; last.Endpoint != "a@example.com" || last.Subject != `ALARM: "`+alarm.id+`" in US East (N. Virginia)` {
		t.Errorf("the last mail is %+v", last)
	}
}

// TestAKeyOfYourOwn: whatever takes a key of KMS needs one that is there.
func TestAKeyOfYourOwn(t *testing.T) {
	w := newWorld(t, aws.Options{})
	key := awstest.Must[string](t)(w.KMS.CreateKey(awstest.KeyPolicy("logs." + w.Region() + ".amazonaws.com")))
	w.deploy(t, "aws:cloudwatch/logGroup:LogGroup", "g", doc{"name": "g", "kmsKeyId": key})
	_, err := w.try("aws:cloudwatch/logGroup:LogGroup", "h", doc{"name": "h", "kmsKeyId": key + "0"})
	if err == nil || !strings.Contains(err.Error(), "does not exist or is not allowed to be used") {
		t.Errorf("a log group with a key that is not there: %v", err)
	}
	bucket := w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{})
	w.deploy(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "e", doc{"bucket": bucket.id, "rules": []any{
		doc{"applyServerSideEncryptionByDefault": doc{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}, "bucketKeyEnabled": true},
	}})
	client := awstest.S3(awstest.Admin(w.Cloud))
	awstest.Put(t, client, bucket.id, "k", "x")
	head, err := client.HeadObject(context.Background(), &awss3.HeadObjectInput{Bucket: &bucket.id, Key: sdk.String("k")})
	if err != nil || sdk.ToString(head.SSEKMSKeyId) != key || !sdk.ToBool(head.BucketKeyEnabled) {
		t.Errorf("the object's key is %v, %v", head, err)
	}
}
