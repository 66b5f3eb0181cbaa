package lambda

// Stats is what Lambda is busy with.
type Stats struct {
	Invocations int   // that have begun so far
	Pending     int   // asynchronous events that are not done
	Processes   []int // process ids of the functions' execution environments
}

// Stats returns what Lambda is busy with.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Invocations: s.invoked, Pending: s.pending}
	for _, f := range s.functions {
		for p := range f.all {
			st.Processes = append(st.Processes, p.cmd.Process.Pid)
		}
	}
	return st
}
