package s3

// Remember implements state.Service.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	return f(&s.store.buckets, &s.swept, &s.events.sequence, &s.events.held, &s.events.waiting)
}

// Resume implements state.Service: there is nothing to do.
func (s *Service) Resume() error { return nil }
