package s3

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// completeUpload serves CompleteMultipartUpload: on condition, as for a PUT, and with the ETag that S3 makes of those of the
// parts.
func (s *Service) completeUpload(w http.ResponseWriter, q *request) error {
	etag, err := multipartETag(q.body)
	if err != nil {
		return err
	}
	when := conditionsOf(q.Header, "")
	// Before the parts are used up: an upload that is refused can be completed later.
	if err := s.store.holds(q.bucket, q.key, when); err != nil {
		return err
	}
	return s.write(w, q, writing{"CompleteMultipartUpload", etag, when})
}

// multipartETag is the MD5 of the parts' MD5s, which are their ETags, a hyphen and their number (S3 user guide, "Checking
// object integrity").
func multipartETag(completion []byte) (string, error) {
	var in struct {
		Part []struct{ ETag string }
	}
	if err := xml.Unmarshal(completion, &in); err != nil || len(in.Part) == 0 {
		return "", wire.Errorf(400, "MalformedXML", "The XML you provided was not well-formed: %v", err)
	}
	sum := md5.New()
	for _, p := range in.Part {
		part, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil {
			return "", wire.Errorf(400, "InvalidPart", "One or more of the specified parts could not be found: %s", p.ETag)
		}
		sum.Write(part)
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(in.Part)), nil
}

// holds returns the error of a condition that the object of a key does not meet.
func (s *store) holds(bucketName, key string, when conditions) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return err
	}
	return when.check(b.current(key))
}

// deleted reports whether the newest version of a key is a delete marker.
func (s *store) deleted(bucketName, key string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucketName]
	return b != nil && len(b.versions[key]) > 0 && b.current(key) == nil
}
