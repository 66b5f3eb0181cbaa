package logs_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestExpiredEventsTakeNoRoom: what a group no longer keeps does not count when it is full.
func TestExpiredEventsTakeNoRoom(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	err := c.Logs.CreateLogGroup("g")
	if err == nil {
		err = c.Logs.PutRetentionPolicy("g", 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		t.Helper()
		if err := c.Logs.Write(awstest.Anyone, "g", "s", slices.Repeat([]string{strings.Repeat("x", 1<<20)}, n)...); err != nil {
			t.Fatal(err)
		}
	}
	write(60)
	c.Turn(48 * time.Hour)
	write(10)
	groups, err := cloudwatchlogs.NewFromConfig(awstest.Admin(c)).DescribeLogGroups(t.Context(), nil)
	if err != nil || *groups.LogGroups[0].StoredBytes != 10<<20 || len(c.Logs.Lines("g")) != 10 {
		t.Errorf("of 10 lines of a megabyte there are %d: %+v, %v", len(c.Logs.Lines("g")), groups, err)
	}
	write(60)
	if n := len(c.Logs.Lines("g")); n < 32 || n > 64 {
		t.Errorf("of 64 MB a full group has %d", n)
	}
}

// TestFilteredEvents: by time, stream and terms, a page at a time, as those who follow a log ask.
func TestFilteredEvents(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := cloudwatchlogs.NewFromConfig(awstest.Admin(c))
	group := "g"
	if err := c.Logs.CreateLogGroup(group); err != nil {
		t.Fatal(err)
	}
	var at []int64
	for i, line := range []string{"one error", "two ok", `three "quoted" error`, "four fatal"} {
		if err := c.Logs.Write(awstest.Anyone, group, []string{"a/1", "b/1"}[i%2], line); err != nil {
			t.Fatal(err)
		}
		at = append(at, c.Now().UnixMilli())
		c.Turn(time.Minute)
	}
	for name, test := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want string
	}{
		"everything":  {cloudwatchlogs.FilterLogEventsInput{}, "one two three four"},
		"since":       {cloudwatchlogs.FilterLogEventsInput{StartTime: &at[2]}, "three four"},
		"until":       {cloudwatchlogs.FilterLogEventsInput{EndTime: &at[1]}, "one two"},
		"a stream":    {cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b/1"}}, "two four"},
		"a prefix":    {cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: sdk.String("a/")}, "one three"},
		"a term":      {cloudwatchlogs.FilterLogEventsInput{FilterPattern: sdk.String("error")}, "one three"},
		"two terms":   {cloudwatchlogs.FilterLogEventsInput{FilterPattern: sdk.String(`three error`)}, "three"},
		"a text":      {cloudwatchlogs.FilterLogEventsInput{FilterPattern: sdk.String(`"two ok"`)}, "two"},
		"any of them": {cloudwatchlogs.FilterLogEventsInput{FilterPattern: sdk.String("?error ?fatal")}, "one three four"},
		"none of":     {cloudwatchlogs.FilterLogEventsInput{FilterPattern: sdk.String("error -one")}, "three"},
	} {
		test.in.LogGroupName, test.in.Limit = &group, sdk.Int32(1)
		var got []string
		seen := map[string]bool{}
		for pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &test.in); pages.HasMorePages(); {
			out, err := pages.NextPage(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range out.Events {
				first, _, _ := strings.Cut(*e.Message, " ")
				got = append(got, first)
				seen[*e.EventId] = true
			}
		}
		if strings.Join(got, " ") != test.want || len(seen) != len(got) {
			t.Errorf("%s: %q, want %q; %d different ids", name, got, test.want, len(seen))
		}
	}
	_, err := client.FilterLogEvents(context.Background(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: sdk.String("{ $.a = 1 }")})
	if awstest.Code(err) != "InvalidParameterException" {
		t.Errorf("a pattern of fields, which is not here: %v", err)
	}
}
