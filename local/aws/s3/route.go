package s3

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// route is one operation of the S3 API: what IAM calls it and what serves it.
type route struct {
	name   string
	action string // IAM action on the object, or on the bucket where there is no key
	serve  func(*Service, http.ResponseWriter, *request) error
}

// subresources of a bucket or object that select another operation, and what they are called in its name. One that is not
// routed is refused: carried out as its plain twin it would do something else than was asked.
var subresources = map[string]string{"acl": "Acl", "accelerate": "AccelerateConfiguration", "analytics": "AnalyticsConfiguration",
	"attributes": "Attributes", "cors": "Cors", "encryption": "Encryption", "intelligent-tiering": "IntelligentTieringConfiguration",
	"inventory": "InventoryConfiguration", "legal-hold": "LegalHold", "lifecycle": "LifecycleConfiguration", "logging": "Logging",
	"metrics": "MetricsConfiguration", "object-lock": "LockConfiguration", "ownershipControls": "OwnershipControls", "policy": "Policy",
	"policyStatus": "PolicyStatus", "publicAccessBlock": "PublicAccessBlock", "replication": "Replication",
	"requestPayment": "RequestPayment", "retention": "Retention", "select": "Content", "tagging": "Tagging", "torrent": "Torrent", "website": "Website"}

// missing is the error of an operation that is not there. It is named after the method, what that is on, and the
// subresource.
func missing(q *request, noun string) error {
	verb := map[string]string{"GET": "Get", "HEAD": "Head", "PUT": "Put", "DELETE": "Delete", "POST": "Select"}[q.Method]
	on := "Object"
	if q.key == "" {
		on = "Bucket"
	}
	return wire.Errorf(501, "NotImplemented", "A header you provided implies functionality that is not implemented: the local cloud has no operation %s%s%s: add it to local/aws/s3/route.go", verb, on, noun)
}

// routeOf finds the operation of a request.
func routeOf(q *request) (route, error) {
	query := q.URL.Query()
	if r, ok := routeConfiguration(q, query); ok {
		return r, nil
	}
	for _, sub := range slices.Sorted(maps.Keys(subresources)) {
		if query.Has(sub) && !(sub == "tagging" && q.key != "" && q.Method == http.MethodGet) {
			return route{}, missing(q, subresources[sub])
		}
	}
	if q.key == "" {
		return routeBucket(q, query)
	}
	version := ""
	if query.Has("versionId") && query.Get("versionId") != "null" {
		version = "Version"
	}
	switch m := q.Method; {
	case query.Has("uploads") && m == "POST":
		return route{"CreateMultipartUpload", "s3:PutObject", (*Service).pass}, nil
	case query.Has("uploadId"):
		return routeUpload(q)
	case query.Has("tagging") && m == "GET":
		return route{"GetObjectTagging", "s3:GetObject" + version + "Tagging", (*Service).getTags}, nil
	case query.Has("restore") && m == "POST":
		return route{"RestoreObject", "s3:RestoreObject", (*Service).restoreObject}, nil
	case m == "GET":
		return route{"GetObject", "s3:GetObject" + version, (*Service).getObject}, nil
	case m == "HEAD":
		return route{"HeadObject", "s3:GetObject" + version, (*Service).getObject}, nil
	case m == "PUT" && q.Header.Get("X-Amz-Copy-Source") != "":
		return route{"CopyObject", "s3:PutObject", (*Service).copyObject}, nil
	case m == "PUT":
		return route{"PutObject", "s3:PutObject", (*Service).putObject}, nil
	case m == "DELETE":
		return route{"DeleteObject", "s3:DeleteObject" + version, (*Service).deleteObject}, nil
	}
	return route{}, wire.Errorf(405, "MethodNotAllowed", "The specified method is not allowed against this resource: %s", q.Method)
}

func routeUpload(q *request) (route, error) {
	switch q.Method {
	case "PUT":
		if q.Header.Get("X-Amz-Copy-Source") != "" {
			return route{"UploadPartCopy", "s3:PutObject", (*Service).copyPart}, nil
		}
		return route{"UploadPart", "s3:PutObject", (*Service).pass}, nil
	case "POST":
		return route{"CompleteMultipartUpload", "s3:PutObject", (*Service).completeUpload}, nil
	case "DELETE":
		return route{"AbortMultipartUpload", "s3:AbortMultipartUpload", (*Service).pass}, nil
	}
	return route{"ListParts", "s3:ListMultipartUploadParts", (*Service).pass}, nil
}

