package cloud

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// sqsService is SQS: standard queues with visibility timeouts and long polling.
type sqsService struct {
	cloud  *Cloud
	mu     sync.Mutex
	queues map[string]*queue // by name
}

type queue struct {
	name       string
	visibility time.Duration
	maxSize    int
	messages   []*message
	arrived    chan struct{} // closed and renewed when a message arrives
}

type message struct {
	id, body, receipt string
	attributes        json.RawMessage
	sent              time.Time
	hidden            time.Time // invisible until then
	receives          int
}

func newSQS(c *Cloud) *sqsService { return &sqsService{cloud: c, queues: map[string]*queue{}} }

func (s *sqsService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, q := range s.queues {
		all = append(all, fmt.Sprintf("sqs queue %s (%d messages)", name, len(q.messages)))
	}
	return all
}

// url is a queue's URL. Like AWS's it ends in the account and the name.
func (s *sqsService) url(name string) string { return s.cloud.endpoint + "/" + Account + "/" + name }

// Messages returns the bodies of the messages in a queue, oldest first, without receiving them. queueURL may be the name.
func (c *Cloud) Messages(queueURL string) []string {
	c.sqs.mu.Lock()
	defer c.sqs.mu.Unlock()
	bodies := []string{}
	if q := c.sqs.queues[path.Base(queueURL)]; q != nil {
		for _, m := range q.messages {
			bodies = append(bodies, m.body)
		}
	}
	return bodies
}

type sqsInput struct {
	QueueUrl            string
	QueueName           string
	MessageBody         string
	MessageAttributes   json.RawMessage
	ReceiptHandle       string
	MaxNumberOfMessages int
	WaitTimeSeconds     int
	VisibilityTimeout   *int
	DelaySeconds        int
	AttributeNames      []string
}

func (s *sqsService) operations() map[string]operation {
	return map[string]operation{
		"SendMessage":             op(s.sendMessage),
		"ReceiveMessage":          op(s.receiveMessage),
		"DeleteMessage":           op(s.deleteMessage),
		"ChangeMessageVisibility": op(s.changeVisibility),
		"GetQueueAttributes":      op(s.queueAttributes),
		"GetQueueUrl":             op(s.queueURL),
		"PurgeQueue":              op(s.purgeQueue),
	}
}

// with runs f on a queue, with the lock held, if the caller may do the action.
func (s *sqsService) with(who principal, action, queueURL string, f func(*queue) (any, error)) (any, error) {
	name := path.Base(queueURL)
	if err := s.cloud.iam.authorize(who, "sqs:"+action, s.cloud.arn("sqs", name), nil, nil); err != nil {
		return nil, jsonDenied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return nil, failure(400, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist: %s", queueURL)
	}
	return f(q)
}

func sum(s string) string {
	d := md5.Sum([]byte(s))
	return hex.EncodeToString(d[:])
}

func (s *sqsService) sendMessage(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "SendMessage", in.QueueUrl, func(q *queue) (any, error) {
		if n := len(in.MessageBody); n == 0 || n > q.maxSize {
			return nil, failure(400, "com.amazonaws.sqs#InvalidParameterValue", "One or more parameters are invalid. Reason: Message must have 1 to %d bytes, has %d.", q.maxSize, n)
		}
		m := q.add(in.MessageBody, time.Duration(in.DelaySeconds)*time.Second)
		m.attributes = in.MessageAttributes
		return map[string]any{"MessageId": m.id, "MD5OfMessageBody": sum(m.body)}, nil
	})
}

func (q *queue) add(body string, delay time.Duration) *message {
	now := time.Now()
	m := &message{id: requestID(), body: body, sent: now, hidden: now.Add(delay)}
	q.messages = append(q.messages, m)
	close(q.arrived)
	q.arrived = make(chan struct{})
	return m
}

func (s *sqsService) receiveMessage(ctx context.Context, who principal, in sqsInput) (any, error) {
	deadline := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		var arrived chan struct{}
		wake := deadline
		out, err := s.with(who, "ReceiveMessage", in.QueueUrl, func(q *queue) (any, error) {
			arrived = q.arrived
			visibility := q.visibility
			if in.VisibilityTimeout != nil {
				visibility = time.Duration(*in.VisibilityTimeout) * time.Second
			}
			got := q.receive(max(1, in.MaxNumberOfMessages), visibility)
			for _, m := range q.messages {
				if m.hidden.Before(wake) {
					wake = m.hidden
				}
			}
			return got, nil
		})
		if err != nil {
			return nil, err
		}
		if got := out.([]any); len(got) > 0 || !time.Now().Before(deadline) {
			return map[string]any{"Messages": got}, nil
		}
		t := time.NewTimer(time.Until(wake))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-arrived:
		case <-t.C:
		}
		t.Stop()
	}
}

// receive takes up to n visible messages and hides them for a while.
func (q *queue) receive(n int, visibility time.Duration) []any {
	got := []any{}
	now := time.Now()
	for _, m := range q.messages {
		if len(got) == min(n, 10) {
			break
		}
		if m.hidden.After(now) {
			continue
		}
		m.hidden, m.receipt = now.Add(visibility), requestID()
		m.receives++
		entry := map[string]any{
			"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": sum(m.body),
			"Attributes": map[string]string{
				"SentTimestamp":           strconv.FormatInt(m.sent.UnixMilli(), 10),
				"ApproximateReceiveCount": strconv.Itoa(m.receives),
				"SenderId":                "AIDALOCAL",
			},
		}
		if len(m.attributes) > 0 {
			entry["MessageAttributes"] = m.attributes
		}
		got = append(got, entry)
	}
	return got
}

