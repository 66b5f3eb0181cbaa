package lambda

import "s3-thumbnail-creator/local/aws/account"

// Remember implements state.Service.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.functions, &s.waiting)
}

// Resume implements state.Service: it unpacks the functions' images, for which a function is Pending once more, and carries on
// with the events.
func (s *Service) Resume() error {
	s.mu.Lock()
	var begin []func()
	for _, f := range s.functions {
		f.all = map[*instance]bool{}
		f.updating = false
		if f.state == "Failed" {
			continue
		}
		f.state = "Pending"
		config, modified := f.config.Config, f.modified
		begin = append(begin, func() {
			s.prepare(s.account.Context(), f, config, func(err error) {
				f.state, f.modified = "Active", modified
				if err != nil {
					f.state, f.reason = "Failed", err.Error()
				}
			})
		})
	}
	events := s.waiting
	s.waiting = map[string]*asyncEvent{}
	s.mu.Unlock()
	for _, b := range begin {
		if !s.account.Go(b) {
			return account.ErrClosed
		}
	}
	for _, e := range events {
		e.lambda = s
		if err := s.begin(e); err != nil {
			return err
		}
	}
	return nil
}
