package sts

// Leftovers lists nothing: the sessions are IAM's.
func (s *Service) Leftovers() []string { return nil }

// Remember implements state.Service: there is nothing to remember.
func (s *Service) Remember(f func(roots ...any) error) error { return f() }

// Resume implements state.Service: there is nothing to do.
func (s *Service) Resume() error { return nil }
