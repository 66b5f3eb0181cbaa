package s3_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/s3"
)

const day = 24 * time.Hour

// bucketWith makes a bucket with lifecycle rules, over the wire, and returns a client.
func bucketWith(t *testing.T, c *aws.Cloud, versioning s3.Versioning, rules ...types.LifecycleRule) *awss3.Client {
	t.Helper()
	awstest.Bucket(t, c, "b")
	if err := c.S3.PutConfiguration("b", versioning); err != nil {
		t.Fatal(err)
	}
	client := awstest.S3(awstest.Admin(c))
	for i := range rules {
		rules[i].Status = types.ExpirationStatusEnabled
		if rules[i].Filter == nil {
			rules[i].Filter = &types.LifecycleRuleFilter{Prefix: sdk.String("")}
		}
	}
	if _, err := client.PutBucketLifecycleConfiguration(context.Background(), &awss3.PutBucketLifecycleConfigurationInput{
		Bucket: sdk.String("b"), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	}); err != nil {
		t.Fatal(err)
	}
	return client
}

// versions lists every version of the bucket as key, and a minus for a delete marker, the newest of a key first.
func versions(t *testing.T, client *awss3.Client) string {
	t.Helper()
	out, err := client.ListObjectVersions(context.Background(), &awss3.ListObjectVersionsInput{Bucket: sdk.String("b")})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range out.Versions {
		all = append(all, *v.Key)
	}
	for _, m := range out.DeleteMarkers {
		all = append(all, *m.Key+"-")
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestExpiration: objects go at the first midnight UTC after their days, without versions for good.
func TestExpiration(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := bucketWith(t, c, "Disabled", types.LifecycleRule{
		ID: sdk.String("tmp"), Filter: &types.LifecycleRuleFilter{Prefix: sdk.String("tmp/")}, Expiration: &types.LifecycleExpiration{Days: sdk.Int32(2)},
	})
	awstest.Put(t, client, "b", "tmp/a", "x")
	awstest.Put(t, client, "b", "other", "x")
	midnight := c.Now().UTC().Truncate(day).AddDate(0, 0, 3)
	c.Turn(midnight.Sub(c.Now()) - time.Hour)
	if got := versions(t, client); got != "other tmp/a" {
		t.Errorf("an hour before midnight there are %q", got)
	}
	c.Turn(2 * time.Hour)
	if got := versions(t, client); got != "other" {
		t.Errorf("an hour after midnight there are %q", got)
	}
}

// TestExpirationOfVersions: with versions a delete marker comes first, then the versions under it go, and at last the
// marker itself.
func TestExpirationOfVersions(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := bucketWith(t, c, "Enabled",
		types.LifecycleRule{ID: sdk.String("current"), Expiration: &types.LifecycleExpiration{Days: sdk.Int32(3)}},
		types.LifecycleRule{ID: sdk.String("old"), Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: sdk.Bool(true)},
			NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: sdk.Int32(10)}})
	awstest.Put(t, client, "b", "k", "1")
	awstest.Put(t, client, "b", "k", "2")
	for _, step := range []struct {
		days time.Duration
		want string
	}{
		{2, "k k"},
		{2, "k k k-"}, // on the fourth day
		{8, "k k-"},   // the first was replaced at once
		{4, ""},       // the second three days later, and the marker with it
	} {
		c.Turn(step.days * day)
		if got := versions(t, client); got != step.want {
			t.Errorf("after %d days more there are %q, want %q", step.days, got, step.want)
		}
	}
}

