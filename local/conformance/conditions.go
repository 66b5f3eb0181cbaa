package conformance

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	writesPage  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
	deletesPage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html"
	readsPage   = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"
)

var conditionCases = []Case{
	{Name: "reads", Page: readsPage, Run: conditionalReads},
	{Name: "a write If-None-Match: * is the first", Page: writesPage, Run: writeIfNone},
	{Name: "a write If-Match replaces what it names", Page: writesPage, Run: writeIfMatch},
	{Name: "a multipart upload is completed on condition", Page: writesPage, Run: completeOnCondition},
	{Name: "a delete If-Match removes what it names", Page: deletesPage, Run: deleteIfMatch},
	{Name: "a condition on an ETag takes the permission to read", Page: deletesPage, Run: conditionTakesReading},
}

const noETag = `"00000000000000000000000000000000"`

func conditionalReads(t *testing.T, s *Site) {
	key := s.key("read")
	etag := s.put(t, s.bucket, key, "x")
	_, _, err := s.get(t, s.bucket, key, func(in *s3.GetObjectInput) { in.IfNoneMatch = &etag })
	if status(err) != 304 {
		t.Errorf("If-None-Match of the same: %v, want 304", err)
	}
	_, _, err = s.get(t, s.bucket, key, func(in *s3.GetObjectInput) { in.IfMatch = aws.String(noETag) })
	refused(t, "If-Match of another", err, 412, "PreconditionFailed")
	if _, _, err = s.get(t, s.bucket, key, func(in *s3.GetObjectInput) { in.IfMatch = &etag }); err != nil {
		t.Errorf("If-Match of the same: %v", err)
	}
}

// write puts an object on condition.
func (s *Site) write(t *testing.T, key string, change func(*s3.PutObjectInput)) (etag string, err error) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("written")}
	change(in)
	out, err := s.S3.PutObject(t.Context(), in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

func writeIfNone(t *testing.T, s *Site) {
	key := s.key("first")
	first := func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }
	if _, err := s.write(t, key, first); err != nil {
		t.Fatal(err)
	}
	_, err := s.write(t, key, first)
	refused(t, "the second", err, 412, "PreconditionFailed")
}

func writeIfMatch(t *testing.T, s *Site) {
	key := s.key("match")
	match := func(etag string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfMatch = &etag }
	}
	_, err := s.write(t, key, match(noETag))
	refused(t, "of nothing", err, 404, "NoSuchKey")
	etag := s.put(t, s.bucket, key, "before")
	_, err = s.write(t, key, match(noETag))
	refused(t, "of another", err, 412, "PreconditionFailed")
	if _, err = s.write(t, key, match(etag)); err != nil {
		t.Errorf("of what is there: %v", err)
	}
	_, err = s.write(t, key, match(etag))
	refused(t, "of what was there", err, 412, "PreconditionFailed")
}

func completeOnCondition(t *testing.T, s *Site) {
	key := s.key("complete")
	etag := s.put(t, s.bucket, key, "before")
	_, err := s.multipart(t, s.bucket, key, func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") })
	refused(t, "If-None-Match: *", err, 412, "PreconditionFailed")
	if body, _, err := s.get(t, s.bucket, key, nil); err != nil || body != "before" {
		t.Errorf("it has overwritten: %d bytes, %v", len(body), err)
	}
	if _, err = s.multipart(t, s.bucket, key, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = &etag }); err != nil {
		t.Errorf("If-Match: %v", err)
	}
}

func deleteIfMatch(t *testing.T, s *Site) {
	key := s.key("delete")
	remove := func(etag string) error {
		_, err := s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: &etag})
		return err
	}
	etag := s.put(t, s.bucket, key, "x")
	refused(t, "of another", remove(noETag), 412, "PreconditionFailed")
	if err := remove(etag); err != nil {
		t.Errorf("of what is there: %v", err)
	}
	// The page has one status for an object that is gone, and the reference of the operation another.
	if err := remove(etag); status(err) != 412 && status(err) != 404 {
		t.Errorf("of what is gone: %v", err)
	}
}

func conditionTakesReading(t *testing.T, s *Site) {
	role := s.Name("writer")
	arn := must[string](t)(s.Role(t.Context(), role, "lambda.amazonaws.com", false,
		Statement{Actions: []string{"s3:PutObject", "s3:DeleteObject"}, Resources: []string{"arn:aws:s3:::" + s.bucket + "/*"}}))
	client := s3Client(must[aws.Config](t)(s.Session(t.Context(), arn)))
	key := s.key("x")
	etag := s.put(t, s.bucket, key, "x")
	s.await(t, "the role to write", func(context.Context) (bool, error) {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x")})
		return err == nil, nil
	})
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x"), IfMatch: &etag})
	refused(t, "a write", err, 403, "AccessDenied")
	_, err = client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: &etag})
	refused(t, "a delete", err, 403, "AccessDenied")
}
