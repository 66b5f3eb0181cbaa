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
type S3 struct{ client *s3.Client }

// New returns the object store that a client reaches. The function uses AWS.S3, whose client starts faster.
func New(client *s3.Client) *S3 { return &S3{client} }

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

// Open starts to read an object: it returns when the headers of the response are there. Where ifNoneMatch is set and
// the object has that ETag, it returns ErrUnchanged. Other errors: ErrNotFound, ErrUnreadable.
func (s *S3) Open(ctx context.Context, bucket, key, ifNoneMatch string) (Object, error) {
	fetch := func(ctx context.Context, from int64, etag string) (io.ReadCloser, Info, error) {
		return s.get(ctx, bucket, key, from, etag, ifNoneMatch)
	}
	ctx, cancel := context.WithCancel(ctx)
	body, info, err := fetch(ctx, 0, "")
	if err == nil && ifNoneMatch != "" && info.ETag == ifNoneMatch {
		_ = body.Close()
		err = ErrUnchanged // a server that ignores If-None-Match
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("read %s: %w", name(bucket, key), classifyGet(err))
	}
	return newStream(ctx, cancel, name(bucket, key), fetch, body, info), nil
}

// get asks for an object from a byte on, to its end. It must have the given ETag unless that is empty.
func (s *S3) get(ctx context.Context, bucket, key string, from int64, etag, ifNoneMatch string) (io.ReadCloser, Info, error) {
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if from > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", from))
	}
	switch {
	case etag != "":
		in.IfMatch = aws.String(quoted(etag))
	case ifNoneMatch != "":
		in.IfNoneMatch = aws.String(quoted(ifNoneMatch))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return nil, Info{}, err
	}
	info := Info{ETag: unquoted(out.ETag), Size: aws.ToInt64(out.ContentLength), Metadata: lower(out.Metadata)}
	switch {
	case out.ContentLength == nil:
		err = errors.New("the response has no Content-Length")
	case etag != "" && info.ETag != etag:
		err = ErrChanged // a server that ignores If-Match
	case out.ContentRange != nil:
		info.Size, err = parseRange(*out.ContentRange, from)
	case from > 0: // a server that knows no ranges
		_, err = io.CopyN(io.Discard, out.Body, from)
	}
	if err != nil {
		_ = out.Body.Close()
		return nil, Info{}, err
	}
	return out.Body, info, nil
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
	case err == nil:
		return nil
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

// parseRange returns the size of the whole object from the Content-Range of a response that begins at byte from and
// reaches to the object's end (RFC 9110, section 14.4).
func parseRange(header string, from int64) (size int64, err error) {
	var first, last int64
	if n, _ := fmt.Sscanf(header, "bytes %d-%d/%d", &first, &last, &size); n != 3 || first != from || last != size-1 {
		return 0, fmt.Errorf("Content-Range is %q, want all bytes from %d on", header, from)
	}
	return size, nil
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
