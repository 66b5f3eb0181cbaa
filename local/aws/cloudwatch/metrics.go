package cloudwatch

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

// resolution is how exactly the time of a value is kept.
const resolution = time.Minute

// kept is how long values are: CloudWatch keeps those of a minute for 15 days, and means of them for longer.
const kept = 15 * 24 * time.Hour

// Metrics holds the values that services, functions and clients have sent, counted by the minute.
type Metrics struct {
	clock  *account.Clock
	mu     sync.Mutex
	series map[string]*series // by key of its Metric
}

// Metric is what a value is of.
type Metric struct {
	Namespace, MetricName string
	Dimensions            []Dimension `json:",omitempty"`
}

// Dimension is one of the names that tell metrics apart.
type Dimension struct{ Name, Value string }

// key tells metrics apart: the order of dimensions does not matter.
func (m Metric) key() string {
	parts := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		parts[i] = d.Name + "\x00" + d.Value
	}
	slices.Sort(parts)
	return m.Namespace + "\x00" + m.MetricName + "\x00\x00" + strings.Join(parts, "\x00")
}

type series struct {
	metric  Metric
	unit    string
	minutes []minute // in the order of time
}

// minute has the values of one minute.
type minute struct {
	at time.Time
	summary
}

// exactValues is how many different values of a minute are told apart. Others are rounded to two digits, so that a minute
// takes no more memory however much happens in it; percentiles are off by up to 5 percent then, and nothing else is.
const exactValues = 100

// NewMetrics returns an account's metrics, of which there are none.
func NewMetrics(a *account.Account) *Metrics {
	return &Metrics{clock: &a.Clock, series: map[string]*series{}}
}

// units are those of AWS's own metrics that are no counts.
var units = map[string]string{
	"Duration": "Milliseconds", "AsyncEventAge": "Milliseconds", "ApproximateAgeOfOldestMessage": "Seconds", "SentMessageSize": "Bytes",
}

// Record takes a value of one of AWS's metrics, with one dimension or, where that is "", none.
func (s *Metrics) Record(namespace, metric, dimension, of string, value float64) {
	m := Metric{Namespace: namespace, MetricName: metric}
	if dimension != "" {
		m.Dimensions = []Dimension{{dimension, of}}
	}
	unit := units[metric]
	if unit == "" {
		unit = "Count"
	}
	s.put(m, unit, s.clock.Now(), value, 1)
}

// put takes a value that there was so many times.
func (s *Metrics) put(m Metric, unit string, at time.Time, value, times float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := m.key()
	if s.series[k] == nil {
		s.series[k] = &series{metric: m}
	}
	s.series[k].add(unit, at.UTC().Truncate(resolution), value, times)
}

func (s *series) add(unit string, at time.Time, value, times float64) {
	s.unit = unit
	i, found := slices.BinarySearchFunc(s.minutes, at, func(m minute, t time.Time) int { return m.at.Compare(t) })
	if !found {
		s.minutes = slices.Insert(s.minutes, i, minute{at, newSummary(unit)})
	}
	s.minutes[i].add(value, times)
}

// forget drops what is too old.
func (s *Metrics) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.clock.Now().Add(-kept)
	for k, one := range s.series {
		for len(one.minutes) > 0 && one.minutes[0].at.Before(oldest) {
			one.minutes = one.minutes[1:]
		}
		if len(one.minutes) == 0 {
			delete(s.series, k)
		}
	}
}

// embedded is the part of a log line by which CloudWatch finds metrics in it.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type embedded struct {
	AWS struct {
		Timestamp         int64 // milliseconds since 1970, on the machine's clock
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// RecordEmbedded takes the metrics that a log line has in the embedded metric format, if it has any.
func (s *Metrics) RecordEmbedded(line string) {
	if !strings.Contains(line, `"CloudWatchMetrics"`) {
		return
	}
	var directives embedded
	var root map[string]any
	if json.Unmarshal([]byte(line), &directives) != nil || json.Unmarshal([]byte(line), &root) != nil {
		return
	}
	at := s.clock.At(time.UnixMilli(directives.AWS.Timestamp))
	for _, d := range directives.AWS.CloudWatchMetrics {
		for _, m := range d.Metrics {
			unit := m.Unit
			if unit == "" {
				unit = "None"
			}
			for _, names := range d.Dimensions {
				metric := Metric{Namespace: d.Namespace, MetricName: m.Name, Dimensions: dimensionsOf(root, names)}
				for _, v := range numbers(root[m.Name]) {
					s.put(metric, unit, at, v, 1)
				}
			}
		}
	}
}

func dimensionsOf(root map[string]any, names []string) []Dimension {
	var all []Dimension
	for _, name := range names {
		if value, ok := root[name].(string); ok {
			all = append(all, Dimension{name, value})
		}
	}
	return all
}

// numbers are the values of a member: one or a list.
func numbers(member any) []float64 {
	switch v := member.(type) {
	case float64:
		return []float64{v}
	case []any:
		var all []float64
		for _, e := range v {
			all = append(all, numbers(e)...)
		}
		return all
	}
	return nil
}

// list returns the metrics that there are values of, in order.
func (s *Metrics) list() []Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Metric
	for _, k := range slices.Sorted(maps.Keys(s.series)) {
		all = append(all, s.series[k].metric)
	}
	return all
}
