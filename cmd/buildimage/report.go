package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

const (
	// logLines is how much of a failed build's log is shown.
	logLines = 50
	// logDelay is how long the log of a build that is complete may take to arrive.
	logDelay = 6 * time.Second
)

// announce says that the build runs, and where to look at it.
func (b *builder) announce(build types.Build) {
	fmt.Fprintf(b.out, "Build %s started.\n", aws.ToString(build.Id))
	if link := consoleLink(aws.ToString(build.Arn)); b.onAWS && link != "" {
		fmt.Fprintln(b.out, link)
	}
}

// consoles are the hosts of the AWS console, by partition.
var consoles = map[string]string{
	"aws":        "console.aws.amazon.com",
	"aws-cn":     "console.amazonaws.cn",
	"aws-us-gov": "console.amazonaws-us-gov.com",
	"aws-eusc":   "console.amazonaws-eusc.eu",
}

// consoleLink is the page of a build in the AWS console; "" if the ARN is not
// a build's (arn:PARTITION:codebuild:REGION:ACCOUNT:build/PROJECT:UUID), or of
// a partition whose console is not known.
func consoleLink(buildARN string) string {
	a, err := arn.Parse(buildARN)
	if err != nil {
		return ""
	}
	id, ok := strings.CutPrefix(a.Resource, "build/")
	project, _, hasUUID := strings.Cut(id, ":")
	host := consoles[a.Partition]
	if !ok || !hasUUID || host == "" {
		return ""
	}
	return fmt.Sprintf("https://%s.%s/codesuite/codebuild/%s/projects/%s/build/%s/?region=%s",
		a.Region, host, a.AccountID, url.PathEscape(project), url.QueryEscape(id), a.Region)
}

// phaseLog prints the phases of a build as they change, each change once.
type phaseLog struct {
	running string
	done    map[types.BuildPhaseType]bool
}

func (l *phaseLog) print(w io.Writer, build types.Build) {
	if l.done == nil {
		l.done = map[types.BuildPhaseType]bool{}
	}
	for _, p := range build.Phases {
		ended := p.PhaseStatus != "" && p.PhaseStatus != types.StatusTypeInProgress
		if p.PhaseType == types.BuildPhaseTypeCompleted || !ended || l.done[p.PhaseType] {
			continue
		}
		l.done[p.PhaseType] = true
		fmt.Fprintf(w, "  %s %s after %v\n", p.PhaseType, strings.ToLower(string(p.PhaseStatus)), phaseDuration(p))
	}
	now := aws.ToString(build.CurrentPhase)
	if now != l.running && now != "" && now != string(types.BuildPhaseTypeCompleted) && !l.done[types.BuildPhaseType(now)] {
		fmt.Fprintf(w, "  %s ...\n", now)
	}
	l.running = now
}

func phaseDuration(p types.BuildPhase) time.Duration {
	if p.DurationInSeconds != nil {
		return time.Duration(*p.DurationInSeconds) * time.Second
	}
	if p.StartTime != nil && p.EndTime != nil {
		return p.EndTime.Sub(*p.StartTime).Round(time.Second)
	}
	return 0
}

// reportFailure shows why a build failed: what its phases say, and the end of its log.
func (b *builder) reportFailure(build types.Build, log []string, logErr error) {
	for _, p := range build.Phases {
		if p.PhaseStatus == types.StatusTypeSucceeded {
			continue
		}
		for _, c := range p.Contexts {
			if m := aws.ToString(c.Message); m != "" {
				fmt.Fprintf(b.out, "%s: %s: %s\n", p.PhaseType, aws.ToString(c.StatusCode), m)
			}
		}
	}
	switch {
	case logErr != nil:
		fmt.Fprintf(b.out, "The build's log cannot be shown: %v\n", logErr)
	case len(log) == 0:
		fmt.Fprintln(b.out, "The build's log is empty.")
	default:
		fmt.Fprintf(b.out, "---- the last %d lines of the build's log\n%s\n----\n", len(log), strings.Join(log, "\n"))
	}
	if link := consoleLink(aws.ToString(build.Arn)); b.onAWS && link != "" {
		fmt.Fprintln(b.out, link)
	}
}

// logTail returns the last lines of the build's log. It waits a little for a log
// that is not there yet: lines arrive with a delay.
func (b *builder) logTail(ctx context.Context, build types.Build) ([]string, error) {
	if build.Logs == nil || aws.ToString(build.Logs.GroupName) == "" || aws.ToString(build.Logs.StreamName) == "" {
		return nil, errors.New("the build has no log in CloudWatch")
	}
	until := b.clock.Now().Add(logDelay)
	for {
		lines, err := b.readLog(ctx, build.Logs)
		var missing *logtypes.ResourceNotFoundException
		late := errors.As(err, &missing) || (err == nil && len(lines) == 0)
		if !late || !b.clock.Now().Before(until) {
			return lines, err
		}
		if b.clock.Sleep(ctx, pollInterval) != nil {
			return lines, err
		}
	}
}

func (b *builder) readLog(ctx context.Context, where *types.LogsLocation) ([]string, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.logs.GetLogEvents(call, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName:  where.GroupName,
		LogStreamName: where.StreamName,
		Limit:         aws.Int32(logLines),
		StartFromHead: aws.Bool(false),
	})
	if err != nil {
		return nil, fmt.Errorf("read the log stream %s of %s: %w", aws.ToString(where.StreamName), aws.ToString(where.GroupName), err)
	}
	var lines []string
	for _, e := range out.Events {
		text := strings.TrimRight(aws.ToString(e.Message), "\r\n")
		lines = append(lines, strings.Split(text, "\n")...)
	}
	return lines[max(0, len(lines)-logLines):], nil
}
