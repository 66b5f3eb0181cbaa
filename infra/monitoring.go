package infra

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// Monitoring is what tells people how the function does: alarms, a topic that mails them, and a dashboard.
type Monitoring struct {
	pulumi.ResourceState

	// DashboardURL is the page of the dashboard in the AWS console.
	DashboardURL pulumi.StringOutput `pulumi:"dashboardUrl"`
}

// MonitoringArgs are the inputs of NewMonitoring.
type MonitoringArgs struct {
	// Account that the function belongs to. Required.
	Account Account
	// FunctionName and FailureQueueName are what is watched. Both are required. The dashboard has the function's name.
	FunctionName, FailureQueueName pulumi.StringInput
	// TimeoutSeconds is the function's timeout, near which it is too slow; 0 means 60, as for the function.
	TimeoutSeconds int
	// AlarmEmail receives the alarms; empty means that they notify nobody.
	AlarmEmail string
	// Tags are put on everything that takes tags.
	Tags pulumi.StringMap
}

func (args *MonitoringArgs) validate() settings.Problems {
	var p settings.Problems
	args.Account.validate(&p, "MonitoringArgs")
	checkRequired(&p,
		required{"MonitoringArgs.FunctionName", args.FunctionName, "the name of the function"},
		required{"MonitoringArgs.FailureQueueName", args.FailureQueueName, "the name of the queue of failures"},
	)
	checkTimeout(&p, "MonitoringArgs.TimeoutSeconds", cmp.Or(args.TimeoutSeconds, defaultTimeoutSeconds))
	p.Check("MonitoringArgs.AlarmEmail", args.AlarmEmail, args.AlarmEmail == "" || isAddress(args.AlarmEmail), "want an e-mail address or nothing")
	return p
}

// NewMonitoring declares the monitoring.
func NewMonitoring(ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	args = orEmpty(args)
	if err := refuse("Monitoring", name, args.validate()); err != nil {
		return nil, err
	}
	c := &Monitoring{}
	return component(ctx, "Monitoring", name, c, opts, func(child pulumi.ResourceOption) error {
		if err := newAlarms(ctx, name, args, child); err != nil {
			return err
		}
		url, err := newDashboard(ctx, name, args, child)
		c.DashboardURL = url
		return err
	})
}
