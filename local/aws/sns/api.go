package sns

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// input has the members of all operations' inputs.
type input struct {
	Name                  string
	TopicArn, TargetArn   string
	SubscriptionArn       string
	Protocol, Endpoint    string
	Attributes            map[string]string
	AttributeName         string
	AttributeValue        string
	Token                 string
	Subject, Message      string
	ReturnSubscriptionArn bool
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateTopic":               s.topicOp("CreateTopic", s.createTopic),
		"DeleteTopic":               s.topicOp("DeleteTopic", func(in input) (any, error) { s.DeleteTopic(in.TopicArn); return nil, nil }),
		"ListTopics":                s.topicOp("ListTopics", s.listTopics),
		"GetTopicAttributes":        s.topicOp("GetTopicAttributes", s.topicAttributes),
		"SetTopicAttributes":        s.topicOp("SetTopicAttributes", s.setTopicAttributes),
		"Subscribe":                 s.topicOp("Subscribe", s.subscribe),
		"ConfirmSubscription":       s.topicOp("ConfirmSubscription", s.confirm),
		"Unsubscribe":               s.topicOp("Unsubscribe", func(in input) (any, error) { s.Unsubscribe(in.SubscriptionArn); return nil, nil }),
		"ListSubscriptions":         s.topicOp("ListSubscriptions", s.listSubscriptions),
		"ListSubscriptionsByTopic":  s.topicOp("ListSubscriptionsByTopic", s.listSubscriptions),
		"GetSubscriptionAttributes": s.topicOp("GetSubscriptionAttributes", s.subscriptionAttributes),
		"SetSubscriptionAttributes": s.topicOp("SetSubscriptionAttributes", s.setSubscriptionAttributes),
		"Publish":                   wire.Op(s.publishMessage),
	}
}

// topicOp makes an operation that asks first whether the caller may do it with the topic.
func (s *Service) topicOp(name string, f func(input) (any, error)) wire.Operation {
	return wire.Op(func(_ context.Context, who account.Principal, in input) (any, error) {
		target := in.TopicArn
		switch {
		case in.Name != "":
			target = s.ARN(in.Name)
		case in.SubscriptionArn != "":
			target = in.SubscriptionArn[:max(0, strings.LastIndexByte(in.SubscriptionArn, ':'))]
		case target == "":
			target = s.ARN("*")
		}
		s.mu.Lock()
		var onTopic *iam.Policy
		if t := s.topics[target]; t != nil {
			onTopic = t.policy
		}
		s.mu.Unlock()
		if err := s.iam.Authorize(who, "sns:"+name, target, onTopic, nil); err != nil {
			return nil, wire.Errorf(403, "AuthorizationError", "%v", err)
		}
		return f(in)
	})
}

type topicARN struct{ TopicArn string }

func (s *Service) createTopic(in input) (any, error) {
	arn := s.CreateTopic(in.Name)
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if _, err := s.setTopicAttributes(input{TopicArn: arn, AttributeName: name, AttributeValue: in.Attributes[name]}); err != nil {
			return nil, err
		}
	}
	return topicARN{arn}, nil
}

func (s *Service) listTopics(input) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct{ Topics []topicARN }{}
	for _, arn := range slices.Sorted(maps.Keys(s.topics)) {
		out.Topics = append(out.Topics, topicARN{arn})
	}
	return out, nil
}

type attributes struct{ Attributes map[string]string }

func (s *Service) topicAttributes(in input) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, sub := range s.subscriptions {
		if sub.topic == t.arn && sub.token == "" {
			confirmed++
		} else if sub.topic == t.arn {
			pending++
		}
	}
	return attributes{map[string]string{
		"TopicArn": t.arn, "Owner": account.ID, "DisplayName": t.displayName, "Policy": t.policyOrDefault(),
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsDeleted": "0",
	}}, nil
}

