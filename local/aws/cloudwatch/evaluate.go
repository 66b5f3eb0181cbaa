package cloudwatch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// extraPeriods are looked at besides those that count, in case that some of these have no data.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, whose tables look at
// five periods where three count.
const extraPeriods = 2

// evaluateAll evaluates every alarm and acts on the changes.
func (s *Service) evaluateAll() {
	type change struct {
		*alarm
		before State
	}
	var changes []change
	s.mu.Lock()
	now := s.account.Now()
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name]
		state, reason := a.evaluate(s.recent(a.Alarm, now))
		if state == a.state {
			continue
		}
		before := a.state
		a.set(state, reason, now)
		copied := *a
		changes = append(changes, change{&copied, before})
	}
	s.mu.Unlock()
	for _, c := range changes {
		s.act(c.alarm, c.before)
	}
}

// set changes the state of an alarm. The lock is held.
func (a *alarm) set(state State, reason string, now time.Time) {
	a.note(now, "StateUpdate", "Alarm updated from %s to %s", a.state, state)
	if a.state != state {
		a.transitioned = now
	}
	a.state, a.reason, a.changed = state, reason, now
}

// recent returns the statistic of the last periods, the newest first. The last one ends with the minute that goes on.
func (s *Service) recent(a Alarm, now time.Time) []datapoint {
	of, err := statistic(a.statistic())
	if err != nil {
		panic(fmt.Sprintf("local cloud: an alarm that should have been refused: %v", err))
	}
	length := time.Duration(a.Period) * time.Second
	end := now.UTC().Truncate(resolution).Add(resolution)
	points := make([]datapoint, a.EvaluationPeriods+extraPeriods)
	for i := range points {
		begin := end.Add(-length * time.Duration(i+1))
		points[i].at = begin
		if sum, ok := s.metrics.between(a.metric(), begin, begin.Add(length)); ok {
			points[i].value, points[i].ok = of(sum), true
		}
	}
	return points
}

// evaluate returns what the alarm should say of the datapoints, which are the newest first.
//
// Those that there are count, as many as EvaluationPeriods; what is missing then is filled in as TreatMissingData says.
func (a *alarm) evaluate(points []datapoint) (State, string) {
	compare := comparisons[a.ComparisonOperator].holds
	var real []datapoint
	breaching := 0
	for _, p := range points {
		if p.ok && len(real) < a.EvaluationPeriods {
			real = append(real, p)
			if compare(p.value, a.Threshold) {
				breaching++
			}
		}
	}
	missing := a.EvaluationPeriods - len(real)
	need := cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods)
	allBreach := len(real) > 0 && breaching == len(real)
	state := OK
	switch treat := cmp.Or(a.TreatMissingData, "missing"); {
	case breaching >= need, treat == "breaching" && breaching+missing >= need:
		state = InAlarm
	case missing == 0 || treat == "breaching" || treat == "notBreaching":
	case treat == "ignore" && (len(real) == 0 || allBreach):
		return a.state, a.reason
	case len(real) == 0:
		state = InsufficientData
	case allBreach:
		state = InAlarm
	}
	return state, a.explain(state, real, missing)
}

// explain says why an alarm has a state, in CloudWatch's words.
func (a *alarm) explain(state State, real []datapoint, missing int) string {
	if state == InsufficientData {
		return fmt.Sprintf("Insufficient Data: %s unknown.", plural(missing, "datapoint was", "datapoints were"))
	}
	treated := map[string]string{"breaching": "Breaching", "notBreaching": "NonBreaching"}[a.TreatMissingData]
	if len(real) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s treated as [%s].",
			plural(missing, "period", "periods"), plural(missing, "missing datapoint was", "missing datapoints were"), treated)
	}
	words := comparisons[a.ComparisonOperator].words
	var shown []string
	for _, p := range real {
		if state == OK || comparisons[a.ComparisonOperator].holds(p.value, a.Threshold) {
			shown = append(shown, fmt.Sprintf("%s (%s)", plain(p.value), p.at.Format("02/01/06 15:04:05")))
		}
	}
	list := "[" + strings.Join(shown, ", ") + "]"
	need := cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods)
	if state == OK {
		return fmt.Sprintf("Threshold Crossed: %s %s not %s the threshold (%s).", plural(len(shown), "datapoint", "datapoints"), list+wereOrWas(len(shown)), words, plain(a.Threshold))
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints %s%s %s the threshold (%s) (minimum %s for OK -> ALARM transition).",
		len(shown), a.EvaluationPeriods, list, wereOrWas(len(shown)), words, plain(a.Threshold), plural(need, "datapoint", "datapoints"))
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func wereOrWas(n int) string {
	if n == 1 {
		return " was"
	}
	return " were"
}
