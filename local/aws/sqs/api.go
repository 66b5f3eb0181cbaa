package sqs

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// sqsInput has the members of all operations' inputs. The tags are their names in the query protocol.
type sqsInput struct {
	QueueUrl                    string
	QueueName                   string
	QueueNamePrefix             string
	MessageBody                 string
	MessageAttributes           map[string]messageAttribute `query:"MessageAttribute,Name,Value"`
	ReceiptHandle               string
	MaxNumberOfMessages         int
	WaitTimeSeconds             *int
	VisibilityTimeout           *int
	DelaySeconds                *int
	Attributes                  map[string]string `query:"Attribute,Name,Value"`
	AttributeNames              []string          `query:"AttributeName"`
	MessageSystemAttributeNames []string          `query:"MessageSystemAttributeName"`
	MessageAttributeNames       []string          `query:"MessageAttributeName"`
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateQueue":                  wire.Op(s.createQueue),
		"DeleteQueue":                  wire.Op(s.deleteQueue),
		"ListQueues":                   wire.Op(s.listQueues),
		"GetQueueUrl":                  wire.Op(s.queueURL),
		"GetQueueAttributes":           wire.Op(s.queueAttributes),
		"SetQueueAttributes":           wire.Op(s.setQueueAttributes),
		"PurgeQueue":                   wire.Op(s.purgeQueue),
		"SendMessage":                  wire.Op(s.sendMessage),
		"SendMessageBatch":             wire.Op(s.sendMessageBatch),
		"ReceiveMessage":               wire.Op(s.receiveMessage),
		"DeleteMessage":                wire.Op(s.deleteMessage),
		"DeleteMessageBatch":           wire.Op(s.deleteMessageBatch),
		"ChangeMessageVisibility":      wire.Op(s.changeVisibility),
		"ChangeMessageVisibilityBatch": wire.Op(s.changeVisibilityBatch),
	}
}

// authorize asks IAM. What it refuses has another code in each protocol. The lock is held.
func (s *Service) authorize(who account.Principal, action, name string) error {
	var onQueue *iam.Policy
	if q := s.queues[name]; q != nil {
		onQueue = q.policy
	}
	err := s.iam.Authorize(who, "sqs:"+action, s.ARN(name), onQueue, nil)
	var denied *wire.Error
	if errors.As(err, &denied) {
		return &wire.Error{Status: http.StatusForbidden, Code: "AccessDeniedException", Query: "AccessDenied", Message: denied.Message}
	}
	return err
}

// with runs f on a queue, with the lock held, if the caller may do the action.
func (s *Service) with(who account.Principal, action, queueURL string, f func(*queue) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := path.Base(queueURL)
	if err := s.authorize(who, action, name); err != nil {
		return nil, err
	}
	q := s.queues[name]
	if q == nil {
		return nil, noQueue(queueURL)
	}
	return f(q)
}

// What has to be allowed of the queue's key. A sender needs Decrypt as well, as SQS reuses data keys.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
var (
	sending   = []string{"GenerateDataKey", "Decrypt"}
	receiving = []string{"Decrypt"}
)

// mayUseKey returns SQS's KmsAccessDenied unless who may do the operations with the key of the queue, if it has one.
func (s *Service) mayUseKey(who account.Principal, q *queue, operations ...string) error {
	if q.KMSKey == "" {
		return nil
	}
	err := s.keys.Authorize(who, q.KMSKey, "sqs", map[string]string{"aws:sqs:arn": s.ARN(q.name)}, operations...)
	var e *wire.Error
	if !errors.As(err, &e) {
		return err
	}
	code := "Kms" + strings.TrimSuffix(e.Code, "Exception")
	return fault(code, "KMS."+strings.TrimSuffix(e.Code, "Exception")+"Exception", "%s (Service: AWSKMS; Status Code: %d; Error Code: %s)", e.Message, e.Status, e.Code)
}

