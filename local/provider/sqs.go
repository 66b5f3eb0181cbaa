package provider

import (
	"context"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/sqs"
)

func (c awsCloud) sqsTypes() map[string]Resource {
	return map[string]Resource{
		"aws:sqs/queue:Queue":             c.queue(),
		"aws:sqs/queuePolicy:QueuePolicy": c.queuePolicy(),
	}
}

func (c awsCloud) queuePolicy() Resource {
	return Resource{
		Required: []string{"queueUrl", "policy"},
		Replace:  []string{"queueUrl"},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Read:     exists(c.SQS.HasPolicy),
		Delete: func(_ context.Context, url string, _ resource.PropertyMap) error {
			if !c.SQS.HasPolicy(url) {
				return nil
			}
			return c.SQS.SetQueuePolicy(url, "")
		},
	}.put("queueUrl", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		doc, err := document(in, "policy")
		if err != nil {
			return nil, err
		}
		return in, c.SQS.SetQueuePolicy(text(in, "queueUrl"), doc)
	})
}

func (c awsCloud) queue() Resource {
	return Resource{
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
			var both []Failure
			if in.HasValue("kmsMasterKeyId") && in.HasValue("sqsManagedSseEnabled") {
				both = []Failure{{"sqsManagedSseEnabled", "conflicts with kmsMasterKeyId"}}
			}
			return slices.Concat(both,
				inRange(in, "messageRetentionSeconds", 60, 1209600),
				inRange(in, "visibilityTimeoutSeconds", 0, 43200),
				inRange(in, "maxMessageSize", 1024, 1048576),
				inRange(in, "delaySeconds", 0, 900),
				inRange(in, "receiveWaitTimeSeconds", 0, 20),
				isJSON(in, "policy"), isJSON(in, "redrivePolicy"))
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "name")
			return c.SQS.URL(name), c.queueOutputs(in), c.SQS.CreateQueue(name, queueAttributes(in))
		},
		Read: stateExists("name", c.SQS.HasQueue),
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return c.queueOutputs(in), c.SQS.SetQueueAttributes(text(in, "name"), queueAttributes(in))
		},
		Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
			c.SQS.DeleteQueue(text(state, "name"))
			return nil
		},
	}
}

func queueAttributes(in resource.PropertyMap) sqs.Attributes {
	return sqs.Attributes{
		VisibilityTimeout:  time.Duration(number(in, "visibilityTimeoutSeconds", 30)) * time.Second,
		MaximumMessageSize: int(number(in, "maxMessageSize", 262144)),
		Retention:          time.Duration(number(in, "messageRetentionSeconds", 345600)) * time.Second,
		Delay:              time.Duration(number(in, "delaySeconds", 0)) * time.Second,
		WaitTime:           time.Duration(number(in, "receiveWaitTimeSeconds", 0)) * time.Second,
		KMSKey:             text(in, "kmsMasterKeyId"),
	}
}

func (c awsCloud) queueOutputs(in resource.PropertyMap) resource.PropertyMap {
	name := text(in, "name")
	return merge(in, map[string]any{
		"arn": c.SQS.ARN(name), "url": c.SQS.URL(name), "tagsAll": tagsAll(in), "namePrefix": "",
		"sqsManagedSseEnabled": !in.HasValue("kmsMasterKeyId") && (!in.HasValue("sqsManagedSseEnabled") || flag(in, "sqsManagedSseEnabled")),
		"policy":               text(in, "policy"), "redrivePolicy": text(in, "redrivePolicy"), "redriveAllowPolicy": "",
		"deduplicationScope": "", "fifoThroughputLimit": "", "kmsDataKeyReusePeriodSeconds": 300,
	})
}
