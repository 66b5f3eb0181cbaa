package logs

// Remember implements state.Service.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.groups, &s.last)
}

// Resume implements state.Service: there is nothing to do.
func (s *Service) Resume() error { return nil }
