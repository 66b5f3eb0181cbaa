package logs_test

import (
	"context"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
)

func TestLogEventsPage(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	group := "g"
	if err := c.Logs.CreateLogGroup(group); err != nil {
		t.Fatal(err)
	}
	client := cloudwatchlogs.NewFromConfig(awstest.Admin(c))
	stream := sdk.String("s")
	if _, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	var events []logtypes.InputLogEvent
	for i, m := range []string{"a", "b", "c"} {
		events = append(events, logtypes.InputLogEvent{Message: &m, Timestamp: sdk.Int64(int64(i))})
	}
	if _, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: stream, StartFromHead: sdk.Bool(true), Limit: sdk.Int32(2)}
	got := ""
	for {
		out, err := client.GetLogEvents(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			got += *e.Message
		}
		if sdk.ToString(in.NextToken) == *out.NextForwardToken {
			break // the end of the stream is a token that stays the same
		}
		in.NextToken = out.NextForwardToken
	}
	if got != "abc" {
		t.Errorf("paged through %q", got)
	}
	_, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: sdk.String("missing"), LogStreamName: stream})
	if awstest.Code(err) != "ResourceNotFoundException" {
		t.Errorf("a missing group: %v", err)
	}
}