// createQueue makes a queue, or finds the one of that name if it has all the attributes that are asked for.
func (s *Service) createQueue(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.authorize(who, "CreateQueue", in.QueueName); err != nil {
		return nil, err
	}
	err := s.create(in.QueueName, Attributes{VisibilityTimeout: 30 * time.Second, MaximumMessageSize: 1 << 20})
	q := s.queues[in.QueueName]
	switch {
	case err == nil:
		err = q.set(in.Attributes)
	case q.has(s, in.Attributes):
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return struct{ QueueUrl string }{s.URL(in.QueueName)}, nil
}

func (s *Service) deleteQueue(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "DeleteQueue", in.QueueUrl, func(q *queue) (any, error) {
		delete(s.queues, q.name)
		return nil, nil
	})
}

func (s *Service) listQueues(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.authorize(who, "ListQueues", "*"); err != nil {
		return nil, err
	}
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			urls = append(urls, s.URL(name))
		}
	}
	return struct {
		QueueUrls []string `json:",omitempty" query:"QueueUrl"`
	}{urls}, nil
}

func (s *Service) queueURL(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueUrl", in.QueueName, func(q *queue) (any, error) {
		return struct{ QueueUrl string }{s.URL(q.name)}, nil
	})
}

// seconds are the attributes of a queue that are a time.
func (q *queue) seconds() map[string]*time.Duration {
	return map[string]*time.Duration{
		"VisibilityTimeout": &q.VisibilityTimeout, "MessageRetentionPeriod": &q.Retention,
		"DelaySeconds": &q.Delay, "ReceiveMessageWaitTimeSeconds": &q.WaitTime,
	}
}

// attributes are those of the queue, as GetQueueAttributes tells them.
func (q *queue) attributes(s *Service) map[string]string {
	c := q.sampleAt(s.account.Now())
	all := map[string]string{
		"QueueArn":                              s.ARN(q.name),
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.created.Unix(), 10),
		"ApproximateNumberOfMessages":           strconv.Itoa(c.visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(c.hidden),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(c.delayed),
		"MaximumMessageSize":                    strconv.Itoa(q.MaximumMessageSize),
		"SqsManagedSseEnabled":                  strconv.FormatBool(q.KMSKey == ""),
	}
	for name, d := range q.seconds() {
		all[name] = strconv.Itoa(int(d.Seconds()))
	}
	if q.KMSKey != "" {
		all["KmsMasterKeyId"] = q.KMSKey
	}
	if q.policyDoc != "" {
		all["Policy"] = q.policyDoc
	}
	return all
}

// has reports whether the queue has these attributes.
func (q *queue) has(s *Service, attributes map[string]string) bool {
	all := q.attributes(s)
	for name, value := range attributes {
		if all[name] != value {
			return false
		}
	}
	return true
}

// set changes attributes as SetQueueAttributes names them.
func (q *queue) set(attributes map[string]string) error {
	for name, value := range attributes {
		n, err := strconv.Atoi(value)
		switch d := q.seconds()[name]; {
		case d != nil && err == nil:
			*d = time.Duration(n) * time.Second
		case name == "MaximumMessageSize" && err == nil:
			q.MaximumMessageSize = n
		case name == "KmsMasterKeyId":
			q.KMSKey = value
		case name == "SqsManagedSseEnabled":
			if value == "true" {
				q.KMSKey = ""
			}
		case name == "Policy":
			if err := q.setPolicy(value); err != nil {
				return fault("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter Policy: %v", err)
			}
		case d != nil || name == "MaximumMessageSize":
			return fault("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s: %q is no number", name, value)
		default:
			return fault("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s: the local cloud's queues have %v and Policy", name, slices.Sorted(maps.Keys(q.seconds())))
		}
	}
	return nil
}

func (s *Service) queueAttributes(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "GetQueueAttributes", in.QueueUrl, func(q *queue) (any, error) {
		all := q.attributes(s)
		maps.DeleteFunc(all, func(name, _ string) bool { return !asksFor(in.AttributeNames, name) })
		return struct {
			Attributes map[string]string `json:",omitempty" query:"Attribute,Name,Value"`
		}{all}, nil
	})
}

func (s *Service) setQueueAttributes(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "SetQueueAttributes", in.QueueUrl, func(q *queue) (any, error) { return nil, q.set(in.Attributes) })
}

func (s *Service) purgeQueue(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "PurgeQueue", in.QueueUrl, func(q *queue) (any, error) {
		q.messages = nil
		s.publish(q)
		return nil, nil
	})
}