func (s *sqsService) deleteMessage(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "DeleteMessage", in.QueueUrl, func(q *queue) (any, error) {
		q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == in.ReceiptHandle && m.receipt != "" })
		return nil, nil
	})
}

func (s *sqsService) changeVisibility(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "ChangeMessageVisibility", in.QueueUrl, func(q *queue) (any, error) {
		for _, m := range q.messages {
			if m.receipt == in.ReceiptHandle && m.receipt != "" && in.VisibilityTimeout != nil {
				m.hidden = time.Now().Add(time.Duration(*in.VisibilityTimeout) * time.Second)
			}
		}
		close(q.arrived)
		q.arrived = make(chan struct{})
		return nil, nil
	})
}

func (s *sqsService) queueAttributes(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueAttributes", in.QueueUrl, func(q *queue) (any, error) {
		hidden, now := 0, time.Now()
		for _, m := range q.messages {
			if m.hidden.After(now) {
				hidden++
			}
		}
		return map[string]any{"Attributes": map[string]string{
			"QueueArn":                              s.cloud.arn("sqs", q.name),
			"ApproximateNumberOfMessages":           strconv.Itoa(len(q.messages) - hidden),
			"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
			"VisibilityTimeout":                     strconv.Itoa(int(q.visibility.Seconds())),
		}}, nil
	})
}

func (s *sqsService) queueURL(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueUrl", in.QueueName, func(q *queue) (any, error) {
		return map[string]any{"QueueUrl": s.url(q.name)}, nil
	})
}

func (s *sqsService) purgeQueue(_ context.Context, who principal, in sqsInput) (any, error) {
	return s.with(who, "PurgeQueue", in.QueueUrl, func(q *queue) (any, error) {
		q.messages = nil
		return nil, nil
	})
}

func (s *sqsService) resources() map[string]Resource {
	return map[string]Resource{"aws:sqs/queue:Queue": {
		Optional: []string{"name", "messageRetentionSeconds", "visibilityTimeoutSeconds", "maxMessageSize", "delaySeconds",
			"receiveWaitTimeSeconds", "sqsManagedSseEnabled", "kmsMasterKeyId", "policy", "redrivePolicy", "tags"},
		Defaults: resource.PropertyMap{
			"messageRetentionSeconds":  resource.NewNumberProperty(345600),
			"visibilityTimeoutSeconds": resource.NewNumberProperty(30),
			"maxMessageSize":           resource.NewNumberProperty(262144),
			"delaySeconds":             resource.NewNumberProperty(0),
			"receiveWaitTimeSeconds":   resource.NewNumberProperty(0),
		},
		Computed: []string{"arn", "url", "tagsAll", "namePrefix", "sqsManagedSseEnabled", "policy", "redrivePolicy", "redriveAllowPolicy",
			"deduplicationScope", "fifoThroughputLimit", "kmsDataKeyReusePeriodSeconds"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 80},
		Validate: func(in resource.PropertyMap) []Failure {
			return slices.Concat(
				inRange(in, "messageRetentionSeconds", 60, 1209600),
				inRange(in, "visibilityTimeoutSeconds", 0, 43200),
				inRange(in, "maxMessageSize", 1024, 1048576),
				inRange(in, "delaySeconds", 0, 900),
				inRange(in, "receiveWaitTimeSeconds", 0, 20),
				isJSON(in, "policy"), isJSON(in, "redrivePolicy"))
		},
		Create: s.createQueue,
		Read: func(_ context.Context, _ string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.queues[text(state, "name")] != nil, nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			q := s.queues[text(in, "name")]
			if q == nil {
				return nil, failure(400, "QueueDoesNotExist", "The specified queue does not exist: %s", text(in, "name"))
			}
			q.configure(in)
			return s.outputs(in), nil
		},
		Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.queues, text(state, "name"))
			return nil
		},
	}}
}

func (s *sqsService) createQueue(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	name := text(in, "name")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[name] != nil {
		return "", nil, failure(400, "QueueNameExists", "A queue already exists with the same name: %s", name)
	}
	q := &queue{name: name, arrived: make(chan struct{})}
	q.configure(in)
	s.queues[name] = q
	return s.url(name), s.outputs(in), nil
}

func (q *queue) configure(in resource.PropertyMap) {
	q.visibility = time.Duration(number(in, "visibilityTimeoutSeconds", 30)) * time.Second
	q.maxSize = int(number(in, "maxMessageSize", 262144))
}

func (s *sqsService) outputs(in resource.PropertyMap) resource.PropertyMap {
	name := text(in, "name")
	return merge(in, map[string]any{
		"arn": s.cloud.arn("sqs", name), "url": s.url(name), "tagsAll": tagsAll(in), "namePrefix": "",
		"sqsManagedSseEnabled": !in.HasValue("sqsManagedSseEnabled") || flag(in, "sqsManagedSseEnabled"),
		"policy":               text(in, "policy"), "redrivePolicy": text(in, "redrivePolicy"), "redriveAllowPolicy": "",
		"deduplicationScope": "", "fifoThroughputLimit": "", "kmsDataKeyReusePeriodSeconds": 300,
	})
}
