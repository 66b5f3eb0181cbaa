package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/events"
)

// eventsTypes are EventBridge's, which the aws package has in its module cloudwatch.
func (c awsCloud) eventsTypes() map[string]Resource {
	return map[string]Resource{
		"aws:cloudwatch/eventRule:EventRule":     c.eventRule(),
		"aws:cloudwatch/eventTarget:EventTarget": c.eventTarget(),
	}
}

func (c awsCloud) eventRule() Resource {
	return Resource{
		Required: []string{"eventPattern"},
		Optional: []string{"name", "description", "eventBusName", "forceDestroy", "state", "tags"},
		Defaults: resource.PropertyMap{
			"eventBusName": resource.NewProperty("default"), "forceDestroy": resource.NewProperty(false), "state": resource.NewProperty("ENABLED"),
		},
		Computed: []string{"arn", "namePrefix", "tagsAll"},
		Replace:  []string{"name", "eventBusName"},
		AutoName: &AutoName{Property: "name", Max: 64},
		Validate: func(in resource.PropertyMap) []Failure {
			return append(isJSON(in, "eventPattern"), oneOf(in, "state", "ENABLED")...)
		},
		Read:   exists(c.Events.HasRule),
		Delete: func(_ context.Context, name string, _ resource.PropertyMap) error { return c.Events.DeleteRule(name) },
	}.put("name", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		name := text(in, "name")
		if err := c.Events.PutRule(name, text(in, "eventPattern")); err != nil {
			return nil, fmt.Errorf("putting EventBridge Rule (%s): %w", name, err)
		}
		return merge(in, map[string]any{"arn": c.Events.ARN(name), "namePrefix": "", "tagsAll": tagsAll(in)}), nil
	})
}

func (c awsCloud) eventTarget() Resource {
	return Resource{
		Required: []string{"rule", "arn"},
		Optional: []string{"targetId", "eventBusName", "forceDestroy", "deadLetterConfig", "retryPolicy"},
		Defaults: resource.PropertyMap{"eventBusName": resource.NewProperty("default"), "forceDestroy": resource.NewProperty(false)},
		Replace:  []string{"rule", "targetId", "eventBusName"},
		AutoName: &AutoName{Property: "targetId", Max: 64},
		Validate: func(in resource.PropertyMap) []Failure {
			retry := object(in, "retryPolicy")
			return append(inRange(retry, "maximumRetryAttempts", 0, 185), inRange(retry, "maximumEventAgeInSeconds", 60, 86400)...)
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			return state, c.Events.HasTarget(text(state, "rule"), id), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			c.Events.RemoveTarget(text(state, "rule"), id)
			return nil
		},
	}.put("targetId", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		return in, c.Events.PutTarget(text(in, "rule"), text(in, "targetId"), events.Target{
			Function: text(in, "arn"), DeadLetter: text(object(in, "deadLetterConfig"), "arn"),
		})
	})
}
