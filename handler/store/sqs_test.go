package store_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"s3-thumbnail-creator/handler/store"
)

func newQueue(t *testing.T, handler http.HandlerFunc) (*store.Queue, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	aws := &store.AWS{Region: "eu-west-1", AccessKeyID: "id", SecretKey: "secret", SessionToken: "token"}
	url := server.URL + "/123456789012/queue"
	return aws.Queue(url), url
}

func TestQueueSends(t *testing.T) {
	var header http.Header
	var path string
	var body map[string]string
	q, url := newQueue(t, func(_ http.ResponseWriter, r *http.Request) {
		header, path = r.Header.Clone(), r.URL.Path
		text, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(text, &body); err != nil {
			t.Errorf("body %q: %v", text, err)
		}
	})
	if err := q.Send(t.Context(), "hello \"world\""); err != nil {
		t.Fatal(err)
	}
	if body["QueueUrl"] != url || body["MessageBody"] != "hello \"world\"" || path != "/" {
		t.Errorf("sent %v to %s", body, path)
	}
	auth := header.Get("Authorization")
	if header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" || !strings.Contains(auth, "/eu-west-1/sqs/aws4_request") || header.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("headers %v", header)
	}
}

func TestQueueTriesAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   int
		body     string
		attempts int32
		ok       bool
	}{
		{"server error once", 500, "", 2, true},
		{"throttled once", 400, `{"__type":"com.amazonaws.sqs#RequestThrottled"}`, 2, true},
		{"refused", 403, `{"__type":"AccessDenied"}`, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n atomic.Int32
			q, _ := newQueue(t, func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1) == 1 {
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
				}
			})
			err := q.Send(t.Context(), "x")
			if n.Load() != c.attempts || (err == nil) != c.ok {
				t.Errorf("%d attempts, error %v; want %d, success %v", n.Load(), err, c.attempts, c.ok)
			}
			if err != nil && !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("error %q does not say why", err)
			}
		})
	}
}

func TestQueueURLInvalid(t *testing.T) {
	aws := &store.AWS{Region: "eu-west-1", AccessKeyID: "id", SecretKey: "secret"}
	if err := aws.Queue("queue-name").Send(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "queue-name") {
		t.Errorf("error %v, want one that names the URL", err)
	}
}
