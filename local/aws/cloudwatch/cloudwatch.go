// Package cloudwatch is the rest of the local cloud's CloudWatch, besides logs: alarms and dashboards that are stored and
// validated. There are no metrics, and no wire operations yet.
package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"s3-thumbnail-creator/local/aws/account"
)

// Kind is what CloudWatch stores.
type Kind string

// The kinds of things that are stored by their name.
const (
	Alarm     Kind = "alarm"
	Dashboard Kind = "dashboard"
)

// Service is CloudWatch.
type Service struct {
	account *account.Account
	mu      sync.Mutex
	stored  map[string]bool // "alarm NAME", "dashboard NAME"
}

// New returns the CloudWatch of an account.
func New(a *account.Account) *Service { return &Service{account: a, stored: map[string]bool{}} }

// Leftovers lists the alarms and dashboards that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for what := range s.stored {
		all = append(all, "cloudwatch "+what)
	}
	return all
}

// ARN is the ARN of an alarm or a dashboard.
func (s *Service) ARN(k Kind, name string) string {
	if k == Dashboard {
		return s.account.ARN("cloudwatch-dashboard", "dashboard/"+name)
	}
	return s.account.ARN("cloudwatch", "alarm:"+name)
}

// Put is PutMetricAlarm or PutDashboard: it makes or replaces what has that name.
func (s *Service) Put(k Kind, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored[string(k)+" "+name] = true
}

// Has reports whether there is one of that name.
func (s *Service) Has(k Kind, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[string(k)+" "+name]
}

// Delete is DeleteAlarms or DeleteDashboards; what is gone already is no error.
func (s *Service) Delete(k Kind, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stored, string(k)+" "+name)
}

// CheckDashboard returns what is wrong with a dashboard's body: it has widgets with a type, a place on the grid of 24 columns, and
// properties.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func CheckDashboard(doc string) []string {
	var body struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          map[string]any
		}
	}
	if err := json.Unmarshal([]byte(doc), &body); err != nil {
		return []string{fmt.Sprintf("it is no dashboard body: %v", err)}
	}
	var bad []string
	for i, w := range body.Widgets {
		where := fmt.Sprintf("widgets[%d]", i)
		if !slices.Contains([]string{"metric", "text", "log", "alarm", "explorer", "custom"}, w.Type) {
			bad = append(bad, fmt.Sprintf("%s has no valid type: %q", where, w.Type))
		}
		if w.Width < 0 || w.X < 0 || w.X+w.Width > 24 {
			bad = append(bad, where+" is wider than the 24 columns")
		}
		if len(w.Properties) == 0 {
			bad = append(bad, where+" has no properties")
		}
		if _, ok := w.Properties["region"]; w.Type == "metric" && !ok {
			bad = append(bad, where+" names no region")
		}
	}
	return bad
}
