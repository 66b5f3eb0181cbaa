package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// S3 is an object store. Its methods are safe for concurrent use.
type S3 struct {
	client *s3.Client
	first  int64 // bytes of an object's first range
}

// Head returns what S3 knows of an object without its bytes, or ErrNotFound.
func (s *S3) Head(ctx context.Context, bucket, key string) (Info, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		if statusOf(err) == http.StatusNotFound {
			return Info{}, fmt.Errorf("head %s: %w", name(bucket, key), ErrNotFound)
		}
		return Info{}, fmt.Errorf("head %s: %w", name(bucket, key), err)
	}
	return Info{ETag: unquoted(out.ETag), Size: aws.ToInt64(out.ContentLength), Metadata: lower(out.Metadata)}, nil
}

// Open starts to read an object: it returns when the headers of the first
// range are there. Errors: ErrNotFound, ErrUnchanged, ErrUnreadable.
func (s *S3) Open(ctx context.Context, bucket, key string, cond Condition) (Object, error) {
	fetch := func(ctx context.Context, from, to int64, etag string) (part, error) {
		return s.get(ctx, bucket, key, from, to, etag, cond.IfNoneMatch)
	}
	first, err := fetch(ctx, 0, s.first-1, "")
	if err != nil {
		if statusOf(err) == http.StatusRequestedRangeNotSatisfiable {
			// An empty object has no first byte to give.
			return s.openEmpty(ctx, bucket, key, cond)
		}
		return nil, fmt.Errorf("read %s: %w", name(bucket, key), classifyGet(err))
	}
	if cond.IfNoneMatch != "" && first.info.ETag == cond.IfNoneMatch {
		_ = first.body.Close()
		return nil, fmt.Errorf("read %s: %w", name(bucket, key), ErrUnchanged)
	}
	return newRanged(ctx, name(bucket, key), fetch, first, s.first, cond.ReadAhead), nil
}

// openEmpty opens an object of no bytes, for which S3 answers a ranged GET with 416.
func (s *S3) openEmpty(ctx context.Context, bucket, key string, cond Condition) (Object, error) {
	info, err := s.Head(ctx, bucket, key)
	switch {
	case err != nil:
		return nil, err
	case info.Size > 0:
		return nil, fmt.Errorf("read %s: %w", name(bucket, key), ErrChanged)
	case info.ETag == cond.IfNoneMatch:
		return nil, fmt.Errorf("read %s: %w", name(bucket, key), ErrUnchanged)
	}
	return newRanged(ctx, name(bucket, key), nil, part{body: http.NoBody, info: info}, s.first, nil), nil
}

// get asks for the bytes from..to, both included, of an object (to < 0: to its
// end) that must have the given ETag unless that is empty.
func (s *S3) get(ctx context.Context, bucket, key string, from, to int64, etag, ifNoneMatch string) (part, error) {
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String(byteRange(from, to))}
	switch {
	case etag != "":
		in.IfMatch = aws.String(quoted(etag))
	case ifNoneMatch != "":
		in.IfNoneMatch = aws.String(quoted(ifNoneMatch))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return part{}, err
	}
	p := part{body: out.Body, info: Info{ETag: unquoted(out.ETag), Size: aws.ToInt64(out.ContentLength), Metadata: lower(out.Metadata)}}
	switch {
	case etag != "" && p.info.ETag != etag:
		err = ErrChanged // a server that ignores If-Match
	case out.ContentRange != nil:
		p.end, p.info.Size, err = parseRange(*out.ContentRange, from)
	case out.ContentLength == nil:
		err = errors.New("the response has neither Content-Range nor Content-Length")
	default:
		// The whole object: a server that knows no ranges.
		p.end = p.info.Size
		_, err = io.CopyN(io.Discard, out.Body, from)
	}
	if err != nil {
		_ = out.Body.Close()
		return part{}, err
	}
	return p, nil
}

