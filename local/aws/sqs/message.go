package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

type message struct {
	id, body, receipt string
	attributes        map[string]messageAttribute
	sent              time.Time
	received          time.Time // for the first time
	hidden            time.Time // invisible until then
	receives          int
}

// messageAttribute is a message attribute as it is sent.
type messageAttribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue *string `json:",omitempty"` // in base64
}

// receivedMessage is a message as receivers get it.
type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string           `json:",omitempty" query:"Attribute,Name,Value"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
	MessageAttributes      map[string]messageAttribute `json:",omitempty" query:"MessageAttribute,Name,Value"`
}

func sum(s string) string {
	d := md5.Sum([]byte(s))
	return hex.EncodeToString(d[:])
}

// sumOf is the MD5 of message attributes.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func sumOf(attributes map[string]messageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	const text, bytes = 1, 2
	var b []byte
	add := func(s string) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) }
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add(name)
		add(a.DataType)
		if a.BinaryValue != nil {
			raw, _ := base64.StdEncoding.DecodeString(*a.BinaryValue) // checked when it was sent
			b = append(b, bytes)
			add(string(raw))
		} else if a.StringValue != nil {
			b = append(b, text)
			add(*a.StringValue)
		}
	}
	return sum(string(b))
}

// check is what SendMessage refuses of a message.
func (q *queue) check(body string, attributes map[string]messageAttribute) error {
	size := len(body)
	for name, a := range attributes {
		if a.BinaryValue != nil {
			if _, err := base64.StdEncoding.DecodeString(*a.BinaryValue); err != nil {
				return fault("InvalidParameterValue", "InvalidParameterValue", "The message attribute '%s' is no base64: %v", name, err)
			}
			size += len(*a.BinaryValue) * 3 / 4
		} else if a.StringValue != nil {
			size += len(*a.StringValue)
		}
		size += len(name) + len(a.DataType)
	}
	if body == "" || size > q.MaximumMessageSize {
		return fault("InvalidParameterValue", "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must have 1 to %d bytes, has %d.", q.MaximumMessageSize, size)
	}
	if strings.ContainsFunc(body, notXML) {
		return fault("InvalidMessageContents", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	return nil
}

// notXML reports whether SQS refuses a character.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// add puts a message into a queue and wakes those who wait for one. The lock is held.
func (s *Service) add(q *queue, body string, delay time.Duration) *message {
	now := s.account.Now()
	m := &message{id: account.RandomID(), body: body, sent: now, hidden: now.Add(delay)}
	q.messages = append(q.messages, m)
	q.wake()
	s.count(q, "NumberOfMessagesSent", 1)
	s.count(q, "SentMessageSize", float64(len(body)))
	s.publish(q)
	return m
}

func (q *queue) wake() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// receive takes up to n visible messages and hides them for a while.
func (q *queue) receive(n int, now time.Time, visibility time.Duration) []*message {
	var got []*message
	for _, m := range q.messages {
		if len(got) == min(n, 10) {
			break
		}
		if m.hidden.After(now) {
			continue
		}
		m.hidden, m.receipt = now.Add(visibility), account.RandomID()
		if m.receives++; m.receives == 1 {
			m.received = now
		}
		got = append(got, m)
	}
	return got
}

// show returns a message with those of its attributes that the receiver asks for: names, "All", ".*" or "prefix.*".
func (m *message) show(system, custom []string) receivedMessage {
	all := map[string]string{
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.received.UnixMilli(), 10),
		"SenderId":                         "AIDALOCAL",
	}
	asked := maps.Clone(m.attributes)
	maps.DeleteFunc(all, func(name, _ string) bool { return !asksFor(system, name) })
	maps.DeleteFunc(asked, func(name string, _ messageAttribute) bool { return !asksFor(custom, name) })
	return receivedMessage{
		MessageId: m.id, ReceiptHandle: m.receipt, Body: m.body, MD5OfBody: sum(m.body),
		Attributes: all, MessageAttributes: asked, MD5OfMessageAttributes: sumOf(asked),
	}
}

func asksFor(names []string, name string) bool {
	return slices.ContainsFunc(names, func(asked string) bool {
		prefix, wild := strings.CutSuffix(asked, ".*")
		return asked == "All" || asked == name || wild && strings.HasPrefix(name, prefix)
	})
}

// sample is what a queue's metrics say of its messages.
type sample struct {
	minute                   time.Time
	visible, hidden, delayed int
}

// sampleAt counts the messages of a queue.
func (q *queue) sampleAt(now time.Time) sample {
	c := sample{minute: now.Truncate(time.Minute)}
	for _, m := range q.messages {
		switch {
		case !m.hidden.After(now):
			c.visible++
		case m.receives > 0:
			c.hidden++
		default:
			c.delayed++
		}
	}
	return c
}

// poisonReceives is how often a message has been received when ApproximateAgeOfOldestMessage no longer counts it.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
const poisonReceives = 3

// publish writes the metrics of a queue each minute, and when they have changed. The lock is held.
func (s *Service) publish(q *queue) {
	now := s.account.Now()
	c := q.sampleAt(now)
	if c == q.sampled {
		return
	}
	q.sampled = c
	s.count(q, "ApproximateNumberOfMessagesVisible", float64(c.visible))
	s.count(q, "ApproximateNumberOfMessagesNotVisible", float64(c.hidden))
	s.count(q, "ApproximateNumberOfMessagesDelayed", float64(c.delayed))
	age := 0.0
	for _, m := range q.messages {
		if m.receives < poisonReceives {
			age = max(age, now.Sub(m.sent).Seconds())
		}
	}
	s.count(q, "ApproximateAgeOfOldestMessage", age)
}

func (s *Service) count(q *queue, metric string, value float64) {
	s.metrics.Record("AWS/SQS", metric, "QueueName", q.name, value)
}
