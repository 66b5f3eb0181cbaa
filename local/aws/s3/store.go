package s3

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// store holds the objects. It is the backend of gofakes3, which speaks the list, multipart and multi-delete parts of the
// protocol; reading, writing and deleting one object goes through put, get and remove, which decide conditions and report
// changes under one lock: two writers with the same If-Match cannot both win, and the sequence of events is the
// sequence of changes.
type store struct {
	mu      sync.RWMutex
	now     func() time.Time
	buckets map[string]*bucket
	// changed is called for each change, with the lock held, and must not call back. via is what made it: Put, Copy, Delete...
	changed func(b *bucket, o *object, via string)
	// writing is set around calls of gofakes3 that write, as its backend's methods do not tell; passing is held meanwhile.
	writing writing
	passing sync.Mutex
}

// writing is what PutObject of the backend has to know of the request that it serves.
type writing struct {
	via  string
	etag string // of a multipart upload; "" for that of the body
	when conditions
}

// bucket is one bucket with its objects and configuration.
type bucket struct {
	name       string
	created    time.Time
	versioning string               // "", Enabled or Suspended
	versions   map[string][]*object // by key, newest last; never empty lists
	policy     *iam.Policy
	policyDoc  string
	notify     Notifications
	encryption Encryption
	lifecycle  Lifecycle
	config     map[Kind]bool // the configuration that there is, deleted with the bucket

	blockPublicPolicy bool
}

// object is one version of an object. It is never changed.
type object struct {
	key      string
	version  string // "" where versioning is not enabled (the null version)
	etag     string // without quotes
	marker   bool   // a delete marker
	body     []byte
	headers  map[string]string // as a GET returns them
	modified time.Time
	restored *restored // a readable copy of an archived object, or its being made; nil for none
}

// kept are the request headers of a PUT which a GET returns, besides x-amz-meta-*.
var kept = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires",
	classHeader, "X-Amz-Website-Redirect-Location", sseHeader, sseKeyHeader}

// objectHeaders picks the headers to keep with an object.
func objectHeaders(get func(string) string, all []string) map[string]string {
	h := map[string]string{"Content-Type": "binary/octet-stream"}
	for _, k := range all {
		k = http.CanonicalHeaderKey(k)
		if v := get(k); v != "" && (slices.Contains(kept, k) || strings.HasPrefix(k, "X-Amz-Meta-")) {
			h[k] = v
		}
	}
	if h[classHeader] == "STANDARD" {
		delete(h, classHeader) // S3 does not say it either
	}
	// aws-chunked is an encoding of the upload only. S3 takes it off and keeps the rest.
	if e, ok := h["Content-Encoding"]; ok {
		e = strings.Trim(strings.ReplaceAll(strings.ReplaceAll(e, "aws-chunked", ""), ",,", ","), ", ")
		if h["Content-Encoding"] = e; e == "" {
			delete(h, "Content-Encoding")
		}
	}
	return h
}

// showHeaders tells the client the headers that are kept with an object. S3 writes the names of metadata in small letters,
// which clients take as they are.
func (o *object) showHeaders(h http.Header) {
	for k, v := range o.headers {
		if strings.HasPrefix(k, "X-Amz-Meta-") {
			h[strings.ToLower(k)] = []string{v}
		} else {
			h.Set(k, v)
		}
	}
}

// conditions are those of a conditional request. The ETags are as in the header.
type conditions struct{ ifMatch, ifNoneMatch string }

// conditionsOf reads them from the headers whose names begin with prefix, "" or X-Amz-Copy-Source-.
func conditionsOf(h http.Header, prefix string) conditions {
	return conditions{h.Get(prefix + "If-Match"), h.Get(prefix + "If-None-Match")}
}

