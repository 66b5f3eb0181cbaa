package conformance

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var s3Cases = []Case{
	{Name: "a missing key is NoSuchKey, and a bare 404 to HEAD", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", Run: missingKey},
	{Name: "an error is an XML document", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", Run: errorDocument},
	{Name: "the ETag of a plain upload is its MD5", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html", Run: plainETag},
	{Name: "the ETag of a multipart upload is the MD5 of its parts' MD5s and their number", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html", Run: multipartETag},
	{Name: "content type and metadata come back", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html", Run: headersComeBack},
	{Name: "a copy has the metadata of its source", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html", Run: copies},
	{Name: "ranges", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html", Run: ranges},
	{Name: "a wrong checksum is refused", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html", Run: wrongChecksum},
	{Name: "keys of any characters, up to 1024 bytes", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html", Run: oddKeys},
	{Name: "deleting what is not there succeeds", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html", Run: deletingNothing},
	{Name: "many are deleted at once", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html", Run: deletingMany},
	{
		Name: "an archived object cannot be read before it is restored", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html",
		LocalOnly: "a restore from Glacier takes minutes to hours, and what is stored there is paid for 90 days", Run: archived,
	},
}

func (s *Site) get(t *testing.T, bucket, key string, change func(*s3.GetObjectInput)) (string, *s3.GetObjectOutput, error) {
	t.Helper()
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if change != nil {
		change(in)
	}
	out, err := s.S3.GetObject(t.Context(), in)
	if err != nil {
		return "", nil, err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	return string(body), out, err
}

func missingKey(t *testing.T, s *Site) {
	key := s.key("missing")
	_, _, err := s.get(t, s.bucket, key, nil)
	refused(t, "GET", err, 404, "NoSuchKey")
	_, err = s.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	refused(t, "HEAD", err, 404, "NotFound")
	_, _, err = s.get(t, s.Name("nobucket"), key, nil)
	refused(t, "GET from no bucket", err, 404, "NoSuchBucket")
}

func errorDocument(t *testing.T, s *Site) {
	key := s.key("missing")
	signed := must[string](t)(s.presigned(t, s.bucket, key))
	res, err := http.Get(signed)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var doc struct {
		XMLName                               xml.Name `xml:"Error"`
		Code, Message, Key, RequestId, HostId string
	}
	if err := xml.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if doc.Code != "NoSuchKey" || doc.Message == "" || doc.Key != key || doc.HostId == "" || doc.RequestId == "" || doc.RequestId != res.Header.Get("x-amz-request-id") {
		t.Errorf("the error is %s, with the header x-amz-request-id %q", body, res.Header.Get("x-amz-request-id"))
	}
	if kind := res.Header.Get("Content-Type"); kind != "application/xml" {
		t.Errorf("its type is %q", kind)
	}
}

func (s *Site) presigned(t *testing.T, bucket, key string) (string, error) {
	t.Helper()
	r, err := s3.NewPresignClient(s.S3).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	return r.URL, nil
}

func plainETag(t *testing.T, s *Site) {
	sum := md5.Sum([]byte("hello"))
	if etag, want := s.put(t, s.bucket, s.key("a"), "hello"), `"`+hex.EncodeToString(sum[:])+`"`; etag != want {
		t.Errorf("%s, want %s", etag, want)
	}
}

// multipart uploads two parts, of which the first has the 5 MiB that S3 demands of all but the last, and completes them.
func (s *Site) multipart(t *testing.T, bucket, key string, complete func(*s3.CompleteMultipartUploadInput)) (want string, err error) {
	t.Helper()
	up := must[*s3.CreateMultipartUploadOutput](t)(s.S3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}))
	var parts []types.CompletedPart
	var sums []byte
	for i, body := range []string{strings.Repeat("a", 5<<20), "b"} {
		p := must[*s3.UploadPartOutput](t)(s.S3.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: strings.NewReader(body),
		}))
		parts = append(parts, types.CompletedPart{ETag: p.ETag, PartNumber: aws.Int32(int32(i + 1))})
		sum := md5.Sum([]byte(body))
		sums = append(sums, sum[:]...)
	}
	in := &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	if complete != nil {
		complete(in)
	}
	_, err = s.S3.CompleteMultipartUpload(t.Context(), in)
	sum := md5.Sum(sums)
	return fmt.Sprintf(`"%x-2"`, sum), err
}

func multipartETag(t *testing.T, s *Site) {
	key := s.key("multipart")
	want, err := s.multipart(t, s.bucket, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	head := must[*s3.HeadObjectOutput](t)(s.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key}))
	if aws.ToString(head.ETag) != want || aws.ToInt64(head.ContentLength) != 5<<20+1 {
		t.Errorf("%s of %d bytes, want %s of %d", aws.ToString(head.ETag), aws.ToInt64(head.ContentLength), want, 5<<20+1)
	}
}

func headersComeBack(t *testing.T, s *Site) {
	key := s.key("headers")
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x"), ContentType: aws.String("image/png"), CacheControl: aws.String("no-cache"),
		Metadata: map[string]string{"source-etag": "abc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	head := must[*s3.HeadObjectOutput](t)(s.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key}))
	if aws.ToString(head.ContentType) != "image/png" || aws.ToString(head.CacheControl) != "no-cache" || head.Metadata["source-etag"] != "abc" || head.LastModified == nil {
		t.Errorf("%+v", head)
	}
	_, err = s.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x"), Metadata: map[string]string{"large": strings.Repeat("x", 2100)},
	})
	refused(t, "more than 2 KB of metadata", err, 400, "MetadataTooLarge")
}

func copies(t *testing.T, s *Site) {
	from, to := s.key("source"), s.key("copy")
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &from, Body: strings.NewReader("x"), ContentType: aws.String("image/png"), Metadata: map[string]string{"a": "b"},
	})
	if err == nil {
		_, err = s.S3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &s.bucket, Key: &to, CopySource: aws.String(s.bucket + "/" + from)})
	}
	if err != nil {
		t.Fatal(err)
	}
	body, out, err := s.get(t, s.bucket, to, nil)
	if err != nil || body != "x" || aws.ToString(out.ContentType) != "image/png" || out.Metadata["a"] != "b" {
		t.Errorf("%q, %+v, %v", body, out, err)
	}
	_, err = s.S3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &s.bucket, Key: &to, CopySource: aws.String(s.bucket + "/" + s.key("missing"))})
	refused(t, "of nothing", err, 404, "NoSuchKey")
}

