package infra

import (
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm is one CloudWatch alarm. It goes off when the statistic is above the threshold in all of the periods.
type alarm struct {
	name, description string
	namespace, metric string
	statistic         string // such as Sum, or a percentile such as p99
	threshold         float64
	periods           int
	periodSeconds     int // 0 means alarmPeriodSeconds
	dimension         string
	value             pulumi.StringInput
}

// alarmPeriodSeconds is the length of a period where nothing else is said.
const alarmPeriodSeconds = 300

// A failure has been overlooked when there were some in each of the hours of four days, of the fourteen that they are
// kept. The age of the oldest message would be simpler, but SQS does not count those that have been received three times
// or more, so that it goes blind when people look at them. A week is the longest that CloudWatch evaluates.
const (
	overlookedPeriodSeconds = 60 * 60
	overlookedPeriods       = 4 * 24
)

// slowShare is the part of the function's timeout, in percent, that one invocation in a hundred may take.
const slowShare = 80

func alarms(args *MonitoringArgs) []alarm {
	function, queue := args.FunctionName, args.FailureQueueName
	timeout := cmp.Or(args.TimeoutSeconds, defaultTimeoutSeconds)
	return []alarm{
		{
			name: "errors", description: "The function failed. Its log says why.",
			namespace: "AWS/Lambda", metric: "Errors", statistic: "Sum", threshold: 0, periods: 1,
			dimension: "FunctionName", value: function,
		},
		{
			name: "throttles", description: "The function has been throttled for a quarter of an hour: " +
				"raise reservedConcurrency, or ask AWS for a higher quota of concurrent executions.",
			namespace: "AWS/Lambda", metric: "Throttles", statistic: "Sum", threshold: 0, periods: 3,
			dimension: "FunctionName", value: function,
		},
		{
			name: "duration", description: "One invocation in a hundred comes close to the function's timeout: " +
				"raise timeoutSeconds or memoryMB.",
			namespace: "AWS/Lambda", metric: "Duration", statistic: "p99",
			threshold: float64(timeout * 1000 * slowShare / 100), periods: 3, // milliseconds
			dimension: "FunctionName", value: function,
		},
		{
			name: "dropped", description: "Lambda gave events up without running the function, because it was throttled " +
				"or failing for six hours: their pictures have no thumbnails. The failure queue has them.",
			namespace: "AWS/Lambda", metric: "AsyncEventsDropped", statistic: "Sum", threshold: 0, periods: 1,
			dimension: "FunctionName", value: function,
		},
		{
			name: "lost", description: "Lambda could not send an event that failed to the failure queue: " +
				"nothing but the function's log knows of it. Look at the permissions of its role and, with kmsKeyArn, of the key.",
			namespace: "AWS/Lambda", metric: "DestinationDeliveryFailures", statistic: "Sum", threshold: 0, periods: 1,
			dimension: "FunctionName", value: function,
		},
		{
			name: "failures", description: "There are messages in the failure queue: pictures without a thumbnail, " +
				"each with the reason.",
			namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", statistic: "Maximum", threshold: 0, periods: 1,
			dimension: "QueueName", value: queue,
		},
		{
			name: "old-failures", description: "There have been messages in the failure queue for four days. " +
				"After fourteen a message is gone.",
			namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", statistic: "Maximum",
			threshold: 0, periods: overlookedPeriods, periodSeconds: overlookedPeriodSeconds,
			dimension: "QueueName", value: queue,
		},
	}
}

// newAlarms makes the alarms, and a topic that mails them where an address is given.
func newAlarms(ctx *pulumi.Context, name string, args *MonitoringArgs, child pulumi.ResourceOption) error {
	var notify pulumi.Array
	if args.AlarmEmail != "" {
		topic, err := newAlarmTopic(ctx, name+"-alarms", args, child)
		if err != nil {
			return err
		}
		notify = pulumi.Array{topic.Arn}
	}
	for _, a := range alarms(args) {
		inputs := &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   pulumi.String(a.description),
			Namespace:          pulumi.String(a.namespace),
			MetricName:         pulumi.String(a.metric),
			Dimensions:         pulumi.StringMap{a.dimension: a.value},
			ComparisonOperator: pulumi.String("GreaterThanThreshold"),
			Threshold:          pulumi.Float64(a.threshold),
			Period:             pulumi.Int(cmp.Or(a.periodSeconds, alarmPeriodSeconds)),
			EvaluationPeriods:  pulumi.Int(a.periods),
			// No pictures, no data: that is not a fault.
			TreatMissingData: pulumi.String("notBreaching"),
			AlarmActions:     notify,
			OkActions:        notify,
			Tags:             args.Tags,
		}
		if a.statistic[0] == 'p' {
			inputs.ExtendedStatistic = pulumi.String(a.statistic)
		} else {
			inputs.Statistic = pulumi.String(a.statistic)
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+a.name, inputs, child); err != nil {
			return err
		}
	}
	return nil
}

// newAlarmTopic makes a topic to which this account's alarms may publish, and subscribes the address, which is sent a
// mail to confirm that. The topic is not encrypted with a key of its own: CloudWatch cannot use the one that AWS
// manages for SNS, and alarms contain nothing secret.
func newAlarmTopic(ctx *pulumi.Context, name string, args *MonitoringArgs, child pulumi.ResourceOption) (*sns.Topic, error) {
	topic, err := sns.NewTopic(ctx, name, &sns.TopicArgs{Tags: args.Tags}, child)
	if err != nil {
		return nil, err
	}
	if _, err := sns.NewTopicPolicy(ctx, name, &sns.TopicPolicyArgs{
		Arn:    topic.Arn,
		Policy: publishedByAlarms(args.Account, topic.Arn).JSON(),
	}, child); err != nil {
		return nil, err
	}
	_, err = sns.NewTopicSubscription(ctx, name, &sns.TopicSubscriptionArgs{
		Topic:    topic.Arn,
		Protocol: pulumi.String("email"),
		Endpoint: pulumi.String(args.AlarmEmail),
	}, child)
	return topic, err
}

func publishedByAlarms(account Account, topicARN pulumi.StringInput) PolicyDocument {
	return PolicyDocument{{
		Sid: "PublishedByAlarms", Effect: allow,
		Principal: &Principal{Service: cloudwatchService},
		Action:    []string{"sns:Publish"},
		Resource:  pulumi.StringArray{topicARN},
		Condition: pulumi.StringMapMap{"StringEquals": pulumi.StringMap{"aws:SourceAccount": pulumi.String(account.ID)}},
	}}
}
