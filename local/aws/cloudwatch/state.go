package cloudwatch

// Remember implements state.Service. The values of metrics are among it, as alarms go by them.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics.mu.Lock()
	defer s.metrics.mu.Unlock()
	return f(&s.alarms, &s.dashboards, &s.metrics.series)
}

// Resume implements state.Service: there is nothing to do.
func (s *Service) Resume() error { return nil }
