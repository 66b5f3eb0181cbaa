package sqs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// batchInput has the members of the batch operations' inputs. Each has its entries under a name of its own in the query
// protocol.
type batchInput struct {
	QueueUrl string
	Entries  []batchEntry
	Send     []batchEntry `json:"-" query:"SendMessageBatchRequestEntry"`
	Delete   []batchEntry `json:"-" query:"DeleteMessageBatchRequestEntry"`
	Change   []batchEntry `json:"-" query:"ChangeMessageVisibilityBatchRequestEntry"`
}

type batchEntry struct {
	Id                string
	MessageBody       string
	MessageAttributes map[string]messageAttribute `query:"MessageAttribute,Name,Value"`
	DelaySeconds      *int
	ReceiptHandle     string
	VisibilityTimeout *int
}

// failedEntry says what was wrong with an entry of a batch.
type failedEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

// sent is what a sender is told of a message.
type sent struct {
	MessageId              string
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
}

func (s *Service) sendMessage(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "SendMessage", in.QueueUrl, func(q *queue) (any, error) {
		return s.send(who, q, in.MessageBody, in.MessageAttributes, in.DelaySeconds)
	})
}

// send checks a message and puts it into the queue. The lock is held.
func (s *Service) send(who account.Principal, q *queue, body string, attributes map[string]messageAttribute, delaySeconds *int) (sent, error) {
	if err := q.check(body, attributes); err != nil {
		return sent{}, err
	}
	if err := s.mayUseKey(who, q, sending...); err != nil {
		return sent{}, err
	}
	delay := q.Delay
	if delaySeconds != nil {
		delay = time.Duration(*delaySeconds) * time.Second
	}
	m := s.add(q, body, delay)
	m.attributes = attributes
	return sent{m.id, sum(body), sumOf(attributes)}, nil
}

func (s *Service) sendMessageBatch(_ context.Context, who account.Principal, in batchInput) (any, error) {
	type entry struct {
		Id string
		sent
	}
	return s.with(who, "SendMessage", in.QueueUrl, func(q *queue) (any, error) {
		out := struct {
			Successful []entry       `query:"SendMessageBatchResultEntry"`
			Failed     []failedEntry `json:",omitempty" query:"BatchResultErrorEntry"`
		}{Successful: []entry{}}
		failed, err := eachEntry(append(in.Entries, in.Send...), func(e batchEntry) error {
			m, err := s.send(who, q, e.MessageBody, e.MessageAttributes, e.DelaySeconds)
			if err == nil {
				out.Successful = append(out.Successful, entry{e.Id, m})
			}
			return err
		})
		out.Failed = failed
		return out, err
	})
}

// eachEntry runs f on the entries of a batch and returns those that failed. The errors are those of the batch itself.
func eachEntry(entries []batchEntry, f func(batchEntry) error) ([]failedEntry, error) {
	switch {
	case len(entries) == 0:
		return nil, fault("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > 10:
		return nil, fault("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	var failed []failedEntry
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.Id] {
			return nil, fault("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id %s repeated.", e.Id)
		}
		seen[e.Id] = true
	}
	for _, e := range entries {
		err := f(e)
		var w *wire.Error
		if errors.As(err, &w) {
			failed = append(failed, failedEntry{e.Id, w.Status < 500, w.Query, w.Message})
		} else if err != nil {
			return nil, err
		}
	}
	return failed, nil
}

func (s *Service) receiveMessage(ctx context.Context, who account.Principal, in sqsInput) (any, error) {
	type output struct {
		Messages []receivedMessage `json:",omitempty" query:"Message"`
	}
	var deadline time.Time
	for {
		var arrived chan struct{}
		turned, wake := s.account.Turned(), deadline
		got, err := s.with(who, "ReceiveMessage", in.QueueUrl, func(q *queue) (any, error) {
			if err := s.mayUseKey(who, q, receiving...); err != nil {
				return nil, err
			}
			if deadline.IsZero() {
				deadline = s.account.Now().Add(orElse(in.WaitTimeSeconds, q.WaitTime))
				wake = deadline
			}
			arrived = q.arrived
			got := s.take(q, in)
			for _, m := range q.messages {
				if m.hidden.Before(wake) {
					wake = m.hidden
				}
			}
			return got, nil
		})
		if err != nil {
			return nil, err
		}
		if list := got.([]receivedMessage); len(list) > 0 || !s.account.Now().Before(deadline) {
			return output{list}, nil
		}
		t := time.NewTimer(wake.Sub(s.account.Now()))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-arrived:
		case <-turned:
		case <-t.C:
		}
		t.Stop()
	}
}

