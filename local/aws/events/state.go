package events

// Remember implements state.Service.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.rules)
}

// Resume implements state.Service: it reads the patterns again.
func (s *Service) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		p, err := ParsePattern(r.source)
		if err != nil {
			return err
		}
		r.pattern = p
	}
	return nil
}