// Put writes an object: over the one that has the ETag ifMatch, or, where that
// is empty, only if there is none. It returns ErrConflict if that is not so.
func (s *S3) Put(ctx context.Context, bucket, key string, u Upload, ifMatch string) error {
	in := &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(u.Body), ContentLength: aws.Int64(int64(len(u.Body))),
		ContentType: &u.ContentType, Metadata: u.Metadata,
		// Given here, the checksum travels as a header. Left to the SDK it makes the
		// body a chunked one with a trailer, which not every S3 understands.
		ChecksumCRC32: aws.String(crc(u.Body)),
	}
	if u.CacheControl != "" {
		in.CacheControl = &u.CacheControl
	}
	if ifMatch == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = aws.String(quoted(ifMatch))
	}
	if _, err := s.client.PutObject(ctx, in); err != nil {
		if isConflict(err) || ifMatch != "" && codeOf(err) == "NoSuchKey" {
			return fmt.Errorf("write %s: %w", name(bucket, key), ErrConflict)
		}
		return fmt.Errorf("write %s: %w", name(bucket, key), err)
	}
	return nil
}

// Delete removes the object that has the ETag ifMatch. It returns ErrConflict if
// another one is there now; that there is none any more is no error.
func (s *S3) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, IfMatch: aws.String(quoted(ifMatch))})
	switch {
	case err == nil, codeOf(err) == "NoSuchKey":
		return nil
	case isConflict(err):
		return fmt.Errorf("delete %s: %w", name(bucket, key), ErrConflict)
	}
	return fmt.Errorf("delete %s: %w", name(bucket, key), err)
}

// classifyGet turns the errors of GetObject that callers branch on into theirs.
func classifyGet(err error) error {
	switch code := codeOf(err); {
	case statusOf(err) == http.StatusNotModified:
		return ErrUnchanged
	case statusOf(err) == http.StatusPreconditionFailed:
		return ErrChanged
	case statusOf(err) == http.StatusNotFound && code != "NoSuchBucket":
		return ErrNotFound
	case code == "InvalidObjectState":
		return fmt.Errorf("%w: it is archived and has to be restored first: %w", ErrUnreadable, err)
	case code == "InvalidRequest" || code == "KeyTooLongError":
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return err
}

// isConflict says whether S3 refused a conditional write or delete: 412, or 409
// where another one was under way.
func isConflict(err error) bool {
	status := statusOf(err)
	return status == http.StatusPreconditionFailed || status == http.StatusConflict
}

// statusOf returns the HTTP status of a failed request, 0 if there was no response.
func statusOf(err error) int {
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return re.HTTPStatusCode()
	}
	return 0
}

// codeOf returns S3's error code, such as NoSuchKey, or "".
func codeOf(err error) string {
	if ae, ok := errors.AsType[smithy.APIError](err); ok {
		return ae.ErrorCode()
	}
	return ""
}

// byteRange is the value of a Range header; to < 0 means to the end (RFC 9110, section 14.1.2).
func byteRange(from, to int64) string {
	if to < 0 {
		return fmt.Sprintf("bytes=%d-", from)
	}
	return fmt.Sprintf("bytes=%d-%d", from, to)
}

// parseRange reads a Content-Range header, which must begin at from: where the
// range ends (the byte after its last) and how large the object is (RFC 9110, section 14.4).
func parseRange(header string, from int64) (end, size int64, err error) {
	var first, last int64
	if n, _ := fmt.Sscanf(header, "bytes %d-%d/%d", &first, &last, &size); n != 3 || first != from || last < first || last >= size {
		return 0, 0, fmt.Errorf("Content-Range is %q, want bytes %d-LAST/SIZE", header, from)
	}
	return last + 1, size, nil
}

// crc is S3's x-amz-checksum-crc32: big-endian, base64.
func crc(body []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// lower returns metadata with its names in lower case: HTTP servers and proxies
// change the case of header names.
func lower(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}
