package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// snsService is SNS: topics, subscriptions and policies that are stored and validated. Nothing is published: alarms never
// change state here.
type snsService struct {
	cloud         *Cloud
	mu            sync.Mutex
	topics        map[string]bool // by ARN
	subscriptions map[string]bool
}

func newSNS(c *Cloud) *snsService {
	return &snsService{cloud: c, topics: map[string]bool{}, subscriptions: map[string]bool{}}
}

func (s *snsService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for arn := range s.topics {
		all = append(all, "sns topic "+arn)
	}
	for arn := range s.subscriptions {
		all = append(all, "sns subscription "+arn)
	}
	return all
}

func (s *snsService) topic(arn string) error {
	if !s.topics[arn] {
		return failure(404, "NotFound", "Topic does not exist: %s", arn)
	}
	return nil
}

func (s *snsService) resources() map[string]Resource {
	return map[string]Resource{
		"aws:sns/topic:Topic":                         s.topicResource(),
		"aws:sns/topicSubscription:TopicSubscription": s.subscriptionResource(),
		"aws:sns/topicPolicy:TopicPolicy":             s.policyResource(),
	}
}

func (s *snsService) topicResource() Resource {
	outputs := func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{
			"arn": s.cloud.arn("sns", text(in, "name")), "owner": Account, "tagsAll": tagsAll(in), "namePrefix": "",
			"policy": text(in, "policy"), "beginningArchiveTime": "", "signatureVersion": 0, "tracingConfig": "", "fifoThroughputScope": "",
		})
	}
	return Resource{
		Optional: []string{"name", "displayName", "kmsMasterKeyId", "policy", "tags"},
		Computed: []string{"arn", "owner", "tagsAll", "namePrefix", "policy", "beginningArchiveTime", "signatureVersion", "tracingConfig", "fifoThroughputScope"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 256},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out := outputs(in)
			arn := text(out, "arn")
			s.mu.Lock()
			defer s.mu.Unlock()
			s.topics[arn] = true
			return arn, out, nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.topics[id], nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return outputs(in), nil
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.topics, id)
			return nil
		},
	}
}

func (s *snsService) subscriptionResource() Resource {
	return Resource{
		Required: []string{"topic", "protocol", "endpoint"},
		Optional: []string{"rawMessageDelivery", "filterPolicy", "confirmationTimeoutInMinutes", "endpointAutoConfirms"},
		Defaults: resource.PropertyMap{
			"rawMessageDelivery":           resource.NewBoolProperty(false),
			"confirmationTimeoutInMinutes": resource.NewNumberProperty(1),
			"endpointAutoConfirms":         resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated", "filterPolicyScope"},
		Replace:  []string{"topic", "protocol", "endpoint"},
		Validate: func(in resource.PropertyMap) []Failure {
			bad := oneOf(in, "protocol", "email", "email-json", "sqs", "lambda", "http", "https", "sms", "application", "firehose")
			if e := text(in, "endpoint"); strings.HasPrefix(text(in, "protocol"), "email") && known(in, "endpoint") && !strings.Contains(e, "@") {
				bad = append(bad, Failure{"endpoint", fmt.Sprintf("%q is no e-mail address", e)})
			}
			return bad
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.topic(text(in, "topic")); err != nil {
				return "", nil, err
			}
			arn := text(in, "topic") + ":" + requestID()
			s.subscriptions[arn] = true
			email := strings.HasPrefix(text(in, "protocol"), "email")
			return arn, merge(in, map[string]any{
				"arn": arn, "ownerId": Account, "pendingConfirmation": email, "confirmationWasAuthenticated": !email, "filterPolicyScope": "",
			}), nil
		},
		Update: func(_ context.Context, _ string, old, in resource.PropertyMap) (resource.PropertyMap, error) {
			out := old.Copy()
			for k, v := range in {
				out[k] = v
			}
			return out, nil
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.subscriptions, id)
			return nil
		},
	}
}

func (s *snsService) policyResource() Resource {
	put := func(in resource.PropertyMap) (resource.PropertyMap, error) {
		doc, err := document(in, "policy")
		if err != nil {
			return nil, err
		}
		if _, err := parsePolicy(doc, resourcePolicy); err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := s.topic(text(in, "arn")); err != nil {
			return nil, err
		}
		return merge(in, map[string]any{"owner": Account}), nil
	}
	return Resource{
		Required: []string{"arn", "policy"},
		Computed: []string{"owner"},
		Replace:  []string{"arn"},
		Validate: func(in resource.PropertyMap) []Failure { return slices.Concat(isJSON(in, "policy")) },
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out, err := put(in)
			return text(in, "arn"), out, err
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return put(in)
		},
		Delete: func(context.Context, string, resource.PropertyMap) error { return nil },
	}
}
