package s3_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	locals3 "s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/wire"
)

func TestObjectRoundTrip(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	for _, key := range []string{"plain.jpg", "photos/a b+c/d%20e.jpg", "Käse/日本.png", "a//b", "tilde~star*"} {
		awstest.Put(t, client, b, key, "old")
		_, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &b, Key: &key, Body: strings.NewReader("hello"), ContentType: sdk.String("image/jpeg"),
			CacheControl: sdk.String("max-age=60"), Metadata: map[string]string{"source-etag": "x"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		body, _ := io.ReadAll(out.Body)
		if string(body) != "hello" || *out.ContentType != "image/jpeg" || *out.CacheControl != "max-age=60" || out.Metadata["source-etag"] != "x" || len(out.Metadata) != 1 {
			t.Errorf("%q: body %q, type %s, cache %s, metadata %v", key, body, *out.ContentType, *out.CacheControl, out.Metadata)
		}
	}
	// Metadata belongs to one upload: the next has none of the last one's.
	awstest.Put(t, client, b, "plain.jpg", "new")
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: sdk.String("plain.jpg")})
	if err != nil || len(head.Metadata) != 0 || head.CacheControl != nil || *head.ContentLength != 3 {
		t.Errorf("after overwriting: %+v, %v", head, err)
	}
}

func TestRanges(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	awstest.Put(t, client, b, "k", "0123456789")
	for spec, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=4-": "456789", "bytes=-2": "89", "bytes=8-99": "89", "bytes=0-9": "0123456789", "lines=1-2": "0123456789", "bytes=3-1": "0123456789",
	} {
		out, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k"), Range: &spec})
		if err != nil {
			t.Fatalf("%s: %v", spec, err)
		}
		if body, _ := io.ReadAll(out.Body); string(body) != want {
			t.Errorf("%s: %q, want %q", spec, body, want)
		}
		if satisfied := strings.HasSuffix(sdk.ToString(out.ContentRange), "/10"); satisfied != (spec != "lines=1-2" && spec != "bytes=3-1") {
			t.Errorf("%s: content range %q", spec, sdk.ToString(out.ContentRange))
		}
	}
	_, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k"), Range: sdk.String("bytes=10-")})
	if awstest.Code(err) != "InvalidRange" {
		t.Errorf("a range past the end: %v", err)
	}
}

func TestConditions(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	tag := awstest.Put(t, client, b, "k", "one")
	other := sdk.String(`"00000000000000000000000000000000"`)
	key, missing := sdk.String("k"), sdk.String("missing")
	body := func() io.Reader { return strings.NewReader("two") }
	get := func(in s3.GetObjectInput) error { in.Bucket = &b; _, err := client.GetObject(ctx, &in); return err }
	write := func(in s3.PutObjectInput) error {
		in.Bucket, in.Body = &b, body()
		_, err := client.PutObject(ctx, &in)
		return err
	}
	remove := func(in s3.DeleteObjectInput) error {
		in.Bucket = &b
		_, err := client.DeleteObject(ctx, &in)
		return err
	}
	for _, step := range []struct {
		name string
		err  error
		want string
	}{
		{"get if match", get(s3.GetObjectInput{Key: key, IfMatch: &tag}), ""},
		{"get if other match", get(s3.GetObjectInput{Key: key, IfMatch: other}), "PreconditionFailed"},
		{"get missing if match", get(s3.GetObjectInput{Key: missing, IfMatch: &tag}), "NoSuchKey"},
		{"get if none match", get(s3.GetObjectInput{Key: key, IfNoneMatch: &tag}), "NotModified"},
		{"put if none match *", write(s3.PutObjectInput{Key: key, IfNoneMatch: sdk.String("*")}), "PreconditionFailed"},
		{"put if other match", write(s3.PutObjectInput{Key: key, IfMatch: other}), "PreconditionFailed"},
		{"put missing if match", write(s3.PutObjectInput{Key: missing, IfMatch: &tag}), "NoSuchKey"},
		{"delete if other match", remove(s3.DeleteObjectInput{Key: key, IfMatch: other}), "PreconditionFailed"},
		{"put if match", write(s3.PutObjectInput{Key: key, IfMatch: &tag}), ""},
		{"put if stale match", write(s3.PutObjectInput{Key: key, IfMatch: &tag}), "PreconditionFailed"},
		{"put new if none match *", write(s3.PutObjectInput{Key: missing, IfNoneMatch: sdk.String("*")}), ""},
		{"delete if match", remove(s3.DeleteObjectInput{Key: missing, IfMatch: sdk.String(`"b8a9f715dbb64fd5c56e7783c6820a61"`)}), ""},
		{"delete missing", remove(s3.DeleteObjectInput{Key: missing}), ""},
		{"get deleted", get(s3.GetObjectInput{Key: missing}), "NoSuchKey"},
	} {
		if got := awstest.Code(step.err); got != step.want && !strings.Contains(got, "304") {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}

// TestOneWriterWins: of many writers with the same condition exactly one may succeed.
func TestOneWriterWins(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	tag := awstest.Put(t, client, b, "k", "start")
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for i := range 20 {
		wg.Go(func() {
			_, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &b, Key: sdk.String("k"), IfMatch: &tag, Body: strings.NewReader(fmt.Sprint(i))})
			mu.Lock()
			defer mu.Unlock()
			codes[awstest.Code(err)]++
		})
	}
	wg.Wait()
	if codes[""] != 1 || codes["PreconditionFailed"] != 19 {
		t.Errorf("results %v, want one success and 19 failed preconditions", codes)
	}
}

