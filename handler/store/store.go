// Package store reads pictures from S3 and writes thumbnails to it, and sends
// failure messages to SQS.
//
// The S3 type has just the operations that thumbnails need, each with the
// conditions that let many handlers work on one key at once: a read that says
// "not if it is still this", a write and a delete that say "only if it is
// still that". ETags are plain strings without quotes everywhere in this
// package's interface; "" means "no object".
package store

import (
	"errors"
	"io"
	"strings"
)

// What callers branch on. Every other error of this package is one that may
// pass (a 5xx, throttling, a broken connection, missing rights that someone
// will add): the caller should fail its event so that it is retried.
var (
	// ErrNotFound: there is no object of that key, or its current version is a delete marker.
	ErrNotFound = errors.New("no such object")
	// ErrUnchanged: the object still has the ETag that the read named in Condition.
	ErrUnchanged = errors.New("object is unchanged")
	// ErrConflict: a write or delete was refused, since the object is no longer
	// in the state that it named (S3: 412, 409, and 404 for a write If-Match).
	ErrConflict = errors.New("object was changed by someone else")
	// ErrChanged: the object was overwritten or deleted while it was being read, and the read had to be resumed.
	ErrChanged = errors.New("object changed while it was read")
	// ErrBroken: a transfer broke and could not be resumed. What was read of the object says nothing about the rest.
	ErrBroken = errors.New("transfer broken")
	// ErrUnreadable: S3 will not give this object to a plain GET, however often
	// it is asked: it is archived, or encrypted with a key of the customer's (SSE-C).
	ErrUnreadable = errors.New("object cannot be read")
)

// Info describes an object.
type Info struct {
	ETag     string            // without quotes
	Size     int64             // bytes of the whole object
	Metadata map[string]string // user metadata, names in lower case without x-amz-meta-
}

// Object is an object being read. Reading it gives all its bytes in order; a
// transfer that breaks is resumed, and a read then fails with ErrChanged if the
// object is not the one that was opened. Close may come at any time.
type Object interface {
	io.ReadCloser
	// Info is known from the moment the object is open.
	Info() Info
	// Received is the number of bytes of the object that have been read so far.
	Received() int64
}

// Upload is an object to be written.
type Upload struct {
	Body         []byte
	ContentType  string
	CacheControl string            // no header if empty
	Metadata     map[string]string // US-ASCII, 2 KB in all (S3's limits)
}

// name is how errors call an object.
func name(bucket, key string) string { return "s3://" + bucket + "/" + key }

// quoted is an ETag as it travels in a header (RFC 9110, section 8.8.3).
func quoted(etag string) string { return `"` + etag + `"` }

// unquoted is the ETag of a response without its quotes.
func unquoted(etag *string) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(*etag, `"`)
}
