package infra

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

const (
	// bridgeRetries and bridgeAgeSeconds are the most that EventBridge offers for an event that the function does not
	// take: 185 times within 24 hours.
	bridgeRetries    = 185
	bridgeAgeSeconds = 24 * 60 * 60
)

// EventRule makes a bucket that sends its events to EventBridge invoke a function. Nothing of the bucket is changed, so
// that it may be somebody else's: a bucket has one notification configuration, and whoever writes it removes what others
// have put there. What the function does not take ends in its queue for failures.
type EventRule struct {
	pulumi.ResourceState

	// Rule is the name of the rule.
	Rule pulumi.StringOutput `pulumi:"rule"`
}

// EventRuleArgs are the inputs of NewEventRule.
type EventRuleArgs struct {
	// Account that the bucket belongs to. Required.
	Account Account
	// Name of the rule. Required.
	Name pulumi.StringInput
	// Bucket is the name of the bucket. Required.
	Bucket pulumi.StringInput
	// FunctionName and FunctionARN say what is invoked. Both are required.
	FunctionName, FunctionARN pulumi.StringInput
	// FailureQueueURL and FailureQueueARN are the queue of events that the function does not take. It gets a policy, of
	// which a queue has only one. Both are required.
	FailureQueueURL, FailureQueueARN pulumi.StringInput
	// Prefix limits the events to keys that begin with it; empty means every key.
	Prefix string
	// Include limits them to keys that one of the patterns means (settings.MatchPattern); empty means every key.
	Include []string
	// Exclude leaves out keys that one of the patterns means, where neither Prefix nor Include is given: EventBridge
	// knows no "this but not that" of one field, and leaves the rest to the function.
	Exclude []string
	// Removals also sends the removal of objects.
	Removals bool
	// Tags are put on the rule.
	Tags pulumi.StringMap
}

func (args *EventRuleArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "EventRuleArgs")
	checkRequired(&p,
		required{"EventRuleArgs.Name", args.Name, "the name of the rule"},
		required{"EventRuleArgs.Bucket", args.Bucket, "the name of the bucket"},
		required{"EventRuleArgs.FunctionName", args.FunctionName, "the name of the function"},
		required{"EventRuleArgs.FunctionARN", args.FunctionARN, "the ARN of the function"},
		required{"EventRuleArgs.FailureQueueURL", args.FailureQueueURL, "the URL of the queue for failures"},
		required{"EventRuleArgs.FailureQueueARN", args.FailureQueueARN, "the ARN of the queue for failures"},
	)
	checkPrefix(&p, "EventRuleArgs.Prefix", args.Prefix)
	checkKeys(&p, "EventRuleArgs.Include", args.Prefix, args.Include)
	return p
}

// NewEventRule declares the rule with its target and what both may do. Only the target and its permission wait for the
// function.
func NewEventRule(ctx *pulumi.Context, name string, args *EventRuleArgs, opts ...pulumi.ResourceOption) (*EventRule, error) {
	args = orEmpty(args)
	if err := refuse("EventRule", name, args.validate()); err != nil {
		return nil, err
	}
	c := &EventRule{}
	return component(ctx, "EventRule", name, c, opts, func(child pulumi.ResourceOption) error {
		rule, err := cloudwatch.NewEventRule(ctx, name, &cloudwatch.EventRuleArgs{
			Name:         args.Name,
			Description:  pulumi.Sprintf("Tells the function about the pictures in %s", args.Bucket),
			EventPattern: args.pattern(),
			Tags:         args.Tags,
		}, child)
		if err != nil {
			return err
		}
		c.Rule = rule.Name
		return args.target(ctx, name, rule, child)
	})
}

