package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// logsService is CloudWatch Logs. Groups are made by deploying only: who writes to a group that does not exist, or
// may not write, loses the lines, as functions do on AWS.
type logsService struct {
	cloud  *Cloud
	mu     sync.Mutex
	groups map[string]*logGroup
}

type logGroup struct {
	name    string
	created time.Time
	streams map[string]*logStream
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

func newLogs(c *Cloud) *logsService { return &logsService{cloud: c, groups: map[string]*logGroup{}} }

func (s *logsService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.groups {
		all = append(all, "log group "+name)
	}
	return all
}

func (s *logsService) arn(group string) string { return s.cloud.arn("logs", "log-group:"+group) }

// writer appends lines to a stream with the permissions of who. It makes the stream at the first line.
type logWriter struct {
	logs          *logsService
	who           principal
	group, stream string
}

func (w logWriter) write(lines ...string) error {
	target := w.logs.arn(w.group) + ":log-stream:" + w.stream
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := w.logs.cloud.iam.authorize(w.who, action, target, nil, nil); err != nil {
			return err
		}
	}
	events := make([]logEvent, len(lines))
	for i, l := range lines {
		events[i] = logEvent{time.Now(), l}
	}
	w.logs.mu.Lock()
	defer w.logs.mu.Unlock()
	g, err := w.logs.group(w.group)
	if err != nil {
		return err
	}
	g.stream(w.stream).events = append(g.stream(w.stream).events, events...)
	return nil
}

func (s *logsService) group(name string) (*logGroup, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	return nil, failure(400, "ResourceNotFoundException", "The specified log group does not exist: %s", name)
}

// stream returns a stream, made if need be.
func (g *logGroup) stream(name string) *logStream {
	if g.streams[name] == nil {
		g.streams[name] = &logStream{name: name, created: time.Now()}
	}
	return g.streams[name]
}

// LogLines returns every line of a log group, in the order of writing; nil when there is no such group.
func (c *Cloud) LogLines(group string) []string {
	c.logs.mu.Lock()
	defer c.logs.mu.Unlock()
	g := c.logs.groups[group]
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

func (s *logsService) operations() map[string]operation {
	return map[string]operation{
		"CreateLogStream":    op(s.createLogStream),
		"PutLogEvents":       op(s.putLogEvents),
		"GetLogEvents":       op(s.getLogEvents),
		"FilterLogEvents":    op(s.filterLogEvents),
		"DescribeLogGroups":  op(s.describeLogGroups),
		"DescribeLogStreams": op(s.describeLogStreams),
	}
}

// locked runs f on a group after checking the caller's permission for the action.
func (s *logsService) locked(who principal, action string, in logsInput, f func(*logGroup) (any, error)) (any, error) {
	target := s.arn(in.LogGroupName) + ":log-stream:" + in.LogStreamName
	if err := s.cloud.iam.authorize(who, "logs:"+action, target, nil, nil); err != nil {
		return nil, jsonDenied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	return f(g)
}

// jsonDenied turns IAM's error into what the JSON services answer with.
func jsonDenied(err error) error {
	if e, ok := err.(*apiError); ok && e.Code == "AccessDenied" {
		return failure(400, "AccessDeniedException", "%s", e.Message)
	}
	return err
}

func (s *logsService) createLogStream(_ context.Context, who principal, in logsInput) (any, error) {
	return s.locked(who, "CreateLogStream", in, func(g *logGroup) (any, error) {
		if g.streams[in.LogStreamName] != nil {
			return nil, failure(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		g.stream(in.LogStreamName)
		return nil, nil
	})
}

func (s *logsService) putLogEvents(_ context.Context, who principal, in logsInput) (any, error) {
	return s.locked(who, "PutLogEvents", in, func(g *logGroup) (any, error) {
		st := g.streams[in.LogStreamName]
		if st == nil {
			return nil, failure(400, "ResourceNotFoundException", "The specified log stream does not exist.")
		}
		for _, e := range in.LogEvents {
			st.events = append(st.events, logEvent{time.UnixMilli(e.Timestamp), e.Message})
		}
		return map[string]any{"nextSequenceToken": "1"}, nil
	})
}

// getLogEvents pages through a stream. A token is f/ or b/ and the index that the page starts at or ends before; at
// the end of the stream the token stays the same.
func (s *logsService) getLogEvents(_ context.Context, who principal, in logsInput) (any, error) {
	return s.locked(who, "GetLogEvents", in, func(g *logGroup) (any, error) {
		st := g.streams[in.LogStreamName]
		if st == nil {
			return nil, failure(400, "ResourceNotFoundException", "The specified log stream does not exist.")
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
				return nil, failure(400, "InvalidParameterException", "The specified nextToken is invalid.")
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
func (s *logsService) filterLogEvents(_ context.Context, who principal, in logsInput) (any, error) {
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

func (s *logsService) describeLogGroups(_ context.Context, who principal, in logsInput) (any, error) {
	if err := s.cloud.iam.authorize(who, "logs:DescribeLogGroups", s.arn("*"), nil, nil); err != nil {
		return nil, jsonDenied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := []any{}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if strings.HasPrefix(name, in.LogGroupNamePrefix) {
			groups = append(groups, map[string]any{"logGroupName": name, "arn": s.arn(name) + ":*", "creationTime": s.groups[name].created.UnixMilli()})
		}
	}
	return map[string]any{"logGroups": groups}, nil
}

func (s *logsService) describeLogStreams(_ context.Context, who principal, in logsInput) (any, error) {
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

// retentions are the days that CloudWatch Logs takes; 0 keeps for ever.
var retentions = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *logsService) resources() map[string]Resource {
	outputs := func(in resource.PropertyMap) resource.PropertyMap {
		return merge(in, map[string]any{
			"arn": s.arn(text(in, "name")), "tagsAll": tagsAll(in), "namePrefix": "", "logGroupClass": "STANDARD",
		})
	}
	return map[string]Resource{"aws:cloudwatch/logGroup:LogGroup": {
		Optional: []string{"name", "retentionInDays", "skipDestroy", "tags"},
		Defaults: resource.PropertyMap{
			"skipDestroy":     resource.NewBoolProperty(false),
			"retentionInDays": resource.NewNumberProperty(0),
		},
		Computed: []string{"arn", "tagsAll", "namePrefix", "logGroupClass"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 512},
		Validate: func(in resource.PropertyMap) []Failure {
			if v := get(in, "retentionInDays"); v.IsNumber() && !slices.Contains(retentions, v.NumberValue()) {
				return []Failure{{"retentionInDays", fmt.Sprintf("expected one of %v, got %v", retentions, v.NumberValue())}}
			}
			return nil
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "name")
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.groups[name] != nil {
				return "", nil, failure(400, "ResourceAlreadyExistsException", "The specified log group already exists: %s", name)
			}
			s.groups[name] = &logGroup{name: name, created: time.Now(), streams: map[string]*logStream{}}
			return name, outputs(in), nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.groups[id] != nil, nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return outputs(in), nil
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.groups, id)
			return nil
		},
	}}
}
