package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Queue is an SQS queue. It knows one operation, SendMessage, which is sent as
// SQS's JSON protocol has it: the SDK's client for it would take a tenth of the
// time until the first event and is needed for failures only.
type Queue struct {
	aws *AWS
	url string
}

// Attempts to send a message, and the wait before the second, which doubles.
const (
	sendAttempts = 4
	sendBackoff  = 100 * time.Millisecond
)

// Send puts a message into the queue. SQS refuses text with characters outside
// those of XML, and more than the queue's maximum size.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (q *Queue) Send(ctx context.Context, body string) error {
	payload, err := json.Marshal(map[string]string{"QueueUrl": q.url, "MessageBody": body})
	if err != nil {
		return fmt.Errorf("send to queue %s: %w", q.url, err)
	}
	for attempt := range sendAttempts {
		var again bool
		if again, err = q.post(ctx, payload); err == nil {
			return nil
		}
		if !again || attempt == sendAttempts-1 {
			break
		}
		wait := sendBackoff << attempt
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return fmt.Errorf("send to queue %s: %w", q.url, errors.Join(ctx.Err(), err))
		}
	}
	return fmt.Errorf("send to queue %s: %w", q.url, err)
}

// post makes one attempt and says whether another may succeed.
func (q *Queue) post(ctx context.Context, payload []byte) (again bool, err error) {
	endpoint, err := q.endpoint()
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(payload))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	who, err := q.aws.credentials().Retrieve(ctx)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(payload)
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(sum[:]), "sqs", q.aws.Region, time.Now()); err != nil {
		return false, err
	}
	res, err := q.aws.http().Do(req)
	if err != nil {
		return true, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if res.StatusCode == http.StatusOK {
		return false, nil // whatever became of the receipt
	}
	if err != nil {
		return true, err
	}
	return res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests || bytes.Contains(text, []byte("Throttl")),
		fmt.Errorf("%s: %s", res.Status, text)
}

// endpoint is where the queue's region has its API: the host of the queue's
// URL, in every partition, unless the environment names another.
func (q *Queue) endpoint() (string, error) {
	if e := cmp.Or(q.aws.EndpointSQS, q.aws.Endpoint); e != "" {
		return e, nil
	}
	u, err := url.Parse(q.url)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is not the URL of a queue, such as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", q.url)
	}
	return u.Scheme + "://" + u.Host + "/", nil
}
