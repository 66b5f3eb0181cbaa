package sqs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/sqs"
)

func queue(t *testing.T, c *aws.Cloud, name string) {
	t.Helper()
	if err := c.SQS.CreateQueue(name, sqs.Attributes{VisibilityTimeout: 30 * time.Second, MaximumMessageSize: 1024}); err != nil {
		t.Fatal(err)
	}
}

func TestQueue(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	queue(t, c, "q")
	url := sdk.String(c.SQS.URL("q"))
	client := awssqs.NewFromConfig(awstest.Admin(c))
	for _, body := range []string{"one", "two"} {
		_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageAttributes: map[string]sqstypes.MessageAttributeValue{"reason": {DataType: sdk.String("String"), StringValue: sdk.String("corrupt")}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10,
		MessageAttributeNames: []string{"rea.*", "reason"}, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"ApproximateReceiveCount"}})
	if err != nil || len(got.Messages) != 2 || *got.Messages[0].Body != "one" || *got.Messages[0].MessageAttributes["reason"].StringValue != "corrupt" {
		t.Fatalf("received %+v, %v", got, err)
	}
	if m := got.Messages[1]; len(m.Attributes) != 1 || m.Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("attributes of the message %v, want the one that was asked for", m.Attributes)
	}
	// Received messages are hidden until their time is up or they are given back.
	again, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url})
	if err != nil || len(again.Messages) != 0 {
		t.Errorf("received again: %+v, %v", again, err)
	}
	attributes, err := client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil || attributes.Attributes["ApproximateNumberOfMessagesNotVisible"] != "2" || attributes.Attributes["QueueArn"] != c.SQS.ARN("q") {
		t.Errorf("attributes %v, %v", attributes, err)
	}
	if _, err := client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got.Messages[1].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	again, err = client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err != nil || len(again.Messages) != 1 || *again.Messages[0].Body != "two" {
		t.Errorf("given back: %+v, %v", again, err)
	}
}

func TestLongPollWakes(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	queue(t, c, "q")
	url := sdk.String(c.SQS.URL("q"))
	client := awssqs.NewFromConfig(awstest.Admin(c))
	arrived := c.SQS.Arrived("q")
	received := make(chan int)
	go func() {
		out, err := client.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		if err != nil {
			t.Error(err)
		}
		received <- len(out.Messages)
	}()
	if _, err := client.SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: sdk.String("x")}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived:
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
	c := awstest.Start(t, aws.Options{})
	queue(t, c, "q")
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com")
	_, err := awssqs.NewFromConfig(awstest.Session(t, c, r, "lambda.amazonaws.com")).SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: sdk.String(c.SQS.URL("q")), MessageBody: sdk.String("x")})
	if awstest.Code(err) != "AccessDenied" {
		t.Errorf("sending without permission: %v", err)
	}
	_, err = awssqs.NewFromConfig(awstest.Admin(c)).SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: sdk.String(c.Endpoint() + "/" + account.ID + "/missing"), MessageBody: sdk.String("x")})
	// SDKs show the code of the query protocol, which SQS tells in a header, and make their type of error of the other.
	var missing *sqstypes.QueueDoesNotExist
	if awstest.Code(err) != "AWS.SimpleQueueService.NonExistentQueue" || !errors.As(err, &missing) {
		t.Errorf("sending to a missing queue: %v", err)
	}
}
