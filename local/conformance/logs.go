package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const logEventsPage = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html"

var logCases = []Case{
	{Name: "a stream is read page by page, until the token stays the same", Page: logEventsPage, Run: logPages},
	{Name: "the end of a stream comes first if nobody asks for its head", Page: logEventsPage, Run: logTail},
	{Name: "a group that does not exist", Page: logEventsPage, Run: missingGroup},
}

// stream makes a log group with a stream of three events.
func (s *Site) stream(t *testing.T) (group, stream string) {
	t.Helper()
	group, stream = s.Name("group"), "stream"
	err := s.LogGroup(t.Context(), group)
	if err == nil {
		_, err = s.Logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	}
	var events []types.InputLogEvent
	for i, message := range []string{"one", "two", "three"} {
		at := time.Now().Add(time.Duration(i-3) * time.Second).UnixMilli()
		events = append(events, types.InputLogEvent{Message: &message, Timestamp: &at})
	}
	if err == nil {
		_, err = s.Logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.await(t, "the events to be there", func(ctx context.Context) (bool, error) {
		out, err := s.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)})
		return err == nil && len(out.Events) == 3, err
	})
	return group, stream
}

func logPages(t *testing.T, s *Site) {
	group, stream := s.stream(t)
	var got []string
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(2)}
	for range 10 {
		out := must[*cloudwatchlogs.GetLogEventsOutput](t)(s.Logs.GetLogEvents(t.Context(), in))
		for _, e := range out.Events {
			got = append(got, aws.ToString(e.Message))
		}
		if aws.ToString(out.NextForwardToken) == aws.ToString(in.NextToken) {
			break
		}
		in.NextToken = out.NextForwardToken
	}
	if len(got) != 3 || got[0] != "one" || got[2] != "three" {
		t.Errorf("%q", got)
	}
}

func logTail(t *testing.T, s *Site) {
	group, stream := s.stream(t)
	out := must[*cloudwatchlogs.GetLogEventsOutput](t)(s.Logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, Limit: aws.Int32(1)}))
	if len(out.Events) != 1 || aws.ToString(out.Events[0].Message) != "three" {
		t.Errorf("%+v", out.Events)
	}
}

func missingGroup(t *testing.T, s *Site) {
	group := s.Name("nogroup")
	_, err := s.Logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("x")})
	refused(t, "reading", err, 400, "ResourceNotFoundException")
	_, err = s.Logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("x")})
	refused(t, "a stream in it", err, 400, "ResourceNotFoundException")
}
