package cloudwatch

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// summary is what is known of the values of a period.
type summary struct {
	count, sum, least, most float64
	values                  map[float64]float64 // how often there was which, see exactValues
	unit                    string
}

func newSummary(unit string) summary {
	return summary{least: math.Inf(1), most: math.Inf(-1), values: map[float64]float64{}, unit: unit}
}

// add takes a value that there was so many times.
func (s *summary) add(value, times float64) {
	s.count += times
	s.sum += value * times
	s.least, s.most = min(s.least, value), max(s.most, value)
	if _, known := s.values[value]; !known && len(s.values) >= exactValues {
		value = rounded(value)
	}
	s.values[value] += times
}

// merge adds the values of another.
func (s *summary) merge(o summary) {
	s.count, s.sum = s.count+o.count, s.sum+o.sum
	s.least, s.most = min(s.least, o.least), max(s.most, o.most)
	for v, n := range o.values {
		s.values[v] += n
	}
}

// rounded is a value with two digits.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-1)
	return math.Round(v/unit) * unit
}

// between returns the values of a metric from one time until before another; ok is false where there are none.
func (s *Metrics) between(m Metric, from, to time.Time) (sum summary, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.series[m.key()]
	if one == nil {
		return summary{}, false
	}
	sum = newSummary(one.unit)
	i, _ := slices.BinarySearchFunc(one.minutes, from, func(m minute, t time.Time) int { return m.at.Compare(t) })
	for ; i < len(one.minutes) && one.minutes[i].at.Before(to); i++ {
		sum.merge(one.minutes[i].summary)
	}
	return sum, sum.count > 0
}

// statistics are those that have a name; percentiles, like p99 and p99.9, are numbers.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
var statistics = map[string]func(summary) float64{
	"SampleCount": func(s summary) float64 { return s.count },
	"Sum":         func(s summary) float64 { return s.sum },
	"Average":     func(s summary) float64 { return s.sum / s.count },
	"Minimum":     func(s summary) float64 { return s.least },
	"Maximum":     func(s summary) float64 { return s.most },
}

// percentile is the least value that p percent of all are not above.
func (s summary) percentile(p float64) float64 {
	need, seen := s.count*p/100, 0.0
	sorted := slices.Sorted(maps.Keys(s.values))
	for _, v := range sorted {
		if seen += s.values[v]; seen >= need {
			return v
		}
	}
	return sorted[len(sorted)-1]
}

// statistic returns how a statistic is computed. The error is InvalidParameterValue.
func statistic(name string) (func(summary) float64, error) {
	if f := statistics[name]; f != nil {
		return f, nil
	}
	p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if err != nil || !strings.HasPrefix(name, "p") || p < 0 || p > 100 {
		return nil, wire.Errorf(400, "InvalidParameterValue", "The value %q for parameter Stat is not supported: the local cloud has %v and percentiles like p99.9", name, slices.Sorted(maps.Keys(statistics)))
	}
	return func(s summary) float64 { return s.percentile(p) }, nil
}

// datapoint is a statistic of a period, or that there is none.
type datapoint struct {
	at    time.Time // when the period begins
	value float64
	ok    bool
}

// periods calls each with the summaries of the periods that begin from start until before end, the oldest first. Periods begin
// at multiples of their length.
func (s *Metrics) periods(m Metric, start, end time.Time, seconds int, each func(at time.Time, sum summary)) {
	length := time.Duration(seconds) * time.Second
	for at := start.UTC().Truncate(length); at.Before(end); at = at.Add(length) {
		if sum, ok := s.between(m, at, at.Add(length)); ok {
			each(at, sum)
		}
	}
}

// checkPeriod returns what is wrong with a period.
func checkPeriod(seconds int) error {
	if seconds <= 0 || seconds%int(resolution.Seconds()) != 0 {
		return wire.Errorf(400, "InvalidParameterValue", "The parameter Period must be a multiple of 60 in the local cloud, which counts by the minute; it is %d", seconds)
	}
	return nil
}

// plain writes a number as CloudWatch does in its messages: with a fraction, always.
func plain(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
