package page

import (
	"slices"

	"s3-thumbnail-creator/local/aws/cloudwatch"
)

// Alarm is one of the stack's alarms.
type Alarm struct {
	Name  string `json:"name"`
	State string `json:"state"` // OK, ALARM or INSUFFICIENT_DATA
}

// alarmed keeps the alarms if they are not as they were.
func (m *model) alarmed(from *cloudwatch.Service) {
	alarms := []Alarm{}
	for _, name := range from.AlarmNames() {
		if state, _, ok := from.AlarmState(name); ok {
			alarms = append(alarms, Alarm{Name: name, State: string(state)})
		}
	}
	m.mu.Lock()
	same := slices.Equal(alarms, m.alarms.value)
	m.mu.Unlock()
	if !same {
		set(m, &m.alarms, alarms)
	}
}
