package cloudwatch

import (
	"slices"
	"strings"
)

// AlarmState is an alarm as DescribeAlarms shows it.
type AlarmState struct {
	Name  string
	State string // OK, ALARM or INSUFFICIENT_DATA
}

// DescribeAlarms returns the alarms in the order of their names. As there are no metrics, none of them has data.
func (s *Service) DescribeAlarms() []AlarmState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []AlarmState
	for what := range s.stored {
		if name, ok := strings.CutPrefix(what, string(Alarm)+" "); ok {
			all = append(all, AlarmState{Name: name, State: "INSUFFICIENT_DATA"})
		}
	}
	slices.SortFunc(all, func(a, b AlarmState) int { return strings.Compare(a.Name, b.Name) })
	return all
}
