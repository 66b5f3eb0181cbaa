package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// firstRange is how much of an object is asked for to begin with: enough for
	// the header of any picture and the coarse scans of a 12-megapixel
	// progressive JPEG, little enough to lose nothing by it.
	firstRange = 512 << 10
	// peek is how much of the first range ReadAhead is shown. Headers of JPEG
	// files from cameras (Exif with its preview) stay below 64 KiB a segment.
	peek = 64 << 10
	// maxResumes bounds how often one object's broken transfer is taken up again.
	maxResumes = 3
	// drain is how many bytes Close reads to the end of a response for the sake
	// of its connection: less than a new TLS handshake costs.
	drain = 64 << 10
)

// part is a response that holds the bytes of an object from those asked for up
// to, not including, end.
type part struct {
	body io.ReadCloser
	info Info // of the whole object
	end  int64
}

// fetcher asks for the bytes from..to (to < 0: to the end) of an object with the given ETag.
type fetcher func(ctx context.Context, from, to int64, etag string) (part, error)

// response is the outcome of a fetcher.
type response struct {
	part
	err error
}

// ranged reads one object by ranges that double in size, starting with the
// response to the first. If the rest is known to be wanted, it is asked for in
// one request while the first range is still arriving.
type ranged struct {
	ctx    context.Context
	cancel context.CancelFunc
	name   string
	fetch  fetcher
	info   Info

	body    *bufio.Reader // of the current range
	close   io.Closer     // its response
	offset  int64         // bytes given to the reader
	end     int64         // where the current range ends
	next    int64         // size of the range after it
	resumes int
	ahead   chan response // the answer to a request made ahead, nil if none was

	mu       sync.Mutex
	received int64
	closed   bool
}

func newRanged(ctx context.Context, name string, fetch fetcher, p part, first int64, readAhead func([]byte) bool) *ranged {
	ctx, cancel := context.WithCancel(ctx)
	info := p.info
	r := &ranged{ctx: ctx, cancel: cancel, name: name, fetch: fetch, info: info, close: p.body, end: p.end, next: 2 * first}
	r.body = bufio.NewReaderSize(&counter{r, p.body}, int(min(peek, max(info.Size, 16))))
	if readAhead != nil && r.end < info.Size {
		// An error here comes again with the read that follows.
		if head, _ := r.body.Peek(int(min(peek, r.end))); readAhead(head) {
			r.ahead = make(chan response, 1)
			go func() {
				p, err := fetch(ctx, p.end, -1, info.ETag)
				r.ahead <- response{p, err}
			}()
		}
	}
	return r
}

func (r *ranged) Info() Info { return r.info }

func (r *ranged) Received() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.received
}

func (r *ranged) Read(p []byte) (int, error) {
	for {
		if r.offset >= r.info.Size {
			return 0, io.EOF
		}
		if r.offset == r.end {
			if err := r.advance(); err != nil {
				return 0, err
			}
		}
		p = p[:min(int64(len(p)), r.end-r.offset)]
		n, err := r.body.Read(p)
		r.offset += int64(n)
		if n > 0 || len(p) == 0 {
			return n, nil // an error, if any, comes again
		}
		if err == nil {
			continue
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
}

// advance goes on to the next range.
func (r *ranged) advance() error {
	_ = r.close.Close()
	var res response
	if r.ahead != nil {
		select {
		case res = <-r.ahead:
			r.ahead = nil
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	} else {
		res.part, res.err = r.fetch(r.ctx, r.end, min(r.end+r.next, r.info.Size)-1, r.info.ETag)
		r.next *= 2
	}
	if res.err != nil {
		return r.failure(res.err)
	}
	r.use(res.part)
	return nil
}

// resume asks for the rest of the current range after its transfer has broken.
func (r *ranged) resume(cause error) error {
	_ = r.close.Close()
	if r.resumes++; r.resumes > maxResumes || r.ctx.Err() != nil || r.fetch == nil {
		return fmt.Errorf("read %s: broken at byte %d of %d: %w", r.name, r.offset, r.info.Size, cause)
	}
	p, err := r.fetch(r.ctx, r.offset, r.end-1, r.info.ETag)
	if err != nil {
		return r.failure(err)
	}
	r.use(p)
	return nil
}

func (r *ranged) use(p part) {
	r.close, r.end = p.body, p.end
	r.body.Reset(&counter{r, p.body})
}

// failure names the object in an error of a later range. That it is gone is
// here the same as that it has changed.
func (r *ranged) failure(err error) error {
	if err = classifyGet(err); errors.Is(err, ErrNotFound) {
		err = ErrChanged
	}
	return fmt.Errorf("read %s from byte %d: %w", r.name, r.offset, err)
}

// Close ends the transfer. A range that is nearly through is read to its end,
// so that the connection can serve the next request.
func (r *ranged) Close() error {
	r.mu.Lock()
	again := r.closed
	r.closed = true
	r.mu.Unlock()
	if again {
		return nil
	}
	if left := r.end - r.offset - int64(r.body.Buffered()); left > 0 && left <= drain {
		_, _ = io.CopyN(io.Discard, r.body, r.end-r.offset)
	}
	r.cancel()
	err := r.close.Close()
	if r.ahead != nil {
		go func() {
			if res := <-r.ahead; res.body != nil {
				_ = res.body.Close()
			}
		}()
	}
	return err
}

// counter counts what arrives.
type counter struct {
	r *ranged
	io.Reader
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.r.mu.Lock()
	c.r.received += int64(n)
	c.r.mu.Unlock()
	return n, err
}
