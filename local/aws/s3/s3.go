// Package s3 is the local cloud's S3, over the wire in its REST protocol with paths that begin with the bucket.
package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is S3: path-style requests are attributed to a role, checked against its policies and the bucket's, possibly
// failed on purpose, and carried out.
//
// What bites on AWS and does here: a missing object is 403, not 404, for who may not list the bucket; conditional writes
// answer 412 (and 404 for If-Match on nothing); a bucket with objects or versions cannot be deleted; a Notification is
// refused unless the function's policy lets this bucket invoke it; events are delivered at least once, in any order.
type Service struct {
	account *account.Account
	iam     *iam.Service
	store   *store
	fake    http.Handler // lists, multipart uploads, multi-delete
	events  *changes
	keys    Keys
	swept   time.Time // the day of the last lifecycle rules; with the store's lock

	mu      sync.Mutex
	faults  func(Call) *Fault
	calls   []Call `state:"-"`
	dropped int    `state:"-"` // calls that are not remembered any more
	observe func(Call)
	numbers map[string]int `state:"-"` // of calls, by role
}

// Call is one request to S3, as a fault script sees it.
type Call struct {
	Operation   string // GetObject, HeadObject, PutObject, DeleteObject, ListObjects...: the IAM action's name without "s3:", HeadObject apart
	Bucket, Key string
	Role        string // name of the role whose credentials signed it; "" for the deployer
	Number      int    // counts the calls of this role from 1
	Status      int    // HTTP status of the answer; 0 while a fault script decides
}

// New returns the S3 of an account, which tells functions and EventBridge about changes.
func New(a *account.Account, i *iam.Service, keys Keys, functions Functions, bus Bus) *Service {
	s := &Service{account: a, iam: i, keys: keys, swept: a.Now().UTC().Truncate(24 * time.Hour), store: &store{now: a.Now, buckets: map[string]*bucket{}}, numbers: map[string]int{}}
	s.events = &changes{account: a, functions: functions, bus: bus}
	s.store.changed = s.events.changed
	s.fake = gofakes3.New(s.store,
		gofakes3.WithTimeSkewLimit(0),
		gofakes3.WithTimeSource(timeSource{a}),
		gofakes3.WithMetadataSizeLimit(0),
		gofakes3.WithLogger(gofakes3.DiscardLog()),
	).Server()
	return s
}

// SetFaults makes S3 fail the calls for which script returns a fault. It is called for every request, by one
// goroutine at a time, and must not call S3; nil turns faults off.
func (s *Service) SetFaults(script func(Call) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = script
}

// Observe makes S3 tell f of every call twice: when it arrives, with Status 0, and when it is answered. f is called by one goroutine
// at a time, in that order, and must not call S3; nil ends it.
func (s *Service) Observe(f func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observe = f
}

// remembered is how many calls Calls tells of at least, once there have been so many.
const remembered = 100_000

// Calls returns the requests to S3 so far, in the order of arrival; of very many, the last.
func (s *Service) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Leftovers lists the buckets that exist, and what they hold.
func (s *Service) Leftovers() []string {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	var all []string
	for name, b := range s.store.buckets {
		all = append(all, fmt.Sprintf("s3 bucket %s (%s)", name, b.held()))
	}
	return all
}

// ServeHTTP serves the S3 API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, id: strings.ToUpper(account.RandomHex(16))}
	q.bucket, q.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("x-amz-request-id", q.id)
	w.Header().Set("Server", "AmazonS3")
	err := s.serve(w, q)
	if err != nil {
		s.writeError(w, q, err)
	}
	s.account.Logf("s3 %s %s %v", r.Method, r.URL.Path, wire.Outcome(err))
}

type request struct {
	*http.Request
	id, bucket, key string
	who             account.Principal
	body            []byte
}

func (s *Service) serve(w http.ResponseWriter, q *request) error {
	who, err := s.iam.Caller(q.Request)
	if err != nil {
		return wire.Errorf(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	}
	q.who = who
	if q.body, err = uploadBody(q.Request); err != nil {
		return err
	}
	route, err := routeOf(q)
	if err != nil {
		return err
	}
	call := Call{Operation: route.name, Bucket: q.bucket, Key: q.key, Role: who.Role}
	answered, fault := s.begin(call)
	if fault == nil {
		fault = s.struck(q, call)
	}
	out := &statusWriter{ResponseWriter: w, note: answered}
	if fault != nil && fault.Status != 0 {
		return s.answer(out, q, wire.Errorf(fault.Status, fault.Code, "%s", fault.Message))
	}
	if fault != nil {
		defer fault.harm(out, q)()
	}
	if err := s.authorizeRoute(q, route); err != nil {
		return s.answer(out, q, err)
	}
	if err := s.admit(q, route); err != nil {
		return s.answer(out, q, err)
	}
	return s.answer(out, q, route.serve(s, out, q))
}

// answer writes an error through out, so that its status is recorded.
func (s *Service) answer(out *statusWriter, q *request, err error) error {
	if err != nil {
		s.writeError(out, q, err)
	}
	return nil
}

// begin records a call and asks the fault script about it. answered completes the record.
func (s *Service) begin(call Call) (answered func(status int), fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[call.Role]++
	call.Number = s.numbers[call.Role]
	if s.faults != nil {
		fault = s.faults(call)
	}
	if len(s.calls) == 2*remembered {
		s.calls = append([]Call(nil), s.calls[remembered:]...)
		s.dropped += remembered
	}
	i := s.dropped + len(s.calls)
	s.calls = append(s.calls, call)
	s.tell(call)
	return func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		call.Status = status
		if i >= s.dropped {
			s.calls[i-s.dropped] = call
		}
		s.tell(call)
	}, fault
}

