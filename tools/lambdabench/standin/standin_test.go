package standin

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve starts a stand-in and returns it with its URL.
func serve(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(o)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = l.Close() })
	return s, "http://" + l.Addr().String()
}

// do makes a request with headers given as name, value, name, value.
func do(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestConditionsAndRanges(t *testing.T) {
	_, url := serve(t, Options{})
	const etag = `"781e5e245d69b566979b86e28d23f2c7"` // of 0123456789
	for _, step := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		want                     string // the body, or S3's error code
	}{
		{"nothing there", "GET", "/b/dir/k", "", nil, 404, "NoSuchKey"},
		{"head of nothing", "HEAD", "/b/dir/k", "", nil, 404, ""},
		{"replace nothing", "PUT", "/b/dir/k", "x", []string{"If-Match", etag}, 404, "NoSuchKey"},
		{"create", "PUT", "/b/dir/k", "0123456789", []string{"If-None-Match", "*", "Content-Type", "image/png", "X-Amz-Meta-Source", "s"}, 200, ""},
		{"create again", "PUT", "/b/dir/k", "x", []string{"If-None-Match", "*"}, 412, "PreconditionFailed"},
		{"replace another", "PUT", "/b/dir/k", "x", []string{"If-Match", `"other"`}, 412, "PreconditionFailed"},
		{"other bucket", "GET", "/c/dir/k", "", nil, 404, "NoSuchKey"},
		{"all", "GET", "/b/dir/k?x-id=GetObject", "", nil, 200, "0123456789"},
		{"head", "HEAD", "/b/dir/k", "", nil, 200, ""},
		{"middle", "GET", "/b/dir/k", "", []string{"Range", "bytes=2-4"}, 206, "234"},
		{"rest", "GET", "/b/dir/k", "", []string{"Range", "bytes=7-", "If-Match", etag}, 206, "789"},
		{"beyond the end", "GET", "/b/dir/k", "", []string{"Range", "bytes=8-99"}, 206, "89"},
		{"last", "GET", "/b/dir/k", "", []string{"Range", "bytes=-2"}, 206, "89"},
		{"after the end", "GET", "/b/dir/k", "", []string{"Range", "bytes=10-"}, 416, "InvalidRange"},
		{"changed", "GET", "/b/dir/k", "", []string{"If-Match", `"other"`}, 412, "PreconditionFailed"},
		{"unchanged", "GET", "/b/dir/k", "", []string{"If-None-Match", etag}, 304, ""},
		{"a listing", "GET", "/b?list-type=2", "", nil, 501, "NotImplemented"},
		{"delete another", "DELETE", "/b/dir/k", "", []string{"If-Match", `"other"`}, 412, "PreconditionFailed"},
		{"delete", "DELETE", "/b/dir/k", "", []string{"If-Match", etag}, 204, ""},
		{"deleted", "GET", "/b/dir/k", "", nil, 404, "NoSuchKey"},
	} {
		response, body := do(t, step.method, url+step.path, step.body, step.header...)
		if response.StatusCode != step.status {
			t.Fatalf("%s: status %d, want %d", step.name, response.StatusCode, step.status)
		}
		if step.status < 300 && body != step.want || !strings.Contains(body, step.want) {
			t.Errorf("%s: body %q, want %q", step.name, body, step.want)
		}
		if step.name == "head" || step.name == "all" {
			h := response.Header
			if h.Get("ETag") != etag || h.Get("Content-Length") != "10" || h.Get("Content-Type") != "image/png" || h.Get("X-Amz-Meta-Source") != "s" {
				t.Errorf("%s: header %v", step.name, h)
			}
		}
		if step.name == "rest" && response.Header.Get("Content-Range") != "bytes 7-9/10" {
			t.Errorf("Content-Range of the rest: %q", response.Header.Get("Content-Range"))
		}
	}
}

// TestPacesAndWaits asserts only that nothing comes too early, which no load of
// the machine can make untrue.
func TestPacesAndWaits(t *testing.T) {
	const latency = 20 * time.Millisecond
	s, url := serve(t, Options{GET: latency, HEAD: latency, PUT: latency, DELETE: latency, Connect: latency, BytesPerSecond: 10e6})
	http.DefaultClient.CloseIdleConnections()
	s.Put("b", "k", "image/png", make([]byte, 1<<20))
	took := map[string]time.Duration{}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		began := time.Now()
		do(t, method, url+"/b/k", "")
		took[method] = time.Since(began)
	}
	// A new connection and 2^20 bytes at 10 MB/s.
	if least := 2*latency + 104*time.Millisecond; took["GET"] < least {
		t.Errorf("GET took %v, want at least %v", took["GET"], least)
	}
	for _, method := range []string{"HEAD", "PUT", "DELETE"} {
		if took[method] < latency {
			t.Errorf("%s took %v, want at least %v", method, took[method], latency)
		}
	}
}

func TestCounts(t *testing.T) {
	s, url := serve(t, Options{BytesPerSecond: 50e6})
	http.DefaultClient.CloseIdleConnections()
	s.Put("b", "large", "image/png", make([]byte, 64<<20)) // more than the sockets' buffers hold
	before := s.Counts()
	do(t, "GET", url+"/b/large", "", "Range", "bytes=0-999")
	do(t, "HEAD", url+"/b/large", "")
	do(t, "PUT", url+"/b/k", "body")
	do(t, "DELETE", url+"/b/k", "")
	do(t, "POST", url, `{"QueueUrl":"http://queue","MessageBody":"why"}`, "X-Amz-Target", "AmazonSQS.SendMessage")
	got := s.Counts().Since(before)
	if want := (Counts{GET: 1, HEAD: 1, PUT: 1, DELETE: 1, Messages: 1, Connections: 1, BytesSent: 1000}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if m := s.TakeMessages(); len(m) != 1 || m[0] != "why" {
		t.Errorf("messages %q, want why", m)
	}

	response, err := http.Get(url + "/b/large")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // drops the connection
	for deadline := time.Now().Add(10 * time.Second); s.Counts().AbortedGETs == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the dropped GET was not counted")
		}
	}
}

// slowReader takes the first chunk only after a while.
type slowReader struct {
	bytes.Buffer
	wait time.Duration
}

func (r *slowReader) Write(p []byte) (int, error) {
	if r.Len() == 0 {
		time.Sleep(r.wait)
	}
	return r.Buffer.Write(p)
}

func TestWhatIsMissedDoesNotComeFaster(t *testing.T) {
	const wait = 60 * time.Millisecond
	w := &slowReader{wait: wait}
	began := time.Now()
	sent, err := pacedWrite(t.Context(), w, make([]byte, 4*chunk), chunk*100) // 10 ms a chunk
	if err != nil || sent != 4*chunk {
		t.Fatalf("wrote %d bytes, %v", sent, err)
	}
	if took := time.Since(began); took < wait+40*time.Millisecond {
		t.Errorf("took %v, want at least %v", took, wait+40*time.Millisecond)
	}
}

func TestStopsAtAFailedWrite(t *testing.T) {
	broken := errors.New("broken")
	sent, err := pacedWrite(t.Context(), writerFunc(func([]byte) (int, error) { return 3, broken }), make([]byte, 10), 0)
	if sent != 3 || !errors.Is(err, broken) {
		t.Errorf("sent %d, %v; want 3 and the writer's error", sent, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
