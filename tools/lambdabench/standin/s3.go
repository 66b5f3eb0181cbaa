package standin

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// get answers GET and HEAD.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (s *Server) get(w http.ResponseWriter, r *http.Request, bucket, key string) {
	o := s.find(bucket, key)
	if o == nil {
		refuse(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	if want := r.Header.Get("If-Match"); want != "" && !matches(want, o) {
		refusePrecondition(w, r)
		return
	}
	h := w.Header()
	for name, values := range o.header {
		h[name] = values
	}
	h.Set("ETag", o.etag)
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	if not := r.Header.Get("If-None-Match"); not != "" && matches(not, o) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	size := int64(len(o.body))
	from, to, status := int64(0), size, http.StatusOK
	if spec := r.Header.Get("Range"); spec != "" {
		var ok bool
		if from, to, ok = parseRange(spec, size); !ok {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
			refuse(w, r, http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
			return
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, size))
		status = http.StatusPartialContent
	}
	h.Set("Content-Length", strconv.FormatInt(to-from, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	sent, err := pacedWrite(r.Context(), w, o.body[from:to], s.options.BytesPerSecond)
	s.count(func(c *Counts) {
		c.BytesSent += sent
		if err != nil {
			c.AbortedGETs++
		}
	})
}

// put stores the body at the time at, on condition.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (s *Server) put(w http.ResponseWriter, r *http.Request, bucket, key string, at time.Time) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		refuse(w, r, http.StatusNotImplemented, "NotImplemented", "the stand-in does not read aws-chunked bodies")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, r, http.StatusBadRequest, "IncompleteBody", err.Error())
		return
	}
	kept := http.Header{}
	for name, values := range r.Header {
		if name == "Content-Type" || name == "Cache-Control" || strings.HasPrefix(name, "X-Amz-Meta-") {
			kept[name] = values
		}
	}
	o := newObject(body, kept)
	sleepUntil(at)
	if !s.change(w, r, bucket, key, o) {
		return
	}
	w.Header().Set("ETag", o.etag)
	w.WriteHeader(http.StatusOK)
}

func (s *Server) delete(w http.ResponseWriter, r *http.Request, bucket, key string) {
	if s.change(w, r, bucket, key, nil) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// change replaces an object by o, or removes it where o is nil, if the
// request's conditions hold. Otherwise it answers the request.
func (s *Server) change(w http.ResponseWriter, r *http.Request, bucket, key string, o *object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.objects[bucket][key]
	if want := r.Header.Get("If-Match"); want != "" {
		switch {
		case now == nil:
			refuse(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
			return false
		case !matches(want, now):
			refusePrecondition(w, r)
			return false
		}
	}
	if not := r.Header.Get("If-None-Match"); not != "" && now != nil && matches(not, now) {
		refusePrecondition(w, r)
		return false
	}
	if o == nil {
		delete(s.objects[bucket], key)
		return true
	}
	if s.objects[bucket] == nil {
		s.objects[bucket] = map[string]*object{}
	}
	s.objects[bucket][key] = o
	return true
}

// matches says whether an If-Match or If-None-Match header names the object.
func matches(header string, o *object) bool {
	return header == "*" || strings.Trim(header, `"`) == strings.Trim(o.etag, `"`)
}

// parseRange reads a Range header of one range (RFC 9110, section 14.1.2) of an
// object of size bytes; to is the byte after the last.
func parseRange(header string, size int64) (from, to int64, ok bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		return max(size-n, 0), size, err == nil && n > 0 && size > 0
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from >= size {
		return 0, 0, false
	}
	if last == "" {
		return from, size, true
	}
	to, err = strconv.ParseInt(last, 10, 64)
	return from, min(to+1, size), err == nil && to >= from
}

func refusePrecondition(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

// refuse answers with an error as S3 does; the answer to a HEAD has no body.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	// A client that is gone needs no answer.
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
}
