package sns_test

import (
	"encoding/json"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/sns"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/local/aws/wire"
)

// TestMailIsSentOnceConfirmed: an address gets a mail with a token, and messages only when that has come back.
func TestMailIsSentOnceConfirmed(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	topic := c.SNS.CreateTopic("t")
	if _, err := c.SNS.Subscribe(topic, sns.Subscription{Protocol: "email", Endpoint: "a@example.com"}); err != nil {
		t.Fatal(err)
	}
	publish := func() {
		t.Helper()
		if _, err := c.SNS.Publish(account.Deployer, topic, "subject", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	sent := c.SNS.Deliveries()
	if len(sent) != 1 || sent[0].Endpoint != "a@example.com" {
		t.Fatalf("sent to an address that has not confirmed: %+v", sent)
	}
	if _, err := c.SNS.Confirm(topic, "guess"); !wire.HasCode(err, "InvalidParameter") {
		t.Errorf("a wrong token: %v", err)
	}
	_, token, _ := strings.Cut(sent[0].Message, "--token ")
	if _, err := c.SNS.Confirm(topic, token); err != nil {
		t.Fatal(err)
	}
	publish()
	if sent := c.SNS.Deliveries(); len(sent) != 2 || sent[1].Subject != "subject" || sent[1].Message != "hello" {
		t.Errorf("sent once confirmed: %+v", sent)
	}
	for _, bad := range []sns.Subscription{{Protocol: "pigeon", Endpoint: "x"}, {Protocol: "sqs"}} {
		if _, err := c.SNS.Subscribe(topic, bad); !wire.HasCode(err, "InvalidParameter") {
			t.Errorf("subscribe %+v: %v", bad, err)
		}
	}
	if _, err := c.SNS.Subscribe(topic+"x", sns.Subscription{Protocol: "sms", Endpoint: "1"}); !wire.HasCode(err, "NotFound") {
		t.Errorf("subscribe to a missing topic: %v", err)
	}
}

// TestQueueSubscribes: a queue gets the message, in SNS's envelope or raw, if its policy lets the topic in.
func TestQueueSubscribes(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	topic := c.SNS.CreateTopic("t")
	for _, name := range []string{"closed", "open", "raw"} {
		if err := c.SQS.CreateQueue(name, sqs.Attributes{MaximumMessageSize: 1 << 18}); err != nil {
			t.Fatal(err)
		}
		if name != "closed" {
			err := c.SQS.SetQueuePolicy(name, awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": awstest.Doc{"Service": "sns.amazonaws.com"},
				"Action": "sqs:SendMessage", "Resource": c.SQS.ARN(name), "Condition": awstest.Doc{"ArnEquals": awstest.Doc{"aws:SourceArn": topic}}}))
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.SNS.Subscribe(topic, sns.Subscription{Protocol: "sqs", Endpoint: c.SQS.ARN(name), Raw: name == "raw"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.SNS.Publish(account.Deployer, topic, "subject", "hello"); err != nil {
		t.Fatal(err)
	}
	if m := c.SQS.Messages("closed"); len(m) != 0 {
		t.Errorf("a queue that does not let the topic in has %v", m)
	}
	if m := c.SQS.Messages("raw"); len(m) != 1 || m[0] != "hello" {
		t.Errorf("raw delivery is %v", m)
	}
	var n map[string]string
	if m := c.SQS.Messages("open"); len(m) != 1 || json.Unmarshal([]byte(m[0]), &n) != nil || n["Type"] != "Notification" || n["TopicArn"] != topic || n["Message"] != "hello" || n["Subject"] != "subject" {
		t.Errorf("the envelope is %v", m)
	}
	if sent := c.SNS.Deliveries(); len(sent) != 2 {
		t.Errorf("sent %+v", sent)
	}
}

// TestWhoMayPublish: a role needs the right, and a topic of its own policy lets in whom that names.
func TestWhoMayPublish(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	topic := c.SNS.CreateTopic("t")
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com")
	who := account.Principal{Role: r.Name, RoleARN: r.ARN}
	if _, err := c.SNS.Publish(who, topic, "", "x"); !wire.HasCode(err, "AuthorizationError") {
		t.Errorf("a role without the right: %v", err)
	}
	err := c.SNS.SetTopicPolicy(topic, awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": awstest.Doc{"AWS": r.ARN}, "Action": "sns:Publish", "Resource": topic}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SNS.Publish(who, topic, "", "x"); err != nil {
		t.Errorf("a role that the topic's policy names: %v", err)
	}
}
