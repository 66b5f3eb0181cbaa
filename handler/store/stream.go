package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

const (
	// maxResumes bounds how often one object's broken transfer is taken up again.
	maxResumes = 3
	// drain is how many bytes Close reads to the end of a response for the sake of its connection. That many arrive in
	// the time that a new connection takes (BenchmarkDroppedStream).
	drain = 256 << 10
)

// fetcher asks for an object from a byte on, to its end. The object must have the given ETag unless that is empty.
type fetcher func(ctx context.Context, from int64, etag string) (body io.ReadCloser, info Info, err error)

// stream is an Object that one GET gives as a stream. A transfer that breaks is taken up where it broke, on condition
// that the object is still the same.
type stream struct {
	ctx     context.Context
	cancel  context.CancelFunc
	name    string
	fetch   fetcher
	info    Info
	resumes int

	mu       sync.Mutex // of body: Close may come while Read waits
	body     io.ReadCloser
	closed   bool
	received atomic.Int64 // bytes given to the reader
}

func newStream(ctx context.Context, cancel context.CancelFunc, name string, fetch fetcher, body io.ReadCloser, info Info) *stream {
	return &stream{ctx: ctx, cancel: cancel, name: name, fetch: fetch, info: info, body: body}
}

func (s *stream) Info() Info      { return s.info }
func (s *stream) Received() int64 { return s.received.Load() }

// Read reads on. It returns io.EOF at the end of the object and nowhere else: every other end of a transfer is an error
// that wraps neither io.EOF nor io.ErrUnexpectedEOF, so that no decoder takes a broken transfer for a damaged picture.
func (s *stream) Read(p []byte) (int, error) {
	for {
		left := s.info.Size - s.Received()
		if left <= 0 {
			return 0, io.EOF
		}
		n, err := s.current().Read(p[:min(int64(len(p)), left)])
		s.received.Add(int64(n))
		if n > 0 || len(p) == 0 {
			return n, nil // an error, if any, comes again
		}
		if err == nil {
			continue
		}
		if err := s.resume(err); err != nil {
			return 0, err
		}
	}
}

func (s *stream) current() io.ReadCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body
}

// resume asks for what is missing after the transfer broke.
func (s *stream) resume(cause error) error {
	at := s.Received()
	if s.resumes++; s.resumes > maxResumes || s.ctx.Err() != nil {
		return fmt.Errorf("read %s: the transfer broke at byte %d of %d: %w", s.name, at, s.info.Size, broken(s.ctx, cause))
	}
	_ = s.current().Close()
	body, _, err := s.fetch(s.ctx, at, s.info.ETag)
	switch err = classifyGet(err); {
	case errors.Is(err, ErrChanged), errors.Is(err, ErrNotFound):
		return fmt.Errorf("read %s from byte %d: %w", s.name, at, ErrChanged)
	case err != nil:
		return fmt.Errorf("read %s from byte %d: %w", s.name, at, broken(s.ctx, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.Join(fmt.Errorf("read %s: it is closed", s.name), body.Close())
	}
	s.body = body
	return nil
}

// broken returns why a transfer broke: the context's cause if it has ended, else ErrBroken with the cause as text.
func broken(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %v", ErrBroken, cause)
}

// Close ends the transfer. A little that is left of it is read, so that its connection can be used again; where more is
// left, the connection is closed instead.
func (s *stream) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	body := s.body
	s.mu.Unlock()
	if again {
		return nil
	}
	if left := s.info.Size - s.Received(); left <= drain && s.ctx.Err() == nil {
		_, _ = io.CopyN(io.Discard, body, left)
		_, _ = body.Read(make([]byte, 1)) // the end of the body, which net/http must have seen
	}
	s.cancel()
	return body.Close()
}