func TestListPages(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("dir%d/k%02d", i%2, i)
		awstest.Put(t, client, b, key, "x")
		if i%2 == 1 {
			want = append(want, key)
		}
	}
	var got []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &b, Prefix: sdk.String("dir1/"), MaxKeys: sdk.Int32(5)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			got = append(got, *o.Key)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("listed %v, want %v", got, want)
	}
	out, err := client.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &b, Delimiter: sdk.String("/")})
	if err != nil || len(out.CommonPrefixes) != 2 || len(out.Contents) != 0 {
		t.Errorf("with a delimiter: %d prefixes and %d keys, %v", len(out.CommonPrefixes), len(out.Contents), err)
	}
}

func TestVersions(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	if err := c.S3.PutConfiguration(b, locals3.Versioning("Enabled")); err != nil {
		t.Fatal(err)
	}
	client := awstest.S3(awstest.Admin(c))
	key := sdk.String("k")
	awstest.Put(t, client, b, *key, "one")
	awstest.Put(t, client, b, *key, "two")
	marker, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: key})
	if err != nil || !sdk.ToBool(marker.DeleteMarker) || marker.VersionId == nil {
		t.Fatalf("delete: %+v, %v", marker, err)
	}
	if _, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: key}); awstest.Code(err) != "NotFound" {
		t.Errorf("head of a deleted object: %v", err)
	}
	list, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b})
	if err != nil || len(list.Versions) != 2 || len(list.DeleteMarkers) != 1 || !*list.DeleteMarkers[0].IsLatest {
		t.Fatalf("versions %+v, markers %+v, %v", list.Versions, list.DeleteMarkers, err)
	}
	// The oldest comes last.
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: list.Versions[1].VersionId})
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(out.Body); string(body) != "one" {
		t.Errorf("the first version is %q", body)
	}
	if err := c.S3.DeleteBucket(b, false); !wire.HasCode(err, "BucketNotEmpty") {
		t.Errorf("deleting a bucket with versions: %v", err)
	}
	// Without its delete marker the object is back.
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: key, VersionId: marker.VersionId}); err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: key})
	if err != nil || *head.ContentLength != 3 || *head.VersionId != *list.Versions[0].VersionId {
		t.Errorf("after undeleting: %+v, %v", head, err)
	}
}

