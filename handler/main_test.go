package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// cloud is the S3 and SQS that the function under test talks to.
type cloud struct {
	*httptest.Server
	mu       sync.Mutex
	messages []string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	backend := s3mem.New()
	for _, bucket := range []string{"source", "destination"} {
		if err := backend.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
	}
	s3 := gofakes3.New(backend).Server()
	c := &cloud{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" {
			var in struct{ MessageBody string }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				w.WriteHeader(http.StatusBadRequest)
			}
			c.mu.Lock()
			c.messages = append(c.messages, in.MessageBody)
			c.mu.Unlock()
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// request does a request to an object and returns its status and body.
func (c *cloud) request(t *testing.T, method, bucket, key string, body []byte) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.URL+"/"+bucket+"/"+url.PathEscape(key), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, out, res.Header
}

// photo is a JPEG of that size with something to see on it.
func photo(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{uint8(255 * x / width), uint8(255 * y / height), 128, 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestChain runs the function as it is deployed, but for Lambda's loop: from
// environment variables to thumbnails in a bucket.
func TestChain(t *testing.T) {
	c := newCloud(t)
	env := map[string]string{
		"SOURCE_BUCKET": "source", "DESTINATION_BUCKET": "destination", "FAILURE_QUEUE_URL": c.URL + "/123456789012/failures",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": c.URL,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_NAME": "fn",
	}
	var log bytes.Buffer
	p, err := newProcessor(func(name string) string { return env[name] }, &log)
	if err != nil {
		t.Fatal(err)
	}
	c.request(t, http.MethodPut, "source", "a b.jpg", photo(t, 1200, 800))
	c.request(t, http.MethodPut, "source", "broken.jpg", []byte("\xFF\xD8\xFF\xE0broken"))
	c.request(t, http.MethodPut, "source", "notes.txt", []byte("no picture"))
	event := `{"Records":[`
	for i, key := range []string{"a+b.jpg", "broken.jpg", "notes.txt"} {
		if i > 0 {
			event += ","
		}
		event += `{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"source"},"object":{"key":"` + key + `"}}}`
	}
	if _, err := p.Invoke(t.Context(), []byte(event+`]}`)); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	status, body, header := c.request(t, http.MethodGet, "destination", "thumb-a b.jpg", nil)
	if status != http.StatusOK {
		t.Fatalf("thumbnail: status %d\n%s", status, log.String())
	}
	m, format, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || format != "jpeg" || m.Width != 256 || m.Height != 171 {
		t.Errorf("thumbnail is %s of %dx%d, error %v", format, m.Width, m.Height, err)
	}
	if header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("headers %v", header)
	}
	if len(c.messages) != 1 || !strings.Contains(c.messages[0], "broken.jpg") {
		t.Errorf("failure messages %q", c.messages)
	}
	for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["timestamp"] == nil || fields["level"] == nil {
			t.Errorf("log line %s: %v", line, err)
		}
	}
}

func TestInvalidConfigIsReported(t *testing.T) {
	var path, errorType string
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, errorType = r.URL.Path, r.Header.Get("Lambda-Runtime-Function-Error-Type")
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	_, err := newProcessor(func(string) string { return "" }, io.Discard)
	if err == nil {
		t.Fatal("no error without any variable")
	}
	reportInit(context.Background(), strings.TrimPrefix(server.URL, "http://"), err)
	if path != "/2018-06-01/runtime/init/error" || errorType == "" || !bytes.Contains(body, []byte("DESTINATION_BUCKET")) {
		t.Errorf("posted %s to %s, type %q", body, path, errorType)
	}
}
