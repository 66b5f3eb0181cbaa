package cloudwatch

import (
	"encoding/json"
	"fmt"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// principal is how CloudWatch presents itself to topics.
const principal = "cloudwatch.amazonaws.com"

// act carries out an alarm's actions for its new state.
func (s *Service) act(a *alarm, before State) {
	s.account.Logf("cloudwatch alarm %s: %s, was %s: %s", a.AlarmName, a.state, before, a.reason)
	if a.ActionsEnabled != nil && !*a.ActionsEnabled {
		return
	}
	actions := map[State][]string{OK: a.OKActions, InAlarm: a.AlarmActions, InsufficientData: a.InsufficientDataActions}[a.state]
	if len(actions) == 0 {
		return
	}
	subject := fmt.Sprintf("%s: %q in %s", a.state, a.AlarmName, regionName(s.account.Region))
	message := s.message(a, before)
	for _, topic := range actions {
		err := s.topics.PublishFor(principal, s.AlarmARN(a.AlarmName), topic, subject, message)
		s.account.Logf("cloudwatch alarm %s notifies %s: %v", a.AlarmName, topic, wire.Outcome(err))
		s.mu.Lock()
		if kept := s.alarms[a.AlarmName]; kept != nil && err == nil {
			kept.note(s.account.Now(), "Action", "Successfully executed action %s", topic)
		} else if kept != nil {
			kept.note(s.account.Now(), "Action", "Failed to execute action %s. Received error: %q", topic, err)
		}
		s.mu.Unlock()
	}
}

// trigger is the part of an alarm's message that says what it watches.
type trigger struct {
	MetricName, Namespace string
	StatisticType         string // Statistic, or ExtendedStatistic for percentiles
	Statistic             string `json:",omitempty"`
	ExtendedStatistic     string `json:",omitempty"`
	Unit                  *string
	Dimensions            []triggerDimension
	Period                int
	EvaluationPeriods     int
	DatapointsToAlarm     int `json:",omitempty"`
	ComparisonOperator    string
	Threshold             float64
	TreatMissingData      string
	// EvaluateLowSampleCountPercentile is always empty here.
	EvaluateLowSampleCountPercentile string
}

type triggerDimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// message is what a topic is sent.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func (s *Service) message(a *alarm, before State) string {
	const layout = "2006-01-02T15:04:05.000-0700"
	t := trigger{
		MetricName: a.MetricName, Namespace: a.Namespace, StatisticType: "Statistic", Statistic: shouted(a.Statistic),
		Dimensions: []triggerDimension{}, Period: a.Period, EvaluationPeriods: a.EvaluationPeriods, DatapointsToAlarm: a.DatapointsToAlarm,
		ComparisonOperator: a.ComparisonOperator, Threshold: a.Threshold, TreatMissingData: a.TreatMissingData,
	}
	if a.ExtendedStatistic != "" {
		t.StatisticType, t.ExtendedStatistic = "ExtendedStatistic", a.ExtendedStatistic
	}
	if a.Unit != "" {
		t.Unit = &a.Unit
	}
	for _, d := range a.Dimensions {
		t.Dimensions = append(t.Dimensions, triggerDimension{d.Value, d.Name})
	}
	doc, err := json.Marshal(struct {
		AlarmName, AlarmDescription, AWSAccountId         string
		AlarmConfigurationUpdatedTimestamp                string
		NewStateValue                                     State
		NewStateReason, StateChangeTime, Region, AlarmArn string
		OldStateValue                                     State
		OKActions, AlarmActions, InsufficientDataActions  []string
		Trigger                                           trigger
	}{
		a.AlarmName, a.AlarmDescription, account.ID, a.updated.UTC().Format(layout),
		a.state, a.reason, a.changed.UTC().Format(layout), regionName(s.account.Region), s.AlarmARN(a.AlarmName),
		before, orEmpty(a.OKActions), orEmpty(a.AlarmActions), orEmpty(a.InsufficientDataActions), t,
	})
	if err != nil {
		panic(fmt.Sprintf("local cloud: an alarm that is no JSON: %v", err))
	}
	return string(doc)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// shouted is how messages name a statistic: SampleCount is SAMPLE_COUNT.
func shouted(statistic string) string {
	return strings.ToUpper(strings.Replace(statistic, "SampleCount", "Sample_Count", 1))
}

// regionName is how AWS's messages name a region.
func regionName(region string) string {
	names := map[string]string{
		"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-2": "US West (Oregon)",
		"eu-central-1": "EU (Frankfurt)", "eu-west-1": "EU (Ireland)", "eu-north-1": "EU (Stockholm)",
	}
	if name := names[region]; name != "" {
		return name
	}
	return region
}

// SetAlarmState is SetAlarmState: the alarm acts, and goes back when it is evaluated the next time. The error is
// ResourceNotFound.
func (s *Service) SetAlarmState(name string, state State, reason string) error {
	s.mu.Lock()
	a := s.alarms[name]
	if a == nil {
		s.mu.Unlock()
		return wire.Errorf(404, "ResourceNotFound", "Unknown alarm %s", name)
	}
	before := a.state
	a.set(state, reason, s.account.Now())
	copied := *a
	s.mu.Unlock()
	if before != state {
		s.act(&copied, before)
	}
	return nil
}
