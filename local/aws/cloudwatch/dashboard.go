package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

type dashboard struct {
	body     string
	modified time.Time
}

// DashboardARN is the ARN of a dashboard.
func (s *Service) DashboardARN(name string) string {
	return s.account.ARN("cloudwatch-dashboard", "dashboard/"+name)
}

// PutDashboard is PutDashboard: it makes or replaces what has that name. The error is InvalidParameterInput.
func (s *Service) PutDashboard(name, body string) error {
	if bad := CheckDashboard(body); len(bad) > 0 {
		return &wire.Error{Status: 400, Code: "DashboardInvalidInputError", Query: "InvalidParameterInput",
			Message: fmt.Sprintf("The dashboard body is invalid, there are %d validation errors: %v", len(bad), bad)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dashboards[name] = dashboard{body, s.account.Now()}
	return nil
}

// HasDashboard reports whether there is one of that name.
func (s *Service) HasDashboard(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.dashboards[name]
	return ok
}

// DeleteDashboard is DeleteDashboards; one that is gone already is no error.
func (s *Service) DeleteDashboard(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dashboards, name)
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
