package logs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

type logsInput struct {
	LogGroupName       string   `json:"logGroupName"`
	LogGroupNamePrefix string   `json:"logGroupNamePrefix"`
	LogStreamName      string   `json:"logStreamName"`
	LogStreamPrefix    string   `json:"logStreamNamePrefix"`
	LogStreamNames     []string `json:"logStreamNames"`
	FilterPattern      string   `json:"filterPattern"`
	StartTime          int64    `json:"startTime"` // milliseconds since 1970
	EndTime            int64    `json:"endTime"`
	NextToken          string   `json:"nextToken"`
	StartFromHead      bool     `json:"startFromHead"`
	Limit              int      `json:"limit"`
	RetentionInDays    int      `json:"retentionInDays"`
	KMSKeyID           string   `json:"kmsKeyId"`
	LogEvents          []struct {
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	} `json:"logEvents"`
}

// limit is how many events a page has.
func (in logsInput) limit() int {
	const most = 10000
	if in.Limit <= 0 {
		return most
	}
	return min(in.Limit, most)
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateLogGroup":        s.groupOp("CreateLogGroup", func(in logsInput) error { return s.CreateEncryptedLogGroup(in.LogGroupName, in.KMSKeyID) }),
		"DeleteLogGroup":        wire.Op(s.deleteLogGroup),
		"PutRetentionPolicy":    s.groupOp("PutRetentionPolicy", func(in logsInput) error { return s.PutRetentionPolicy(in.LogGroupName, in.RetentionInDays) }),
		"DeleteRetentionPolicy": s.groupOp("DeleteRetentionPolicy", func(in logsInput) error { return s.PutRetentionPolicy(in.LogGroupName, 0) }),
		"CreateLogStream":       wire.Op(s.createLogStream),
		"PutLogEvents":          wire.Op(s.putLogEvents),
		"GetLogEvents":          wire.Op(s.getLogEvents),
		"FilterLogEvents":       wire.Op(s.filterLogEvents),
		"DescribeLogGroups":     wire.Op(s.describeLogGroups),
		"DescribeLogStreams":    wire.Op(s.describeLogStreams),
	}
}

// locked runs f on a group after checking the caller's permission for the action.
func (s *Service) locked(who account.Principal, action string, in logsInput, f func(*logGroup) (any, error)) (any, error) {
	target := s.ARN(in.LogGroupName) + ":log-stream:" + in.LogStreamName
	if err := s.iam.Authorize(who, "logs:"+action, target, nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	return f(g)
}

// groupOp makes an operation on a group that returns nothing.
func (s *Service) groupOp(action string, f func(logsInput) error) wire.Operation {
	return wire.Op(func(_ context.Context, who account.Principal, in logsInput) (any, error) {
		if err := s.iam.Authorize(who, "logs:"+action, s.ARN(in.LogGroupName), nil, nil); err != nil {
			return nil, wire.Denied(err)
		}
		return nil, f(in)
	})
}

func (s *Service) deleteLogGroup(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "DeleteLogGroup", in, func(g *logGroup) (any, error) {
		delete(s.groups, g.name)
		return nil, nil
	})
}

func (s *Service) createLogStream(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "CreateLogStream", in, func(g *logGroup) (any, error) {
		if g.streams[in.LogStreamName] != nil {
			return nil, wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		g.stream(in.LogStreamName, s.account.Now())
		return nil, nil
	})
}

func (s *Service) putLogEvents(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "PutLogEvents", in, func(g *logGroup) (any, error) {
		st := g.streams[in.LogStreamName]
		if st == nil {
			return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log stream does not exist.")
		}
		events := make([]logEvent, len(in.LogEvents))
		for i, e := range in.LogEvents {
			events[i] = logEvent{at: time.UnixMilli(e.Timestamp), message: e.Message}
		}
		s.append(g, st, events)
		return map[string]any{"nextSequenceToken": "1"}, nil
	})
}

