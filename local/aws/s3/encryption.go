package s3

import (
	"errors"
	"maps"
	"net/http"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// Encryption is what a bucket encrypts new objects with. Nothing is encrypted here, but S3 asks KMS for whoever reads and
// writes, as on AWS.
type Encryption struct {
	KMSKey    string // ARN; "" for S3's own keys
	BucketKey bool   // one data key for the bucket, not one for each object
}

func (Encryption) Kind() Kind { return KindEncryption }

func (e Encryption) apply(_ *Service, b *bucket) error {
	b.encryption = e
	return nil
}

// Keys is KMS, as far as S3 needs it.
type Keys interface {
	// Authorize returns an error unless who may do the operations with a key through a service.
	Authorize(who account.Principal, key, via string, context map[string]string, operations ...string) error
}

// The headers of server-side encryption.
const (
	sseHeader          = "X-Amz-Server-Side-Encryption"
	sseKeyHeader       = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	sseBucketKeyHeader = "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"
)

// byKMS is the algorithm of objects that are encrypted with a key of KMS.
const byKMS = "aws:kms"

// encrypted returns the headers of a new object with what the bucket encrypts it with, where they do not say.
func (b *bucket) encrypted(headers map[string]string) map[string]string {
	given := headers
	headers = map[string]string{}
	maps.Copy(headers, given)
	switch {
	case headers[sseHeader] == "" && b.encryption.KMSKey == "":
		headers[sseHeader] = "AES256"
	case headers[sseHeader] == "":
		headers[sseHeader] = byKMS
	}
	if headers[sseHeader] == byKMS && headers[sseKeyHeader] == "" && b.encryption.KMSKey != "" {
		headers[sseKeyHeader] = b.encryption.KMSKey
	}
	if b.encryption.BucketKey && headers[sseKeyHeader] != "" {
		headers[sseBucketKeyHeader] = "true"
	}
	return headers
}

// showEncryption tells the client how an object is encrypted.
func (o *object) showEncryption(h http.Header) {
	for _, name := range []string{sseHeader, sseKeyHeader, sseBucketKeyHeader} {
		if v := o.headers[name]; v != "" {
			h.Set(name, v)
		}
	}
}

// mayUseKey asks KMS whether who may do the operations with the key that headers name, if they do.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
func (s *Service) mayUseKey(who account.Principal, bucketName, key string, headers map[string]string, operations ...string) error {
	if headers[sseKeyHeader] == "" {
		return nil
	}
	of := bucketName
	if headers[sseBucketKeyHeader] != "true" {
		of += "/" + key
	}
	err := s.keys.Authorize(who, headers[sseKeyHeader], "s3", map[string]string{"aws:s3:arn": s.ARN(of)}, operations...)
	var e *wire.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Code == "AccessDeniedException":
		return wire.Errorf(http.StatusForbidden, "AccessDenied", "%s", e.Message)
	}
	return wire.Errorf(e.Status, "KMS."+e.Code, "%s", e.Message)
}

// mayWrite asks KMS for an object that would be written with these headers.
func (s *Service) mayWrite(q *request, operations ...string) error {
	s.store.mu.RLock()
	b := s.store.buckets[q.bucket]
	var headers map[string]string
	if b != nil {
		headers = b.encrypted(map[string]string{sseHeader: q.Header.Get(sseHeader), sseKeyHeader: q.Header.Get(sseKeyHeader)})
	}
	s.store.mu.RUnlock()
	return s.mayUseKey(q.who, q.bucket, q.key, headers, operations...)
}

// mayRead asks KMS for an object, and whether it is there to be read at all. One that does not exist is for others to miss.
func (s *Service) mayRead(who account.Principal, bucketName, key, version string) error {
	o, err := s.store.get(bucketName, key, version)
	if err != nil {
		return nil
	}
	if err := o.readable(s.account.Now()); err != nil {
		return err
	}
	return s.mayUseKey(who, bucketName, key, o.headers, "Decrypt")
}

// admit checks what is asked besides IAM and the bucket's policy: the rights to the key of an object, and that it is not
// archived. The source of a copy is the copy's own to ask about.
func (s *Service) admit(q *request, route route) error {
	switch route.name {
	case "GetObject":
		return s.mayRead(q.who, q.bucket, q.key, q.URL.Query().Get("versionId"))
	case "PutObject", "PostObject", "CopyObject":
		return s.mayWrite(q, "GenerateDataKey")
	case "CreateMultipartUpload":
		return s.mayWrite(q, "GenerateDataKey", "Decrypt")
	case "UploadPart", "UploadPartCopy", "CompleteMultipartUpload":
		return s.mayWrite(q, "Decrypt")
	}
	return nil
}

// kmsETag is the ETag of an object that is encrypted with a key of KMS: it is no digest of its contents.
func kmsETag() string { return account.RandomHex(32) }
