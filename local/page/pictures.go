package page

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/local/deploy"
)

// Uploads beyond these at a time wait: the cloud holds the whole body of each.
const maxUploads = 4

// upload puts the body of a request into the source bucket, as the key that is asked for.
func (p *Page) upload(w http.ResponseWriter, r *http.Request) {
	bucket, key := p.model.buckets().Source, r.URL.Query().Get("key")
	switch {
	case bucket == "":
		http.Error(w, "there is no bucket yet: the stack is being deployed", http.StatusServiceUnavailable)
		return
	case key == "" || strings.HasSuffix(key, "/"):
		http.Error(w, fmt.Sprintf("no object can have the key %q: want the name of a file", key), http.StatusBadRequest)
		return
	case r.ContentLength < 0:
		http.Error(w, "the length of the picture is not known", http.StatusLengthRequired)
		return
	}
	select {
	case p.uploads <- struct{}{}:
		defer func() { <-p.uploads }()
	case <-r.Context().Done():
		return
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	if err := p.o.Deployment.Upload(r.Context(), bucket, key, contentType, r.Body, r.ContentLength); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// show serves an object of one of the buckets.
func (p *Page) show(bucket func(deploy.Stack) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Query().Get("key")
		o, err := p.o.Deployment.Open(r.Context(), bucket(p.model.buckets()), key)
		if err != nil {
			status := http.StatusBadGateway
			if errors.Is(err, deploy.ErrNoObject) {
				status = http.StatusNotFound
			}
			http.Error(w, err.Error(), status)
			return
		}
		defer o.Body.Close()
		if err := serveObject(w, o.Body, key); err != nil {
			panic(http.ErrAbortHandler) // half of it is sent
		}
	}
}

// serveObject sends an object that anybody can have put there. It is shown only if its content is a picture of pixels; anything else,
// an SVG with a script for instance, is a file to be saved, and could do nothing in its sandbox if it were shown all the same.
func serveObject(w http.ResponseWriter, body io.Reader, key string) error {
	in := bufio.NewReaderSize(body, format.SniffLength)
	head, err := in.Peek(format.SniffLength)
	if err != nil && err != io.EOF {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	kind := "attachment"
	if f := format.Sniff(head); f != "" {
		h.Set("Content-Type", f.MediaType())
		kind = "inline"
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	if d := mime.FormatMediaType(kind, map[string]string{"filename": path.Base(key)}); d != "" {
		kind = d
	}
	h.Set("Content-Disposition", kind)
	_, err = io.Copy(w, in)
	return err
}

// serveLog sends the lines of the whole log that are about a picture.
func (p *Page) serveLog(w http.ResponseWriter, r *http.Request) {
	answer(w, linesOf(r.URL.Query().Get("key"), p.cloud().Logs.Lines(p.model.buckets().LogGroup)))
}

// serveReplay replays the failure whose ID is asked for.
func (p *Page) serveReplay(w http.ResponseWriter, r *http.Request) {
	err := p.replay(r.URL.Query().Get("id"))
	switch {
	case errors.Is(err, errNoMessage):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// answer sends a value as JSON.
func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(http.ErrAbortHandler) // half of it is sent
	}
}
