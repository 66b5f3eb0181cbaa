package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/sns"
)

func (c awsCloud) snsTypes() map[string]Resource {
	return map[string]Resource{
		"aws:sns/topic:Topic":                         c.topic(),
		"aws:sns/topicSubscription:TopicSubscription": c.subscription(),
		"aws:sns/topicPolicy:TopicPolicy":             c.topicPolicy(),
	}
}

func (c awsCloud) topic() Resource {
	outputs := func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{
			"arn": c.SNS.ARN(text(in, "name")), "owner": account.ID, "tagsAll": tagsAll(in), "namePrefix": "",
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
			return c.SNS.CreateTopic(text(in, "name")), outputs(in), nil
		},
		Read: exists(c.SNS.HasTopic),
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return outputs(in), nil
		},
		Delete: remove(c.SNS.DeleteTopic),
	}
}

func (c awsCloud) subscription() Resource {
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
			arn, err := c.SNS.Subscribe(text(in, "topic"), sns.Subscription{
				Protocol: text(in, "protocol"), Endpoint: text(in, "endpoint"), Raw: flag(in, "rawMessageDelivery"),
			})
			email := strings.HasPrefix(text(in, "protocol"), "email")
			return arn, merge(in, map[string]any{
				"arn": arn, "ownerId": account.ID, "pendingConfirmation": email, "confirmationWasAuthenticated": !email, "filterPolicyScope": "",
			}), err
		},
		Update: func(_ context.Context, _ string, old, in resource.PropertyMap) (resource.PropertyMap, error) {
			out := old.Copy()
			for k, v := range in {
				out[k] = v
			}
			return out, nil
		},
		Delete: remove(c.SNS.Unsubscribe),
	}
}

func (c awsCloud) topicPolicy() Resource {
	return Resource{
		Required: []string{"arn", "policy"},
		Computed: []string{"owner"},
		Replace:  []string{"arn"},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Delete:   remove(func(string) {}), // a topic is never without a policy: it goes with its topic
	}.put("arn", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		doc, err := document(in, "policy")
		if err != nil {
			return nil, err
		}
		return merge(in, map[string]any{"owner": account.ID}), c.SNS.SetTopicPolicy(text(in, "arn"), doc)
	})
}