func (t *topic) policyOrDefault() string {
	if t.policyDoc != "" {
		return t.policyDoc
	}
	return fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},`+
		`"Action":["SNS:Publish","SNS:Subscribe","SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:DeleteTopic","SNS:ListSubscriptionsByTopic"],`+
		`"Resource":%q,"Condition":{"StringEquals":{"AWS:SourceOwner":%q}}}]}`, t.arn, account.ID)
}

func (s *Service) setTopicAttributes(in input) (any, error) {
	switch in.AttributeName {
	case "Policy":
		return nil, s.SetTopicPolicy(in.TopicArn, in.AttributeValue)
	case "DisplayName":
		s.mu.Lock()
		defer s.mu.Unlock()
		t, err := s.topic(in.TopicArn)
		if err == nil {
			t.displayName = in.AttributeValue
		}
		return nil, err
	}
	return nil, wire.Errorf(400, "InvalidParameter", "Invalid parameter: AttributeName %s: the local cloud's topics have Policy and DisplayName", in.AttributeName)
}

type subscriptionARN struct{ SubscriptionArn string }

func (s *Service) subscribe(in input) (any, error) {
	arn, err := s.Subscribe(in.TopicArn, Subscription{in.Protocol, in.Endpoint, in.Attributes["RawMessageDelivery"] == "true"})
	if err != nil {
		return nil, err
	}
	if s.pending(arn) && !in.ReturnSubscriptionArn {
		arn = "pending confirmation"
	}
	return subscriptionARN{arn}, nil
}

func (s *Service) pending(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscriptions[arn].token != ""
}

func (s *Service) confirm(in input) (any, error) {
	arn, err := s.Confirm(in.TopicArn, in.Token)
	return subscriptionARN{arn}, err
}

// listSubscriptions lists those of a topic, or all.
func (s *Service) listSubscriptions(in input) (any, error) {
	type entry struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.TopicArn != "" {
		if _, err := s.topic(in.TopicArn); err != nil {
			return nil, err
		}
	}
	out := struct{ Subscriptions []entry }{}
	for _, arn := range slices.Sorted(maps.Keys(s.subscriptions)) {
		sub := s.subscriptions[arn]
		if in.TopicArn != "" && in.TopicArn != sub.topic {
			continue
		}
		shown := arn
		if sub.token != "" {
			shown = "PendingConfirmation"
		}
		out.Subscriptions = append(out.Subscriptions, entry{shown, account.ID, sub.Protocol, sub.Endpoint, sub.topic})
	}
	return out, nil
}

func (s *Service) subscriptionAttributes(in input) (any, error) {
	return s.withSubscription(in, func(sub *subscription) (any, error) {
		return attributes{map[string]string{
			"SubscriptionArn": sub.arn, "TopicArn": sub.topic, "Owner": account.ID, "Protocol": sub.Protocol, "Endpoint": sub.Endpoint,
			"RawMessageDelivery": strconv.FormatBool(sub.Raw), "PendingConfirmation": strconv.FormatBool(sub.token != ""),
		}}, nil
	})
}

func (s *Service) setSubscriptionAttributes(in input) (any, error) {
	return s.withSubscription(in, func(sub *subscription) (any, error) {
		if in.AttributeName != "RawMessageDelivery" {
			return nil, wire.Errorf(400, "InvalidParameter", "Invalid parameter: AttributeName %s: the local cloud's subscriptions have RawMessageDelivery", in.AttributeName)
		}
		sub.Raw = in.AttributeValue == "true"
		return nil, nil
	})
}

func (s *Service) withSubscription(in input, f func(*subscription) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.subscriptions[in.SubscriptionArn]
	if sub == nil {
		return nil, wire.Errorf(404, "NotFound", "Subscription does not exist: %s", in.SubscriptionArn)
	}
	return f(sub)
}

func (s *Service) publishMessage(_ context.Context, who account.Principal, in input) (any, error) {
	if in.TopicArn == "" {
		in.TopicArn = in.TargetArn
	}
	id, err := s.Publish(who, in.TopicArn, in.Subject, in.Message)
	return struct{ MessageId string }{id}, err
}
