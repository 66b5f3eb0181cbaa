package lambda

// Take reserves a slot of concurrency until release.
func (s *Service) Take(name string) (release func(), err error) {
	f, err := s.take(name)
	return func() { s.release(f) }, err
}

// Occupy takes a process of the function, as an event does, until release; pid is the process's.
func (s *Service) Occupy(name string) (pid int, release func(), err error) {
	s.mu.Lock()
	f := s.functions[name]
	s.mu.Unlock()
	p, _, err := s.instance(f)
	if err != nil {
		return 0, nil, err
	}
	return p.cmd.Process.Pid, func() { s.giveBack(f, p, true) }, nil
}

// Exited returns a channel for each of the function's processes that is closed when the process is gone.
func (s *Service) Exited(name string) []<-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []<-chan struct{}
	for p := range s.functions[name].all {
		all = append(all, p.exited)
	}
	return all
}
