// Package standin serves what the function needs of S3 and SQS on loopback,
// with S3's latencies and the speed of one of its connections, and counts what
// it is asked for. It has what a benchmark needs, not what S3 has: GET, HEAD,
// PUT and DELETE of single objects with their conditions and ranges, and
// SendMessage. Everything else is answered with NotImplemented.
package standin

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are the latencies, from the arrival of a request to the first byte
// of its answer, and the speed.
type Options struct {
	GET, HEAD, PUT, DELETE time.Duration
	// Connect is added to the first request of a connection: TCP and TLS
	// handshakes, which a plain connection on loopback does not have.
	Connect time.Duration
	// BytesPerSecond of one connection's downloads; 0 is no limit.
	BytesPerSecond float64
}

// Server is the stand-in. Buckets are in the path (/BUCKET/KEY) and need not be
// made. Its methods are safe for concurrent use.
type Server struct {
	options Options

	mu       sync.Mutex
	objects  map[string]map[string]*object // by bucket and key
	counts   Counts
	messages []string
}

// object is what was put. It is never changed, only replaced.
type object struct {
	body     []byte
	etag     string // quoted
	header   http.Header
	modified time.Time
}

// New returns a stand-in without objects.
func New(o Options) *Server {
	return &Server{options: o, objects: map[string]map[string]*object{}}
}

// Serve answers connections until the listener is closed, and returns its error.
func (s *Server) Serve(l net.Listener) error {
	server := &http.Server{Handler: s, ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
		s.count(func(c *Counts) { c.Connections++ })
		return context.WithValue(ctx, handshake{}, new(sync.Once))
	}}
	return server.Serve(l)
}

// handshake is the key of a connection's sync.Once, which its first request uses up.
type handshake struct{}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if first, ok := r.Context().Value(handshake{}).(*sync.Once); ok {
		first.Do(func() { arrived = arrived.Add(s.options.Connect) })
	}
	if r.Method == http.MethodPost && r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" {
		s.sendMessage(w, r)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" || r.URL.Query().Get("x-id") == "" && r.URL.RawQuery != "" {
		s.count(func(c *Counts) { c.Other++ })
		refuse(w, r, http.StatusNotImplemented, "NotImplemented", "the stand-in has no "+r.Method+" "+r.URL.RequestURI())
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.count(func(c *Counts) { c.GET++ })
		sleepUntil(arrived.Add(s.options.GET))
		s.get(w, r, bucket, key)
	case http.MethodHead:
		s.count(func(c *Counts) { c.HEAD++ })
		sleepUntil(arrived.Add(s.options.HEAD))
		s.get(w, r, bucket, key)
	case http.MethodPut:
		s.count(func(c *Counts) { c.PUT++ })
		s.put(w, r, bucket, key, arrived.Add(s.options.PUT))
	case http.MethodDelete:
		s.count(func(c *Counts) { c.DELETE++ })
		sleepUntil(arrived.Add(s.options.DELETE))
		s.delete(w, r, bucket, key)
	default:
		s.count(func(c *Counts) { c.Other++ })
		refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed", "the stand-in has no "+r.Method)
	}
}

// Put stores an object, whose body must not be changed afterwards.
func (s *Server) Put(bucket, key, contentType string, body []byte) {
	s.store(bucket, key, newObject(body, http.Header{"Content-Type": {contentType}}))
}

// Keys returns how many objects a bucket has.
func (s *Server) Keys(bucket string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.objects[bucket])
}

// Empty removes all objects of a bucket.
func (s *Server) Empty(bucket string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, bucket)
}

// TakeMessages returns what was sent to queues since the last call.
func (s *Server) TakeMessages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.messages
	s.messages = nil
	return taken
}

func newObject(body []byte, header http.Header) *object {
	sum := md5.Sum(body)
	return &object{body, `"` + hex.EncodeToString(sum[:]) + `"`, header, time.Now()}
}

// find returns an object, nil if there is none.
func (s *Server) find(bucket, key string) *object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[bucket][key]
}

func (s *Server) store(bucket, key string, o *object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects[bucket] == nil {
		s.objects[bucket] = map[string]*object{}
	}
	s.objects[bucket][key] = o
}