// target makes the function the rule's target, once the rule may invoke it and write to its queue.
func (args *EventRuleArgs) target(ctx *pulumi.Context, name string, rule *cloudwatch.EventRule, child pulumi.ResourceOption) error {
	permission, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  args.FunctionName,
		Principal: pulumi.String(eventsService),
		// The rule's ARN has the account in it, so that no SourceAccount is needed, which EventBridge does not promise to
		// send to Lambda.
		SourceArn: rule.Arn,
	}, child)
	if err != nil {
		return err
	}
	policy, err := sqs.NewQueuePolicy(ctx, name, &sqs.QueuePolicyArgs{
		QueueUrl: args.FailureQueueURL,
		Policy: PolicyDocument{{
			Sid: "DeadLettersOfTheRule", Effect: allow,
			Principal: &Principal{Service: eventsService},
			Action:    []string{"sqs:SendMessage"},
			Resource:  pulumi.StringArray{args.FailureQueueARN},
			Condition: pulumi.StringMapMap{"ArnEquals": pulumi.StringMap{"aws:SourceArn": rule.Arn}},
		}}.JSON(),
	}, child)
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewEventTarget(ctx, name, &cloudwatch.EventTargetArgs{
		Rule:             rule.Name,
		TargetId:         pulumi.String("thumbnails"),
		Arn:              args.FunctionARN,
		DeadLetterConfig: &cloudwatch.EventTargetDeadLetterConfigArgs{Arn: args.FailureQueueARN},
		RetryPolicy: &cloudwatch.EventTargetRetryPolicyArgs{
			MaximumRetryAttempts:     pulumi.Int(bridgeRetries),
			MaximumEventAgeInSeconds: pulumi.Int(bridgeAgeSeconds),
		},
	}, child, pulumi.DependsOn([]pulumi.Resource{permission, policy}))
	return err
}

// pattern is the event pattern (S3 user guide, "EventBridge event message structure"). As with S3's own notifications,
// lifecycle rules remove no thumbnails.
func (args *EventRuleArgs) pattern() pulumi.StringOutput {
	types := []string{"Object Created", "Object Restore Completed"}
	detail := pulumi.Map{"bucket": pulumi.Map{"name": pulumi.Array{args.Bucket}}}
	if args.Removals {
		types = append(types, "Object Deleted")
		// A restored object has no reason.
		detail["reason"] = pulumi.Array{
			pulumi.StringMap{"anything-but": pulumi.String("Lifecycle Expiration")}, pulumi.BoolMap{"exists": pulumi.Bool(false)},
		}
	}
	if keys := args.keys(); keys != nil {
		detail["object"] = pulumi.Map{"key": keys}
	}
	return pulumi.JSONMarshal(pulumi.Map{
		"source":      pulumi.ToStringArray([]string{"aws.s3"}),
		"account":     pulumi.ToStringArray([]string{args.Account.ID}),
		"detail-type": pulumi.ToStringArray(types),
		"detail":      detail,
	})
}

// keys is the pattern of the key, nil for every key.
func (args *EventRuleArgs) keys() pulumi.Array {
	if args.Prefix == "" && len(args.Include) == 0 {
		if len(args.Exclude) == 0 {
			return nil
		}
		return pulumi.Array{pulumi.Map{"anything-but": pulumi.Map{"wildcard": pulumi.ToStringArray(args.Exclude)}}}
	}
	var keys pulumi.Array
	for _, pattern := range keyPatterns(args.Prefix, args.Include) {
		keys = append(keys, bridgePattern(pattern))
	}
	return keys
}

// bridgePattern says the same as the pattern in EventBridge's words: the simplest, as too many wildcards are refused.
func bridgePattern(pattern string) pulumi.Input {
	head, tail, wild := strings.Cut(pattern, "*")
	switch {
	case !wild:
		return pulumi.String(pattern)
	case strings.Contains(tail, "*"), head != "" && tail != "":
		return pulumi.StringMap{"wildcard": pulumi.String(pattern)}
	case tail != "":
		return pulumi.StringMap{"suffix": pulumi.String(tail)}
	}
	return pulumi.StringMap{"prefix": pulumi.String(head)}
}