func routeBucket(q *request, query url.Values) (route, error) {
	switch m := q.Method; {
	case q.bucket == "":
		return route{"ListBuckets", "s3:ListAllMyBuckets", (*Service).pass}, nil
	case query.Has("location"):
		return route{"GetBucketLocation", "s3:GetBucketLocation", (*Service).pass}, nil
	case query.Has("notification") && m == "GET":
		return route{"GetBucketNotificationConfiguration", "s3:GetBucketNotification", (*Service).serveNotifications}, nil
	case query.Has("notification"):
		return route{}, missing(q, "NotificationConfiguration")
	case query.Has("versioning") && m == "GET":
		return route{"GetBucketVersioning", "s3:GetBucketVersioning", (*Service).pass}, nil
	case query.Has("versioning"):
		return route{"PutBucketVersioning", "s3:PutBucketVersioning", (*Service).pass}, nil
	case query.Has("versions"):
		return route{"ListObjectVersions", "s3:ListBucketVersions", (*Service).list}, nil
	case query.Has("uploads"):
		return route{"ListMultipartUploads", "s3:ListBucketMultipartUploads", (*Service).pass}, nil
	case m == "GET":
		return route{"ListObjects", "s3:ListBucket", (*Service).list}, nil
	case m == "HEAD":
		return route{"HeadBucket", "s3:ListBucket", (*Service).pass}, nil
	case m == "PUT":
		return route{"CreateBucket", "s3:CreateBucket", (*Service).pass}, nil
	case m == "DELETE":
		return route{"DeleteBucket", "s3:DeleteBucket", (*Service).pass}, nil
	case m == "POST" && query.Has("delete"):
		return route{"DeleteObjects", "", (*Service).pass}, nil
	case m == "POST":
		return route{"PostObject", "s3:PutObject", (*Service).postObject}, nil
	}
	return route{}, wire.Errorf(405, "MethodNotAllowed", "The specified method is not allowed against this resource: %s", q.Method)
}

// authorizeRoute checks every permission that the operation needs.
func (s *Service) authorizeRoute(q *request, route route) error {
	if route.name == "DeleteObjects" {
		var in struct {
			Object []struct{ Key, VersionId string }
		}
		if err := xml.Unmarshal(q.body, &in); err != nil {
			return wire.Errorf(400, "MalformedXML", "The XML you provided was not well-formed: %v", err)
		}
		for _, o := range in.Object {
			action := "s3:DeleteObject"
			if o.VersionId != "" {
				action += "Version"
			}
			if err := s.allow(q.who, action, q.bucket, o.Key); err != nil {
				return err
			}
		}
		return nil
	}
	key := q.key
	if strings.HasPrefix(route.action, "s3:ListBucket") {
		key = q.URL.Query().Get("prefix")
	}
	if err := s.allow(q.who, route.action, q.bucket, key); err != nil {
		return err
	}
	// A write or a delete on condition of an ETag tells whether that is the object's: it takes the permission to read (S3 user
	// guide, "How to prevent object overwrites" and "How to perform conditional deletes").
	if etag := q.Header.Get("If-Match"); etag != "" && etag != "*" && route.action != "s3:GetObject" && route.action != "s3:GetObjectVersion" {
		return s.allow(q.who, "s3:GetObject", q.bucket, q.key)
	}
	return nil
}

func unescape(source string) (string, error) {
	plain, err := url.PathUnescape(source)
	if err != nil {
		return "", wire.Errorf(400, "InvalidArgument", "x-amz-copy-source %q is not URL-encoded: %v", source, err)
	}
	return plain, nil
}

// uploadBody reads the body of a request, decoded where the client sent it in signed chunks.
func uploadBody(r *http.Request) ([]byte, error) {
	var body []byte
	var err error
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body, err = readChunked(r.Body, r.Header)
	} else {
		body, err = io.ReadAll(r.Body)
	}
	if err != nil {
		return nil, wire.Errorf(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header: %v", err)
	}
	return body, nil
}

// readChunked decodes aws-chunked: chunks of a hexadecimal length with an optional signature, their data, and after the empty
// chunk trailers, which are added to h.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func readChunked(body io.Reader, h http.Header) ([]byte, error) {
	in := bufio.NewReader(body)
	var out bytes.Buffer
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 63)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&out, in, n); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		if _, err := in.Discard(2); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	for {
		line, err := in.ReadString('\n')
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			h.Set(k, strings.TrimSpace(v))
		}
		if err != nil {
			return out.Bytes(), nil
		}
	}
}

// verifyUpload checks every checksum that came with a body.
func verifyUpload(h http.Header, body []byte) error {
	sum32 := func(t *crc32.Table) []byte { return binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, t)) }
	for name, sum := range map[string]func() []byte{
		"Content-Md5":           func() []byte { d := md5.Sum(body); return d[:] },
		"X-Amz-Checksum-Crc32":  func() []byte { return sum32(crc32.IEEETable) },
		"X-Amz-Checksum-Crc32c": func() []byte { return sum32(crc32.MakeTable(crc32.Castagnoli)) },
		"X-Amz-Checksum-Sha1":   func() []byte { d := sha1.Sum(body); return d[:] },
		"X-Amz-Checksum-Sha256": func() []byte { d := sha256.Sum256(body); return d[:] },
	} {
		if want := h.Get(name); want != "" && want != base64.StdEncoding.EncodeToString(sum()) {
			return wire.Errorf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", name)
		}
	}
	if want := h.Get("X-Amz-Content-Sha256"); len(want) == 64 {
		if d := sha256.Sum256(body); want != hex.EncodeToString(d[:]) {
			return wire.Errorf(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return nil
}
