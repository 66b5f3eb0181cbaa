// Package logs is the local cloud's CloudWatch Logs, over the wire in the AWS JSON 1.1 protocol.
package logs

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is CloudWatch Logs. Groups are made by deploying only: who writes to a group that does not exist, or
// may not write, loses the lines, as functions do on AWS.
type Service struct {
	http.Handler
	account *account.Account
	iam     *iam.Service
	mu      sync.Mutex
	groups  map[string]*logGroup
	observe func(group, line string)
}

type logGroup struct {
	name    string
	created time.Time
	streams map[string]*logStream
	size    int // of its messages, in bytes
}

type logStream struct {
	name    string
	created time.Time
	events  []logEvent
}

type logEvent struct {
	at      time.Time
	message string
}

// New returns the CloudWatch Logs of an account.
func New(a *account.Account, i *iam.Service) *Service {
	s := &Service{account: a, iam: i, groups: map[string]*logGroup{}}
	s.Handler = wire.JSON(a, i, "logs", s.operations())
	return s
}

// Leftovers lists the log groups that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.groups {
		all = append(all, "log group "+name)
	}
	return all
}

// ARN is the ARN of a log group.
func (s *Service) ARN(group string) string { return s.account.ARN("logs", "log-group:"+group) }

// Write appends lines to a stream with the permissions of who. It makes the stream at the first line; the group has to be there.
func (s *Service) Write(who account.Principal, group, stream string, lines ...string) error {
	target := s.ARN(group) + ":log-stream:" + stream
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := s.iam.Authorize(who, action, target, nil, nil); err != nil {
			return err
		}
	}
	events := make([]logEvent, len(lines))
	for i, l := range lines {
		events[i] = logEvent{time.Now(), l}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(group)
	if err != nil {
		return err
	}
	g.stream(stream).events = append(g.stream(stream).events, events...)
	for _, l := range lines {
		s.tell(group, l)
	}
	g.grow(lines...)
	return nil
}

// Observe makes the service tell f of every line that is written, in the order of writing. f is called by one goroutine at a time and
// must not call the service; nil ends it.
func (s *Service) Observe(f func(group, line string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observe = f
}

// tell lets the observer know of a line. The lock is held.
func (s *Service) tell(group, line string) {
	if s.observe != nil {
		s.observe(group, line)
	}
}

// CreateLogGroup is CreateLogGroup. The error is ResourceAlreadyExistsException.
func (s *Service) CreateLogGroup(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] != nil {
		return wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log group already exists: %s", name)
	}
	s.groups[name] = &logGroup{name: name, created: time.Now(), streams: map[string]*logStream{}}
	return nil
}

// HasLogGroup reports whether there is a group of that name.
func (s *Service) HasLogGroup(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.groups[name] != nil
}

// DeleteLogGroup is DeleteLogGroup; a group that is gone already is no error.
func (s *Service) DeleteLogGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

func (s *Service) group(name string) (*logGroup, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log group does not exist: %s", name)
}

// stream returns a stream, made if need be.
func (g *logGroup) stream(name string) *logStream {
	if g.streams[name] == nil {
		g.streams[name] = &logStream{name: name, created: time.Now()}
	}
	return g.streams[name]
}

// Lines returns every line of a log group, in the order of writing; nil when there is no such group.
func (s *Service) Lines(group string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[group]
	if g == nil {
		return nil
	}
	lines := []string{}
	for _, e := range g.all("") {
		lines = append(lines, e.message)
	}
	return lines
}

type streamEvent struct {
	logEvent
	stream string
}

// all returns the events of the streams that begin with prefix, oldest first.
func (g *logGroup) all(prefix string) []streamEvent {
	var all []streamEvent
	for _, name := range slices.Sorted(maps.Keys(g.streams)) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		for _, e := range g.streams[name].events {
			all = append(all, streamEvent{e, name})
		}
	}
	slices.SortStableFunc(all, func(a, b streamEvent) int { return a.at.Compare(b.at) })
	return all
}

type logsInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupNamePrefix string `json:"logGroupNamePrefix"`
	LogStreamName      string `json:"logStreamName"`
	LogStreamPrefix    string `json:"logStreamNamePrefix"`
	FilterPattern      string `json:"filterPattern"`
	NextToken          string `json:"nextToken"`
	StartFromHead      bool   `json:"startFromHead"`
	Limit              int    `json:"limit"`
	LogEvents          []struct {
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	} `json:"logEvents"`
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateLogStream":    wire.Op(s.createLogStream),
		"PutLogEvents":       wire.Op(s.putLogEvents),
		"GetLogEvents":       wire.Op(s.getLogEvents),
		"FilterLogEvents":    wire.Op(s.filterLogEvents),
		"DescribeLogGroups":  wire.Op(s.describeLogGroups),
		"DescribeLogStreams": wire.Op(s.describeLogStreams),
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

func (s *Service) createLogStream(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "CreateLogStream", in, func(g *logGroup) (any, error) {
		if g.streams[in.LogStreamName] != nil {
			return nil, wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		g.stream(in.LogStreamName)
		return nil, nil
	})
}

func (s *Service) putLogEvents(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "PutLogEvents", in, func(g *logGroup) (any, error) {
		st := g.streams[in.LogStreamName]
		if st == nil {
			return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log stream does not exist.")
		}
		for _, e := range in.LogEvents {
			st.events = append(st.events, logEvent{time.UnixMilli(e.Timestamp), e.Message})
			s.tell(in.LogGroupName, e.Message)
			g.grow(e.Message)
		}
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
		limit := in.Limit
		if limit <= 0 || limit > 10000 {
			limit = 10000
		}
		n := len(st.events)
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

// filterLogEvents returns the events that contain the pattern, taken as plain text.
func (s *Service) filterLogEvents(_ context.Context, who account.Principal, in logsInput) (any, error) {
	return s.locked(who, "FilterLogEvents", in, func(g *logGroup) (any, error) {
		pattern := strings.Trim(in.FilterPattern, `"`)
		events := []any{}
		for _, e := range g.all(in.LogStreamPrefix) {
			if strings.Contains(e.message, pattern) {
				events = append(events, map[string]any{
					"timestamp": e.at.UnixMilli(), "ingestionTime": e.at.UnixMilli(),
					"message": e.message, "logStreamName": e.stream, "eventId": fmt.Sprint(len(events)),
				})
			}
		}
		return map[string]any{"events": events, "searchedLogStreams": []any{}}, nil
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
			groups = append(groups, map[string]any{"logGroupName": name, "arn": s.ARN(name) + ":*", "creationTime": s.groups[name].created.UnixMilli()})
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
