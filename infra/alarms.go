package infra

import (
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
	periods           int // of five minutes
	dimension         string
	value             pulumi.StringInput
}

// alarmPeriodSeconds is the length of one period.
const alarmPeriodSeconds = 300

// oldFailureSeconds is the age at which a message in the failure queue has been overlooked: four days of its fourteen.
const oldFailureSeconds = 4 * 24 * 60 * 60

// slowShare is the part of the function's timeout, in percent, that one invocation in a hundred may take.
const slowShare = 80

func alarms(cfg *Config, function, queue pulumi.StringInput) []alarm {
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
			threshold: float64(cfg.TimeoutSeconds * 1000 * slowShare / 100), periods: 3, // milliseconds
			dimension: "FunctionName", value: function,
		},
		{
			name: "failures", description: "There are messages in the failure queue: pictures without a thumbnail, " +
				"each with the reason.",
			namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", statistic: "Maximum", threshold: 0, periods: 1,
			dimension: "QueueName", value: queue,
		},
		{
			name: "old-failures", description: "A message has been in the failure queue for four days. " +
				"After fourteen it is gone.",
			namespace: "AWS/SQS", metric: "ApproximateAgeOfOldestMessage", statistic: "Maximum",
			threshold: oldFailureSeconds, periods: 1,
			dimension: "QueueName", value: queue,
		},
	}
}

// newAlarms makes the alarms, and a topic that mails them where an address is configured. function and queue are the
// names of what is watched.
func newAlarms(ctx *pulumi.Context, name string, cfg *Config, here account, function, queue pulumi.StringInput, tags pulumi.StringMap, parent pulumi.Resource) error {
	var notify pulumi.Array
	if cfg.AlarmEmail != "" {
		topic, err := newAlarmTopic(ctx, name+"-alarms", cfg.AlarmEmail, here, tags, parent)
		if err != nil {
			return err
		}
		notify = pulumi.Array{topic.Arn}
	}
	for _, a := range alarms(cfg, function, queue) {
		args := &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   pulumi.String(a.description),
			Namespace:          pulumi.String(a.namespace),
			MetricName:         pulumi.String(a.metric),
			Dimensions:         pulumi.StringMap{a.dimension: a.value},
			ComparisonOperator: pulumi.String("GreaterThanThreshold"),
			Threshold:          pulumi.Float64(a.threshold),
			Period:             pulumi.Int(alarmPeriodSeconds),
			EvaluationPeriods:  pulumi.Int(a.periods),
			// No pictures, no data: that is not a fault.
			TreatMissingData: pulumi.String("notBreaching"),
			AlarmActions:     notify,
			OkActions:        notify,
			Tags:             tags,
		}
		if a.statistic[0] == 'p' {
			args.ExtendedStatistic = pulumi.String(a.statistic)
		} else {
			args.Statistic = pulumi.String(a.statistic)
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+a.name, args, pulumi.Parent(parent)); err != nil {
			return err
		}
	}
	return nil
}

// newAlarmTopic makes a topic to which this account's alarms may publish, and subscribes the address, which is sent a
// mail to confirm that. The topic is not encrypted with a key of its own: CloudWatch cannot use the one that AWS
// manages for SNS, and alarms contain nothing secret.
func newAlarmTopic(ctx *pulumi.Context, name, email string, here account, tags pulumi.StringMap, parent pulumi.Resource) (*sns.Topic, error) {
	topic, err := sns.NewTopic(ctx, name, &sns.TopicArgs{Tags: tags}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	if _, err := sns.NewTopicPolicy(ctx, name, &sns.TopicPolicyArgs{
		Arn: topic.Arn,
		Policy: policyOf([]pulumi.StringInput{topic.Arn}, func(arn []string) PolicyDocument {
			return publishedByAlarms(here, arn[0])
		}),
	}, pulumi.Parent(parent)); err != nil {
		return nil, err
	}
	_, err = sns.NewTopicSubscription(ctx, name, &sns.TopicSubscriptionArgs{
		Topic:    topic.Arn,
		Protocol: pulumi.String("email"),
		Endpoint: pulumi.String(email),
	}, pulumi.Parent(parent))
	return topic, err
}

func publishedByAlarms(here account, topicARN string) PolicyDocument {
	return policy(Statement{
		Sid: "PublishedByAlarms", Effect: allow,
		Principal: &Principal{Service: cloudwatchService},
		Action:    []string{"sns:Publish"},
		Resource:  []string{topicARN},
		Condition: Condition{"StringEquals": {"aws:SourceAccount": here.ID}},
	})
}
