package s3

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// copySource takes a header x-amz-copy-source apart: /bucket/key?versionId=version, with the key URL-encoded.
func copySource(header string) (bucketName, key, version string, err error) {
	source, version, _ := strings.Cut(header, "?versionId=")
	source, err = unescape(source)
	if err != nil {
		return "", "", "", err
	}
	bucketName, key, _ = strings.Cut(strings.TrimPrefix(source, "/"), "/")
	return bucketName, key, version, nil
}

// copyObject serves CopyObject. It checks that the caller may read the source, which the route knows nothing of.
func (s *Service) copyObject(w http.ResponseWriter, q *request) error {
	bucketName, from, err := s.copied(q)
	if err != nil {
		return err
	}
	headers, err := q.copiedHeaders(from, bucketName == q.bucket && from.key == q.key)
	if err != nil {
		return err
	}
	o, err := s.store.put(q.bucket, q.key, headers, from.body, writing{via: "Copy"})
	if err != nil {
		return err
	}
	o.showEncryption(w.Header())
	if from.version != "" {
		w.Header().Set("x-amz-copy-source-version-id", from.version)
	}
	if o.version != "" {
		w.Header().Set("x-amz-version-id", o.version)
	}
	return writeXML(w, struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
		ETag         string
		LastModified string
	}{ETag: o.quoted(), LastModified: o.modified.Format("2006-01-02T15:04:05.000Z")})
}

// copied returns the object that a request copies from, and its bucket, if the caller may read it and its conditions hold.
func (s *Service) copied(q *request) (bucketName string, from *object, err error) {
	bucketName, key, version, err := copySource(q.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return "", nil, err
	}
	if from, err = s.read(q.who, bucketName, key, version); err != nil {
		return "", nil, err
	}
	return bucketName, from, conditionsOf(q.Header, "X-Amz-Copy-Source-").check(from)
}

// copyPart serves UploadPartCopy: the part is uploaded with what is copied as its body.
func (s *Service) copyPart(w http.ResponseWriter, q *request) error {
	_, from, err := s.copied(q)
	if err != nil {
		return err
	}
	start, end, _, err := byteRange(q.Header.Get("X-Amz-Copy-Source-Range"), int64(len(from.body)))
	if err != nil {
		return err
	}
	part := &request{Request: q.Clone(q.Context()), id: q.id, bucket: q.bucket, key: q.key, who: q.who, body: from.body[start:end]}
	part.Header = http.Header{}
	answer := httptest.NewRecorder()
	s.pass(answer, part)
	if answer.Code != http.StatusOK {
		w.WriteHeader(answer.Code)
		_, err := w.Write(answer.Body.Bytes())
		return err
	}
	return writeXML(w, struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
		ETag         string
		LastModified string
	}{ETag: answer.Header().Get("ETag"), LastModified: s.store.now().UTC().Format("2006-01-02T15:04:05.000Z")})
}

// copiedHeaders are those of a copy: the source's or the request's as x-amz-metadata-directive says. How it is stored the
// request says alone. A copy onto the object itself has to change something.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func (q *request) copiedHeaders(from *object, ontoItself bool) (map[string]string, error) {
	given := objectHeaders(q.Header.Get, slices.Collect(maps.Keys(q.Header)))
	if strings.EqualFold(q.Header.Get("X-Amz-Metadata-Directive"), "REPLACE") {
		return given, nil
	}
	headers, changes := maps.Clone(from.headers), false
	for _, name := range []string{classHeader, sseHeader, sseKeyHeader, sseBucketKeyHeader} {
		delete(headers, name)
		if v := given[name]; v != "" {
			headers[name], changes = v, true
		}
	}
	if ontoItself && !changes && q.Header.Get(classHeader) == "" {
		return nil, wire.Errorf(400, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return headers, nil
}
