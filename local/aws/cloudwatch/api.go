package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"PutMetricAlarm":       operation(s, "PutMetricAlarm", s.putAlarm),
		"DescribeAlarms":       operation(s, "DescribeAlarms", s.describeAlarms),
		"DescribeAlarmHistory": operation(s, "DescribeAlarmHistory", s.describeHistory),
		"DeleteAlarms":         operation(s, "DeleteAlarms", s.deleteAlarms),
		"SetAlarmState":        operation(s, "SetAlarmState", s.setAlarmState),
		"EnableAlarmActions":   operation(s, "EnableAlarmActions", func(in alarmsInput) (any, error) { return s.enableActions(in, true) }),
		"DisableAlarmActions":  operation(s, "DisableAlarmActions", func(in alarmsInput) (any, error) { return s.enableActions(in, false) }),
		"GetMetricData":        operation(s, "GetMetricData", s.getMetricData),
		"GetMetricStatistics":  operation(s, "GetMetricStatistics", s.getMetricStatistics),
		"ListMetrics":          operation(s, "ListMetrics", s.listMetrics),
		"PutMetricData":        operation(s, "PutMetricData", s.putMetricData),
		"PutDashboard":         operation(s, "PutDashboard", s.putDashboard),
		"GetDashboard":         operation(s, "GetDashboard", s.getDashboard),
		"ListDashboards":       operation(s, "ListDashboards", s.listDashboards),
		"DeleteDashboards":     operation(s, "DeleteDashboards", s.deleteDashboards),
	}
}

// operation makes an operation that asks first whether the caller may do it. Alarms could be named one by one; that is not
// told apart here.
func operation[In any](s *Service, name string, f func(In) (any, error)) wire.Operation {
	return wire.Op(func(_ context.Context, who account.Principal, in In) (any, error) {
		if err := s.iam.Authorize(who, "cloudwatch:"+name, "*", nil, nil); err != nil {
			return nil, err
		}
		return f(in)
	})
}

type alarmInput struct {
	Alarm
	Metrics []struct{ Id string } // metric math
}

func (s *Service) putAlarm(in alarmInput) (any, error) {
	if len(in.Metrics) > 0 {
		return nil, noMath("PutMetricAlarm")
	}
	return nil, s.PutMetricAlarm(in.Alarm)
}

func noMath(operation string) error {
	return wire.Errorf(400, "ValidationError", "%s: the local cloud has no metric math: add it to local/aws/cloudwatch", operation)
}

type alarmsInput struct {
	AlarmNames      []string
	AlarmNamePrefix string
	AlarmName       string
	StateValue      State
	StateReason     string
}

// metricAlarm is an alarm as DescribeAlarms shows it.
type metricAlarm struct {
	Alarm
	AlarmArn                           string
	AlarmConfigurationUpdatedTimestamp wire.Time
	StateValue                         State
	StateReason                        string
	StateUpdatedTimestamp              wire.Time
	StateTransitionedTimestamp         wire.Time
}

func (s *Service) describeAlarms(in alarmsInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct{ MetricAlarms, CompositeAlarms []metricAlarm }{[]metricAlarm{}, []metricAlarm{}}
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name]
		if len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name) || !strings.HasPrefix(name, in.AlarmNamePrefix) ||
			in.StateValue != "" && in.StateValue != a.state {
			continue
		}
		shown := metricAlarm{
			a.Alarm, s.AlarmARN(name), wireTime(a.updated), a.state, a.reason, wireTime(a.changed), wireTime(a.transitioned),
		}
		if enabled := true; shown.ActionsEnabled == nil {
			shown.ActionsEnabled = &enabled
		}
		out.MetricAlarms = append(out.MetricAlarms, shown)
	}
	return out, nil
}

func (s *Service) describeHistory(in alarmsInput) (any, error) {
	type item struct {
		AlarmName, AlarmType string
		Timestamp            wire.Time
		HistoryItemType      string
		HistorySummary       string
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct{ AlarmHistoryItems []item }{[]item{}}
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		if in.AlarmName != "" && in.AlarmName != name {
			continue
		}
		for _, h := range slices.Backward(s.alarms[name].history) {
			out.AlarmHistoryItems = append(out.AlarmHistoryItems, item{name, "MetricAlarm", wireTime(h.at), h.kind, h.summary})
		}
	}
	return out, nil
}

func (s *Service) deleteAlarms(in alarmsInput) (any, error) {
	for _, name := range in.AlarmNames {
		s.DeleteAlarm(name)
	}
	return nil, nil
}

func (s *Service) setAlarmState(in alarmsInput) (any, error) {
	if !slices.Contains([]State{OK, InAlarm, InsufficientData}, in.StateValue) {
		return nil, wire.Errorf(400, "ValidationError", "StateValue %q: expected OK, ALARM or INSUFFICIENT_DATA", in.StateValue)
	}
	return nil, s.SetAlarmState(in.AlarmName, in.StateValue, in.StateReason)
}

func (s *Service) enableActions(in alarmsInput, enabled bool) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range in.AlarmNames {
		if a := s.alarms[name]; a != nil {
			a.ActionsEnabled = &enabled
		}
	}
	return nil, nil
}

type dashboardInput struct {
	DashboardName, DashboardBody, DashboardNamePrefix string
	DashboardNames                                    []string
}

func (s *Service) putDashboard(in dashboardInput) (any, error) {
	return struct{ DashboardValidationMessages []string }{[]string{}}, s.PutDashboard(in.DashboardName, in.DashboardBody)
}

func noDashboard(name string) error {
	return &wire.Error{Status: 404, Code: "DashboardNotFoundError", Query: "ResourceNotFound", Message: "Dashboard " + name + " does not exist"}
}

func (s *Service) getDashboard(in dashboardInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.dashboards[in.DashboardName]
	if !ok {
		return nil, noDashboard(in.DashboardName)
	}
	return struct{ DashboardArn, DashboardBody, DashboardName string }{s.DashboardARN(in.DashboardName), d.body, in.DashboardName}, nil
}

func (s *Service) listDashboards(in dashboardInput) (any, error) {
	type entry struct {
		DashboardName, DashboardArn string
		LastModified                wire.Time
		Size                        int
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct{ DashboardEntries []entry }{[]entry{}}
	for _, name := range slices.Sorted(maps.Keys(s.dashboards)) {
		if d := s.dashboards[name]; strings.HasPrefix(name, in.DashboardNamePrefix) {
			out.DashboardEntries = append(out.DashboardEntries, entry{name, s.DashboardARN(name), wireTime(d.modified), len(d.body)})
		}
	}
	return out, nil
}

func (s *Service) deleteDashboards(in dashboardInput) (any, error) {
	for _, name := range in.DashboardNames {
		if !s.HasDashboard(name) {
			return nil, noDashboard(name)
		}
	}
	for _, name := range in.DashboardNames {
		s.DeleteDashboard(name)
	}
	return nil, nil
}

// wireTime is a time in an answer.
func wireTime(t time.Time) wire.Time { return wire.Time{Time: t} }
