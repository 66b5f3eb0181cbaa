package sqs

// Arrived returns a channel that is closed when the next message arrives: what receivers wait for.
func (s *Service) Arrived(name string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queues[name].arrived
}