// take receives what is there for the asker. The lock is held.
func (s *Service) take(q *queue, in sqsInput) []receivedMessage {
	list := []receivedMessage{}
	for _, m := range q.receive(max(1, in.MaxNumberOfMessages), s.account.Now(), orElse(in.VisibilityTimeout, q.VisibilityTimeout)) {
		list = append(list, m.show(slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames), in.MessageAttributeNames))
	}
	if len(list) == 0 {
		s.count(q, "NumberOfEmptyReceives", 1)
		return list
	}
	s.count(q, "NumberOfMessagesReceived", float64(len(list)))
	s.publish(q)
	return list
}

func orElse(seconds *int, otherwise time.Duration) time.Duration {
	if seconds == nil {
		return otherwise
	}
	return time.Duration(*seconds) * time.Second
}

// remove deletes the message of a receipt handle; one that is gone already is no error. The lock is held.
func (s *Service) remove(q *queue, receipt string) error {
	if err := checkReceipt(receipt); err != nil {
		return err
	}
	before := len(q.messages)
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == receipt })
	s.count(q, "NumberOfMessagesDeleted", float64(before-len(q.messages)))
	s.publish(q)
	return nil
}

// checkReceipt refuses what no receiver was given.
func checkReceipt(receipt string) error {
	if len(receipt) != len(account.RandomID()) || strings.Count(receipt, "-") != 4 {
		return fault("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle %q is invalid.", receipt)
	}
	return nil
}

func (s *Service) deleteMessage(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "DeleteMessage", in.QueueUrl, func(q *queue) (any, error) { return nil, s.remove(q, in.ReceiptHandle) })
}

// batchResult is what is left to tell of an entry of a batch that only succeeds.
type batchResult struct{ Id string }

func (s *Service) deleteMessageBatch(_ context.Context, who account.Principal, in batchInput) (any, error) {
	return s.with(who, "DeleteMessage", in.QueueUrl, func(q *queue) (any, error) {
		out := struct {
			Successful []batchResult `query:"DeleteMessageBatchResultEntry"`
			Failed     []failedEntry `json:",omitempty" query:"BatchResultErrorEntry"`
		}{}
		var err error
		out.Successful, out.Failed, err = simpleBatch(append(in.Entries, in.Delete...), func(e batchEntry) error { return s.remove(q, e.ReceiptHandle) })
		return out, err
	})
}

func simpleBatch(entries []batchEntry, f func(batchEntry) error) (done []batchResult, failed []failedEntry, err error) {
	done = []batchResult{}
	failed, err = eachEntry(entries, func(e batchEntry) error {
		err := f(e)
		if err == nil {
			done = append(done, batchResult{e.Id})
		}
		return err
	})
	return done, failed, err
}

// hide changes how long a received message stays hidden. The lock is held.
func (s *Service) hide(q *queue, receipt string, seconds *int) error {
	if err := checkReceipt(receipt); err != nil {
		return err
	}
	for _, m := range q.messages {
		if m.receipt == receipt && seconds != nil {
			m.hidden = s.account.Now().Add(time.Duration(*seconds) * time.Second)
		}
	}
	q.wake()
	s.publish(q)
	return nil
}

func (s *Service) changeVisibility(_ context.Context, who account.Principal, in sqsInput) (any, error) {
	return s.with(who, "ChangeMessageVisibility", in.QueueUrl, func(q *queue) (any, error) {
		return nil, s.hide(q, in.ReceiptHandle, in.VisibilityTimeout)
	})
}

func (s *Service) changeVisibilityBatch(_ context.Context, who account.Principal, in batchInput) (any, error) {
	return s.with(who, "ChangeMessageVisibility", in.QueueUrl, func(q *queue) (any, error) {
		out := struct {
			Successful []batchResult `query:"ChangeMessageVisibilityBatchResultEntry"`
			Failed     []failedEntry `json:",omitempty" query:"BatchResultErrorEntry"`
		}{}
		var err error
		out.Successful, out.Failed, err = simpleBatch(append(in.Entries, in.Change...), func(e batchEntry) error { return s.hide(q, e.ReceiptHandle, e.VisibilityTimeout) })
		return out, err
	})
}
