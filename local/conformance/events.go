package conformance

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	recordPage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"
	bridgePage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"
)

var eventCases = []Case{
	{Name: "a record of version 2.x with a key that is URL-encoded", Page: recordPage, Run: record},
	{Name: "copies and multipart uploads have names of their own", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html", Run: recordNames},
	{Name: "a removal, and a delete marker", Page: recordPage, Run: removals},
	{
		Name: "a restore", Page: recordPage, LocalOnly: "a restore from Glacier takes minutes to hours, and what is stored there is paid for 90 days", Run: restores,
	},
	{Name: "EventBridge gets an event of its own shape, with the key as it is", Page: bridgePage, Run: bridged},
	{Name: "a notification needs a function that lets the bucket in", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html", Run: uninvited},
}

// s3Record is one record of a notification.
type s3Record struct {
	EventVersion, EventSource, AwsRegion, EventTime, EventName string
	ResponseElements                                           map[string]string
	S3                                                         struct {
		S3SchemaVersion, ConfigurationID string
		Bucket                           struct{ Name, Arn string }
		Object                           struct {
			Key, ETag, VersionID, Sequencer string
			Size                            *int64
		}
	}
	GlacierEventData *struct {
		RestoreEventData struct{ LifecycleRestorationExpiryTime, LifecycleRestoreStorageClass string }
	}
}

// noticed is a bucket with versions, if versioned is set, that tells the mailbox.
func (s *Site) noticed(t *testing.T, versioned bool) string {
	t.Helper()
	b := s.box(t)
	bucket := s.Name("noticed")
	err := s.Bucket(t.Context(), bucket, versioned)
	if err == nil {
		err = s.Permit(t.Context(), b.function, "s3.amazonaws.com", "arn:aws:s3:::"+bucket)
	}
	if err == nil {
		err = s.Notify(t.Context(), bucket, b.function, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// sharedBucket is such a bucket, made at its first use.
func (s *Site) sharedBucket(t *testing.T, versioned bool) string {
	t.Helper()
	if s.noticing[versioned] == "" {
		s.noticing[versioned] = s.noticed(t, versioned)
	}
	return s.noticing[versioned]
}

// recordOf waits for the notification of an event about a key.
func (s *Site) recordOf(t *testing.T, bucket, encodedKey, event string) s3Record {
	t.Helper()
	doc := s.letter(t, `"`+bucket+`"`, encodedKey, event)
	var in struct{ Records []s3Record }
	if err := json.Unmarshal(doc, &in); err != nil || len(in.Records) != 1 {
		t.Fatalf("%v: %s", err, doc)
	}
	return in.Records[0]
}

func record(t *testing.T, s *Site) {
	bucket := s.sharedBucket(t, false)
	prefix := s.key("")
	etag := s.put(t, bucket, prefix+"a b+c&ü=%.jpg", "hello")
	r := s.recordOf(t, bucket, prefix, "ObjectCreated:Put")
	if want := prefix + "a+b%2Bc%26%C3%BC%3D%25.jpg"; r.S3.Object.Key != want {
		t.Errorf("the key is %s, want %s", r.S3.Object.Key, want)
	}
	if !regexp.MustCompile(`^2\.\d+$`).MatchString(r.EventVersion) || r.EventSource != "aws:s3" || r.AwsRegion != s.Config().Region || r.EventName != "ObjectCreated:Put" {
		t.Errorf("version %s of %s in %s: %s", r.EventVersion, r.EventSource, r.AwsRegion, r.EventName)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", r.EventTime); err != nil {
		t.Error(err)
	}
	if o := r.S3.Object; `"`+o.ETag+`"` != etag || o.Size == nil || *o.Size != 5 || o.Sequencer == "" || o.VersionID != "" {
		t.Errorf("the object is %+v", o)
	}
	if r.S3.S3SchemaVersion != "1.0" || r.S3.ConfigurationID == "" || r.S3.Bucket.Name != bucket || r.S3.Bucket.Arn != "arn:aws:s3:::"+bucket || r.ResponseElements["x-amz-request-id"] == "" {
		t.Errorf("%+v", r)
	}
}

func recordNames(t *testing.T, s *Site) {
	bucket := s.sharedBucket(t, false)
	from, copied, uploaded := s.key("source"), s.key("copied"), s.key("uploaded")
	s.put(t, bucket, from, "x")
	if _, err := s.S3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &bucket, Key: &copied, CopySource: aws.String(bucket + "/" + from)}); err != nil {
		t.Fatal(err)
	}
	s.recordOf(t, bucket, `"`+copied+`"`, `"ObjectCreated:Copy"`)
	etag, err := s.multipart(t, bucket, uploaded, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := s.recordOf(t, bucket, `"`+uploaded+`"`, `"ObjectCreated:CompleteMultipartUpload"`); `"`+r.S3.Object.ETag+`"` != etag || r.S3.Object.Size == nil || *r.S3.Object.Size != 5<<20+1 {
		t.Errorf("%+v, want the ETag %s", r.S3.Object, etag)
	}
}

func removals(t *testing.T, s *Site) {
	bucket, key := s.sharedBucket(t, false), s.key("removed")
	remove := func(bucket string, version *string) *s3.DeleteObjectOutput {
		t.Helper()
		return must[*s3.DeleteObjectOutput](t)(s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: version}))
	}
	s.put(t, bucket, key, "x")
	remove(bucket, nil)
	if r := s.recordOf(t, bucket, `"`+key+`"`, `"ObjectRemoved:Delete"`); r.S3.Object.Size != nil || r.S3.Object.Sequencer == "" {
		t.Errorf("a removed object: %+v", r.S3.Object)
	}

	bucket = s.sharedBucket(t, true)
	s.put(t, bucket, key, "x")
	created := s.recordOf(t, bucket, `"`+key+`"`, `"ObjectCreated:Put"`)
	marker := remove(bucket, nil)
	if r := s.recordOf(t, bucket, `"`+key+`"`, `"ObjectRemoved:DeleteMarkerCreated"`); r.S3.Object.VersionID != aws.ToString(marker.VersionId) || r.S3.Object.Size != nil {
		t.Errorf("a marker: %+v, want version %s", r.S3.Object, aws.ToString(marker.VersionId))
	}
	remove(bucket, &created.S3.Object.VersionID)
	if r := s.recordOf(t, bucket, `"`+key+`"`, `"ObjectRemoved:Delete"`); r.S3.Object.VersionID != created.S3.Object.VersionID {
		t.Errorf("a version: %+v, want %s", r.S3.Object, created.S3.Object.VersionID)
	}
	if first, last := created.S3.Object.Sequencer, s.recordAfter(t, bucket, key); !before(first, last) {
		t.Errorf("sequencer %s, then %s", first, last)
	}
}

// recordAfter writes the key once more and returns the sequencer.
func (s *Site) recordAfter(t *testing.T, bucket, key string) string {
	t.Helper()
	s.put(t, bucket, key, "y")
	return s.recordOf(t, bucket, `"`+key+`"`, `"ObjectCreated:Put"`).S3.Object.Sequencer
}

// before compares sequencers as the page says: the shorter one gets zeros at its end.
func before(a, b string) bool {
	n := max(len(a), len(b))
	pad := func(s string) string { return s + strings.Repeat("0", n-len(s)) }
	return pad(a) < pad(b)
}

func restores(t *testing.T, s *Site) {
	bucket, key := s.sharedBucket(t, false), s.key("restored")
	_, err := s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x"), StorageClass: types.StorageClassGlacier})
	if err == nil {
		_, err = s.S3.RestoreObject(t.Context(), &s3.RestoreObjectInput{Bucket: &bucket, Key: &key, RestoreRequest: &types.RestoreRequest{Days: aws.Int32(1)}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.recordOf(t, bucket, `"`+key+`"`, `"ObjectRestore:Post"`)
	s.Elapse(restoring)
	r := s.recordOf(t, bucket, `"`+key+`"`, `"ObjectRestore:Completed"`)
	if r.GlacierEventData == nil || r.GlacierEventData.RestoreEventData.LifecycleRestoreStorageClass != "GLACIER" || r.S3.Object.Size == nil || r.S3.Object.ETag == "" {
		t.Errorf("%+v", r)
	}
}

func bridged(t *testing.T, s *Site) {
	b, bucket := s.box(t), s.Name("bridged")
	if err := s.Bucket(t.Context(), bucket, false); err != nil {
		t.Fatal(err)
	}
	rule := must[string](t)(s.Rule(t.Context(), s.Name("rule"), `{"source":["aws.s3"],"detail":{"bucket":{"name":["`+bucket+`"]}}}`, b.function))
	err := s.Permit(t.Context(), b.function, "events.amazonaws.com", rule)
	if err == nil {
		err = s.Notify(t.Context(), bucket, "", true)
	}
	if err != nil {
		t.Fatal(err)
	}
	key := s.key("a b+c.jpg")
	etag := s.put(t, bucket, key, "hello")
	event := func(kind string) bridgeEvent {
		t.Helper()
		var e bridgeEvent
		if err := json.Unmarshal(s.letter(t, `"`+bucket+`"`, `"`+kind+`"`), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := event("Object Created")
	if e.Version != "0" || e.Source != "aws.s3" || e.Account != s.Account() || e.Region != s.Config().Region || len(e.Resources) != 1 || e.Resources[0] != "arn:aws:s3:::"+bucket {
		t.Errorf("%+v", e)
	}
	if o := e.Detail.Object; e.Detail.Reason != "PutObject" || o.Key != key || `"`+o.ETag+`"` != etag || o.Size != 5 || o.Sequencer == "" {
		t.Errorf("%+v", e.Detail)
	}
	if _, err := s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
	if e := event("Object Deleted"); e.Detail.Reason != "DeleteObject" || e.Detail.DeletionType != "Permanently Deleted" || e.Detail.Object.Key != key {
		t.Errorf("%+v", e)
	}
}

// bridgeEvent is an event as EventBridge hands it on.
type bridgeEvent struct {
	Version, ID, Source, Account, Region, Time string
	DetailType                                 string `json:"detail-type"`
	Resources                                  []string
	Detail                                     struct {
		Reason       string
		DeletionType string `json:"deletion-type"`
		Bucket       struct{ Name string }
		Object       struct {
			Key, ETag, Sequencer string
			Size                 int64
		}
	}
}

func uninvited(t *testing.T, s *Site) {
	bucket := s.Name("uninvited")
	if err := s.Bucket(t.Context(), bucket, false); err != nil {
		t.Fatal(err)
	}
	err := s.Notify(t.Context(), bucket, s.box(t).function, false)
	if err == nil || !strings.Contains(err.Error(), "InvalidArgument") || !strings.Contains(err.Error(), "Unable to validate the following destination configurations") {
		t.Errorf("a bucket that the function does not let in: %v", err)
	}
}