// TestAbandonedUploads: a multipart upload that was begun too long ago is aborted.
func TestAbandonedUploads(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	client := bucketWith(t, c, "Disabled", types.LifecycleRule{ID: sdk.String("u"), AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: sdk.Int32(7)}})
	begin := func(key string) *string {
		t.Helper()
		out, err := client.CreateMultipartUpload(context.Background(), &awss3.CreateMultipartUploadInput{Bucket: sdk.String("b"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		return out.UploadId
	}
	begin("old one/ü")
	c.Turn(5 * day)
	begin("young")
	c.Turn(4 * day)
	out, err := client.ListMultipartUploads(context.Background(), &awss3.ListMultipartUploadsInput{Bucket: sdk.String("b")})
	if err != nil || len(out.Uploads) != 1 || *out.Uploads[0].Key != "young" {
		t.Errorf("uploads %+v, %v", out, err)
	}
}

// site takes the events of a bucket in the place of Lambda and EventBridge.
type site struct{ events []string }

func (s *site) MayInvoke(_, _, _ string) error { return nil }
func (s *site) Enqueue(_ string, payload []byte) error {
	var e struct {
		Records []struct {
			EventName string
			S3        struct {
				Object struct {
					Key  string
					Size int
				}
			}
			GlacierEventData struct {
				RestoreEventData struct{ LifecycleRestoreStorageClass string }
			}
		}
	}
	err := json.Unmarshal(payload, &e)
	r := e.Records[0]
	s.events = append(s.events, strings.TrimSpace(r.EventName+" "+r.GlacierEventData.RestoreEventData.LifecycleRestoreStorageClass))
	return err
}
func (s *site) Put(event json.RawMessage) {
	var e struct {
		DetailType string `json:"detail-type"`
		Detail     struct {
			Reason string
			Class  string `json:"source-storage-class"`
		}
	}
	if err := json.Unmarshal(event, &e); err != nil {
		panic(err)
	}
	s.events = append(s.events, strings.TrimSpace(e.DetailType+" "+e.Detail.Reason+e.Detail.Class))
}

// TestArchivedObjects: they cannot be read, nor copied, until they are restored, which takes hours and is told; the copy
// goes again.
func TestArchivedObjects(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx, client := context.Background(), awstest.S3(awstest.Admin(c))
	awstest.Bucket(t, c, "b")
	for class, hours := range map[types.StorageClass]time.Duration{types.StorageClassGlacier: 5, types.StorageClassDeepArchive: 12} {
		key := sdk.String(string(class))
		if _, err := client.PutObject(ctx, &awss3.PutObjectInput{Bucket: sdk.String("b"), Key: key, Body: strings.NewReader("cold"), StorageClass: class}); err != nil {
			t.Fatal(err)
		}
		read := func() string {
			_, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: sdk.String("b"), Key: key})
			return awstest.Code(err)
		}
		restore := func(tier types.Tier) string {
			_, err := client.RestoreObject(ctx, &awss3.RestoreObjectInput{Bucket: sdk.String("b"), Key: key,
				RestoreRequest: &types.RestoreRequest{Days: sdk.Int32(1), GlacierJobParameters: &types.GlacierJobParameters{Tier: tier}}})
			return awstest.Code(err)
		}
		state := func() string {
			head, err := client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: sdk.String("b"), Key: key})
			if err != nil || head.StorageClass != class {
				t.Errorf("%s: HEAD %+v, %v", class, head, err)
			}
			before, _, _ := strings.Cut(sdk.ToString(head.Restore), ",")
			return before
		}
		_, err := client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: sdk.String("b"), Key: sdk.String("copy"), CopySource: sdk.String("b/" + string(class))})
		if read() != "InvalidObjectState" || awstest.Code(err) != "InvalidObjectState" || state() != "" {
			t.Errorf("%s: reading says %q, copying %v, HEAD %q", class, read(), err, state())
		}
		if got := restore(types.TierStandard); got != "" || state() != `ongoing-request="true"` || restore(types.TierStandard) != "RestoreAlreadyInProgress" {
			t.Errorf("%s: a restore says %q, HEAD %q, another %q", class, got, state(), restore(types.TierStandard))
		}
		c.Turn(hours*time.Hour - time.Minute)
		if got := read(); got != "InvalidObjectState" {
			t.Errorf("%s: a minute before it is restored, reading says %q", class, got)
		}
		c.Turn(2 * time.Minute)
		if got := read(); got != "" || state() != `ongoing-request="false"` {
			t.Errorf("%s: restored, reading says %q, HEAD %q", class, got, state())
		}
		c.Turn(2 * day)
		if got := read(); got != "InvalidObjectState" || state() != "" {
			t.Errorf("%s: days after its restore, reading says %q, HEAD %q", class, got, state())
		}
	}
	awstest.Put(t, client, "b", "warm", "x")
	_, err := client.RestoreObject(ctx, &awss3.RestoreObjectInput{Bucket: sdk.String("b"), Key: sdk.String("warm"), RestoreRequest: &types.RestoreRequest{Days: sdk.Int32(1)}})
	if awstest.Code(err) != "InvalidObjectState" {
		t.Errorf("the restore of an object that is not archived: %v", err)
	}
}

// TestWhatTimeDoesIsTold: what nobody asked for has events of its own, which are not those of uploads and deletes.
func TestWhatTimeDoesIsTold(t *testing.T) {
	s := &site{}
	a := account.New(t.Context(), account.Options{Region: "us-east-1"})
	service := s3.New(a, iam.New(a, iam.Options{}), nil, s, s)
	err := service.CreateBucket("b")
	if err == nil {
		err = service.PutConfiguration("b", s3.Notifications{EventBridge: true, Functions: []s3.Notification{{
			ID: "n", Function: "f", Events: []string{"s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:LifecycleExpiration:*", "s3:LifecycleTransition"},
		}}})
	}
	if err == nil {
		err = service.PutConfiguration("b", s3.Lifecycle{{ID: "r", ExpirationDays: 9, Transitions: []s3.Transition{{Days: 2, StorageClass: "GLACIER"}}}})
	}
	for key, size := range map[string]int{"large": 128 << 10, "small": 100} {
		if err == nil {
			_, err = service.PutObject("b", key, nil, make([]byte, size))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for n := range 15 {
		a.Turn(day)
		service.Tick()
		if n == 3 {
			service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/b/large?restore", strings.NewReader("<RestoreRequest><Days>1</Days></RestoreRequest>")))
		}
	}
	want := []string{
		"Object Created PutObject", "Object Created PutObject",
		"Object Storage Class Changed", "LifecycleTransition", // the small one stays
		"Object Restore Initiated GLACIER", "ObjectRestore:Post",
		"Object Restore Completed GLACIER", "ObjectRestore:Completed GLACIER", "Object Restore Expired GLACIER", "ObjectRestore:Delete",
		"Object Deleted Lifecycle Expiration", "LifecycleExpiration:Delete", "Object Deleted Lifecycle Expiration", "LifecycleExpiration:Delete",
	}
	if !slices.Equal(s.events, want) {
		t.Errorf("told of %q, want %q", s.events, want)
	}
}
