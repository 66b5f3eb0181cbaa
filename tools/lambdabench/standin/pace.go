package standin

import (
	"context"
	"io"
	"time"
)

// chunk is what is written at once: a third of a millisecond at 90 MB/s.
const chunk = 32 << 10

// pacedWrite writes body at the given speed and returns how much it wrote. Each
// chunk has its time from the beginning of the transfer, so that a late sleep is
// made up for by the next chunks. A client that does not read is not: what it
// missed does not come faster afterwards.
func pacedWrite(ctx context.Context, w io.Writer, body []byte, bytesPerSecond float64) (int64, error) {
	began, sent := time.Now(), int64(0)
	for len(body) > 0 {
		if err := ctx.Err(); err != nil {
			return sent, err
		}
		writing := time.Now()
		n, err := w.Write(body[:min(chunk, len(body))])
		sent, body = sent+int64(n), body[n:]
		if err != nil {
			return sent, err
		}
		if bytesPerSecond <= 0 {
			continue
		}
		if blocked := time.Since(writing); blocked > time.Millisecond {
			began = began.Add(blocked)
		}
		sleepUntil(began.Add(time.Duration(float64(sent) / bytesPerSecond * float64(time.Second))))
	}
	return sent, nil
}