// getLogEvents pages through a stream. A token is f/ or b/ and the index that the page starts at or ends before; at
// the end of the stream the token stays the same.
func (s *Service) getLogEvents(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "GetLogEvents", in, func(g *logGroup) (any, error) {
		st := g.streams[in.LogStreamName]
		if st == nil {
			return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log stream does not exist.")
		}
		limit, n := in.limit(), len(st.events)
		first, last := max(0, n-limit), n
		if in.StartFromHead {
			first, last = 0, min(limit, n)
		}
		if direction, index, ok := strings.Cut(in.NextToken, "/"); ok {
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i > n {
				return nil, wire.Errorf(400, "InvalidParameterException", "The specified nextToken is invalid.")
			}
			first, last = i, min(i+limit, n)
			if direction == "b" {
				first, last = max(0, i-limit), i
			}
		}
		events := []any{}
		for _, e := range st.events[first:last] {
			events = append(events, map[string]any{"timestamp": e.at.UnixMilli(), "ingestionTime": e.at.UnixMilli(), "message": e.message})
		}
		return map[string]any{
			"events":            events,
			"nextForwardToken":  fmt.Sprintf("f/%d", last),
			"nextBackwardToken": fmt.Sprintf("b/%d", first),
		}, nil
	})
}

// filterLogEvents returns the events of a time that match the pattern, a page at a time. A token is the index that the page
// starts at.
func (s *Service) filterLogEvents(_ context.Context, who account.Principal, in logsInput) (any, error) {
	match, err := parseFilter(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	return s.locked(who, "FilterLogEvents", in, func(g *logGroup) (any, error) {
		found := slices.DeleteFunc(g.all(in.LogStreamPrefix), func(e streamEvent) bool {
			at := e.at.UnixMilli()
			return at < in.StartTime || in.EndTime != 0 && at > in.EndTime ||
				len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, e.stream) || !match(e.message)
		})
		from, err := strconv.Atoi("0" + in.NextToken)
		if err != nil || from > len(found) {
			return nil, wire.Errorf(400, "InvalidParameterException", "The specified nextToken is invalid.")
		}
		to := min(from+in.limit(), len(found))
		events := []any{}
		for _, e := range found[from:to] {
			events = append(events, map[string]any{
				"timestamp": e.at.UnixMilli(), "ingestionTime": e.at.UnixMilli(),
				"message": e.message, "logStreamName": e.stream, "eventId": fmt.Sprintf("%056d", e.id),
			})
		}
		out := map[string]any{"events": events, "searchedLogStreams": []any{}}
		if to < len(found) {
			out["nextToken"] = strconv.Itoa(to)
		}
		return out, nil
	})
}

func (s *Service) describeLogGroups(_ context.Context, who account.Principal, in logsInput) (any, error) {
	if err := s.iam.Authorize(who, "logs:DescribeLogGroups", s.ARN("*"), nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := []any{}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if strings.HasPrefix(name, in.LogGroupNamePrefix) {
			groups = append(groups, s.groups[name].describe(s.ARN(name)))
		}
	}
	return map[string]any{"logGroups": groups}, nil
}

func (s *Service) describeLogStreams(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "DescribeLogStreams", in, func(g *logGroup) (any, error) {
		streams := []any{}
		for _, name := range slices.Sorted(maps.Keys(g.streams)) {
			if strings.HasPrefix(name, in.LogStreamPrefix) {
				streams = append(streams, map[string]any{"logStreamName": name, "creationTime": g.streams[name].created.UnixMilli()})
			}
		}
		return map[string]any{"logStreams": streams}, nil
	})
}

func (g *logGroup) describe(arn string) map[string]any {
	out := map[string]any{
		"logGroupName": g.name, "arn": arn + ":*", "logGroupArn": arn, "creationTime": g.created.UnixMilli(), "storedBytes": g.size,
	}
	if g.retention > 0 {
		out["retentionInDays"] = g.retention
	}
	if g.key != "" {
		out["kmsKeyId"] = g.key
	}
	return out
}
