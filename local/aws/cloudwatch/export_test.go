package cloudwatch

import "time"

// Evaluate is the state that an alarm would go into from a state, with these values of its last periods, the oldest
// first; nil is a period without any.
func Evaluate(a Alarm, from State, values []*float64) (State, string) {
	var points []datapoint
	for i, v := range values {
		p := datapoint{at: time.Date(2026, 1, 2, 3, i, 0, 0, time.UTC)}
		if v != nil {
			p.value, p.ok = *v, true
		}
		points = append([]datapoint{p}, points...)
	}
	return (&alarm{Alarm: a, state: from, reason: "as before"}).evaluate(points)
}
