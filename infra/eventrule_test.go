package infra

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestRulePermissionAndDeadLettersAgree: the rule may invoke the function, and put into its queue what the function does
// not take.
func TestRulePermissionAndDeadLettersAgree(t *testing.T) {
	e := declare(t, map[string]string{"events": "eventbridge"})
	e.one(t, "aws:s3/bucketNotification:BucketNotification", "").want(t, "eventbridge", "true")
	e.one(t, "aws:s3/bucketNotification:BucketNotification", "").want(t, "lambdaFunctions", "")
	rule := e.one(t, "aws:cloudwatch/eventRule:EventRule", "")
	rule.want(t, "name", "s3-thumbnail-creator-test-events-"+testSuffix)
	arn := "arn:aws:events:eu-central-1:" + testAccount + ":rule/" + rule.text(t, "name")

	permission := e.one(t, "aws:lambda/permission:Permission", "")
	permission.want(t, "principal", "events.amazonaws.com")
	permission.want(t, "sourceArn", arn)
	queue := "arn:aws:sqs:eu-central-1:" + testAccount + ":s3-thumbnail-creator-test-0a1b2c3d-failures"
	policy := e.one(t, "aws:sqs/queuePolicy:QueuePolicy", "")
	statement := policy.document(t, "policy").Statement[0]
	if statement.Condition["ArnEquals"]["aws:SourceArn"] != arn || !slices.Equal(statement.Resource, []string{queue}) ||
		!slices.Equal(statement.Action, []string{"sqs:SendMessage"}) {
		t.Errorf("the queue's policy is %+v", statement)
	}

	target := e.one(t, "aws:cloudwatch/eventTarget:EventTarget", "")
	target.want(t, "rule", rule.text(t, "name"))
	target.want(t, "arn", "arn:aws:lambda:eu-central-1:"+testAccount+":function:"+e.one(t, functionType, "").text(t, "name"))
	target.want(t, "deadLetterConfig.arn", queue)
	target.want(t, "retryPolicy.maximumRetryAttempts", "185")
	for _, d := range []declared{permission, policy} {
		if !slices.Contains(target.dependencies, d.urn) {
			t.Errorf("the target does not wait for %s", d.typ)
		}
	}
}

// TestEventPattern: the rule is about this bucket of this account, and about the keys that are wanted, as far as
// EventBridge can say it.
func TestEventPattern(t *testing.T) {
	const bucket = `{"name":["s3-thumbnail-creator-test-source-` + testSuffix + `"]}`
	const removals = `,"reason":[{"anything-but":"Lifecycle Expiration"},{"exists":false}]`
	for _, test := range []struct {
		settings      map[string]string
		types, detail string
	}{
		{nil, `["Object Created","Object Restore Completed","Object Deleted"]`, `{"bucket":` + bucket + removals + `}`},
		{one("deleteThumbnails", "false"), `["Object Created","Object Restore Completed"]`, `{"bucket":` + bucket + `}`},
		{one("sourcePrefix", "photos/"), `["Object Created","Object Restore Completed","Object Deleted"]`,
			`{"bucket":` + bucket + removals + `,"object":{"key":[{"prefix":"photos/"}]}}`},
		{one("include", `["photos/*","*.jpg","a/*/b.png","c"]`), `["Object Created","Object Restore Completed","Object Deleted"]`,
			`{"bucket":` + bucket + removals + `,"object":{"key":[{"prefix":"photos/"},{"suffix":".jpg"},{"wildcard":"a/*/b.png"},"c"]}}`},
		{one("exclude", `["private/*"]`), `["Object Created","Object Restore Completed","Object Deleted"]`,
			`{"bucket":` + bucket + removals + `,"object":{"key":[{"anything-but":{"wildcard":["private/*"]}}]}}`},
		{map[string]string{"sourcePrefix": "photos/", "include": `["*.jpg"]`, "exclude": `["private/*"]`}, `["Object Created","Object Restore Completed","Object Deleted"]`,
			`{"bucket":` + bucket + removals + `,"object":{"key":[{"wildcard":"photos/*.jpg"}]}}`},
	} {
		settings := map[string]string{"events": "eventbridge"}
		for key, value := range test.settings {
			settings[key] = value
		}
		got := declare(t, settings).one(t, "aws:cloudwatch/eventRule:EventRule", "").text(t, "eventPattern")
		want := `{"source":["aws.s3"],"account":["` + testAccount + `"],"detail-type":` + test.types + `,"detail":` + test.detail + `}`
		if !json.Valid([]byte(want)) || !sameJSON(t, got, want) {
			t.Errorf("%v: the pattern is\n%s\nwant\n%s", test.settings, got, want)
		}
	}
}
