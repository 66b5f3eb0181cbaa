package cloudwatch

import (
	"cmp"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// dataInput is the input of GetMetricData.
type dataInput struct {
	MetricDataQueries  []dataQuery
	StartTime, EndTime wire.Time
	ScanBy             string // TimestampDescending, also where it is empty, or TimestampAscending
}

type dataQuery struct {
	Id, Label, Expression string
	ReturnData            *bool
	MetricStat            *struct {
		Metric Metric
		Period int
		Stat   string
	}
}

// dataResult is the answer to one query of GetMetricData.
type dataResult struct {
	Id, Label  string
	Timestamps []wire.Time
	Values     []float64
	StatusCode string
}

// maxPeriods is how many periods one query may ask for: GetMetricData returns at most that many datapoints.
const maxPeriods = 100800

// checkRange refuses what has no end, or too many periods.
func checkRange(start, end time.Time, seconds int) error {
	if err := checkPeriod(seconds); err != nil {
		return err
	}
	if !start.Before(end) {
		return wire.Errorf(400, "ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
	}
	if n := end.Sub(start) / (time.Duration(seconds) * time.Second); n > maxPeriods {
		return wire.Errorf(400, "ValidationError", "%d periods are more than the %d that can be asked for", n, maxPeriods)
	}
	return nil
}

func (s *Service) getMetricData(in dataInput) (any, error) {
	out := struct {
		MetricDataResults []dataResult
		Messages          []string
	}{[]dataResult{}, []string{}}
	for _, q := range in.MetricDataQueries {
		if q.Expression != "" || q.MetricStat == nil {
			return nil, noMath("GetMetricData")
		}
		of, err := statistic(q.MetricStat.Stat)
		if err == nil {
			err = checkRange(in.StartTime.Time, in.EndTime.Time, q.MetricStat.Period)
		}
		if err != nil {
			return nil, err
		}
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		r := dataResult{q.Id, cmp.Or(q.Label, q.MetricStat.Metric.MetricName), []wire.Time{}, []float64{}, "Complete"}
		s.metrics.periods(q.MetricStat.Metric, in.StartTime.Time, in.EndTime.Time, q.MetricStat.Period, func(at time.Time, sum summary) {
			r.Timestamps, r.Values = append(r.Timestamps, wireTime(at)), append(r.Values, of(sum))
		})
		if in.ScanBy != "TimestampAscending" {
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

// statisticsInput is the input of GetMetricStatistics.
type statisticsInput struct {
	Metric
	StartTime, EndTime             wire.Time
	Period                         int
	Statistics, ExtendedStatistics []string
}

// statisticsPoint is a datapoint of GetMetricStatistics: it has the statistics that were asked for.
type statisticsPoint struct {
	Timestamp                                   wire.Time
	SampleCount, Average, Sum, Minimum, Maximum *float64           `json:",omitempty"`
	ExtendedStatistics                          map[string]float64 `json:",omitempty"`
	Unit                                        string
}

// named are the members of the statistics that have one.
func (p *statisticsPoint) named() map[string]**float64 {
	return map[string]**float64{
		"SampleCount": &p.SampleCount, "Average": &p.Average, "Sum": &p.Sum, "Minimum": &p.Minimum, "Maximum": &p.Maximum,
	}
}

func (s *Service) getMetricStatistics(in statisticsInput) (any, error) {
	asked := map[string]func(summary) float64{}
	for _, name := range append(in.Statistics, in.ExtendedStatistics...) {
		of, err := statistic(name)
		if err != nil {
			return nil, err
		}
		asked[name] = of
	}
	if err := checkRange(in.StartTime.Time, in.EndTime.Time, in.Period); err != nil {
		return nil, err
	}
	out := struct {
		Label      string
		Datapoints []statisticsPoint
	}{in.MetricName, []statisticsPoint{}}
	s.metrics.periods(in.Metric, in.StartTime.Time, in.EndTime.Time, in.Period, func(at time.Time, sum summary) {
		p := statisticsPoint{Timestamp: wireTime(at), ExtendedStatistics: map[string]float64{}, Unit: sum.unit}
		for name, of := range asked {
			v := of(sum)
			if member := p.named()[name]; member != nil {
				*member = &v
			} else {
				p.ExtendedStatistics[name] = v
			}
		}
		out.Datapoints = append(out.Datapoints, p)
	})
	return out, nil
}

// listInput is the input of ListMetrics.
type listInput struct {
	Namespace, MetricName string
	Dimensions            []Dimension // a filter: any value where it is empty
}

func (s *Service) listMetrics(in listInput) (any, error) {
	out := struct{ Metrics []Metric }{[]Metric{}}
	for _, m := range s.metrics.list() {
		if (in.Namespace == "" || in.Namespace == m.Namespace) && (in.MetricName == "" || in.MetricName == m.MetricName) && m.has(in.Dimensions) {
			out.Metrics = append(out.Metrics, m)
		}
	}
	return out, nil
}

func (m Metric) has(filters []Dimension) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(m.Dimensions, func(d Dimension) bool { return d.Name == f.Name && (f.Value == "" || f.Value == d.Value) }) {
			return false
		}
	}
	return true
}

// putInput is the input of PutMetricData.
type putInput struct {
	Namespace  string
	MetricData []struct {
		MetricName     string
		Dimensions     []Dimension
		Timestamp      *wire.Time
		Value          *float64
		Values, Counts []float64
		Unit           string
	}
}

func (s *Service) putMetricData(in putInput) (any, error) {
	for _, d := range in.MetricData {
		m := Metric{in.Namespace, d.MetricName, d.Dimensions}
		at, unit := s.account.Now(), cmp.Or(d.Unit, "None")
		if d.Timestamp != nil {
			at = d.Timestamp.Time
		}
		if d.Value != nil {
			s.metrics.put(m, unit, at, *d.Value, 1)
		} else if len(d.Values) == 0 {
			return nil, wire.Errorf(400, "InvalidParameterCombination", "%s has neither Value nor Values: the local cloud has no StatisticValues", d.MetricName)
		}
		for i, v := range d.Values {
			times := 1.0
			if i < len(d.Counts) {
				times = d.Counts[i]
			}
			s.metrics.put(m, unit, at, v, times)
		}
	}
	return nil, nil
}