func TestRolePermissionsOnObjects(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	arn := c.S3.ARN(b)
	awstest.Put(t, awstest.S3(awstest.Admin(c)), b, "k", "x")
	reader := awstest.Role(t, c, "reader", "lambda.amazonaws.com", awstest.Allow(arn+"/*", "s3:GetObject"))
	lister := awstest.Role(t, c, "lister", "lambda.amazonaws.com", awstest.Allow(arn+"/*", "s3:GetObject"), awstest.Allow(arn, "s3:ListBucket"))
	read := func(r iam.Role, key string) error {
		_, err := awstest.S3(awstest.Session(t, c, r, "lambda.amazonaws.com")).GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: &key})
		return err
	}
	if err := read(reader, "k"); err != nil {
		t.Error(err)
	}
	if err := read(reader, "missing"); awstest.Code(err) != "AccessDenied" {
		t.Errorf("who may not list gets %v for a missing key, want AccessDenied", err)
	}
	if err := read(lister, "missing"); awstest.Code(err) != "NoSuchKey" {
		t.Errorf("who may list gets %v for a missing key, want NoSuchKey", err)
	}
	_, err := awstest.S3(awstest.Session(t, c, reader, "lambda.amazonaws.com")).PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: sdk.String("new")})
	want := fmt.Sprintf("User: arn:aws:sts::%s:assumed-role/%s/test is not authorized to perform: s3:PutObject on resource: %s/new", account.ID, reader.Name, arn)
	if awstest.Code(err) != "AccessDenied" || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestBucketPolicy(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	arn := c.S3.ARN(b)
	deny := func(condition awstest.Doc) string {
		return awstest.Policy(awstest.Doc{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []string{arn, arn + "/*"}, "Condition": condition})
	}
	put := func(cfg locals3.Configuration) {
		t.Helper()
		if err := c.S3.PutConfiguration(b, cfg); err != nil {
			t.Fatal(err)
		}
	}
	put(locals3.Policy(deny(awstest.Doc{"Bool": awstest.Doc{"aws:SecureTransport": "false"}})))
	client := awstest.S3(awstest.Admin(c))
	awstest.Put(t, client, b, "k", "loopback counts as encrypted")
	c.S3.DeleteConfiguration(b, locals3.KindPolicy)
	put(locals3.Policy(deny(awstest.Doc{"Bool": awstest.Doc{"aws:SecureTransport": "true"}})))
	if _, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k")}); awstest.Code(err) != "AccessDenied" {
		t.Errorf("a bucket policy's Deny does not bind the deployer: %v", err)
	}
	put(locals3.PublicAccessBlock{BlockPublicPolicy: true})
	public := locals3.Policy(awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arn + "/*"}))
	if err := c.S3.PutConfiguration(b, public); !wire.HasCode(err, "AccessDenied") {
		t.Errorf("a public policy on a bucket that blocks them: %v", err)
	}
	c.S3.DeleteConfiguration(b, locals3.KindPublicAccessBlock)
	put(public)
}

func TestFaults(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	awstest.Put(t, client, b, "k", strings.Repeat("x", 100_000))
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com", awstest.Allow("*", "s3:*"))
	asRole := awstest.S3(awstest.Session(t, c, r, "lambda.amazonaws.com"))
	script := []*locals3.Fault{locals3.SlowDown, locals3.InternalError, locals3.CutConnection, nil}
	c.S3.SetFaults(func(call locals3.Call) *locals3.Fault {
		if call.Role != r.Name || call.Operation != "GetObject" {
			return nil
		}
		return script[call.Number-1]
	})
	var got []string
	for range script {
		out, err := asRole.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k")})
		if err == nil {
			_, err = io.Copy(io.Discard, out.Body)
		}
		got = append(got, awstest.Code(err))
	}
	if got[0] != "SlowDown" || got[1] != "InternalError" || got[2] != "unexpected EOF" || got[3] != "" {
		t.Errorf("results %q", got)
	}
	var statuses []int
	for _, call := range c.S3.Calls() {
		if call.Role == r.Name {
			statuses = append(statuses, call.Status)
		}
	}
	if fmt.Sprint(statuses) != "[503 500 200 200]" {
		t.Errorf("recorded statuses %v", statuses)
	}
}

