package s3control

// Remember implements state.Service.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.jobs)
}

// Resume implements state.Service. A job that was under way does not go on: it is Failed, and a new one finds what it has not done.
func (s *Service) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.Status.ended() {
			continue
		}
		now := s.account.Now().UTC()
		j.Status, j.TerminationDate = StatusFailed, &now
		j.FailureReasons = append(j.FailureReasons, Failure{"InternalError", "The local cloud was stopped while the job was under way."})
	}
	return nil
}