// tell lets the observer know of a call. The lock is held.
func (s *Service) tell(call Call) {
	if s.observe != nil {
		s.observe(call)
	}
}

func (s *Service) writeError(w http.ResponseWriter, q *request, err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		e = wire.Errorf(500, "InternalError", "%v", err)
	}
	type body struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
		// S3 names what is missing, by these for NoSuchKey and NoSuchBucket.
		Key, BucketName string `xml:",omitempty"`
		Resource        string
		RequestId       string
		HostId          string
	}
	details := body{Code: e.Code, Message: e.Message, Resource: q.URL.Path, RequestId: q.id, HostId: "local"}
	switch e.Code {
	case "NoSuchKey":
		details.Key = q.key
	case "NoSuchBucket":
		details.BucketName = q.bucket
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Del("Content-Length")
	w.WriteHeader(e.Status)
	if q.Method == http.MethodHead || e.Status == http.StatusNotModified {
		return
	}
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(details)
}

// allow checks an S3 action of the caller on a bucket or an object.
func (s *Service) allow(who account.Principal, action, bucketName, key string) error {
	s.store.mu.RLock()
	var onBucket *iam.Policy
	if b := s.store.buckets[bucketName]; b != nil {
		onBucket = b.policy
	}
	s.store.mu.RUnlock()
	target := bucketName
	context := map[string]string{}
	switch {
	case strings.HasPrefix(action, "s3:List") && action != "s3:ListMultipartUploadParts" || bucketName == "":
		context["s3:prefix"] = key
	case key != "":
		target += "/" + key
	}
	return s.iam.Authorize(who, action, s.account.ARN("s3", target), onBucket, context)
}

// getObject serves GET and HEAD of an object.
func (s *Service) getObject(w http.ResponseWriter, q *request) error {
	o, err := s.store.get(q.bucket, q.key, q.URL.Query().Get("versionId"))
	if err != nil {
		if wire.HasCode(err, "NoSuchKey") {
			// Who may not list must not learn from a 404 that a key is free.
			if denied := s.allow(q.who, "s3:ListBucket", q.bucket, ""); denied != nil {
				return denied
			}
			if s.store.deleted(q.bucket, q.key) {
				w.Header().Set("x-amz-delete-marker", "true")
			}
		}
		return err
	}
	h := w.Header()
	o.showHeaders(h)
	for k, v := range q.URL.Query() {
		if name, ok := strings.CutPrefix(k, "response-"); ok {
			h.Set(name, v[0])
		}
	}
	o.showRestore(h, s.account.Now())
	h.Set("ETag", o.quoted())
	h.Set("Last-Modified", o.modified.Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	if o.version != "" {
		h.Set("x-amz-version-id", o.version)
	}
	when := conditionsOf(q.Header, "")
	if err := when.check(o); err != nil {
		if when.ifMatch == "" || (conditions{ifMatch: when.ifMatch}).check(o) == nil {
			return wire.Errorf(http.StatusNotModified, "NotModified", "Not Modified")
		}
		return err
	}
	start, end, partial, err := byteRange(q.Header.Get("Range"), int64(len(o.body)))
	if err != nil {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(o.body)))
		return err
	}
	h.Set("Content-Length", strconv.FormatInt(end-start, 10))
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, len(o.body)))
	}
	w.WriteHeader(status)
	if q.Method == http.MethodGet {
		io.Copy(w, bytes.NewReader(o.body[start:end]))
	}
	return nil
}

// putObject serves PUT of an object from a body.
func (s *Service) putObject(w http.ResponseWriter, q *request) error {
	if len(q.key) > 1024 {
		return wire.Errorf(400, "KeyTooLongError", "Your key is too long: %d bytes, at most 1024", len(q.key))
	}
	if err := verifyUpload(q.Header, q.body); err != nil {
		return err
	}
	var names []string
	size := 0
	for k, v := range q.Header {
		names = append(names, k)
		if strings.HasPrefix(k, "X-Amz-Meta-") {
			size += len(k) - len("X-Amz-Meta-") + len(v[0])
		}
	}
	if size > 2048 {
		return wire.Errorf(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size: %d bytes, at most 2048", size)
	}
	o, err := s.store.put(q.bucket, q.key, objectHeaders(q.Header.Get, names), q.body, writing{via: "Put", when: conditionsOf(q.Header, "")})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", o.quoted())
	o.showEncryption(w.Header())
	if o.version != "" {
		w.Header().Set("x-amz-version-id", o.version)
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) deleteObject(w http.ResponseWriter, q *request) error {
	version := q.URL.Query().Get("versionId")
	o, err := s.store.remove(q.bucket, q.key, version, conditions{ifMatch: q.Header.Get("If-Match")})
	if err != nil {
		return err
	}
	if o != nil && o.marker {
		w.Header().Set("x-amz-delete-marker", "true")
	}
	if o != nil && o.version != "" {
		w.Header().Set("x-amz-version-id", o.version)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// postObject serves a form's upload.
func (s *Service) postObject(w http.ResponseWriter, q *request) error {
	return s.write(w, q, writing{via: "Post"})
}

// write hands a request that writes an object to gofakes3, one at a time.
func (s *Service) write(w http.ResponseWriter, q *request, as writing) error {
	s.store.passing.Lock()
	defer s.store.passing.Unlock()
	s.store.writing = as
	return s.pass(w, q)
}

// pass hands a request to gofakes3, which writes its errors itself.
func (s *Service) pass(w http.ResponseWriter, q *request) error {
	r := q.Request.Clone(q.Context())
	r.Body = io.NopCloser(bytes.NewReader(q.body))
	r.ContentLength = int64(len(q.body))
	r.Header.Set("Content-Length", strconv.Itoa(len(q.body)))
	s.fake.ServeHTTP(w, r)
	return nil
}