// TestUploadForms sends what clients other than the Go SDK send: signed chunks with a trailer, and bodies whose checksum is wrong.
func TestUploadForms(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	send := func(body string, headers map[string]string) int {
		req, err := http.NewRequest("PUT", c.Endpoint()+"/"+b+"/k", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range headers {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	chunked := "5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0;chunk-signature=def\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
	if s := send(chunked, map[string]string{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "Content-Encoding": "aws-chunked"}); s != 200 {
		t.Errorf("chunked upload: %d", s)
	}
	o := awstest.Must[*s3.GetObjectOutput](t)(awstest.S3(awstest.Admin(c)).GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k")}))
	if body, _ := io.ReadAll(o.Body); string(body) != "hello world" || sdk.ToString(o.ContentEncoding) != "" {
		t.Errorf("stored %q with encoding %q", body, sdk.ToString(o.ContentEncoding))
	}
	for k, v := range map[string]string{
		"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==", "X-Amz-Checksum-Crc32": "AAAAAA==", "X-Amz-Checksum-Sha256": "AAAA", "X-Amz-Content-Sha256": strings.Repeat("0", 64),
	} {
		if s := send("hello world", map[string]string{k: v}); s != 400 {
			t.Errorf("a wrong %s is answered with %d", k, s)
		}
	}
	if s := send(strings.TrimSuffix(chunked, "0;chunk-signature=def\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"), map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}); s != 400 {
		t.Errorf("an upload that breaks off is answered with %d", s)
	}
}

func TestMultipartCopyAndMultiDelete(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx := context.Background()
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	key := sdk.String("big")
	up := awstest.Must[*s3.CreateMultipartUploadOutput](t)(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: key, ContentType: sdk.String("image/png")}))
	var parts []types.CompletedPart
	for i := range int32(2) {
		p := awstest.Must[*s3.UploadPartOutput](t)(client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: key, UploadId: up.UploadId, PartNumber: sdk.Int32(i + 1), Body: strings.NewReader(strings.Repeat(fmt.Sprint(i), 10))}))
		parts = append(parts, types.CompletedPart{ETag: p.ETag, PartNumber: sdk.Int32(i + 1)})
	}
	awstest.Must[*s3.CompleteMultipartUploadOutput](t)(client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}))
	awstest.Must[*s3.CopyObjectOutput](t)(client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: sdk.String("copy"), CopySource: sdk.String(b + "/big")}))
	out := awstest.Must[*s3.GetObjectOutput](t)(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: sdk.String("copy")}))
	if body, _ := io.ReadAll(out.Body); string(body) != "00000000001111111111" || *out.ContentType != "image/png" {
		t.Errorf("copy is %q of type %s", body, *out.ContentType)
	}
	del := awstest.Must[*s3.DeleteObjectsOutput](t)(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: key}, {Key: sdk.String("copy")}}}}))
	if len(del.Deleted) != 2 || len(del.Errors) != 0 {
		t.Errorf("deleted %v, errors %v", del.Deleted, del.Errors)
	}
}

// TestEventsThroughEventBridge: a bucket that sends there tells of everything, with keys as they are, and its
// configuration says so.
func TestEventsThroughEventBridge(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	b := awstest.Bucket(t, c, "bbb")
	client := awstest.S3(awstest.Admin(c))
	if err := c.S3.PutConfiguration(b, locals3.Notifications{EventBridge: true}); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: &b})
	if err != nil || out.EventBridgeConfiguration == nil {
		t.Errorf("the configuration is %+v, %v", out, err)
	}
	c.S3.HoldEvents()
	awstest.Put(t, client, b, "a b+c.jpg", "hello")
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b, Key: sdk.String("a b+c.jpg")}); err != nil {
		t.Fatal(err)
	}
	var got []string
	c.S3.ReleaseEvents(func(events []locals3.Event) []locals3.Event {
		for _, e := range events {
			var event struct {
				Source     string
				DetailType string `json:"detail-type"`
				Resources  []string
				Detail     struct {
					Bucket struct{ Name string }
					Object struct {
						Key  string
						Size int
					}
					Reason string
				}
			}
			if err := json.Unmarshal(e.Payload, &event); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(event))
		}
		return nil
	})
	want := []string{
		"{aws.s3 Object Created [arn:aws:s3:::bbb] {{bbb} {a b+c.jpg 5} PutObject}}",
		"{aws.s3 Object Deleted [arn:aws:s3:::bbb] {{bbb} {a b+c.jpg 0} DeleteObject}}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the events are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
