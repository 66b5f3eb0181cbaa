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
	for _, a := range from.DescribeAlarms() {
		alarms = append(alarms, Alarm{Name: a.Name, State: a.State})
	}
	m.mu.Lock()
	same := slices.Equal(alarms, m.alarms.value)
	m.mu.Unlock()
	if !same {
		set(m, &m.alarms, alarms)
	}
}