func ranges(t *testing.T, s *Site) {
	key := s.key("ranges")
	s.put(t, s.bucket, key, "0123456789")
	for header, want := range map[string][2]string{
		"bytes=2-4": {"234", "bytes 2-4/10"}, "bytes=7-": {"789", "bytes 7-9/10"}, "bytes=-2": {"89", "bytes 8-9/10"}, "bytes=8-99": {"89", "bytes 8-9/10"},
	} {
		body, out, err := s.get(t, s.bucket, key, func(in *s3.GetObjectInput) { in.Range = aws.String(header) })
		if err != nil || body != want[0] || aws.ToString(out.ContentRange) != want[1] {
			t.Errorf("%s: %q, %v, want %q", header, body, err, want)
		}
	}
	_, _, err := s.get(t, s.bucket, key, func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=10-") })
	refused(t, "a range after the end", err, 416, "InvalidRange")
}

func wrongChecksum(t *testing.T, s *Site) {
	key := s.key("checksum")
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: strings.NewReader("hello"), ContentMD5: aws.String("AAAAAAAAAAAAAAAAAAAAAA=="),
	})
	refused(t, "Content-MD5", err, 400, "BadDigest")
	if _, _, err := s.get(t, s.bucket, key, nil); code(err) != "NoSuchKey" {
		t.Errorf("it was stored: %v", err)
	}
}

func oddKeys(t *testing.T, s *Site) {
	for _, name := range []string{"a b+c.jpg", "ü/ß%20&=?#.jpg", "~*'()!.jpg", "a//b", "日本.png"} {
		key := s.key(name)
		s.put(t, s.bucket, key, name)
		if body, _, err := s.get(t, s.bucket, key, nil); err != nil || body != name {
			t.Errorf("%q: %q, %v", key, body, err)
		}
	}
	key := strings.Repeat("k", 1025)
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x")})
	refused(t, "1025 bytes", err, 400, "KeyTooLongError")
}

func deletingNothing(t *testing.T, s *Site) {
	if _, err := s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.key("missing"))}); err != nil {
		t.Error(err)
	}
}

func deletingMany(t *testing.T, s *Site) {
	there, missing := s.key("there"), s.key("missing")
	s.put(t, s.bucket, there, "x")
	out := must[*s3.DeleteObjectsOutput](t)(s.S3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
		Bucket: &s.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &there}, {Key: &missing}}},
	}))
	if len(out.Deleted) != 2 || len(out.Errors) != 0 {
		t.Errorf("deleted %d, errors %v", len(out.Deleted), out.Errors)
	}
	if _, _, err := s.get(t, s.bucket, there, nil); code(err) != "NoSuchKey" {
		t.Errorf("it is still there: %v", err)
	}
}

func archived(t *testing.T, s *Site) {
	key := s.key("archived")
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("x"), StorageClass: types.StorageClassGlacier})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.get(t, s.bucket, key, nil)
	refused(t, "before", err, 403, "InvalidObjectState")
	_, err = s.S3.RestoreObject(t.Context(), &s3.RestoreObjectInput{Bucket: &s.bucket, Key: &key, RestoreRequest: &types.RestoreRequest{Days: aws.Int32(1)}})
	if err != nil {
		t.Fatal(err)
	}
	s.Elapse(restoring)
	s.await(t, "the object to be restored", func(context.Context) (bool, error) {
		body, _, err := s.get(t, s.bucket, key, nil)
		return err == nil && body == "x", nil
	})
}

// restoring is longer than any restore from Glacier takes.
const restoring = 13 * time.Hour