// check implements https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. o is nil when there is no
// current object.
func (c conditions) check(o *object) error {
	if c.ifMatch != "" {
		if o == nil {
			return wire.Errorf(404, "NoSuchKey", "The specified key does not exist.")
		}
		if c.ifMatch != "*" && strings.Trim(c.ifMatch, `"`) != o.etag {
			return wire.Errorf(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		}
	}
	if c.ifNoneMatch != "" && o != nil && (c.ifNoneMatch == "*" || strings.Trim(c.ifNoneMatch, `"`) == o.etag) {
		return wire.Errorf(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	return nil
}

func (s *store) bucket(name string) (*bucket, error) {
	if b := s.buckets[name]; b != nil {
		return b, nil
	}
	return nil, wire.Errorf(404, "NoSuchBucket", "The specified bucket does not exist: %s", name)
}

// current returns the newest version, nil if there is none or it is a delete marker.
func (b *bucket) current(key string) *object {
	vs := b.versions[key]
	if len(vs) == 0 || vs[len(vs)-1].marker {
		return nil
	}
	return vs[len(vs)-1]
}

// push makes o the current version.
func (b *bucket) push(o *object) {
	if b.versioning == "Enabled" {
		o.version = account.RandomHex(32)
	} else {
		// A null version replaces the null version, and leaves the others.
		b.versions[o.key] = slices.DeleteFunc(b.versions[o.key], func(v *object) bool { return v.version == "" })
	}
	b.versions[o.key] = append(b.versions[o.key], o)
}

// put writes an object, whose ETag is the MD5 of its body unless w has another.
func (s *store) put(bucketName, key string, headers map[string]string, body []byte, w writing) (*object, error) {
	etag := w.etag
	if etag == "" {
		sum := md5.Sum(body)
		etag = hex.EncodeToString(sum[:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	if err := w.when.check(b.current(key)); err != nil {
		return nil, err
	}
	o := &object{key: key, etag: etag, body: body, headers: b.encrypted(headers), modified: s.now().UTC()}
	if o.headers[sseHeader] == byKMS {
		o.etag = kmsETag()
	}
	b.push(o)
	s.changed(b, o, w.via)
	return o, nil
}

// get returns a version of an object, the current one for version "". The error is NoSuchBucket, NoSuchKey or NoSuchVersion;
// a delete marker that was asked for by its version is MethodNotAllowed, as on S3.
func (s *store) get(bucketName, key, version string) (*object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	if version == "" {
		if o := b.current(key); o != nil {
			return o, nil
		}
		return nil, wire.Errorf(404, "NoSuchKey", "The specified key does not exist.")
	}
	if o := b.version(key, version); o == nil {
		return nil, wire.Errorf(404, "NoSuchVersion", "The specified version does not exist.")
	} else if o.marker {
		return nil, wire.Errorf(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	} else {
		return o, nil
	}
}

func (b *bucket) version(key, version string) *object {
	if version == "null" {
		version = ""
	}
	for _, o := range b.versions[key] {
		if o.version == version {
			return o
		}
	}
	return nil
}

// remove deletes an object: with versioning and no version given it adds a delete marker, which it returns. Removing what is
// not there is no error unless a condition asks for it.
func (s *store) remove(bucketName, key, version string, when conditions) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	if err := when.check(b.current(key)); err != nil {
		return nil, err
	}
	if version == "" && b.versioning != "" {
		marker := newMarker(key, s.now().UTC())
		b.push(marker)
		s.changed(b, marker, "DeleteMarkerCreated")
		return marker, nil
	}
	if version == "" {
		version = "null"
	}
	o := b.version(key, version)
	if o == nil {
		return nil, nil
	}
	b.drop(o)
	s.changed(b, o, "Delete")
	return o, nil
}

func (s *store) deleteBucket(name string, force bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return gofakes3.BucketNotFound(name)
	}
	if len(b.versions) > 0 && !force {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	delete(s.buckets, name)
	return nil
}

func (o *object) quoted() string { return `"` + o.etag + `"` }

// held says how many versions a bucket holds, for a message.
func (b *bucket) held() string {
	keys := slices.Sorted(maps.Keys(b.versions))
	n := 0
	for _, vs := range b.versions {
		n += len(vs)
	}
	if n == 0 {
		return "empty"
	}
	return fmt.Sprintf("%d object versions, the first %q", n, keys[0])
}
