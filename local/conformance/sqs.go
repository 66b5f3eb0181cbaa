package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	visibilityPage = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"
	receivePage    = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"
)

var sqsCases = []Case{
	{Name: "a received message is hidden until its time is over", Page: visibilityPage, Run: hidden},
	{Name: "the receive count counts", Page: receivePage, Run: receiveCount},
	{Name: "visibility can be given back at once", Page: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html", Run: givingBack},
	{Name: "deleted is deleted", Page: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html", Run: deletedMessage},
	{Name: "a queue that does not exist", Page: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html", Run: missingQueue},
}

// hide is the visibility timeout of the cases' queues. They turn the clock by it, so that only AWS is waited for.
const hide = 5 * time.Second

// send makes a queue with one message in it and returns its URL.
func (s *Site) send(t *testing.T, body string) string {
	t.Helper()
	url, _, err := s.Queue(t.Context(), s.Name("queue"), hide)
	if err == nil {
		_, err = s.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// receive returns the next message, or nil if none comes while the request waits.
func (s *Site) receive(ctx context.Context, t *testing.T, url string, wait int32) *types.Message {
	t.Helper()
	out, err := s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, WaitTimeSeconds: wait, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) == 0 {
		return nil
	}
	return &out.Messages[0]
}

// next waits for a message.
func (s *Site) next(t *testing.T, url string) *types.Message {
	t.Helper()
	var m *types.Message
	s.await(t, "a message", func(ctx context.Context) (bool, error) {
		m = s.receive(ctx, t, url, 10)
		return m != nil, nil
	})
	return m
}

func hidden(t *testing.T, s *Site) {
	url := s.send(t, "hello")
	first := s.next(t, url)
	if m := s.receive(t.Context(), t, url, 0); m != nil {
		t.Errorf("it is received twice at once: %s", aws.ToString(m.Body))
	}
	s.Elapse(hide)
	again := s.next(t, url)
	if aws.ToString(again.MessageId) != aws.ToString(first.MessageId) || aws.ToString(again.ReceiptHandle) == aws.ToString(first.ReceiptHandle) {
		t.Errorf("first %+v, then %+v", first, again)
	}
}

func receiveCount(t *testing.T, s *Site) {
	url := s.send(t, "hello")
	for _, want := range []string{"1", "2"} {
		m := s.next(t, url)
		if got := m.Attributes["ApproximateReceiveCount"]; got != want || m.Attributes["SentTimestamp"] == "" {
			t.Errorf("received for the %s. time: %v", want, m.Attributes)
		}
		s.Elapse(hide)
	}
}

func givingBack(t *testing.T, s *Site) {
	url := s.send(t, "hello")
	m := s.next(t, url)
	_, err := s.SQS.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0})
	if err != nil {
		t.Fatal(err)
	}
	if again := s.receive(t.Context(), t, url, 1); again == nil {
		t.Error("it is still hidden")
	}
}

func deletedMessage(t *testing.T, s *Site) {
	url := s.send(t, "hello")
	m := s.next(t, url)
	if _, err := s.SQS.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	wait := int32(0)
	if s.Real() {
		wait = int32(hide/time.Second) + 1
	}
	s.Elapse(hide)
	if again := s.receive(t.Context(), t, url, wait); again != nil {
		t.Error("it is back")
	}
}

func missingQueue(t *testing.T, s *Site) {
	_, err := s.SQS.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(s.Name("noqueue"))})
	if c := code(err); c != "QueueDoesNotExist" && c != "AWS.SimpleQueueService.NonExistentQueue" || status(err) != 400 {
		t.Errorf("%d %s: %v", status(err), c, err)
	}
}
