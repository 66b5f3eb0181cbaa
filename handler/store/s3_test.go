package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
)

// newServer starts an S3 server on loopback with a bucket named bucket. What
// gofakes3 lacks, If-Match of GET and DELETE, is put before it; front, where
// not nil, sees requests first and may answer them.
func newServer(t *testing.T, front func(w http.ResponseWriter, r *http.Request) (answered bool)) *store.S3 {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if front != nil && front(w, r) {
			return
		}
		if want := r.Header.Get("If-Match"); want != "" && (r.Method == http.MethodGet || r.Method == http.MethodDelete) {
			head := r.Clone(r.Context())
			head.Method = http.MethodHead
			head.Header.Del("Range")
			rec := httptest.NewRecorder()
			s3.ServeHTTP(rec, head)
			if rec.Code == http.StatusNotFound {
				fail(w, http.StatusNotFound, "NoSuchKey")
				return
			}
			if rec.Header().Get("ETag") != want {
				fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
				return
			}
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	aws := &store.AWS{Region: "eu-west-1", AccessKeyID: "id", SecretKey: "secret", Endpoint: server.URL}
	return aws.S3()
}

// fail answers as S3 does.
func fail(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>by the test</Message></Error>")
}

func TestS3(t *testing.T)     { storetest.Conformance(t, newServer(t, nil), "bucket") }
func TestMemory(t *testing.T) { storetest.Conformance(t, &storetest.Memory{}, "bucket") }

// TestS3WithoutRanges runs against a server that ignores Range and conditions on reads.
func TestS3WithoutRanges(t *testing.T) {
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			r.Header.Del("Range")
			r.Header.Del("If-None-Match")
			r.Header.Del("If-Match")
		}
		return false
	})
	storetest.Reads(t, s, "bucket")
}

// cutAfter makes the server send only so many bytes of each GET, whatever Content-Length says, for the first times times.
func cutAfter(n int64, times int32) (front func(http.ResponseWriter, *http.Request) bool, ranges *[]string) {
	ranges = &[]string{}
	var cut atomic.Int32
	body := storetest.Pattern(3 << 10)
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		*ranges = append(*ranges, r.Header.Get("Range"))
		if cut.Add(1) > times {
			return false
		}
		var from int64
		status := http.StatusOK
		w.Header().Set("ETag", `"`+storetest.ETag(body)+`"`)
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
			status = http.StatusPartialContent
		}
		w.Header().Set("Content-Length", fmt.Sprint(int64(len(body))-from))
		w.WriteHeader(status)
		_, _ = w.Write(body[from : from+n])
		return true
	}, ranges
}

func TestS3BrokenTransferIsResumed(t *testing.T) {
	front, ranges := cutAfter(100, 3)
	s := newServer(t, front)
	want := storetest.Pattern(3 << 10)
	if err := s.Put(t.Context(), "bucket", "key", store.Upload{Body: want}, ""); err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(t.Context(), "bucket", "key", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	got, err := io.ReadAll(o)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, equal %v, error %v", len(got), bytes.Equal(got, want), err)
	}
	if got, want := strings.Join(*ranges, " "), " bytes=100- bytes=200- bytes=300-"; got != want {
		t.Errorf("ranges asked for: %q, want %q", got, want)
	}
}

// TestS3BrokenTransferIsNoEnd: a transfer that cannot be resumed is an error that nobody can take for the end of the object.
func TestS3BrokenTransferIsNoEnd(t *testing.T) {
	front, _ := cutAfter(100, 100)
	s := newServer(t, front)
	o, err := s.Open(t.Context(), "bucket", "key", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	got, err := io.ReadAll(o)
	if len(got) != 400 || !errors.Is(err, store.ErrBroken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, error %v; want 400 and ErrBroken, which is no io.EOF nor io.ErrUnexpectedEOF", len(got), err)
	}
	if err == nil || !strings.Contains(err.Error(), "byte 400 of 3072") {
		t.Errorf("error %v, want it to say where the transfer broke", err)
	}
}

// TestS3ResumesOnlyTheSameObject: what comes after a break is of the object that was opened, or it is ErrChanged.
func TestS3ResumesOnlyTheSameObject(t *testing.T) {
	front, _ := cutAfter(100, 1)
	s := newServer(t, front)
	if err := s.Put(t.Context(), "bucket", "key", store.Upload{Body: []byte("another object by now")}, ""); err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(t.Context(), "bucket", "key", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if _, err := io.ReadAll(o); !errors.Is(err, store.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
}

func TestS3Errors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error // nil: none that a caller branches on
	}{
		{403, "InvalidObjectState", store.ErrUnreadable},
		{400, "InvalidRequest", store.ErrUnreadable},
		{403, "AccessDenied", nil},
		{404, "NoSuchBucket", nil},
		{404, "NoSuchKey", store.ErrNotFound},
		{412, "PreconditionFailed", store.ErrChanged},
	} {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) bool {
			fail(w, c.status, c.code)
			return true
		})
		_, err := s.Open(t.Context(), "bucket", "key", "")
		if err == nil {
			t.Errorf("%s: no error", c.code)
		}
		for _, sentinel := range []error{store.ErrUnreadable, store.ErrNotFound, store.ErrChanged, store.ErrUnchanged, store.ErrConflict} {
			if errors.Is(err, sentinel) != (sentinel == c.want) {
				t.Errorf("%s: error %v, is %v: %v", c.code, err, sentinel, errors.Is(err, sentinel))
			}
		}
		if err != nil && !strings.Contains(err.Error(), "s3://bucket/key") {
			t.Errorf("%s: error %q does not name the object", c.code, err)
		}
	}
}

func TestS3Conflicts(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
	}{{412, "PreconditionFailed"}, {409, "ConditionalRequestConflict"}, {404, "NoSuchKey"}} {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) bool {
			fail(w, c.status, c.code)
			return true
		})
		if err := s.Put(t.Context(), "bucket", "key", store.Upload{}, "etag"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("put, %s: %v, want a conflict", c.code, err)
		}
	}
}

// TestS3Throttled: the client itself tries again what S3 says may pass.
func TestS3Throttled(t *testing.T) {
	var n atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && n.Add(1) == 1 {
			fail(w, http.StatusServiceUnavailable, "SlowDown")
			return true
		}
		return false
	})
	if err := s.Put(t.Context(), "bucket", "key", store.Upload{Body: []byte("a")}, ""); err != nil {
		t.Fatal(err)
	}
	if n.Load() != 2 {
		t.Errorf("%d attempts, want 2", n.Load())
	}
}

// TestS3Request pins what a write looks like on the wire: plain, so that every
// S3 understands it, and with a checksum, so that S3 refuses what was garbled.
func TestS3Request(t *testing.T) {
	var got http.Header
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) bool {
		got = r.Header.Clone()
		return false
	})
	u := store.Upload{Body: []byte("123456789"), ContentType: "image/jpeg", CacheControl: "no-cache", Metadata: map[string]string{"source-key": "k"}}
	if err := s.Put(t.Context(), "bucket", "key", u, ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"X-Amz-Checksum-Crc32": "y/Q5Jg==", // 0xCBF43926, the check value of CRC-32
		"If-None-Match":        "*", "Content-Type": "image/jpeg", "Cache-Control": "no-cache", "X-Amz-Meta-Source-Key": "k", "Content-Encoding": "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}
