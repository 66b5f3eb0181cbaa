package sns

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// principal is how SNS presents itself to queues and functions.
const principal = "sns.amazonaws.com"

// maxDeliveries is how many deliveries are remembered.
const maxDeliveries = 1000

// PublishFor publishes for a service, which acts for the source, if the topic's policy lets it. The topic that has no
// policy of its own lets in every service that acts for the account. The errors are NotFound and AccessDenied.
func (s *Service) PublishFor(service, sourceARN, topicARN, subject, message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(topicARN)
	if err != nil {
		return err
	}
	who := account.Principal{Service: service}
	if t.policy != nil {
		err := s.iam.Authorize(who, "sns:Publish", topicARN, t.policy, map[string]string{
			"aws:sourcearn": sourceARN, "aws:sourceaccount": account.ID, "aws:sourceowner": account.ID,
		})
		if err != nil {
			return err
		}
	}
	s.publish(t, subject, message)
	return nil
}

// Publish is Publish with the permissions of who: it returns the message's id. The errors are NotFound, AccessDenied and
// InvalidParameter.
func (s *Service) Publish(who account.Principal, topicARN, subject, message string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var onTopic *iam.Policy
	t, err := s.topic(topicARN)
	if err == nil {
		onTopic = t.policy
	}
	if denied := s.iam.Authorize(who, "sns:Publish", topicARN, onTopic, nil); denied != nil {
		return "", wire.Errorf(403, "AuthorizationError", "%v", denied)
	}
	if err != nil {
		return "", err
	}
	if message == "" || len(message) > 256<<10 || len(subject) > 100 {
		return "", wire.Errorf(400, "InvalidParameter", "Invalid parameter: the message must have 1 to %d bytes and has %d, the subject at most 100 and has %d", 256<<10, len(message), len(subject))
	}
	return s.publish(t, subject, message), nil
}

// notification is SNS's envelope.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type notification struct {
	Type             string
	MessageId        string
	TopicArn         string
	Subject          string `json:",omitempty"`
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	UnsubscribeURL   string
}

// publish sends a message to every subscription of a topic and returns its id. The lock is held.
func (s *Service) publish(t *topic, subject, message string) string {
	n := notification{
		Type: "Notification", MessageId: account.RandomID(), TopicArn: t.arn, Subject: subject, Message: message,
		Timestamp: s.account.Now().UTC().Format("2006-01-02T15:04:05.000Z"), SignatureVersion: "1",
		Signature: "local", SigningCertURL: s.account.Endpoint + "/SimpleNotificationService.pem",
	}
	for _, arn := range slices.Sorted(maps.Keys(s.subscriptions)) {
		sub := s.subscriptions[arn]
		if sub.topic != t.arn {
			continue
		}
		if sub.token != "" {
			s.account.Logf("sns sends %s nothing: the subscription %s is not confirmed", sub.Endpoint, arn)
			continue
		}
		n.UnsubscribeURL = s.account.Endpoint + "/?Action=Unsubscribe&SubscriptionArn=" + arn
		if err := s.hand(sub, n); err != nil {
			s.account.Logf("sns cannot deliver to %s: %v", sub.Endpoint, err)
			continue
		}
		s.deliver(sub, subject, message)
	}
	return n.MessageId
}

// deliver remembers a delivery, and logs it. The lock is held.
func (s *Service) deliver(sub *subscription, subject, message string) {
	s.account.Logf("sns %s to %s: %s: %s", sub.Protocol, sub.Endpoint, subject, message)
	s.deliveries = append(s.deliveries, Delivery{s.account.Now(), sub.arn, sub.Protocol, sub.Endpoint, subject, message})
	if len(s.deliveries) > maxDeliveries {
		s.deliveries = s.deliveries[1:]
	}
}

// hand gives a message to a queue or a function. Everything else has been done by remembering it.
func (s *Service) hand(sub *subscription, n notification) error {
	switch sub.Protocol {
	case "sqs":
		if err := s.queues.MaySend(sub.Endpoint, principal, sub.topic); err != nil {
			return err
		}
		body := n.Message
		if !sub.Raw {
			body = string(marshal(n))
		}
		return s.queues.Send(sub.Endpoint, body)
	case "lambda":
		if err := s.functions.MayInvoke(sub.Endpoint, principal, sub.topic); err != nil {
			return err
		}
		return s.functions.Enqueue(sub.Endpoint, functionEvent(sub.arn, n))
	}
	return nil
}

// functionEvent is the event that a function gets. Its names differ from those of the envelope in capitals.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func functionEvent(subscriptionARN string, n notification) []byte {
	members := map[string]any{}
	if err := json.Unmarshal(marshal(n), &members); err != nil {
		panic(fmt.Sprintf("local cloud: a notification that is no JSON: %v", err))
	}
	for _, name := range []string{"SigningCertURL", "UnsubscribeURL"} {
		members[strings.TrimSuffix(name, "URL")+"Url"] = members[name]
		delete(members, name)
	}
	members["MessageAttributes"] = struct{}{}
	return marshal(map[string]any{"Records": []any{map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscriptionARN, "Sns": members,
	}}})
}

func marshal(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("local cloud: a message that is no JSON: %v", err))
	}
	return doc
}
