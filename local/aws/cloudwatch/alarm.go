package cloudwatch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// State is what an alarm says of its metric.
type State string

// The states of alarms.
const (
	OK               State = "OK"
	InAlarm          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Alarm is a metric alarm, with the names of the API's members.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
type Alarm struct {
	AlarmName               string
	AlarmDescription        string   `json:",omitempty"`
	ActionsEnabled          *bool    // nil means true
	OKActions               []string `json:",omitempty"` // ARNs of topics
	AlarmActions            []string `json:",omitempty"`
	InsufficientDataActions []string `json:",omitempty"`
	MetricName              string
	Namespace               string
	Statistic               string `json:",omitempty"`
	ExtendedStatistic       string `json:",omitempty"` // a percentile
	Dimensions              []Dimension
	Period                  int    // seconds
	Unit                    string `json:",omitempty"`
	EvaluationPeriods       int
	DatapointsToAlarm       int `json:",omitempty"` // 0 means EvaluationPeriods
	Threshold               float64
	ComparisonOperator      string
	TreatMissingData        string `json:",omitempty"` // "" means missing
}

// alarm is an alarm with its state.
type alarm struct {
	Alarm
	updated      time.Time // its configuration
	state        State
	reason       string
	changed      time.Time // its state
	transitioned time.Time
	history      []happening
}

// happening is an entry of an alarm's history.
type happening struct {
	at            time.Time
	kind, summary string
}

// maxHistory is how many entries of an alarm's history are kept.
const maxHistory = 100

func (a *alarm) note(at time.Time, kind, format string, args ...any) {
	a.history = append(a.history, happening{at, kind, fmt.Sprintf(format, args...)})
	if len(a.history) > maxHistory {
		a.history = a.history[1:]
	}
}

// comparisons are the operators of alarms on a threshold.
var comparisons = map[string]struct {
	words string // of what is not true, in reasons
	holds func(value, threshold float64) bool
}{
	"GreaterThanThreshold":          {"greater than", func(v, t float64) bool { return v > t }},
	"GreaterThanOrEqualToThreshold": {"greater than or equal to", func(v, t float64) bool { return v >= t }},
	"LessThanThreshold":             {"less than", func(v, t float64) bool { return v < t }},
	"LessThanOrEqualToThreshold":    {"less than or equal to", func(v, t float64) bool { return v <= t }},
}

// AlarmARN is the ARN of an alarm.
func (s *Service) AlarmARN(name string) string { return s.account.ARN("cloudwatch", "alarm:"+name) }

// check returns ValidationError for what PutMetricAlarm refuses.
func (a Alarm) check() error {
	bad := func(format string, args ...any) error {
		return wire.Errorf(400, "ValidationError", format, args...)
	}
	if _, ok := comparisons[a.ComparisonOperator]; !ok {
		return bad("ComparisonOperator %q: the local cloud has %v", a.ComparisonOperator, slices.Sorted(maps.Keys(comparisons)))
	}
	if (a.Statistic == "") == (a.ExtendedStatistic == "") {
		return bad("exactly one of Statistic and ExtendedStatistic must be given")
	}
	if _, err := statistic(a.statistic()); err != nil {
		return bad("%v", err)
	}
	if err := checkPeriod(a.Period); err != nil {
		return bad("%v", err)
	}
	if a.AlarmName == "" || a.MetricName == "" || a.Namespace == "" || a.EvaluationPeriods < 1 || a.DatapointsToAlarm > a.EvaluationPeriods {
		return bad("an alarm needs AlarmName, Namespace, MetricName and EvaluationPeriods, and DatapointsToAlarm is at most EvaluationPeriods")
	}
	if !slices.Contains([]string{"", "missing", "ignore", "breaching", "notBreaching"}, a.TreatMissingData) {
		return bad("TreatMissingData %q: expected missing, ignore, breaching or notBreaching", a.TreatMissingData)
	}
	return nil
}

func (a Alarm) statistic() string { return cmp.Or(a.ExtendedStatistic, a.Statistic) }

func (a Alarm) metric() Metric {
	return Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions}
}

// PutMetricAlarm is PutMetricAlarm: a new alarm has INSUFFICIENT_DATA until it is evaluated; one that is there keeps its
// state. The error is ValidationError.
func (s *Service) PutMetricAlarm(a Alarm) error {
	if err := a.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.account.Now()
	if old := s.alarms[a.AlarmName]; old != nil {
		old.Alarm, old.updated = a, now
		old.note(now, "ConfigurationUpdate", "Alarm %q updated", a.AlarmName)
		return nil
	}
	made := &alarm{Alarm: a, updated: now, state: InsufficientData, reason: "Unchecked: Initial alarm creation", changed: now, transitioned: now}
	made.note(now, "ConfigurationUpdate", "Alarm %q created", a.AlarmName)
	s.alarms[a.AlarmName] = made
	return nil
}

// DeleteAlarm is DeleteAlarms; one that is gone already is no error.
func (s *Service) DeleteAlarm(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.alarms, name)
}

// AlarmNames returns the names of all alarms, in order.
func (s *Service) AlarmNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.alarms))
}

// AlarmState returns the state of an alarm and why it has it, and whether there is one of that name.
func (s *Service) AlarmState(name string) (state State, reason string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alarms[name]
	if a == nil {
		return "", "", false
	}
	return a.state, a.reason, true
}
