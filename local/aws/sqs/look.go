package sqs

import (
	"path"
	"slices"
	"time"
)

// Message is a message as somebody sees it who looks into a queue, which AWS lets nobody do: receiving a message hides it from
// whoever it is for.
type Message struct {
	ID, Body string
	Sent     time.Time
}

// Look returns up to max messages of a queue, newest first, hidden ones too, and how many there are in all. queueURL may be the name.
func (s *Service) Look(queueURL string, max int) (newest []Message, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	if q == nil {
		return nil, 0
	}
	for _, m := range slices.Backward(q.messages) {
		if len(newest) == max {
			break
		}
		newest = append(newest, Message{ID: m.id, Body: m.body, Sent: m.sent})
	}
	return newest, len(q.messages)
}

// Take removes the message of that ID from a queue and returns its body; found is false if another was faster.
func (s *Service) Take(queueURL, id string) (body string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[path.Base(queueURL)]
	if q == nil {
		return "", false
	}
	i := slices.IndexFunc(q.messages, func(m *message) bool { return m.id == id })
	if i < 0 {
		return "", false
	}
	body = q.messages[i].body
	q.messages = slices.Delete(q.messages, i, i+1)
	return body, true
}
