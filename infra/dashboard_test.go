package infra

import (
	"encoding/json"
	"testing"
)

// TestDashboard reads the body as CloudWatch would: every graph has a place of its own, and every metric is one that
// is written somewhere.
func TestDashboard(t *testing.T) {
	e := declare(t, nil)
	dashboard := e.one(t, "aws:cloudwatch/dashboard:Dashboard", "")
	function := e.one(t, functionType, "").text(t, "name")
	dashboard.want(t, "dashboardName", function)
	var body struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(dashboard.text(t, "dashboardBody")), &body); err != nil {
		t.Fatal(err)
	}
	places, metrics := map[[2]int]bool{}, map[string]bool{}
	for _, w := range body.Widgets {
		place := [2]int{w.X, w.Y}
		if places[place] || w.X+w.Width > 24 {
			t.Errorf("%v has no place at %v", w.Properties["title"], place)
		}
		places[place] = true
		if w.Type != "metric" || w.Properties["region"] != testRegion {
			t.Errorf("%v: type %s, region %v", w.Properties["title"], w.Type, w.Properties["region"])
		}
		for _, line := range w.Properties["metrics"].([]any) {
			m := line.([]any)
			metrics[m[0].(string)+"/"+m[1].(string)] = true
			if dimension, value := m[2], m[3]; dimension == "FunctionName" && value != function ||
				dimension == "QueueName" && value != function+"-failures" {
				t.Errorf("%v is of %v", m[1], value)
			}
		}
	}
	for _, want := range []string{
		"ThumbnailsMade", "SourcesSkipped", "SourcesRejected", "SourcesFailed", "ThumbnailsRemoved", "BytesIn", "BytesOut",
		"FetchTime", "DecodeTime", "StoreTime", "TotalTime",
	} {
		if !metrics["ThumbnailCreator/"+want] {
			t.Errorf("the dashboard does not show %s", want)
		}
	}
	for _, want := range []string{"AWS/Lambda/Errors", "AWS/Lambda/Throttles", "AWS/Lambda/Duration", "AWS/Lambda/AsyncEventsDropped",
		"AWS/Lambda/DestinationDeliveryFailures", "AWS/SQS/ApproximateNumberOfMessagesVisible"} {
		if !metrics[want] {
			t.Errorf("the dashboard does not show %s", want)
		}
	}
}

func TestConsole(t *testing.T) {
	for account, want := range map[Account]string{
		{Region: "eu-west-1", Partition: "aws"}:            "https://eu-west-1.console.aws.amazon.com/x",
		{Region: "cn-north-1", Partition: "aws-cn"}:        "https://console.amazonaws.cn/x",
		{Region: "us-gov-west-1", Partition: "aws-us-gov"}: "https://console.amazonaws-us-gov.com/x",
	} {
		if got := account.console("x"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
