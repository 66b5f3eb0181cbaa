package cloudwatch_test

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/cloudwatch"
)

// values reads datapoints as AWS's documentation writes them: X is breaching, 0 is not, - is missing.
func values(s string) []*float64 {
	var all []*float64
	for _, c := range strings.Fields(s) {
		v := map[string]float64{"X": 5, "0": 0}[c]
		if c == "-" {
			all = append(all, nil)
		} else {
			all = append(all, &v)
		}
	}
	return all
}

// TestMissingData has the tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html:
// three periods count, and the last five are looked at.
func TestMissingData(t *testing.T) {
	const ok, alarm, none, retain = "OK", "ALARM", "INSUFFICIENT_DATA", "retain"
	for _, c := range []struct {
		need   int // datapoints to alarm
		points string
		want   [4]string // for missing, ignore, breaching, notBreaching
	}{
		{3, "0 - X - X", [4]string{ok, ok, ok, ok}},
		{3, "- - - - 0", [4]string{ok, ok, ok, ok}},
		{3, "- - - - -", [4]string{none, retain, alarm, ok}},
		{3, "0 X X - X", [4]string{alarm, alarm, alarm, alarm}},
		{3, "- - X - -", [4]string{alarm, retain, alarm, ok}},
		{2, "0 - X - X", [4]string{alarm, alarm, alarm, alarm}},
		{2, "0 0 X 0 X", [4]string{alarm, alarm, alarm, alarm}},
		{2, "0 - X - -", [4]string{ok, ok, alarm, ok}},
		{2, "- - - - 0", [4]string{ok, ok, alarm, ok}},
		{2, "- - - X -", [4]string{alarm, retain, alarm, ok}},
	} {
		for i, treat := range []string{"missing", "ignore", "breaching", "notBreaching"} {
			for _, from := range []cloudwatch.State{cloudwatch.OK, cloudwatch.InAlarm} {
				a := cloudwatch.Alarm{EvaluationPeriods: 3, DatapointsToAlarm: c.need, Threshold: 1, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: treat}
				want := cloudwatch.State(c.want[i])
				if want == retain {
					want = from
				}
				if got, reason := cloudwatch.Evaluate(a, from, values(c.points)); got != want {
					t.Errorf("%d of 3, %s, missing data are %s, from %s: %s (%s), want %s", c.need, c.points, treat, from, got, reason, want)
				}
			}
		}
	}
}

// The reasons are CloudWatch's words: people search for them.
func TestReasons(t *testing.T) {
	a := cloudwatch.Alarm{EvaluationPeriods: 2, Threshold: 1, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching"}
	for points, want := range map[string]string{
		"0 X X": "Threshold Crossed: 2 out of the last 2 datapoints [5.0 (02/01/26 03:02:00), 5.0 (02/01/26 03:01:00)] were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).",
		"- - 0": "Threshold Crossed: 1 datapoint [0.0 (02/01/26 03:02:00)] was not greater than the threshold (1.0).",
		"- - -": "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching].",
	} {
		if _, reason := cloudwatch.Evaluate(a, cloudwatch.OK, values(points)); reason != want {
			t.Errorf("%s: %q, want %q", points, reason, want)
		}
	}
	a.TreatMissingData = ""
	if _, reason := cloudwatch.Evaluate(a, cloudwatch.OK, values("- - -")); reason != "Insufficient Data: 2 datapoints were unknown." {
		t.Errorf("no data: %q", reason)
	}
}
